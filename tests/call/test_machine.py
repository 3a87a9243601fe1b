"""A call's ordinary life: greeting, turns, silence, keys, the end."""

import pytest

from app.call.events import (
    CallerAudio,
    CallStarted,
    Dtmf,
    FinishStt,
    HangUp,
    LlmText,
    MarkEchoed,
    OpenStt,
    SendMark,
    SendMedia,
    SpeechAudio,
    SttHeard,
    Tick,
    WriteStt,
)
from app.call.states import State
from tests.call.driver import TODAY, WORD_MS, CallDriver, Stt, World, buzz, hush, settings
from tests.media.sounds import caller, noise

AREA = "אני מחפש דירה בשכירות ברעננה"


def test_the_greeting_is_heard_whole_and_the_call_listens_once_its_mark_comes_back() -> None:
    """R7.3, R9.3: the mark goes last; its echo, not the last frame sent, ends SPEAKING."""
    drive = CallDriver().listening()
    words = len(drive.spoken().split())
    assert len(drive.voiced()) * 20 == words * WORD_MS
    assert drive.now_ms >= drive.last_word_ms()
    end = max(index for index, step in enumerate(drive.steps) if isinstance(step.event, MarkEchoed))
    assert "STATE→LISTENING" in [getattr(one, "line", "") for one in drive.steps[end].commands]
    assert drive.history()[-1] == ("agent", drive.spoken())


def test_without_a_mark_the_call_listens_shortly_after_the_last_word_was_due() -> None:
    """R7.3: ~150 ms after it was due to play out; sent is not heard."""
    drive = CallDriver(World(echoes_marks=False)).listening()
    tail_and_timeout_ms = 200 + 150
    assert 0 <= drive.now_ms - drive.last_word_ms() <= tail_and_timeout_ms + 40
    assert drive.at(SendMark) < drive.last_word_ms() + 200


def test_the_state_and_the_end_of_the_utterance_are_logged_with_their_numbers() -> None:
    """R6.6: silence_ms and len, then ASR_TEXT."""
    drive = CallDriver().listening()
    drive.answer(1500, Stt(AREA))
    processing = drive.logged("STATE→PROCESSING")[-1]
    assert set(processing.fields) == {"silence_ms", "len"}
    assert 200 <= int(processing.fields["silence_ms"]) <= 500
    lines = drive.lines()
    assert lines.index("ASR_TEXT") > lines.index("STATE→LISTENING")
    assert drive.logged("ASR_TEXT")[0].fields["text"] == AREA


@pytest.mark.parametrize("ms", [1200, 1260, 1320, 1380])
def test_the_end_of_a_word_is_at_the_recogniser_as_soon_as_the_voice_has_paused(ms: int) -> None:
    """R8.1: whatever is left of a message; the words of the pause decide what it is."""
    drive = CallDriver(World(stts=[Stt(AREA)])).listening()
    drive.quiet(400)
    before = len(drive.steps)
    drive.says(ms)
    ended_ms = drive.now_ms
    drive.quiet(120)
    written = [step.at_ms for step in drive.steps[before:] if any(isinstance(one, WriteStt) for one in step.commands)]
    assert ended_ms + 40 <= written[-1] <= ended_ms + 100


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("ms", [260, 300])
def test_a_short_yes_after_a_question_is_answered(streams: bool, ms: int) -> None:
    """R6.4: it is never dropped, it only ends no earlier than MIN_UTT."""
    drive = CallDriver(call_settings=settings(streams=streams)).listening()
    drive.quiet(400)
    began_ms = drive.now_ms
    drive.answer(ms, Stt("כן"))
    assert drive.logged("ASR_TEXT")[0].fields["text"] == "כן"
    assert drive.at(FinishStt) - began_ms >= 900
    assert ("caller", "כן") in drive.history()


