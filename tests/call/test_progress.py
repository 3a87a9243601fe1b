"""When the agent speaks because nothing is understood; alone, and in a call full of sounds."""

import numpy as np
import pytest

from app.call.events import HangUp, SendMedia
from app.call.progress import Progress
from app.call.states import State
from tests.call.driver import CallDriver, Stt, World, buzz, hush, settings
from tests.media.sounds import Floats

HOPELESS_MS, LONGEST_TURN_MS, MOST_CHANCES_MS, WORDLESS_MS, WORDLESS_VOICE_MS = 60_000, 16_000, 3000, 4000, 12_800

NEWS = "בחדשות היום ירדו גשמים בצפון הארץ"


def waiting(*, streams: bool = True) -> Progress:
    progress = Progress(streams=streams)
    progress.await_caller(1000, 5000)
    return progress


def test_a_silent_caller_is_asked_after_the_plans_patience() -> None:
    """R17: 0 means that nobody minds."""
    progress = waiting()
    assert progress.due_ms(None, has_words=False) == 6000
    progress.await_caller(1000, 0)
    assert progress.due_ms(None, has_words=False) is None


def test_sounds_without_words_put_it_off_once() -> None:
    """R17: for as long as a recogniser may need to find a word."""
    progress = waiting()
    assert progress.due_ms(5900, has_words=False) == 5900 + WORDLESS_MS
    assert progress.due_ms(1100, has_words=False) == 6000
    assert progress.due_ms(1100, has_words=False, is_voice=True) == 1100 + WORDLESS_VOICE_MS
    progress.wait_on(3000)
    assert progress.due_ms(None, has_words=False) == 6000
    progress.wait_on(7000)
    assert progress.due_ms(None, has_words=False) == 8500
    progress.wait_on(8400)
    assert progress.due_ms(None, has_words=False) == 1000 + 5000 + MOST_CHANCES_MS


def test_words_put_it_off_until_the_turn_has_lasted_too_long() -> None:
    """R6.4: somebody who says one thing after another is let speak, but not for ever."""
    progress = waiting()
    for now_ms in range(2000, 40_000, 1000):
        progress.words(now_ms)
    assert progress.due_ms(1500, has_words=True) == 1500 + LONGEST_TURN_MS
    assert progress.due_ms(500, has_words=True) == 1000 + LONGEST_TURN_MS


def test_words_that_are_not_known_yet_are_no_lack_of_words() -> None:
    """R8.2: while a segment is read, or after a recogniser broke."""
    progress = waiting()
    assert progress.due_ms(1500, has_words=False, hears_words=False) == 1500 + LONGEST_TURN_MS
    batch = waiting(streams=False)
    assert batch.due_ms(1500, has_words=True) == 1500 + LONGEST_TURN_MS


def test_it_is_hopeless_once_nothing_was_understood_for_a_minute() -> None:
    """R17: counted from the first word the caller could answer, then from what was understood last."""
    progress = Progress(streams=True)
    assert not progress.is_hopeless(10 * HOPELESS_MS)
    progress.await_caller(1000, 5000)
    assert not progress.is_hopeless(999 + HOPELESS_MS)
    assert progress.is_hopeless(1000 + HOPELESS_MS)
    progress.await_caller(50_000, 5000)
    assert progress.is_hopeless(1000 + HOPELESS_MS)
    progress.understood(20_000)
    assert not progress.is_hopeless(1000 + HOPELESS_MS)


# -- a call full of sounds --------------------------------------------------------------------------------------------


def spoken_at(drive: CallDriver, since: int) -> list[int]:
    """When the agent began to speak."""
    at = [step.at_ms for step in drive.steps[since:] if any(isinstance(one, SendMedia) for one in step.commands)]
    return [now for before, now in zip([0, *at], at, strict=False) if now - before > 500]


