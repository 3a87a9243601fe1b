"""Payloads of any size become frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.media.frontend import Frame, FrontEnd
from tests.media.sounds import caller, noise, silence, to_ulaw

ULAW = to_ulaw(silence(200), caller("v010"))


def cut(ulaw: bytes, sizes: list[int]) -> list[Frame]:
    front_end, frames, at = FrontEnd(), [], 0
    for size in [*sizes, len(ulaw)]:
        frames += front_end.process(ulaw[at : at + size])
        at += size
    return frames


@given(st.lists(st.integers(0, 900), max_size=25))
@settings(max_examples=25)
def test_payload_sizes_make_no_difference(sizes: list[int]) -> None:
    """R5.1: 160 bytes a message is Twilio's habit, not its promise."""
    assert cut(ULAW, sizes) == cut(ULAW, [])


def test_frames_are_twenty_milliseconds_one_after_another() -> None:
    frames = cut(ULAW, [])
    assert [frame.start_ms for frame in frames] == list(range(0, len(frames) * 20, 20))
    assert {len(frame.pcm) for frame in frames} == {320}
    assert frames[3].end_ms == 80


def test_the_level_is_that_of_the_line_not_of_the_gain() -> None:
    """R6.1: the noise floor would be meaningless after levelling."""
    frames = FrontEnd().process(to_ulaw(noise(2000, 200)))
    # The filters take a little from white noise: 0..100 Hz and what is over 3.7 kHz.
    assert np.mean([frame.rms for frame in frames[10:]]) == pytest.approx(200, rel=0.1)


def test_digital_silence_has_no_level() -> None:
    """R6.1."""
    front_end = FrontEnd()
    assert {frame.rms for frame in front_end.process(b"\xff" * 1600)} == {0.0}
    assert front_end.media_ms == 200
