"""Payloads of any size become frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.media.frontend import Frame, FrontEnd
from tests.media.sounds import at_dbfs, caller, noise, silence, to_ulaw

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


def test_the_agents_own_voice_does_not_move_the_gain() -> None:
    """R5.2: an echo 25 dB down for five seconds, then the caller: as loud as if there had been none."""
    agent, voice = at_dbfs(np.tile(caller("w01_01"), 3), -20), at_dbfs(caller("v010"), -20)
    sent, hush = to_ulaw(agent), noise(len(agent) // 8 + 1, 10.0)[: len(agent)]
    back = np.concatenate([silence(200), agent])[: len(agent)] * 10 ** (-25 / 20)
    levels = []
    for line in (hush, hush + back):
        front = FrontEnd()
        for at in range(0, len(line) // 160 * 160, 160):
            front.process(to_ulaw(line[at : at + 160]), lambda _, at=at: sent[at : at + 160])  # type: ignore[misc]
        first = front.process(to_ulaw(voice))[20:40]
        levels.append(float(np.std(np.frombuffer(b"".join(frame.pcm for frame in first), np.int16))))
    assert levels[1] == pytest.approx(levels[0], rel=0.05)
