"""After a miss: other words, examples, and then whatever loses least."""

import pytest

from app.dialog.policy.misses import Missed, Way, missed
from app.dialog.policy.state import DialogState, Mode, Step


def climbed(state: DialogState, *, wavers: bool = False) -> list[Missed]:
    """Miss three times at the same question."""
    return [missed(state, wavers=wavers) for _ in range(3)]


def test_a_question_is_put_in_other_words_then_with_examples_then_a_call_back_is_offered() -> None:
    """R10.4: the three steps."""
    state = DialogState(step=Step.AREA)
    assert [after.way for after in climbed(state)] == [Way.REPHRASE, Way.EXAMPLES, Way.OFFER_CALLBACK]
    assert (state.step, state.about) == (Step.OFFER_CALLBACK, "area")


def test_what_only_the_ear_fails_at_waits_and_is_left_open_the_second_time() -> None:
    """R10.4: a caller who was understood before is not handed over for one word."""
    state = DialogState(step=Step.AREA, slots={"deal": "buy"})
    assert climbed(state, wavers=True)[-1] == Missed(Way.NEXT, "later")
    assert state.passed == ["area"]
    assert missed(state, wavers=True) == Missed(Way.NEXT, "open")
    assert state.left_open == ["area"]


def test_a_line_on_which_nothing_is_heard_is_not_kept_open() -> None:
    """R10.4: after one question put off, the next that fails as well leads to a person."""
    state = DialogState(step=Step.AREA, slots={"deal": "buy"})
    climbed(state, wavers=True)
    state.step = Step.BUDGET
    assert climbed(state, wavers=True)[-1].way is Way.OFFER_CALLBACK


@pytest.mark.parametrize(
    ("step", "mode", "ack", "left_open"),
    [
        (Step.NAME, Mode.SEEK, "open", ["name"]),
        (Step.NAME, Mode.HUMAN, "open", ["name"]),
        (Step.PHONE, Mode.SEEK, "no_number", ["phone"]),
        (Step.CALLER_ID, Mode.SEEK, "no_number", ["phone"]),
        (Step.READ_BACK, Mode.SEEK, "open", ["read_back"]),
        (Step.NEXT_STEP, Mode.SEEK, "generic", []),
    ],
)
def test_contact_and_closing_questions_are_given_up(step: Step, mode: Mode, ack: str, left_open: list[str]) -> None:
    """R10.4: the talk goes on or ends, it does not circle."""
    state = DialogState(step=step, mode=mode)
    assert climbed(state)[-1] == Missed(Way.NEXT, ack)
    assert state.left_open == left_open


def test_a_doubt_is_only_repeated() -> None:
    """R10.4: there are no other words for "did I hear right"."""
    state = DialogState(step=Step.SURE, about="area")
    assert missed(state, wavers=False) == Missed(Way.REPEAT)
