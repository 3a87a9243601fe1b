"""A batch recogniser that reads while the silence is judged, and the answer that is ready by then."""

from dataclasses import replace

import pytest

from app.call.events import OpenStt, SendMedia
from app.call.states import State
from tests.call.driver import CallDriver, Stt, World, settings

AREA = "אני מחפש דירה בשכירות ברעננה"
TAKES_MS = 400


def driver(*stts: Stt, ahead: bool = True) -> CallDriver:
    """A call in LISTENING, served by a batch recogniser of `TAKES_MS` and a voice that takes as long to begin."""
    tuned = settings(streams=False, has_fallback=False, reads_ahead=ahead)
    return CallDriver(World(stts=list(stts), tts_ms=TAKES_MS), replace(tuned, guesses=ahead)).listening()


def answered_after_ms(drive: CallDriver) -> int:
    """Speak, and return how long after the last word the agent's answer was sent."""
    drive.says(1500)
    silent_from_ms, since = drive.now_ms, len(drive.steps)
    drive.until(State.SPEAKING)
    return drive.at(SendMedia, since) - silent_from_ms


def test_the_answer_is_prepared_within_the_silence_that_ends_the_turn() -> None:
    """R8.4, R15: recognition and voice are asked for some 250 ms sooner, and the turn ends no sooner for it."""
    plain_ms = answered_after_ms(driver(Stt(AREA, final_ms=TAKES_MS), ahead=False))
    drive = driver(Stt(AREA, final_ms=TAKES_MS))
    ahead_ms = answered_after_ms(drive)
    assert 180 <= plain_ms - ahead_ms <= 400
    assert drive.logged("SPECULATION")[-1].fields == {"used": True, "guesses": 1}
    assert drive.logged("ASR_TEXT")[0].fields["text"] == AREA
    assert drive.history().count(("caller", AREA)) == 1
    assert len(drive.opened) == 1


@pytest.mark.parametrize("pause_ms", [200, 300])
def test_a_caller_who_goes_on_is_heard_whole(pause_ms: int) -> None:
    """R6.3: a reading of half a sentence leaves no trace."""
    drive = driver(Stt("דירה בחולון", final_ms=50), Stt(AREA, final_ms=50))
    drive.says(900)
    drive.quiet(pause_ms)
    assert drive.call.state is State.LISTENING
    drive.says(900)
    drive.until(State.SPEAKING)
    assert [text for who, text in drive.history() if who == "caller"] == [AREA]
    assert drive.call.dialog is not None
    assert drive.call.dialog.slots["area"] == ["רעננה"]
    assert len(drive.audio[2]) > len(drive.audio[1])


def test_nothing_is_read_ahead_over_the_agents_words() -> None:
    """R7.5: whether a sound takes the floor is decided as before."""
    drive = driver()
    drive.answer(1500, Stt(AREA))
    drive.quiet(600)
    since = len(drive.steps)
    drive.says(500)
    drive.quiet(200)
    assert not drive.commands(OpenStt, since)