def test_a_word_said_at_the_very_end_of_the_question_is_an_answer() -> None:
    """R7.5: nothing is left of the agent's sentence to go on with."""
    drive = CallDriver(World(stts=[Stt("כן", interim="כן")]))
    drive.start()
    drive.until(State.SPEAKING)
    length_ms = len(drive.spoken().split()) * WORD_MS
    drive.quiet(length_ms - 100)
    before = len(drive.steps)
    drive.says(280)
    drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    assert ("caller", "כן") in drive.history()
    assert not [line for line in drive.logged("STATE→SPEAKING", before) if "heard_ms" in line.fields]


@pytest.mark.parametrize("streams", [True, False])
def test_a_monologue_is_one_turn_and_the_agent_does_not_talk_over_it(streams: bool) -> None:
    """R6.4: at MAX_UTT the segment is cut, the turn goes on."""
    texts = [AREA, "שלושה חדרים", "עד שבעת אלפים"]
    stts = [Stt(" ".join(texts))] if streams else [Stt(text) for text in texts]
    drive = CallDriver(World(stts=stts), settings(streams=streams)).listening()
    before = len(drive.steps)
    _talk(drive, 12_000)
    assert not drive.commands(SendMedia, before)
    drive.until(State.SPEAKING)
    assert len(drive.logged("ASR_TEXT")) == 1
    assert drive.logged("ASR_TEXT")[0].fields["text"] == " ".join(texts)
    audio_ms = sum(len(audio) for audio in drive.audio.values()) // 16
    assert audio_ms >= 11_800
    assert len(drive.opened) == (1 if streams else 3)


def test_the_real_sample_callers_are_turns() -> None:
    """R6.4: a spoken sentence of each voice ends once."""
    for name in ("v001", "v004", "v010", "w01_02"):
        drive = CallDriver(World(stts=[Stt("רעננה")])).listening()
        drive.caller(caller(name))
        drive.until(State.SPEAKING)
        assert len(drive.logged("ASR_TEXT")) == 1, name


def test_a_silent_caller_is_asked_twice_and_then_let_go() -> None:
    """R17: 5 s, 7 s, 7 s, goodbye; the call ends after its last word was heard."""
    drive = CallDriver().listening()
    gaps = []
    for _ in range(3):
        since = drive.now_ms
        drive.until(State.PROCESSING)
        gaps.append(drive.now_ms - since)
        drive.until(State.SPEAKING)
        if len(gaps) < 3:
            drive.until(State.LISTENING)
    drive.until(State.ENDED)
    assert [round(gap / 500) * 500 for gap in gaps] == [5000, 7000, 7000]
    assert drive.commands(HangUp) == [HangUp()]
    assert drive.at(HangUp) >= drive.last_word_ms()
    assert drive.saved("ended")[0].data == {"reason": "agent_done", "outcome": "no_input"}


def test_nobody_is_asked_whether_they_are_there_while_they_speak() -> None:
    """R17: the silence ladder waits for silence."""
    drive = CallDriver(World(stts=[Stt(AREA)])).listening()
    drive.quiet(4000)
    drive.says(3000)
    drive.until(State.SPEAKING)
    assert len(drive.saved("planned")) == 1
    assert ("caller", AREA) in drive.history()


def test_a_caller_who_asks_for_a_moment_gets_fifteen_seconds() -> None:
    """R17: "רגע" holds the ladder."""
    drive = CallDriver().listening()
    drive.answer(500, Stt("רגע"))
    drive.until(State.LISTENING)
    since = drive.now_ms
    drive.until(State.PROCESSING, 20_000)
    assert 14_900 <= drive.now_ms - since <= 15_100


def test_a_number_keyed_in_while_listening_is_taken() -> None:
    """R17: and slow fingers are not taken for silence."""
    drive = CallDriver().listening()
    drive.press("054", 1800)
    assert drive.call.state is State.LISTENING
    drive.press("765432", 1800)
    assert len(drive.saved("planned")) == 1
    drive.give(Dtmf("1"))
    drive.until(State.SPEAKING)
    assert drive.call.dialog
    assert drive.call.dialog.slots["phone"] == "+972547654321"


