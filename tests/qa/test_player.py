"""The simulated caller's ear plays what it is sent exactly as Twilio's player does."""

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.qa.player import FRAME_SAMPLES, SAMPLES_PER_MS, Player, Underrun

LOUD = b"\x80" * FRAME_SAMPLES
HUSH = b"\xff" * FRAME_SAMPLES
END = "assistant_tts_end:1"
VECTORS = json.loads((Path(__file__).parent / "player_vectors.json").read_text())
"""What is sent and what is heard; the softphone's player is held to the same (tests/browser)."""


def ms(value: int) -> int:
    """Return milliseconds as samples."""
    return value * 8


def test_audio_plays_from_its_arrival_and_without_a_break() -> None:
    """R9.2: frames sent ahead wait their turn."""
    player = Player()
    player.receive_media(LOUD, ms(100))
    player.receive_media(LOUD, ms(101))
    player.receive_media(LOUD, ms(125))

    assert player.playout_end == ms(160)
    assert player.ear == bytearray(b"\xff" * ms(100) + LOUD * 3)
    assert not player.underruns
    assert [(s.from_sample, s.to_sample) for s in player.spurts()] == [(ms(100), ms(160))]


def test_a_mark_returns_when_the_audio_before_it_has_been_played() -> None:
    """R7.3: not when it was received."""
    player = Player()
    player.receive_media(LOUD * 5, ms(10))
    player.receive_mark("a", ms(11))
    player.receive_media(LOUD, ms(12))
    player.receive_mark(END, ms(13))

    assert player.timer() == ms(110)
    assert player.due_marks(ms(110) - 1) == []
    assert player.due_marks(ms(110)) == ["a"]
    assert not player.finished(ms(129))
    assert player.due_marks(ms(130)) == [END]
    assert player.finished(ms(130))
    assert player.timer() is None


def test_a_mark_behind_nothing_returns_at_once() -> None:
    """Facts: with nothing buffered a mark comes back promptly."""
    player = Player()
    player.receive_mark("now", ms(50))

    assert player.due_marks(ms(50)) == ["now"]


def test_clear_silences_the_ear_and_returns_every_waiting_mark() -> None:
    """R7.1: the buffer is emptied; an echo after a clear means flushed, not played."""
    player = Player()
    player.receive_media(LOUD * 10, 0)
    player.receive_mark("a", 0)
    player.receive_media(LOUD * 10, 0)
    player.receive_mark("b", 0)
    player.receive_clear(ms(55))

    assert player.due_marks(ms(55)) == ["a", "b"]
    assert player.playout_end == ms(55)
    assert player.ear == bytearray(b"\x80" * ms(55))
    assert player.spurts()[-1].to_sample == ms(55)
    assert player.clears == [ms(55)]


def test_what_plays_after_a_clear_is_a_new_spurt_even_if_it_follows_closely() -> None:
    """R7.5: a resumed sentence is told from one that never stopped."""
    player = Player()
    player.receive_media(LOUD * 10, 0)
    player.receive_clear(ms(50))
    player.receive_media(LOUD, ms(90))

    assert [(s.from_sample, s.to_sample) for s in player.spurts()] == [(0, ms(50)), (ms(90), ms(110))]


def test_a_late_frame_is_one_underrun_of_the_gap_heard() -> None:
    """R9.2: the caller hears a hole; the frames behind it are not faults again."""
    player = Player()
    for at_ms in (0, 0, 30, 55, 75, 95):
        player.receive_media(LOUD, ms(at_ms))

    assert player.underruns == []
    player.receive_media(LOUD, ms(160))
    assert player.underruns == [Underrun(ms(120), ms(40))]
    player.receive_media(LOUD, ms(180))
    assert len(player.underruns) == 1


def test_lateness_is_measured_against_the_deadline_and_against_the_steady_schedule() -> None:
    """R9.2: a lead of 40 ms hides a frame that is 15 ms late from the ear, not from the figures."""
    player = Player()
    for at_ms in (0, 0, 0, 20, 55, 60):
        player.receive_media(LOUD, ms(at_ms))

    assert list(player.deadline_lateness) == [ms(-20), ms(-40), ms(-40), ms(-25), ms(-40)]
    assert list(player.schedule_lateness) == [0, 0, 0, ms(15), 0]


