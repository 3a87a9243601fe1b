"""Who has the floor: the machine by itself, told by hand what was heard."""

from dataclasses import replace

import pytest

from app.call.events import CancelSpeech, KeepSample, SendClear, Speak, SttHeard
from app.call.hearing.recognition import TurnHeard
from app.call.states import IllegalTransitionError, State, Trigger
from app.media.codec import SAMPLE_RATE_HZ
from app.media.wav import parse_wav
from tests.call.driver import CallDriver, Stt, World, buzz, settings
from tests.call.floors import greeted, hear, opened

AREA = "אני מחפש דירה בשכירות ברעננה"


def test_the_agent_has_the_floor_first_then_the_caller() -> None:
    """R6.5: the states are those of the table, and nothing else moves them."""
    floor = opened()
    states = [floor.state]
    floor.go(Trigger.REPLY_READY)
    states.append(floor.state)
    assert states == [State.PROCESSING, State.SPEAKING]
    floor.listen(Trigger.PLAYED, 3000)
    assert (floor.state, floor.reply, floor.turn) == (State.LISTENING, None, None)
    with pytest.raises(IllegalTransitionError):
        floor.go(Trigger.REPLY_READY)


def test_turns_are_numbered_as_they_are_begun() -> None:
    """R14: the number is the store's key."""
    floor = opened()
    floor.go(Trigger.REPLY_READY)
    floor.listen(Trigger.PLAYED, 3000)
    for number in (1, 2):
        floor.collect(4000)
        assert floor.caller.stretch
        floor.adopt(floor.caller.stretch)
        assert (floor.turn_number, floor.turn and floor.turn.number) == (number, number)
        floor.caller.drop()
        floor.turn = None


def test_a_greeting_is_owed_whatever_is_said_before_it() -> None:
    """R6.5: there is nothing to take back."""
    floor = opened()
    assert floor.goes_on(500) == []
    assert floor.state is State.PROCESSING


def test_words_said_while_the_floor_is_nobodys_are_heard_once() -> None:
    """R6.5: over the greeting that is being prepared; they may become a turn."""
    floor = opened()
    floor.collect(100)
    for _ in range(20):
        floor.caller.keep(bytes(320))
    assert floor.turn is None
    floor.receive(SttHeard(1, AREA, is_final=False, stability=0.9), 600)
    assert floor.caller.words == AREA


def test_a_stretch_that_ends_when_the_floor_is_not_the_callers_is_nobodys() -> None:
    """R6.5: what is said over the agent ends no turn."""
    floor = opened()
    floor.collect(100)
    assert floor.end_stretch(400, 600) is None
    assert floor.caller.stretch is not None


@pytest.mark.parametrize("streams", [True, False])
def test_who_pauses_in_the_second_turn_keeps_the_first_ones_slots(streams: bool) -> None:
    """R6.4: only the answer to the half sentence is taken back."""
    texts = [AREA, "שלושה", "חדרים"] if streams else [AREA, "שלושה", "חדרים", "חדרים"]
    drive = CallDriver(World(stts=[Stt(text) for text in texts]), settings(streams=streams)).listening()
    drive.answer(1500)
    drive.until(State.LISTENING)
    drive.says(1000)
    drive.until(State.PROCESSING)
    drive.says(1000)
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    assert drive.call.dialog
    slots = drive.call.dialog.slots
    assert (slots["area"], slots["deal"], slots["rooms_min"]) == (["רעננה"], "rent", 3)


def test_a_wordless_voice_of_700_ms_takes_the_floor() -> None:
    """R7.5: it is hardly a cough; a recogniser that is slow has not lost it."""
    drive = CallDriver(World(stts=[Stt("", final_ms=3000)]))
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(1500)
    drive.says(660)
    assert not drive.logged("FLOOR_TAKEN")
    drive.says(160)
    assert [log.fields["reply"] for log in drive.logged("FLOOR_TAKEN")] == [1]
    drive.quiet(600)
    assert drive.call.state is State.PROCESSING
    drive.quiet(3000)
    assert [save.data["reply"] for save in drive.saved("said")] == [1]


def test_speech_early_in_the_goodbye_is_heard_and_late_in_it_changes_nothing() -> None:
    """R17: the hang-up is called off for words; for the last 200 ms nobody can mean it."""
    for early in (True, False):
        drive = CallDriver(World(stts=[Stt("תודה להתראות"), Stt(AREA, interim=AREA), Stt("")])).listening()
        drive.answer(900)
        assert drive.call.dialog
        before = len(drive.steps)
        if early:
            drive.quiet(500)
            drive.says(1500)
            drive.quiet(700)
            assert drive.commands(SendClear, before)
            assert not drive.hung_up()
        else:
            while drive.call.state is State.SPEAKING and not drive.logged("MARK_SENT", before):
                drive.quiet(20)
            drive.says(400)
            drive.quiet(2000)
            assert not drive.commands(SendClear, before)
            assert drive.hung_up()


