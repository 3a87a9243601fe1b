"""The table of a call's states."""

import pytest

from app.call.states import TRANSITIONS, IllegalTransitionError, State, Trigger, after


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("trigger", Trigger)
def test_every_pair_is_in_the_table_or_raises(state: State, trigger: Trigger) -> None:
    """R6.5: what makes no sense cannot happen unseen."""
    if (state, trigger) in TRANSITIONS:
        assert after(state, trigger) is TRANSITIONS[state, trigger]
    else:
        with pytest.raises(IllegalTransitionError, match=state):
            after(state, trigger)


def test_the_guidelines_round_comes_back_to_listening() -> None:
    """R11.1: LISTENING → PROCESSING → SPEAKING → LISTENING."""
    state = State.LISTENING
    for trigger in (Trigger.EOU, Trigger.REPLY_READY, Trigger.PLAYED):
        state = after(state, trigger)
    assert state is State.LISTENING


def test_an_ended_call_stays_ended() -> None:
    """R6.5: nothing leads out of ENDED."""
    assert not [pair for pair in TRANSITIONS if pair[0] is State.ENDED]
