"""Digits keyed on the telephone: a number, # ends it, * starts it anew (R17)."""

from app.dialog.hebrew.contact.phones import MOST_DIGITS, to_e164
from app.dialog.policy.state import DialogState


def press(state: DialogState, key: str) -> str:
    """Take one key of `0-9*#A-D`; return the digits once they are complete, "" while more are expected."""
    if key == "*":
        state.keys = ""
        return ""
    if key.isascii() and key.isdigit() and len(state.keys) < MOST_DIGITS:
        state.keys += key
        if to_e164(state.keys) is None:
            return ""
    digits, state.keys = state.keys, ""
    return digits