def test_after_late_words_the_next_soft_voice_interrupts_again() -> None:
    """R7.5: the false alarm was none, so the bar comes down."""
    drive = CallDriver(World(stts=[Stt("לא", final_ms=700), Stt(""), Stt(AREA, interim=AREA)]))
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(1500)
    drive.says(300)
    drive.until(State.SPEAKING)
    drive.until(State.PROCESSING)
    assert drive.logged("LATE_WORDS")
    drive.until(State.SPEAKING)
    drive.quiet(600)
    before = len(drive.steps)
    drive.caller(buzz(400, -48.0))
    assert drive.commands(SendClear, before)


def test_a_sound_that_goes_on_delays_the_reply_by_two_seconds_at_most() -> None:
    """R6.5: words the agent owes are not held back for longer."""
    drive = CallDriver(World(tts_ms=1000))
    drive.start()
    drive.quiet(800)
    began_ms = drive.now_ms
    while drive.call.state is not State.SPEAKING:
        drive.says(100)
        assert drive.now_ms - began_ms <= 2500
    assert drive.now_ms - began_ms >= 1900


def test_one_sample_is_kept_and_it_is_of_the_first_turn() -> None:
    """R5.3: exactly what the recogniser was given."""
    drive = CallDriver(World(stts=[Stt(AREA), Stt("שלושה חדרים")]), replace(settings(), keeps_sample=True)).listening()
    drive.answer(1500)
    drive.until(State.LISTENING)
    assert len(drive.commands(KeepSample)) == 1
    drive.answer(1500)
    drive.until(State.LISTENING)
    assert len(drive.commands(KeepSample)) == 1


def test_the_sample_of_a_long_turn_is_three_seconds_of_it() -> None:
    """R5.3."""
    drive = CallDriver(World(stts=[Stt(AREA)]), replace(settings(), keeps_sample=True)).listening()
    drive.answer(5000)
    (kept,) = drive.commands(KeepSample)
    assert parse_wav(kept.wav).mono().shape == (3 * SAMPLE_RATE_HZ,)


def test_a_caller_who_hangs_up_over_the_agent_has_heard_what_was_said_until_then() -> None:
    """R14: whether it was an interruption is not decided yet."""
    drive = CallDriver()
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(2000)
    drive.says(300)
    assert drive.logged("BARGE_IN")
    drive.end()
    (said,) = drive.saved("said")
    assert said.data["heard"]
    assert said.data["text"].startswith(said.data["heard"])


def test_keys_stop_the_voice_that_is_being_made_for_what_they_answer() -> None:
    """R10: no engine works for a reply that nobody will hear."""
    drive = CallDriver(World(tts_ms=3000)).listening()
    drive.says(900)
    drive.world.stts.append(Stt(AREA))
    drive.says(900)
    drive.until(State.PROCESSING)
    while len(drive.commands(Speak)) < 3:
        drive.quiet(20)
    before = len(drive.steps)
    drive.press("0541234567#", every_ms=20)
    assert drive.commands(CancelSpeech, before)


def test_a_reply_taken_back_is_made_no_further() -> None:
    """R6.5: the caller goes on before it is heard."""
    drive = CallDriver(World(tts_ms=3000)).listening()
    drive.world.stts += [Stt("אני מחפש דירה"), Stt("בשכירות ברעננה")]
    before = len(drive.steps)
    drive.says(1200)
    while not drive.commands(Speak, before):
        drive.quiet(20)
    made = drive.commands(Speak, before)[-1].speech
    drive.says(400)
    assert ("speech", made) in drive.cancelled


@pytest.mark.parametrize("stalled", [False, True])
def test_an_answer_heard_to_its_end_stands_unless_the_line_stalled_meanwhile(stalled: bool) -> None:
    """R6.5: what a line held back may be the other half of what was answered."""
    floor = greeted()
    hear(floor, AREA)
    floor.reply, _ = floor.conversation.answer(TurnHeard(AREA, (), "final", 100, 1500), 1, 4000)
    floor.go(Trigger.REPLY_READY)
    line = floor.caller.line
    line.begin(4000)
    filled = [line.missing_frames(at_ms, is_speech=False) for at_ms in ((4300, 4400) if stalled else (4100,))]
    assert any(filled) is stalled
    floor.listen(Trigger.PLAYED, 6000)
    assert floor.conversation.can_take_back is stalled


@pytest.mark.parametrize("before_ms", [60, 100, 140, 180])
def test_who_begins_just_before_the_agent_ends_is_heard(before_ms: int) -> None:
    """R7.4: too late to be an interruption, and a turn all the same."""
    ends_ms = CallDriver().listening().now_ms
    drive = CallDriver(World(stts=[Stt(AREA)]))
    drive.start()
    drive.quiet(ends_ms - before_ms - drive.now_ms)
    drive.says(1200)
    drive.until(State.SPEAKING)
    assert drive.history()[-1] == ("caller", AREA)


@pytest.mark.parametrize(("interim", "is_waited_for"), [("המספר שלי אפס חמש ארבע", True), (AREA, False), (None, False)])
def test_who_dictates_is_given_the_longer_silence_while_the_words_are_known(
    interim: str | None, is_waited_for: bool
) -> None:
    """R6.3: the words reach the ear in the course of the turn."""
    drive = CallDriver(World(stts=[Stt(interim or AREA, interim=interim)])).listening()
    drive.says(1200)
    drive.quiet(1000)
    assert (drive.call.state is State.LISTENING) is is_waited_for
