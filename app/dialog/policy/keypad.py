"""Digits keyed on the telephone: a number, # ends it, * starts it anew (R17)."""

from app.dialog.hebrew.contact.phones import MOST_DIGITS, is_whole
from app.dialog.policy.state import DialogState


def press(state: DialogState, key: str) -> str:
    """Take one key of `0-9*#A-D`; return the digits once they are complete, "" while more are expected."""
    if key == "*":
        state.keys = ""
        return ""
    if key.isascii() and key.isdigit() and len(state.keys) < MOST_DIGITS:
        state.keys += key
        if not is_whole(state.keys):
            return ""
    digits, state.keys = state.keys, ""
    return digits
