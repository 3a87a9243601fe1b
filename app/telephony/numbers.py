"""Telephone numbers in logs: enough to recognise a caller, not enough to dial one (R11.1). Pure."""

import re

_NUMBER = re.compile(r"(?P<scheme>(?:whatsapp:|tel:)?)(?P<number>\+?\d{4,})")
# What networks and Twilio send in place of a number; it identifies nobody.
_WITHHELD = frozenset({"", "anonymous", "restricted", "unavailable", "unknown", "private"})


def mask_number(number: str) -> str:
    """Return `number` with three digits before its last four hidden: `+97250***4567`.

    What is no number (`client:…`, `sip:…`) becomes `***`; a withheld one stays as it is.
    """
    if number.lower() in _WITHHELD:
        return number
    match = _NUMBER.fullmatch(number)
    if match is None:
        return "***"
    digits = match["number"]
    return f"{match['scheme']}{digits[:-7]}***{digits[-4:]}"
