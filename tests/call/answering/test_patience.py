"""An answer that is ready is kept back from a caller who may not be done, for longest from one who surely is not."""

import pytest

from app.call.answering.patience import IN_DOUBT_MS, UNFINISHED_MS, silence_before_answer
from app.call.states import State
from app.dialog.understanding.endings import Sounds
from tests.call.driver import NET_MS, CallDriver, Stt, World

AREA = "אני מחפש דירה בשכירות ברעננה"
LATE_MS = NET_MS + 40  # on its way, and the tick it waits for


@pytest.mark.parametrize(
    ("sounds", "in_doubt", "silence_ms"),
    [
        ("open", True, UNFINISHED_MS),
        ("open", False, IN_DOUBT_MS),
        ("unknown", True, IN_DOUBT_MS),
        ("unknown", False, 0),
        ("complete", True, 0),
        ("complete", False, 0),
        ("dictating", False, 0),
    ],
)
def test_the_words_and_the_voice_say_how_long(sounds: Sounds, in_doubt: bool, silence_ms: int) -> None:
    """R6.3, R6.4."""
    assert silence_before_answer(sounds, in_doubt=in_doubt) == silence_ms


def answered_after(text: str) -> tuple[int, CallDriver]:
    """Say `text` in a voice that does not fall; return after how much silence the answer is heard."""
    drive = CallDriver(World(stts=[Stt(text)])).listening()
    heard = len(drive.voiced())
    drive.says(1500)
    said_ms = drive.now_ms
    drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    return drive.voiced()[heard].at_ms - said_ms, drive


@pytest.mark.parametrize(
    ("text", "silence_ms"), [("אני מחפש", UNFINISHED_MS), ("דירה עם", UNFINISHED_MS), (AREA, IN_DOUBT_MS)]
)
def test_a_voice_that_stays_up_is_answered_later(text: str, silence_ms: int) -> None:
    """R6.3: the end of the turn is as early as ever, and so are its text and the answer's voice."""
    after_ms, drive = answered_after(text)
    assert silence_ms <= after_ms <= silence_ms + LATE_MS
    assert int(drive.logged("STATE→PROCESSING")[-1].fields["silence_ms"]) <= 500
    turn = drive.logged("TURN")[-1].fields
    assert int(turn["held_ms"]) > 0
    assert int(turn["own_ms"]) <= 20


def test_words_that_are_all_there_are_answered_at_once() -> None:
    """R6.3: "yes" is an answer, however it was said."""
    after_ms, drive = answered_after("כן")
    assert after_ms < IN_DOUBT_MS
    assert drive.logged("TURN")[-1].fields["held_ms"] == 0


@pytest.mark.parametrize("rest_ms", [760, 900, 1100, 1180])
def test_who_goes_on_meanwhile_has_heard_nothing_and_is_heard_whole(rest_ms: int) -> None:
    """R6.4: nobody notices that half a sentence was answered; nor does the agent begin just as a sound sets in."""
    drive = CallDriver(World(stts=[Stt("אני מחפש"), Stt("דירה ברעננה")])).listening()
    heard = len(drive.voiced())
    drive.says(1500)
    drive.quiet(rest_ms)
    assert drive.logged("ASR_TEXT")[-1].fields["text"] == "אני מחפש"
    drive.says(900)
    assert len(drive.voiced()) == heard
    drive.until(State.SPEAKING)
    assert drive.logged("ASR_TEXT")[-1].fields["text"] == "אני מחפש דירה ברעננה"
    assert {log.fields["turn"] for log in drive.logged("ASR_TEXT")} == {1}