def hears(sound: Floats, *, streams: bool, seconds: int, interim: str | None = None) -> tuple[CallDriver, int, int]:
    """Play the sound over and over; return the call, its first step in it and when it began."""
    stts = [Stt(interim or "", interim=interim, interim_ms=400) for _ in range(200)]
    drive = CallDriver(World(stts=stts), settings(streams=streams, has_fallback=False)).listening()
    before, began_ms = len(drive.steps), drive.now_ms
    while drive.now_ms - began_ms < 1000 * seconds and not drive.hung_up():
        drive.caller(sound)
    return drive, before, began_ms


def far_voice() -> Floats:
    return np.concatenate([hush(4200), buzz(450, -35.0)])


def knocking() -> Floats:
    return np.concatenate([hush(900), buzz(120, -25.0), hush(300), buzz(160, -25.0)])


def babble() -> Floats:
    return np.concatenate([buzz(700, -35.0), hush(700), buzz(250, -35.0), hush(400)])


@pytest.mark.parametrize(
    ("sound", "streams"), [(far_voice, True), (knocking, False), (babble, True), (far_voice, False)]
)
def test_sounds_in_which_nothing_is_said_do_not_keep_the_agent_silent(sound: object, streams: bool) -> None:
    """R17: the silence ladder comes within 12 s, and the call ends with words."""
    assert callable(sound)
    drive, before, began_ms = hears(sound(), streams=streams, seconds=120)
    assert spoken_at(drive, before)[0] - began_ms <= 12_000
    assert drive.hung_up()
    assert drive.saved("said")[-1].data["heard"] == drive.saved("said")[-1].data["text"]


@pytest.mark.parametrize(("interim", "streams"), [(NEWS, True), (None, True), (NEWS, False)])
def test_somebody_who_never_stops_is_spoken_to_and_left_with_words(streams: bool, interim: str | None) -> None:
    """R17: a radio, a meeting: something is said within 20 s, goodbye within 90 s."""
    radio = np.concatenate([buzz(900), hush(120), buzz(600), hush(80)])
    drive, before, began_ms = hears(radio, streams=streams, seconds=120, interim=interim)
    assert spoken_at(drive, before)[0] - began_ms <= 20_000
    assert drive.commands(HangUp)
    assert spoken_at(drive, before)[-1] - began_ms <= 90_000
    assert drive.saved("said")[-1].data["heard"] == drive.saved("said")[-1].data["text"]


@pytest.mark.parametrize("streams", [True, False])
def test_a_caller_who_answers_among_the_noises_is_heard(streams: bool) -> None:
    """R17: what is understood is progress, and the ladder begins anew."""
    drive = CallDriver(World(), settings(streams=streams, has_fallback=False)).listening()
    before = len(drive.steps)
    for _ in range(2):
        drive.caller(far_voice())
    answer = "אני מחפש דירה בשכירות ברעננה"
    while "TTS_END" not in drive.lines(before):
        drive.quiet(20)
    drive.world.stts[:] = [Stt(answer, interim=answer)] * 2
    drive.says(1500)
    drive.until(State.SPEAKING)
    assert drive.call.dialog
    assert drive.call.dialog.slots["area"] == ["רעננה"]
    assert drive.call.dialog.memory.silences == 0


def test_the_last_minute_is_announced_to_somebody_who_never_stops() -> None:
    """R17: a call does not end at its longest without a word."""
    radio = np.concatenate([buzz(900), hush(120), buzz(600), hush(80)])
    call_settings = settings(max_call_ms=75_000, has_fallback=False)
    drive = CallDriver(World(stts=[Stt(NEWS, interim=NEWS)] * 50), call_settings).listening()
    began_ms = drive.now_ms
    while drive.now_ms - began_ms < 150_000 and not drive.hung_up():
        drive.caller(radio)
    assert drive.hung_up()
    assert "MAX_CALL" not in drive.lines()


def test_who_only_asks_gets_on_although_nothing_is_learned() -> None:
    """R17: after a minute of questions and answers a silence is asked about, and not the end."""
    drive = CallDriver(World(), settings(has_fallback=False)).listening()
    began_ms = drive.now_ms
    while drive.now_ms - began_ms < HOPELESS_MS:
        drive.world.stts[:] = [Stt("אפשר לחזור על השאלה")]
        drive.answer(900)
        drive.until(State.LISTENING)
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    assert not drive.hung_up()
