"""Hands an utterance to the parser with what it must know, and keeps what was dictated of a phone number."""

from datetime import date
from typing import Any

from app.dialog.domain import Understand, Understanding
from app.dialog.policy.next_question import asked_of
from app.dialog.policy.state import DialogState, Step


def read_turn(
    understand: Understand, memory: DialogState, text: str, *, today: date, alternatives: tuple[str, ...], agent: str
) -> Understanding:
    """Understand one caller utterance at this point of the call; digits of a number half said are kept for the next."""
    understood = understand(
        text, asked=asked_of(memory), state=known_slots(memory), today=today, alternatives=alternatives, agent=agent
    )
    memory.phone_digits = understood.phone_digits or memory.phone_digits
    return understood


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
