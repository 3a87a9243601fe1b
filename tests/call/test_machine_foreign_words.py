"""A voice over the agent's that took the floor by its length, and said nothing to the agent."""

import pytest

from app.call.states import State
from tests.call.driver import CallDriver, Stt, World, settings

AREA = "אני מחפש דירה בשכירות ברעננה"


def speaking(*stts: Stt, streams: bool = True) -> CallDriver:
    drive = CallDriver(World(stts=list(stts)), settings(streams=streams))
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(1500)
    return drive


def resumed(drive: CallDriver, since: int) -> int:
    """Return how often the agent went on with a sentence."""
    return sum("on" not in line.fields for line in drive.logged("STATE→SPEAKING", since))


@pytest.mark.parametrize("voice_ms", [760, 900, 1150])
def test_a_long_word_from_elsewhere_gives_the_floor_back_once_it_is_known_to_be_none(voice_ms: int) -> None:
    """R7.5: the recogniser heard nothing, and the agent does not ask what was said."""
    drive = speaking(Stt(""))
    before, sentences = len(drive.steps), len(drive.sentences)
    drive.says(voice_ms)
    ended_ms = drive.now_ms
    drive.until(State.SPEAKING)
    assert drive.now_ms - ended_ms <= 500
    assert "FLOOR_TAKEN" in drive.lines(before)
    assert resumed(drive, before) == 1
    drive.until(State.LISTENING)
    assert len(drive.sentences) == sentences
    assert drive.history() == [("agent", drive.spoken())]


@pytest.mark.parametrize("final_ms", [300, 500])
def test_it_does_so_too_where_the_final_comes_after_the_end_of_the_turn(final_ms: int) -> None:
    """R7.5."""
    drive = speaking(Stt("", final_ms=final_ms))
    before = len(drive.steps)
    drive.says(900)
    ended_ms = drive.now_ms
    drive.until(State.SPEAKING)
    assert drive.now_ms - ended_ms <= 160 + final_ms + 60
    assert resumed(drive, before) == 1


@pytest.mark.parametrize(
    ("stt", "voice_ms"), [(Stt("דירה"), 900), (Stt("", interim="דירה"), 900), (Stt(""), 1500), (Stt(fails_ms=400), 900)]
)
def test_words_a_longer_voice_and_a_broken_recogniser_keep_the_floor(stt: Stt, voice_ms: int) -> None:
    """R7.5, R8.3: only who is sure of nothing, in no more than a word, gives it back."""
    drive = speaking(stt)
    before = len(drive.steps)
    drive.says(voice_ms)
    drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    assert resumed(drive, before) == 0


def test_a_recogniser_that_hears_segments_is_asked_at_the_end_of_the_turn() -> None:
    """R7.5: its silence means nothing before."""
    drive = speaking(Stt(""), streams=False)
    before = len(drive.steps)
    drive.says(900)
    drive.until(State.PROCESSING)
    assert "FLOOR_TAKEN" in drive.lines(before)
    assert resumed(drive, before) == 0


def test_who_goes_on_after_a_long_word_was_asked_for_is_heard_whole() -> None:
    """R7.5, R7.4."""
    drive = speaking(Stt(silent=True), Stt(AREA, interim=AREA))
    drive.says(800)
    drive.quiet(240)
    drive.says(1200)
    drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    assert any(AREA in text for who, text in drive.history() if who == "caller")
