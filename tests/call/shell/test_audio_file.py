"""A call's sound as it lies on disk."""

import time
from pathlib import Path

from app.call.events import CallerAudio, Log, SendClear, SendMedia
from app.call.measuring.two_sides import TwoSides
from app.call.shell.audio_file import HEADER, AudioFile
from app.runtime import sleep

FRAME = 160
CALLER, AGENT, SILENT = b"\x10" * FRAME, b"\x20" * FRAME, 0xFF


def sides(audio: bytes) -> tuple[bytes, bytes]:
    return audio[0::2], audio[1::2]


def test_both_sides_lie_on_one_clock() -> None:
    """Console 3: the agent where it was heard, silence where nobody spoke."""
    track = TwoSides(1000)
    for number in range(10):
        track.caller(CALLER, 1020 + number * 20)
    track.agent(AGENT, 1100)
    track.agent(AGENT, 1100)  # sent ahead: it follows
    caller, agent = sides(track.take(1200, is_last=True))
    assert caller == CALLER * 10
    assert agent == bytes([SILENT]) * 800 + AGENT * 2 + bytes([SILENT]) * 480


def test_what_clear_cut_off_was_never_heard() -> None:
    """Console 3: agent frames as heard."""
    track = TwoSides(0)
    for _ in range(9):
        track.agent(AGENT, 100)
    track.cleared(160)
    track.agent(AGENT, 300)
    _, agent = sides(track.take(320, is_last=True))
    assert agent == bytes([SILENT]) * 800 + AGENT * 3 + bytes([SILENT]) * 1120 + AGENT


def test_frames_that_never_came_leave_a_gap_and_late_ones_none() -> None:
    """Console 3: a line that stalls does not shift everything after it."""
    track = TwoSides(0)
    track.caller(CALLER, 20)
    for _ in range(10):  # a burst of what was late
        track.caller(CALLER, 220)
    track.caller(CALLER, 1220)
    caller, _ = sides(track.take(1220, is_last=True))
    assert caller == CALLER * 11 + bytes([SILENT]) * (1000 * 8 - FRAME) + CALLER


def test_nothing_is_taken_before_it_is_settled_and_nothing_twice() -> None:
    """Console 3: a clear may still come."""
    track = TwoSides(0)
    for number in range(100):
        track.caller(CALLER, 20 + number * 20)
    first = track.take(2000)
    assert len(first) == 1400 * 8 * 2
    assert sides(first + track.take(2000, is_last=True))[0] == CALLER * 100


def test_the_file_can_be_played_while_the_call_goes_on(tmp_path: Path) -> None:
    """Console 8: its lengths are right after every block; a reconnect goes on in it."""
    path = tmp_path / "audio" / "CA1.wav"
    for part in range(2):
        file = AudioFile("CA1", path, 0)
        for number in range(100):
            file.see(CallerAudio(CALLER), [SendMedia(AGENT)], 20 + number * 20)
        file.see(CallerAudio(CALLER), [SendClear()], 2020)
        file.close(2020)
        wanted = HEADER.size + (part + 1) * 101 * FRAME * 2
        deadline = time.monotonic() + 10
        while not path.exists() or path.stat().st_size < wanted:
            assert time.monotonic() < deadline, "it was not written"
            sleep(0.01)
        head = HEADER.unpack(path.read_bytes()[: HEADER.size])
        assert (head[4], head[5], head[6], head[7], head[-1]) == (18, 7, 2, 8000, wanted - HEADER.size)


def test_only_a_clear_takes_back_what_was_sent(tmp_path: Path) -> None:
    """Console 3: of nine frames sent ahead three were heard before the clear; a line of the log takes none back."""
    for last, heard in ((SendClear(), 3), (Log("TTS_END"), 9)):
        path = tmp_path / f"{heard}.wav"
        file = AudioFile("CA1", path, 0)
        file.see(CallerAudio(CALLER), [SendMedia(AGENT)] * 9, 20)
        for number in range(2, 21):
            file.see(CallerAudio(CALLER), [last] if number == 4 else [], number * 20)
        file.close(400)
        deadline = time.monotonic() + 10
        while not path.exists() or path.stat().st_size < HEADER.size + 400 * 8 * 2:
            assert time.monotonic() < deadline, "it was not written"
            sleep(0.01)
        assert sides(path.read_bytes()[HEADER.size :])[1].count(AGENT[:1]) == heard * FRAME
