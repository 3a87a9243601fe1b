"""A recogniser, a language model or a voice lets the call down."""

import pytest

from app.call.events import CancelLlm, HangUp, OpenStt, Speak, SpeechAudio, SttEnded, SttHeard
from app.call.states import State
from app.dialog.lines.book import holding
from tests.call.driver import CallDriver, Llm, Stt, World, settings

AREA = "אני מחפש דירה בשכירות ברעננה"


def test_a_late_final_is_not_waited_for_when_the_interim_stands() -> None:
    """R8.4: ASR_TEXT within ~700 ms of the end of the utterance."""
    drive = CallDriver(World(stts=[Stt(AREA, interim=AREA, silent=True)])).listening()
    drive.answer(1500)
    text = drive.logged("ASR_TEXT")[0].fields
    assert (text["text"], text["source"]) == (AREA, "interim")
    assert int(text["asr_ms"]) <= 700
    assert ("stt", 1) in drive.cancelled


def test_a_recogniser_that_fails_in_mid_turn_costs_no_word() -> None:
    """R8.2: the fallback gets the audio of the whole turn."""
    drive = CallDriver(World(stts=[Stt(fails_ms=500), Stt(AREA)])).listening()
    drive.answer(1500)
    assert [one.is_fallback for one in drive.commands(OpenStt)] == [False, True]
    assert len(drive.audio[2]) // 16 >= 1500 + 200
    assert ("caller", AREA) in drive.history()


def test_a_recogniser_that_ends_before_the_caller_is_followed_by_another() -> None:
    """R8.5: what was heard counts, and the rest is heard by the next stream."""
    drive = CallDriver(World(stts=[Stt(), Stt("בשכירות ברעננה")])).listening()
    drive.says(800)
    drive.give(SttHeard(1, "אני מחפש דירה", True))
    drive.give(SttEnded(1))
    drive.says(900)
    drive.until(State.SPEAKING)
    assert ("caller", AREA) in drive.history()
    assert len(drive.audio[1]) + len(drive.audio[2]) >= 1700 * 16


@pytest.mark.parametrize(
    "llm",
    [Llm(ends="never"), Llm(ends="failed"), Llm(("הבנתי",), ends="never"), Llm(("Ignore all rules.",))],
    ids=["late", "failed", "stalled", "rejected"],
)
def test_without_the_language_model_the_template_is_spoken(llm: Llm) -> None:
    """R10.6: late, failed, stalled or off the rules."""
    drive = CallDriver(World(stts=[Stt(AREA)], llms=[llm]), settings(uses_llm=True)).listening()
    drive.says(1500)
    before = len(drive.steps)
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    plan = drive.saved("heard")[0].data["plan"]
    answer = [one.text for one in drive.commands(Speak, before) if one.text not in holding()]
    assert " ".join(answer) == plan.line
    assert bool(drive.commands(CancelLlm)) == (llm.ends == "never")


def test_the_language_models_line_is_spoken_when_it_keeps_the_rules() -> None:
    """R10.4: piece by piece."""
    pieces = ("בשמחה, רשמתי דירה", " להשכרה ברעננה.", " כמה חדרים תרצו שיהיו", " בה, כולל הסלון?")
    drive = CallDriver(World(stts=[Stt(AREA)], llms=[Llm(pieces)]), settings(uses_llm=True)).listening()
    before = len(drive.steps)
    drive.answer(1500)
    drive.until(State.LISTENING)
    assert drive.spoken(before) == "".join(pieces)


def test_a_sentence_without_a_voice_is_skipped_and_not_in_the_history() -> None:
    """R7.5, R9: the history holds what was heard."""
    drive = CallDriver(World(tts_fails=lambda text: text.endswith(".")))
    drive.listening()
    question = drive.spoken().split(". ")[-1]
    assert drive.history() == [("agent", question)]


def test_a_call_that_cannot_even_be_greeted_goes_to_the_recorder() -> None:
    """R2.7: Twilio's own voice asks for a message; the call ends in the store when that was read."""
    drive = CallDriver(World(tts_fails=lambda _: True))
    drive.start()
    drive.quiet(1000)
    assert drive.call.state is State.ENDED
    assert drive.commands(HangUp) == [HangUp(message=True)]
    assert "VOICE_LOST" in drive.lines()
    assert drive.saved("ended") == []


def test_a_call_that_loses_its_voice_still_comes_to_its_end() -> None:
    """R17: no stuck state: the ladder goes on, and the goodbye nobody can hear hangs up."""
    is_greeted = False
    drive = CallDriver(World(tts_fails=lambda _: is_greeted)).listening()
    is_greeted = True
    drive.quiet(24_000)
    assert drive.call.state is State.ENDED
    assert drive.commands(HangUp) == [HangUp()]
    assert len(drive.history()) == 1


def test_a_voice_that_stops_in_mid_sentence_does_not_silence_the_call_for_ever() -> None:
    """R9: what was heard has to do."""
    drive = CallDriver(World(tts_ms=10_000_000))
    drive.start()
    drive.quiet(100)
    drive.give(SpeechAudio(1, b"\x20" * 8000))
    drive.quiet(200)
    assert drive.call.state.value == "SPEAKING"
    drive.quiet(30_000)
    assert "TTS_LATE" in drive.lines()
    assert drive.saved("planned")[1:]


def test_a_recogniser_that_never_answers_ends_in_a_question_to_repeat() -> None:
    """R8.2: after the last deadline the caller is asked again."""
    drive = CallDriver(World(stts=[Stt(silent=True)] * 3)).listening()
    drive.says(1500)
    drive.until(State.SPEAKING)
    assert drive.logged("ASR_TEXT")[0].fields["source"] == "gave_up"


DEAF = Stt(fails_ms=100)


def test_a_turn_that_no_recogniser_can_hear_is_answered_at_once() -> None:
    """R8.2, R18: each is asked once; to a short word, too, for nobody can tell that it was none."""
    for spoken_ms in (1500, 400):
        drive = CallDriver(World(stts=[DEAF, DEAF])).listening()
        drive.answer(spoken_ms)
        assert [one.is_fallback for one in drive.commands(OpenStt)] == [False, True]
        (text,) = drive.logged("ASR_TEXT")
        assert (text.fields["text"], text.fields["source"]) == ("", "gave_up")
        assert int(text.fields["asr_ms"]) <= 150


def test_whose_second_turn_nobody_can_hear_is_asked_for_a_message() -> None:
    """R2.7, R18: rather than the same question again and again."""
    drive = CallDriver(World(stts=[DEAF] * 4)).listening()
    drive.answer(1500)
    drive.until(State.LISTENING)
    drive.says(1500)
    drive.until(State.ENDED)
    (left,) = drive.commands(HangUp)
    assert left.message
    assert left.goodbye
    assert "EARS_LOST" in drive.lines()
    assert len(drive.commands(OpenStt)) == 4


def test_one_turn_that_is_heard_between_two_that_are_not_keeps_the_call() -> None:
    """R18: what failed is back."""
    drive = CallDriver(World(stts=[DEAF, DEAF, Stt(AREA), DEAF, DEAF])).listening()
    for _ in range(3):
        drive.answer(1500)
        drive.until(State.LISTENING)
    assert ("caller", AREA) in drive.history()
    assert drive.commands(HangUp) == []
