"""Where the time of a turn went, event by event. Whole calls: test_measures."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest

from app.call.events import (
    AskLlm,
    CallStarted,
    CancelLlm,
    Command,
    Event,
    LlmFailed,
    LlmText,
    Log,
    MarkEchoed,
    Save,
    SendClear,
    SendMark,
    SendMedia,
    Speak,
    SpeechAudio,
    SttEnded,
    SttHeard,
    Tick,
)
from app.call.measuring.stopwatch import Stopwatch

STARTED = 5000
FRAME = SendMedia(b"\xff" * 160)


class Watched:
    """A stopwatch at a call that begins at `STARTED`; times are since then."""

    def __init__(self) -> None:
        self.watch = Stopwatch(lambda text: text == "רגע.")
        self.see(0, CallStarted("CA1", "MZ1", None, None, date(2026, 11, 29)))

    def see(self, at_ms: int, event: Event, *commands: Command, waited_ms: int = 0) -> dict[int, dict[str, Any]]:
        return self.watch.see(event, commands, STARTED + at_ms, waited_ms)

    def tick(self, at_ms: int, *commands: Command) -> dict[int, dict[str, Any]]:
        return self.see(at_ms, Tick(), *commands)

    def heard(self, turn: int, eou_ms: int, text_ms: int, silence_ms: int = 400, waits_ms: Iterable[int] = ()) -> None:
        """An utterance of 600 ms with the silence behind it, and its text."""
        self.tick(eou_ms, Log("STATE→PROCESSING", {"silence_ms": silence_ms, "len": 600 + silence_ms}))
        for waited_ms in waits_ms:
            self.see(text_ms, SttHeard(turn, "כן", True), waited_ms=waited_ms)
        self.tick(text_ms, Log("ASR_TEXT", {"turn": turn, "source": "final", "text": "כן"}))

    def said(self, at_ms: int, turn: int, reply: int, heard_ms: int = 900) -> dict[str, Any]:
        told = self.tick(at_ms, Save("said", {"turn": turn, "reply": reply, "heard_ms": heard_ms, "voice_ms": 1000}))
        assert set(told) <= {turn}
        return told.get(turn, {})


@pytest.fixture
def watched() -> Watched:
    return Watched()


def answered(watched: Watched) -> None:
    """An answer of a language model's, step by step, to an utterance that ended at 1000."""
    watched.heard(1, 1000, 1050, waits_ms=(3, 4))
    watched.tick(1060, AskLlm(1, []))
    watched.see(1200, LlmText(1, "או"))
    watched.see(1300, LlmText(1, "קיי."), Speak(11, "אוקיי.", 1))
    watched.see(1420, SpeechAudio(11, b"\xff"))
    watched.see(1430, SpeechAudio(11, b"\xff"), Log("TTS_START", {"reply": 1, "held_ms": 4}))
    watched.tick(1440, FRAME, FRAME, SendMark("m"))
    watched.see(1580, MarkEchoed("m"))


def test_the_steps_of_an_answer_add_up_to_the_silence_that_was_heard(watched: Watched) -> None:
    """R11: each begins where the one before it ended; the way to the caller is the last."""
    answered(watched)
    told = watched.said(2500, 1, 1)
    assert told["segments"] == {
        "endpointing": 400,
        "asr": 50,
        "llm": 150,
        "sentence": 100,
        "tts": 120,
        "own": 6,
        "held": 4,
        "send": 10,
        "path": 100,
    }
    assert told["answer_ms"] == sum(told["segments"].values()) == 940
    moments = ("speech_from", "speech_to", "eou", "text_at", "first_sentence", "first_frame", "first_heard", "agent_to")
    assert [told[name] for name in moments] == [0, 600, 1000, 1050, 1300, 1440, 1540, 2500]
    assert (told["heard_by"], told["line_source"], told["tts_source"]) == ("mark", "llm", "engine")
    assert (told["stt_source"], told["own_wait_ms"], told["faults"], told["withdrawn"]) == ("final", 7, 0, 0)
    assert watched.said(3000, 1, 1) == {}, "of each turn the first answer counts"


def test_a_step_that_was_done_early_took_no_time(watched: Watched) -> None:
    """R11: a line of the rules, whose voice was ready: no answer was waited for."""
    watched.tick(900, Speak(11, "רגע.", 1))
    watched.see(950, SpeechAudio(11, b"\xff"))
    watched.heard(1, 1000, 1050)
    watched.tick(1060, Log("TTS_START", {"reply": 1}), FRAME)
    told = watched.said(2500, 1, 1)
    assert told["segments"] == {
        "endpointing": 400,
        "asr": 50,
        "llm": 0,
        "sentence": 0,
        "tts": 0,
        "own": 10,
        "held": 0,
        "send": 0,
        "path": 0,
    }
    assert (told["line_source"], told["tts_source"], told["heard_by"]) == ("rules", "cache", "clock")


@pytest.mark.parametrize(
    ("silence_ms", "kind"), [(349, "sharp"), (350, "adaptive"), (500, "adaptive"), (501, "dictating")]
)
def test_how_an_end_was_found_is_told_by_its_silence(watched: Watched, silence_ms: int, kind: str) -> None:
    """R6.3, R11."""
    watched.heard(1, 1000, 1050, silence_ms)
    watched.tick(1060, Speak(1, "כן.", 1), Log("TTS_START", {"reply": 1}), FRAME)
    assert watched.said(2000, 1, 1)["eou_kind"] == kind


