"""The caller speaks while the agent does, or goes on before it does."""

import pytest

from app.call.events import OpenStt, SendClear, SendMark, SendMedia
from app.call.states import State
from tests.call.driver import NET_MS, WORD_MS, CallDriver, Stt, World, buzz, settings

AREA = "אני מחפש דירה בשכירות ברעננה"


def _speaking(world: World | None = None, *, streams: bool = True, after_ms: int = 1500) -> CallDriver:
    drive = CallDriver(world, settings(streams=streams))
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(after_ms)
    return drive


def _sent(drive: CallDriver, since: int) -> list[object]:
    return [
        one
        for step in drive.steps[since:]
        for one in step.commands
        if isinstance(one, SendMedia | SendMark | SendClear)
    ]


@pytest.mark.parametrize("streams", [True, False])
def test_a_caller_who_speaks_silences_the_agent_at_once_and_no_word_of_theirs_is_lost(streams: bool) -> None:
    """R7.1, R7.4: clear goes out first, nothing follows it, the onset reaches the recogniser."""
    drive = _speaking(World(stts=[Stt(AREA, interim=AREA, interim_ms=600)]), streams=streams)
    before, began_ms = len(drive.steps), drive.now_ms
    drive.says(1400)
    first = drive.at(SendClear, before)
    assert 180 <= first - began_ms <= 260
    sent = _sent(drive, before)
    after_clear = sent[sent.index(SendClear()) + 1 :]
    assert after_clear == []
    assert drive.call.state is State.LISTENING
    assert drive.heard[-1].at_ms + 20 - first <= 200
    drive.until(State.SPEAKING)
    assert ("caller", AREA) in drive.history()
    heard_ms = len(drive.audio[1]) // 16
    assert heard_ms >= 1400 + 200
    assert len(drive.commands(SendClear)) == 1


def test_a_call_tells_when_something_hangs_on_the_next_frames() -> None:
    """R7.1: whose voice is over the agent's, or has just fallen silent, is heard before the others of a full house."""
    drive = _speaking(World(stts=[Stt(AREA)]))
    assert not drive.call.is_deciding
    drive.says(40)
    assert drive.call.is_deciding, "it may be going to be a voice"
    drive.says(100)
    assert drive.call.state is State.SPEAKING
    assert drive.call.is_deciding
    drive.says(1000)
    assert drive.call.state is State.LISTENING
    assert not drive.call.is_deciding
    drive.quiet(140)
    assert drive.call.is_deciding
    drive.until(State.SPEAKING)
    assert not drive.call.is_deciding


def test_nothing_interrupts_the_first_moments_of_a_reply() -> None:
    """R7.2: the grace of 150-250 ms."""
    drive = CallDriver(World(stts=[Stt(AREA), Stt("בעצם בחולון")])).listening()
    drive.says(1500)
    drive.until(State.SPEAKING)
    began_ms, before = drive.now_ms, len(drive.steps)
    drive.says(600)
    assert drive.at(SendClear, before) - began_ms >= 200


def test_a_knock_does_not_stop_the_agent() -> None:
    """R7.1: 150 ms are not voice enough."""
    drive = _speaking()
    drive.says(150)
    drive.until(State.LISTENING)
    assert not drive.commands(SendClear)
    assert drive.history() == [("agent", drive.spoken())]


def test_crackle_that_is_never_speech_does_not_stop_the_agent() -> None:
    """R7.1: loud 40 ms of every 60 are no voice; a call must not wait for its end either."""
    drive = _speaking()
    for _ in range(12):
        drive.caller(buzz(40, -40.0))
        drive.quiet(20)
    drive.until(State.LISTENING)
    assert drive.history() == [("agent", drive.spoken())]


