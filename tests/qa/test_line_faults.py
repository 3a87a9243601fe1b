"""A line's faults, frame by frame."""

import numpy as np

from app.media.codec import decode_ulaw, encode_ulaw
from app.qa.line_faults import LineFaults

SILENT = b"\xff" * 160
VOICE = encode_ulaw((6000 * np.sin(np.arange(160) / 3)).astype(np.int16))


def test_a_good_line_passes_frames_on_as_they_are() -> None:
    assert LineFaults().pass_on(VOICE, bytearray(VOICE * 20), 1600) == VOICE
    assert LineFaults().pass_on(SILENT, None, 1600) == SILENT


def test_a_carrier_that_suppresses_silence_sends_no_silent_frame() -> None:
    line = LineFaults(suppresses_silence=True)
    assert line.pass_on(SILENT, None, 160) is None
    assert line.pass_on(VOICE, None, 160) == VOICE


def test_the_agents_voice_comes_back_weaker_and_later() -> None:
    line = LineFaults(echo_db=-20.0, echo_delay_ms=100)
    ear = bytearray(SILENT * 2 + VOICE + SILENT * 20)
    frames = [line.pass_on(SILENT, ear, 160 * (number + 1)) for number in range(12)]
    loud = [number for number, frame in enumerate(frames) if frame and np.abs(decode_ulaw(frame)).max() > 100]
    assert loud == [2 + 100 // 20]
    echo = decode_ulaw(frames[loud[0]] or b"")
    assert abs(np.abs(echo).max() - 600) < 60


def test_an_echo_adds_to_what_the_caller_says() -> None:
    line = LineFaults(echo_db=-6.0, echo_delay_ms=0)
    mixed = line.pass_on(VOICE, bytearray(VOICE), 160)
    assert mixed
    assert np.abs(decode_ulaw(mixed)).max() > np.abs(decode_ulaw(VOICE)).max() * 1.4
