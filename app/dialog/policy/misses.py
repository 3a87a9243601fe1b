"""What follows when a turn was not understood: other words, then examples, then a way on without the answer (R10.4)."""

from dataclasses import dataclass
from enum import Enum, auto

from app.dialog.policy.state import SEEKER_STEPS, DialogState, Mode, Step

MOST_MISSES = 3


class Way(Enum):
    """What the agent does next."""

    REPEAT = auto()
    REPHRASE = auto()
    EXAMPLES = auto()
    NEXT = auto()
    OFFER_CALLBACK = auto()


@dataclass(frozen=True, slots=True)
class Missed:
    """How to go on, and the acknowledgement that introduces it."""

    way: Way
    ack: str = "not_understood"


def missed(state: DialogState, *, wavers: bool) -> Missed:
    """Count a turn that was not understood and return how to go on; `wavers`: the recogniser was not sure, either."""
    step = Step(state.step)
    misses = state.misses[step.value] = state.misses.get(step.value, 0) + 1
    state.misses_in_row += 1
    state.phone_digits = ""
    if misses >= MOST_MISSES:
        return _put_off(state, step, wavers=wavers) or _given_up(state, step)
    if step in (Step.SURE, Step.OFFER_CALLBACK):
        return Missed(Way.REPEAT)
    return Missed(Way.REPHRASE) if misses == 1 else Missed(Way.EXAMPLES, "still_not_understood")


def _put_off(state: DialogState, step: Step, *, wavers: bool) -> Missed | None:
    """Leave a question whose answer cannot be heard for the end, where others were; for good when it is the end.

    Only where the recogniser wavers: then it is the ear that fails at this word, not the line or the caller.
    """
    if not wavers or step not in SEEKER_STEPS or not state.slots:
        return None
    if step in state.passed:
        state.left_open.append(step.value)
        return Missed(Way.NEXT, "open")
    if state.misses_in_row > MOST_MISSES:
        return None
    state.passed.append(step.value)
    return Missed(Way.NEXT, "later")


def _given_up(state: DialogState, step: Step) -> Missed:
    if step in (Step.NEXT_STEP, Step.ANYTHING_ELSE, Step.OFFER_CALLBACK):
        state.finished = True
        return Missed(Way.NEXT, "generic")
    if step is Step.READ_BACK:
        # Neither yes nor no was heard: the number stays as heard, and the office sees that nobody confirmed it.
        state.left_open.append(step.value)
        return Missed(Way.NEXT, "open")
    if step in (Step.PHONE, Step.CALLER_ID):
        # No call-back can be offered without a number.
        state.left_open.append("phone")
        return Missed(Way.NEXT, "no_number")
    if state.mode != Mode.SEEK or step is Step.NAME:
        # A call-back is on its way already, or comes anyhow; it can do without this detail.
        state.left_open.append(step.value)
        return Missed(Way.NEXT, "open")
    state.about, state.step = step.value, Step.OFFER_CALLBACK.value
    return Missed(Way.OFFER_CALLBACK)