def test_the_silence_between_utterances_is_no_underrun() -> None:
    """R9.3: an end mark or a clear closes an utterance."""
    player = Player()
    player.receive_media(LOUD, 0)
    player.receive_mark(END, 0)
    player.receive_media(LOUD, ms(300))
    player.receive_clear(ms(310))
    player.receive_media(LOUD, ms(900))

    assert player.underruns == []
    assert player.utterances == 3


def test_a_server_that_marks_its_ends_is_charged_for_a_long_stall_and_another_is_not() -> None:
    """R9.3: without end marks, 600 ms of nothing ends an utterance."""
    silent, marking = Player(), Player()
    marking.receive_mark(END, 0)
    for player in (silent, marking):
        player.receive_media(LOUD, 0)
        player.receive_media(LOUD, ms(1000))

    assert silent.underruns == []
    assert silent.utterances == 2
    assert marking.underruns == [Underrun(ms(20), ms(980))]


def test_silence_is_not_taken_for_talk() -> None:
    """R9.3: the 200 ms of silence behind an utterance are not audible."""
    player = Player()
    player.receive_media(HUSH + LOUD + HUSH * 10, 0)

    assert [(s.from_sample, s.to_sample) for s in player.spurts()] == [(ms(20), ms(40))]
    assert player.first_audible(0) == ms(20)
    assert player.first_audible(ms(30)) == ms(30)
    assert player.first_audible(ms(40)) is None


def test_a_short_pause_belongs_to_a_spurt_and_a_long_one_parts_two() -> None:
    """A spurt ends with 200 ms without a sound."""
    player = Player()
    player.receive_media(LOUD + HUSH * 10 + LOUD + HUSH * 11 + LOUD, 0)

    assert [(s.from_sample, s.to_sample) for s in player.spurts()] == [(0, ms(240)), (ms(460), ms(480))]


def test_more_than_ten_minutes_ahead_is_discarded() -> None:
    """Facts: Twilio warns 31931 and drops the audio."""
    player = Player(keep_audio=False)
    player.receive_media(LOUD * 50 * 60 * 10, 0)
    player.receive_media(LOUD, 0)

    assert player.discarded_samples == FRAME_SAMPLES
    assert player.playout_end == ms(600_000)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_what_is_sent_is_heard_as_the_common_vectors_say(vector: dict[str, Any]) -> None:
    """R9.2, R21: one model, two players."""
    player = Player()
    marks: list[list[Any]] = []

    def pass_to(until: int) -> None:
        while (due := player.timer()) is not None and due <= until:
            marks.extend([due // SAMPLES_PER_MS, name] for name in player.due_marks(due))

    for step in vector["steps"]:
        now = ms(step["at_ms"])
        pass_to(now)
        if "media_ms" in step:
            player.receive_media(b"\x80" * ms(step["media_ms"]), now)
        elif "mark" in step:
            player.receive_mark(step["mark"], now)
        else:
            player.receive_clear(now)
        pass_to(now)
    pass_to(ms(vector["until_ms"]))

    assert player.ear is not None
    assert loud_ms(bytes(player.ear)) == vector["audible_ms"]
    assert marks == vector["marks"]
    assert [[hole.at_sample / 8, hole.gap_samples / 8] for hole in player.underruns] == vector["holes_ms"]
    assert player.discarded_samples == ms(vector["discarded_ms"])


def loud_ms(ear: bytes) -> list[list[int]]:
    """Return the stretches that are not silent, in ms."""
    found, at = [], 0
    for is_loud, run in groupby(ear, lambda byte: byte == 0x80):
        length = len(list(run))
        if is_loud:
            found.append([at // SAMPLES_PER_MS, (at + length) // SAMPLES_PER_MS])
        at += length
    return found


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from(["media", "mark", "clear"]), st.integers(1, 900)), max_size=40
    )
)
def test_the_ear_hears_every_sample_once_in_order_and_every_mark_returns(steps: list[tuple[int, str, int]]) -> None:
    """Whatever the server does, the ear's track is as long as the playout and no mark is lost or out of order."""
    player = Player()
    now, sent, returned = 0, [], []
    for index, (wait, kind, size) in enumerate(steps):
        now += wait
        returned += player.due_marks(now)
        if kind == "media":
            player.receive_media(b"\x80" * size, now)
        elif kind == "mark":
            player.receive_mark(str(index), now)
            sent.append(str(index))
        else:
            player.receive_clear(now)
            assert player.playout_end <= now
        assert player.ear is not None
        assert len(player.ear) <= player.playout_end
    returned += player.due_marks(now + 100_000)

    assert returned == sent
