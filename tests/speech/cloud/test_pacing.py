"""How fast audio goes to Google."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.speech.cloud.pacing import CAREFUL, EAGER, Pace, is_too_fast

PACES = st.sampled_from([EAGER, CAREFUL, Pace(0.0, 1.0)])
SECONDS = st.floats(0, 400)


@given(PACES, SECONDS, SECONDS)
def test_after_the_wait_nothing_is_further_ahead_than_it_may_be(pace: Pace, sent_s: float, elapsed_s: float) -> None:
    """R8.2: a head start, then a multiple of the speed of speech; and no wait is longer than that asks for."""
    wait_s = pace.wait_s(sent_s, elapsed_s)
    may_be_sent_s = pace.head_start_s + pace.speed * (elapsed_s + wait_s)
    assert sent_s <= may_be_sent_s + 1e-6
    assert wait_s == 0 or sent_s == pytest.approx(may_be_sent_s)


@given(PACES, SECONDS)
def test_live_audio_is_never_held_up(pace: Pace, spoken_s: float) -> None:
    """R8.1: there is as much of it as time has passed."""
    assert pace.wait_s(spoken_s, spoken_s) == 0


def test_a_turn_is_read_again_at_once_unless_google_minds() -> None:
    """R8.2: the caller waits for it."""
    assert EAGER.wait_s(8.0, 0) == 0
    assert CAREFUL.wait_s(8.0, 0) == pytest.approx(5.6)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Audio data is being streamed too fast. Please stream audio data approximately at real time.", True),
        ("OUT_OF_RANGE: streamed TOO FAST", True),
        ("Exceeded maximum allowed stream duration of 305 seconds.", False),
        ("Audio Timeout Error: Long duration elapsed without audio. Audio should be sent close to real time.", False),
    ],
)
def test_google_s_reasons_for_the_same_status_are_told_apart(message: str, *, expected: bool) -> None:
    """R8.5."""
    assert is_too_fast(message) is expected
