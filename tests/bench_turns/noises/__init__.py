"""Sounds that are not the caller's words, those of each corpus in a module of its own."""
