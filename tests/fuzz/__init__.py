"""Garbage by the million against everything that strangers, callers and vendors can reach."""
