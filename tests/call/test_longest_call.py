"""When a call has lasted long enough."""

import pytest

from app.call.longest_call import LongestCall, Step

LAST_WORDS_MS, PATIENCE_MS = 60_000, 15_000

MAX_MS = 600_000
BEGAN_MS = 5000
WARNED_MS = BEGAN_MS + MAX_MS - LAST_WORDS_MS
OVER_MS = BEGAN_MS + MAX_MS + 2 * PATIENCE_MS


def test_a_call_is_warned_takes_leave_and_ends() -> None:
    """R12: a minute before the end, at the end, and when the goodbye did not come to its end."""
    call = LongestCall(MAX_MS, BEGAN_MS)
    assert call.due_ms == WARNED_MS
    assert call.step(WARNED_MS - 1, is_free=True, is_silent=True) is None
    assert call.step(WARNED_MS, is_free=True, is_silent=True) is Step.WARN
    assert call.due_ms == BEGAN_MS + MAX_MS
    assert call.step(BEGAN_MS + MAX_MS, is_free=True, is_silent=True) is Step.SAY_GOODBYE
    assert call.due_ms == BEGAN_MS + MAX_MS + PATIENCE_MS
    assert call.step(OVER_MS, is_free=False, is_silent=False) is Step.HANG_UP


@pytest.mark.parametrize(
    ("is_free", "step", "at_ms"), [(True, Step.WARN, WARNED_MS + PATIENCE_MS), (False, Step.HANG_UP, OVER_MS)]
)
def test_words_are_waited_for_but_not_for_ever(is_free: bool, step: Step, at_ms: int) -> None:
    """R12: who has the floor and does not stop is spoken into after a while; the agent itself is only cut off."""
    call = LongestCall(MAX_MS, BEGAN_MS)
    while (found := call.step(call.due_ms, is_free=is_free, is_silent=False)) is None:
        last_ms = call.due_ms
        assert last_ms <= at_ms
    assert found is step
    assert at_ms - 1000 <= last_ms


def test_a_warning_that_came_late_leaves_time_for_the_goodbye() -> None:
    """R12: the goodbye is due at once where the caller has talked through both."""
    call, late_ms = LongestCall(MAX_MS, BEGAN_MS), BEGAN_MS + MAX_MS + 1000
    assert call.step(late_ms, is_free=True, is_silent=True) is Step.WARN
    assert call.due_ms == late_ms