def test_a_number_keyed_in_while_the_agent_speaks_silences_the_agent() -> None:
    """R17: what was heard before that is in the history."""
    drive = CallDriver()
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(1500)
    drive.press("054765432", 40)
    before = len(drive.steps)
    drive.give(Dtmf("1"))
    assert type(_sent(drive, before)[0]).__name__ == "SendClear"
    drive.until(State.SPEAKING)
    assert drive.call.dialog
    assert drive.call.dialog.slots["phone"] == "+972547654321"
    who, text = drive.history()[0]
    assert who == "agent"
    assert 2 <= len(text.split()) <= 6


def test_a_number_keyed_in_during_processing_cancels_the_recognition() -> None:
    """R17: nothing is left running for a turn that nobody waits for."""
    drive = CallDriver(World(stts=[Stt(silent=True)])).listening()
    drive.says(1200)
    drive.until(State.PROCESSING)
    drive.press("0547654321", 20)
    drive.until(State.SPEAKING)
    assert ("stt", 1) in drive.cancelled
    drive.until(State.LISTENING)


def test_the_longest_call_is_warned_and_closed_in_silences() -> None:
    """R17: never into somebody's words."""
    drive = CallDriver(call_settings=settings(max_call_ms=80_000)).listening()
    drive.answer(1500, Stt(AREA))
    drive.until(State.LISTENING)
    drive.answer(300, Stt("רגע"))
    drive.until(State.LISTENING)
    drive.world.stts.append(Stt("שלושה חדרים"))
    _talk(drive, 9000)
    assert drive.call.state is State.LISTENING
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    before = len(drive.steps)
    drive.quiet(1000)
    assert drive.saved("planned", before)
    while not drive.hung_up():
        assert drive.now_ms < 1_000_000 + 110_000
        if drive.call.state is State.LISTENING:
            drive.world.stts.append(Stt("רגע"))
            drive.says(400)
        drive.quiet(6000)
    assert drive.commands(HangUp) == [HangUp()]
    assert drive.at(HangUp) >= drive.last_word_ms()


def test_a_line_that_never_falls_silent_does_not_keep_the_call_for_ever() -> None:
    """R17: the longest call has an end even where no silence lets the closing be said."""
    drive = CallDriver(call_settings=settings(max_call_ms=70_000)).listening()
    _talk(drive, 100_000)
    assert drive.call.state is State.ENDED
    assert drive.hung_up()


def test_goodbye_hangs_up_only_after_the_words_were_played() -> None:
    """R17: the last word is heard."""
    drive = CallDriver().listening()
    drive.answer(800, Stt("תודה להתראות"))
    assert not drive.hung_up()
    drive.until(State.ENDED)
    assert drive.at(HangUp) >= drive.last_word_ms()
    assert drive.saved("ended")[0].data["reason"] == "agent_done"
    agent = [text for who, text in drive.history() if who == "agent"]
    assert agent[-1] == drive.saved("said")[-1].data["text"]


def _connecting(_: CallDriver) -> None:
    pass


def _greeting(drive: CallDriver) -> None:
    drive.start()
    drive.quiet(60)


def _speaking(drive: CallDriver) -> None:
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(1000)


def _listening(drive: CallDriver) -> None:
    drive.listening().quiet(100)


def _in_speech(drive: CallDriver) -> None:
    drive.listening().says(600)


def _processing(drive: CallDriver) -> None:
    drive.listening().says(1200)
    drive.until(State.PROCESSING)


def _interrupted(drive: CallDriver) -> None:
    _speaking(drive)
    drive.says(400)


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    "come_to", [_connecting, _greeting, _speaking, _listening, _in_speech, _processing, _interrupted]
)
def test_a_stream_that_ends_saves_once_and_leaves_nothing_running(come_to: object, streams: bool) -> None:
    """R14: in whatever state it ends; after that the call is deaf and dumb."""
    drive = CallDriver(call_settings=settings(streams=streams))
    assert callable(come_to)
    come_to(drive)
    drive.end()
    assert drive.call.state is State.ENDED
    assert [save.data["reason"] for save in drive.saved("ended")] == ["stop"]
    open_stts = {number for number in drive.opened if ("stt", number) not in drive.cancelled}
    settled = {step.event.stream for step in drive.steps if isinstance(step.event, SttHeard) and step.event.is_final}
    assert not open_stts - settled
    assert not drive.end()
    assert not drive.give(Tick())
    assert not drive.give(CallerAudio(b"\x00" * 160))
    assert drive.call.timer() is None or drive.call.state is State.ENDED