@pytest.mark.parametrize("streams", [True, False])
def test_a_cough_pauses_the_agent_and_it_goes_on_near_the_word_heard_last(streams: bool) -> None:
    """R7.5: within 700 ms of the noise's end where a streaming recogniser finds no words."""
    drive = _speaking(World(), streams=streams)
    before = len(drive.steps)
    drive.says(260)
    ended_ms = drive.now_ms
    cut = len(drive.voiced())
    last = drive.voiced()[-1]
    assert drive.commands(SendClear, before)
    drive.until(State.SPEAKING, 3000)
    if streams:
        assert drive.now_ms - ended_ms <= 700
    drive.until(State.LISTENING)
    again = drive.voiced()[cut]
    assert (last.speech, again.speech) == (1, 1)
    assert 0 <= (last.index - again.index) * 20 <= 700
    assert drive.voiced()[-1].speech == 2
    assert drive.history() == [("agent", drive.spoken())]
    assert len(drive.logged("ASR_TEXT")) == (0 if streams else 1)


@pytest.mark.parametrize("words", ["אהה", "כן כן", "הממ", "אוקיי"])
@pytest.mark.parametrize("streams", [True, False])
def test_a_backchannel_does_not_take_the_floor(streams: bool, words: str) -> None:
    """R7.5: "אהה" in the middle of the agent's sentence."""
    drive = _speaking(World(stts=[Stt(words, interim=words)]), streams=streams)
    drive.says(400)
    assert drive.commands(SendClear)
    if not streams:
        drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    assert drive.history() == [("agent", drive.spoken())]
    assert [line.fields for line in drive.logged("STATE→SPEAKING") if "heard_ms" in line.fields]


@pytest.mark.parametrize("streams", [True, False])
def test_a_short_word_without_an_interim_wins_the_floor(streams: bool) -> None:
    """R7.5: "לא" is over before a streaming recogniser says a thing; its final is asked for at once."""
    drive = _speaking(World(stts=[Stt("לא", final_ms=250)]), streams=streams)
    before = len(drive.steps)
    drive.says(300)
    drive.until(State.PROCESSING)
    assert "BARGE_IN" in drive.lines(before)
    drive.until(State.SPEAKING)
    assert ("caller", "לא") in drive.history()
    assert len(drive.commands(SendClear, before)) == 1


def test_assent_that_turns_into_words_takes_the_floor() -> None:
    """R7.5: "כן" was only the beginning."""
    drive = _speaking(World(stts=[Stt("כן אבל בחולון", interim="כן", interim_ms=300)]))
    drive.says(600)
    drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    assert ("caller", "כן אבל בחולון") in drive.history()


def test_every_false_alarm_makes_the_next_one_harder_and_none_makes_the_agent_deaf() -> None:
    """R7.5: a sound that stopped the agent twice does not a third time; the caller still does.

    A sound so soft is no echo only on a line that is known to have none.
    """
    drive = _speaking(after_ms=2500)
    for _ in range(2):
        drive.caller(buzz(300, -51.0))
        drive.until(State.SPEAKING)
        drive.quiet(600)
    clears = len(drive.commands(SendClear))
    assert clears > 0
    drive.caller(buzz(300, -51.0))
    drive.quiet(300)
    assert len(drive.commands(SendClear)) == clears
    drive.world.stts.append(Stt(AREA, interim=AREA))
    drive.says(900)
    assert len(drive.commands(SendClear)) == clears + 1


def test_a_word_whose_final_comes_late_stops_the_agent_once_more() -> None:
    """R7.5: the agent has gone on by then; nothing said is lost."""
    drive = _speaking(World(stts=[Stt("לא", final_ms=700)]))
    before = len(drive.steps)
    drive.says(300)
    drive.until(State.SPEAKING)
    drive.until(State.PROCESSING)
    assert drive.logged("LATE_WORDS", before)[0].fields["text"] == "לא"
    assert len(drive.commands(SendClear, before)) == 2
    drive.until(State.SPEAKING)
    assert ("caller", "לא") in drive.history()
    heard = next(text for who, text in drive.history() if who == "agent")
    assert drive.spoken().startswith(heard)
    drive.until(State.LISTENING)