def test_an_answer_of_which_nothing_was_heard_is_in_no_time(watched: Watched) -> None:
    """R11."""
    answered(watched)
    told = watched.said(1600, 1, 1, heard_ms=0)
    assert (told["answer_ms"], told["segments"], told["heard_ms"], told["voice_ms"]) == (None, {}, 0, 1000)


@pytest.mark.parametrize(("text_ms", "faults"), [(61_000, 0), (61_001, 1)])
def test_a_step_of_more_than_a_minute_is_a_fault_of_the_measuring(watched: Watched, text_ms: int, faults: int) -> None:
    """R11: it is told, and no figure of it is."""
    watched.heard(1, 1000, text_ms)
    watched.tick(text_ms, Speak(1, "כן.", 1), Log("TTS_START", {"reply": 1}), FRAME)
    told = watched.said(text_ms + 900, 1, 1)
    assert bool(told["faults"]) is bool(faults)
    assert ("asr" in told["segments"]) is (faults == 0)


def test_whose_line_it_was_is_told_when_the_model_was_late_or_failed(watched: Watched) -> None:
    """R11, R10: with a sentence said it is the model's all the same."""
    sources = {}
    for turn, (late, failed) in enumerate([(0, False), (1, False), (None, False), (None, True)], start=1):
        at = turn * 10_000
        watched.heard(turn, at, at + 50)
        watched.tick(at + 60, AskLlm(turn, []))
        if failed:
            watched.see(at + 70, LlmFailed(turn, "quota", ""), Log("LLM_FAILED", {}))
        if late is not None:
            watched.tick(at + 800, Log("LLM_LATE", {"sentences": late}), CancelLlm(turn))
        watched.tick(at + 900, Speak(turn, "כן.", turn), Log("TTS_START", {"reply": turn}), FRAME)
        sources[turn] = watched.said(at + 1800, turn, turn)["line_source"]
    assert sources == {1: "late", 2: "llm", 3: "llm", 4: "late"}


def test_what_was_said_before_a_turn_had_a_number_is_its_and_what_went_on_is_one_turn(watched: Watched) -> None:
    """R11, R6.6: from its first word on, with how often it was withdrawn."""
    watched.heard(1, 1000, 1050)
    watched.tick(1100, Log("STATE→LISTENING", {"on": "went_on"}))
    watched.tick(1900, Log("STT_FALLBACK", {}))
    watched.see(1950, SttEnded(1), waited_ms=9)
    watched.heard(1, 2000, 2050)
    watched.tick(2060, Log("HOLDING", {"turn": 1}), Speak(1, "כן.", 1), Log("TTS_START", {"reply": 1}), FRAME)
    watched.tick(2100, Log("LLM_LATE", {"sentences": 1}))
    told = watched.said(2900, 1, 1)
    assert (told["speech_from"], told["eou"], told["withdrawn"], told["holding"]) == (0, 2000, 1, True)
    assert told["moments"] == {"stt_late": 1900, "holding": 2060, "llm_late": 2100}
    assert told["own_wait_ms"] == 0, "what was waited for before the end is no part of the answer"


def test_a_guess_is_told_with_the_turn_it_was_of(watched: Watched) -> None:
    """R8.4: used as the text came, or wasted while it was spoken."""
    watched.tick(900, Log("SPECULATION", {"guesses": 1, "used": False}))
    watched.heard(1, 1000, 1050)
    watched.tick(1050, Log("SPECULATION", {"guesses": 2, "used": True}))
    watched.tick(1060, Speak(1, "כן.", 1), Log("TTS_START", {"reply": 1}), FRAME)
    told = watched.said(2000, 1, 1)
    assert (told["guesses"], told["guess_used"]) == (2, True)
    assert told["moments"] == {"guess_wrong": 900, "guess_used": 1050}


def test_holes_are_told_once_and_a_stretch_that_was_cleared_is_over(watched: Watched) -> None:
    """R9.2."""
    watched.heard(1, 1000, 1050)
    watched.tick(1060, Speak(1, "כן.", 1), Log("TTS_START", {"reply": 1}), FRAME)
    watched.tick(1200, FRAME)
    watched.tick(1300, SendClear())
    watched.tick(1400, FRAME)
    assert watched.said(1500, 1, 1)["holes"] == 1
    watched.heard(2, 3000, 3050)
    watched.tick(3060, Speak(2, "כן.", 2), Log("TTS_START", {"reply": 2}), FRAME)
    assert watched.said(4000, 2, 2)["holes"] == 0


def test_a_reply_that_never_began_and_one_of_no_turn_tell_of_no_turns_time(watched: Watched) -> None:
    """R11: the greeting has its times, and no answer."""
    watched.tick(100, Speak(1, "שלום.", 1))
    assert watched.said(200, 0, 1) == {}
    watched.tick(300, Log("TTS_START", {"reply": 1}), FRAME)
    told = watched.said(1500, 0, 1)
    assert (told["answer_ms"], told["stt_source"], told["first_frame"]) == (None, None, 300)
    assert watched.said(1500, 0, 99) == {}
