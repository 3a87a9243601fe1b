"""Hands an utterance to the parser with what it must know, and joins a phone number dictated over several turns."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

from app.dialog.domain import Intent, Understand, Understanding
from app.dialog.policy.next_question import asked_of
from app.dialog.policy.state import DialogState, Step

PHONE = re.compile(r"0(?:5\d|7[2-9])\d{7}|0[23489]\d{7}")
MOST_DIGITS = 15
# With this many digits heard, a 0 begins the number anew rather than continuing it.
_FRESH_START_AFTER = 3


def read_turn(
    understand: Understand, memory: DialogState, text: str, *, today: date, alternatives: tuple[str, ...], agent: str
) -> Understanding:
    """Understand one caller utterance at this point of the call; a number completed by it becomes the phone."""
    understood = understand(
        text, asked=asked_of(memory), state=known_slots(memory), today=today, alternatives=alternatives, agent=agent
    )
    return _with_dictation(memory, understood)


def known_slots(memory: DialogState) -> dict[str, Any]:
    """Return the state an utterance is to be understood in."""
    known: dict[str, Any] = dict(memory.slots)
    if memory.step == Step.READ_BACK:
        # "כן" confirms the number just read, whatever number the call came from.
        known["caller_id"] = memory.slots.get("phone")
    elif memory.caller_number and not memory.caller_number_denied:
        known["caller_id"] = memory.caller_number
    if memory.phone_digits:
        known["phone_digits"] = memory.phone_digits
    return known


def _with_dictation(memory: DialogState, understood: Understanding) -> Understanding:
    before, new = memory.phone_digits, understood.phone_digits
    if not new or "phone" in understood.updates:
        return understood
    begins_anew = new.startswith("0") and len(before) > _FRESH_START_AFTER
    joined = new if new.startswith(before) or begins_anew else before + new
    memory.phone_digits = joined[:MOST_DIGITS]
    if not PHONE.fullmatch(joined):
        return understood
    return replace(understood, updates={**understood.updates, "phone": "+972" + joined[1:]}, intent=Intent.PROVIDE_INFO)