def test_a_backchannel_whose_final_comes_late_stops_nobody() -> None:
    """R7.5: "אהה" stays "I am listening"."""
    drive = _speaking(World(stts=[Stt("אהה", final_ms=700)]))
    drive.says(300)
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    assert len(drive.commands(SendClear)) == 1
    assert drive.history() == [("agent", drive.spoken())]


def test_words_that_were_late_and_words_said_since_are_one_turn() -> None:
    """R7.5: the caller says it again, louder and longer, before the first time was understood."""
    more = "אני מחפש דירה בשכירות ברעננה"
    drive = _speaking(World(stts=[Stt("לא", final_ms=1500), Stt(more, interim=more, interim_ms=500)]))
    drive.says(300)
    drive.until(State.SPEAKING)
    drive.quiet(300)
    drive.says(1200)
    drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    caller = [text for who, text in drive.history() if who == "caller"]
    assert caller == [f"לא {more}"]


def test_a_caller_who_goes_on_after_the_final_was_asked_for_is_heard_whole() -> None:
    """R7.1: the second stretch is read by a second recognition, from where the first one ended."""
    drive = _speaking(World(stts=[Stt("לא", final_ms=900), Stt("בחולון", interim="בחולון")]))
    drive.says(300)
    drive.quiet(240)
    drive.says(700)
    drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    assert ("caller", "לא בחולון") in drive.history()
    read_ms = sum(len(audio) for stream, audio in drive.audio.items()) // 16
    assert read_ms >= 300 + 240 + 700


def test_a_word_from_elsewhere_costs_less_than_a_second() -> None:
    """R7.5: a voice in which no word is found, however long a word it is; resumed within 700 ms of its end."""
    drive = _speaking(World(stts=[Stt("", final_ms=200)]))
    drive.says(550)
    ended_ms = drive.now_ms
    assert drive.commands(SendClear)
    drive.until(State.SPEAKING)
    assert drive.now_ms - ended_ms <= 700
    drive.until(State.LISTENING)
    assert drive.history() == [("agent", drive.spoken())]


def test_a_recogniser_that_broke_does_not_make_a_word_noise() -> None:
    """R7.5, R8: its silence means nothing; the fallback reads the word."""
    drive = _speaking(World(stts=[Stt(fails_ms=200), Stt("לא")]))
    drive.says(300)
    drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    assert ("caller", "לא") in drive.history()


def test_the_history_and_the_store_hold_only_what_was_heard() -> None:
    """R7.5: the words after the interruption were never said."""
    drive = _speaking(World(stts=[Stt(AREA, interim=AREA)]), after_ms=2000)
    drive.says(1500)
    drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    who, text = drive.history()[0]
    assert who == "agent"
    assert drive.spoken().startswith(text)
    assert 3 <= len(text.split()) <= 2400 // WORD_MS
    said = drive.saved("said")[0].data
    assert said["heard"] == text
    assert said["text"].startswith(text)
    assert len(said["text"]) > len(text)


def test_a_caller_who_goes_on_before_the_reply_gets_one_answer_to_both_halves() -> None:
    """R6.4: the dialog is not advanced twice, each half is heard once."""
    drive = CallDriver(World(stts=[Stt(AREA, final_ms=400), Stt("שלושה חדרים")])).listening()
    before = len(drive.steps)
    drive.says(1500)
    drive.until(State.PROCESSING)
    drive.says(1200)
    drive.until(State.SPEAKING)
    assert not drive.commands(SendClear, before)
    _both_halves_are_one_turn(drive)


def test_a_reply_hardly_begun_is_withdrawn_when_the_caller_goes_on() -> None:
    """R7.1: an answer to half a sentence; both halves are one turn."""
    drive = CallDriver(World(stts=[Stt(AREA), Stt("שלושה חדרים")])).listening()
    drive.says(1500)
    drive.until(State.SPEAKING)
    drive.quiet(60)
    drive.says(1200)
    assert drive.commands(SendClear)
    assert drive.call.state is State.LISTENING
    drive.until(State.SPEAKING)
    _both_halves_are_one_turn(drive)