def test_frames_are_sent_ahead_of_their_time_by_the_clock_alone() -> None:
    """R9.2: in a full house two leave with a tick; what comes between two ticks makes no third one leave early."""
    drive = CallDriver()
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(500)
    tick = Tick(sends_until_ms=drive.now_ms + 40)
    hush_frame = CallerAudio(b"\xff" * 160)
    sent = [len([one for one in drive.give(event) if isinstance(one, SendMedia)]) for event in (tick, hush_frame, tick)]
    assert sent == [2, 0, 0]


def test_steady_noise_opens_no_turn() -> None:
    """R6.1, R6.2: a fan is not a caller."""
    drive = CallDriver()
    drive.start()
    fan = noise(14_000, 32768 * 10 ** (-45 / 20), 5)
    drive.caller(fan)
    assert not drive.commands(OpenStt)
    assert drive.saved("said")


def test_noise_that_starts_in_mid_call_is_learned() -> None:
    """R6.1: the floor follows the line; the call comes back to its questions."""
    drive = CallDriver().listening()
    drive.caller(noise(30_000, 32768 * 10 ** (-45 / 20), 6))
    assert drive.call.state is not State.PROCESSING
    assert len(drive.saved("planned")) >= 2


def test_a_soft_voice_on_a_line_that_grows_noisy_is_answered() -> None:
    """R6.3: noise under the threshold is silence, however much louder than the silence before it."""
    drive = CallDriver(World(stts=[Stt(AREA)]))
    drive.start()
    while not drive.history():
        drive.caller(hush(20, -75.0, drive.now_ms))
    drive.caller(buzz(1200, -44.0))
    drive.caller(hush(200, -75.0))
    drive.caller(hush(4000, -60.0))
    assert ("caller", AREA) in drive.history()


def test_what_comes_for_an_unknown_number_is_ignored() -> None:
    """R7.1: old streams, old syntheses, old replies."""
    drive = CallDriver().listening()
    before = len(drive.steps)
    for event in (SttHeard(99, "שקר", True), SpeechAudio(99, b"\x00" * 1600), LlmText(99, "שקר.")):
        drive.give(event)
    drive.give(MarkEchoed("assistant_tts_end:99"))
    assert drive.lines(before) == ["MARK_ACK"]
    assert drive.call.state is State.LISTENING


def _talk(drive: CallDriver, ms: int) -> None:
    """Words with the gaps between them."""
    for _ in range(ms // 800):
        drive.says(680)
        drive.quiet(120)


def _sent(drive: CallDriver, since: int) -> list[object]:
    names = {"SendMedia", "SendMark", "SendClear"}
    return [one for step in drive.steps[since:] for one in step.commands if type(one).__name__ in names]


def test_the_first_words_of_a_caller_who_speaks_at_once_are_kept() -> None:
    """R6.1: calibration does not need silence."""
    drive = CallDriver(World(stts=[Stt(AREA)]))
    drive.start()
    drive.caller(buzz(3000))
    drive.caller(hush(700))
    drive.until(State.SPEAKING, 12_000)
    assert drive.call.state is State.SPEAKING


@pytest.mark.parametrize(("last_turn", "first"), [(4, 5), (0, 0)])
def test_a_call_of_which_only_the_last_turn_is_known_is_greeted_behind_it(last_turn: int, first: int) -> None:
    """R14, R18: where its state cannot be had, nothing stored is written over all the same."""
    call = CallDriver()
    call.give(CallStarted("CA1", "MZ1", None, None, TODAY, None, last_turn))
    call.until(State.LISTENING)
    assert {save.data["turn"] for save in call.saved("said")} == {first}
    assert "דיגיטלית" in call.spoken()