def _both_halves_are_one_turn(drive: CallDriver) -> None:
    assert drive.call.dialog
    slots = drive.call.dialog.slots
    assert (slots["area"], slots["rooms_min"]) == (["רעננה"], 3)
    assert drive.call.dialog.memory.turn == 1
    caller = [text for who, text in drive.history() if who == "caller"]
    assert caller == [f"{AREA} שלושה חדרים"]
    assert {save.data["turn"] for save in drive.saved("heard")} == {1}
    drive.until(State.LISTENING)
    assert drive.call.state is State.LISTENING


def test_words_after_an_undecided_interruption_do_not_undo_the_turn_before() -> None:
    """R7.5: the caller coughs, then speaks while it is still judged; what was understood earlier stands."""
    world = World(stts=[Stt(AREA)])
    drive = CallDriver(world, settings(streams=False)).listening()
    drive.answer(1500)
    drive.quiet(1200)
    world.stts += [Stt("", final_ms=900), Stt("עד שבעת אלפים")]
    drive.says(300)
    drive.until(State.PROCESSING)
    drive.says(1200)
    drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    assert drive.call.dialog
    assert drive.call.dialog.slots["area"] == ["רעננה"]
    assert drive.call.dialog.slots["budget_max"] == 7000
    drive.until(State.LISTENING)


def test_a_second_barge_in_does_not_bring_back_an_older_dialog() -> None:
    """R7.1: only the reply that was hardly heard is taken back, never the turn before it."""
    world = World(stts=[Stt(AREA)])
    drive = CallDriver(world).listening()
    drive.answer(1500)
    drive.quiet(1500)
    world.stts += [Stt("שלושה חדרים", interim="שלושה חדרים"), Stt("עד שבעת אלפים")]
    drive.says(1200)
    drive.until(State.PROCESSING)
    drive.says(1200)
    drive.until(State.SPEAKING)
    assert drive.call.dialog
    slots = drive.call.dialog.slots
    assert (slots["area"], slots["rooms_min"], slots["budget_max"]) == (["רעננה"], 3, 7000)


def test_a_prompt_that_meets_the_callers_answer_was_never_said() -> None:
    """R17: "yes" answers the question before the silence, not the question whether to repeat it."""
    drive = CallDriver().listening()
    drive.quiet(4600)
    drive.world.stts.append(Stt(AREA))
    while drive.call.state is State.LISTENING:
        drive.quiet(20)
    drive.says(1500)
    drive.until(State.SPEAKING)
    assert drive.call.dialog
    assert drive.call.dialog.memory.side == ""
    assert drive.call.dialog.slots["area"] == ["רעננה"]


def test_voice_between_the_bar_and_the_threshold_does_not_hold_up_the_reply() -> None:
    """R7.5: false alarms raise the bar for interrupting, not for going on."""
    drive = _speaking()
    for _ in range(2):
        drive.says(260)
        drive.until(State.SPEAKING)
        drive.quiet(1000)
    drive.until(State.LISTENING)
    drive.world.stts += [Stt(AREA, final_ms=500), Stt("שלושה חדרים")]
    drive.says(1500)
    drive.until(State.PROCESSING)
    drive.caller(buzz(1500, -51.0))
    drive.until(State.SPEAKING)


def test_every_stop_is_heard_by_the_caller_within_the_lines_delay() -> None:
    """R7.4: what Twilio had buffered is cleared."""
    drive = _speaking(World(stts=[Stt(AREA, interim=AREA)]))
    before = len(drive.steps)
    drive.says(1000)
    trigger_ms = drive.at(SendClear, before)
    assert drive.heard[-1].at_ms <= trigger_ms + NET_MS + 20
    assert drive.commands(OpenStt)
