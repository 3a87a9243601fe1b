"""What the machine asks of engines, and what comes back; fakes stand for the engines."""

from collections.abc import Callable
from typing import Any

import pytest
import structlog

from app.call.events import (
    AskExtraction,
    AskLlm,
    CancelLlm,
    CancelSpeech,
    CancelStt,
    Event,
    FinishStt,
    LlmEnded,
    LlmFailed,
    LlmText,
    OpenStt,
    Speak,
    SpeechAudio,
    SpeechEnded,
    SpeechFailed,
    SttEnded,
    SttFailed,
    SttHeard,
    WriteStt,
)
from app.call.shell.engines import Engines
from app.speech.engines import Audio, Done, Failed, Heard, Text
from app.whose import CALL_SID

DOWN = Failed("unavailable", "down", retriable=True)


class Engine:
    """Any engine: keeps what is done to its streams, and says what the test has it say."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.opened_for = ""
        self.tell: Callable[[Any], None] = lambda _: None

    def open(self, *given: Any) -> "Engine":
        self.done.append("open")
        self.opened_for = CALL_SID.get()
        self.tell = given[-1]
        return self

    def speak(self, *given: Any) -> "Engine":
        return self.open(*given)

    def write(self, pcm: bytes) -> None:
        self.done.append(pcm)

    def finish(self) -> None:
        self.done.append("finish")

    def cancel(self) -> None:
        self.done.append("cancel")


class Desk:
    """Engines of one call, each a fake, or missing."""

    stt: Any
    stt_fallback: Any
    llm: Any
    extractor: Any
    voice: Any

    def __init__(self, *missing: str) -> None:
        for name in ("stt", "stt_fallback", "llm", "extractor", "voice"):
            setattr(self, name, None if name in missing else Engine())
        services: Any = self
        self.events: list[Event] = []
        self.tokens: list[tuple[int, int]] = []
        self.engines = Engines(
            services, self.events.append, structlog.get_logger(), lambda *tokens: self.tokens.append(tokens), "CA7"
        )


@pytest.mark.parametrize(
    ("is_fallback", "used", "unused"), [(False, "stt", "stt_fallback"), (True, "stt_fallback", "stt")]
)
def test_a_recogniser_is_written_to_until_it_is_done(is_fallback: bool, used: str, unused: str) -> None:
    """R8.1: the one that was asked for, and nothing after its end."""
    desk = Desk()
    desk.engines.perform(OpenStt(7, is_fallback, ()))
    desk.engines.perform(WriteStt(7, b"ab"))
    desk.engines.perform(FinishStt(7))
    engine = getattr(desk, used)
    engine.tell(Heard("שלום", True, 0.5, ("שלומי",)))
    engine.tell(Done())
    desk.engines.perform(WriteStt(7, b"late"))
    desk.engines.perform(FinishStt(7))
    desk.engines.perform(CancelStt(7))
    assert engine.done == ["open", b"ab", "finish"]
    assert getattr(desk, unused).done == []
    assert desk.events == [SttHeard(7, "שלום", True, 0.5, ("שלומי",)), SttEnded(7)]


def test_every_engine_works_for_this_call() -> None:
    """R11.1: so that what a child process logs of it names the call."""
    desk = Desk()
    for command in (OpenStt(1, False, ()), OpenStt(2, True, ()), AskLlm(3, []), AskExtraction(4, [], {}), Speak(5, "")):
        desk.engines.perform(command)
    engines = (desk.stt, desk.stt_fallback, desk.llm, desk.extractor, desk.voice)
    assert [engine.opened_for for engine in engines] == ["CA7"] * 5


def test_an_engine_that_is_not_there_has_failed() -> None:
    """R8.2: the machine goes on as it does when one is down."""
    desk = Desk("stt_fallback", "llm", "extractor")
    desk.engines.perform(OpenStt(1, True, ()))
    desk.engines.perform(AskLlm(2, []))
    desk.engines.perform(AskExtraction(3, [], {}))
    stt, llm = desk.events
    assert isinstance(stt, SttFailed)
    assert isinstance(llm, LlmFailed)
    assert (stt.stream, stt.code, llm.reply, llm.code) == (1, "unavailable", 2, "unavailable")


def test_a_model_phrases_a_reply_and_what_it_read_and_wrote_is_counted() -> None:
    """R19."""
    desk = Desk()
    desk.engines.perform(AskLlm(2, []))
    desk.llm.tell(Text("שלום"))
    desk.llm.tell(Done(11, 3))
    desk.engines.perform(CancelLlm(2))
    assert desk.events == [LlmText(2, "שלום"), LlmEnded(2)]
    assert desk.tokens == [(11, 3)]
    assert desk.llm.done == ["open"]


def test_a_line_is_said_piece_by_piece() -> None:
    """R9."""
    desk = Desk()
    desk.engines.perform(Speak(4, "שלום"))
    desk.voice.tell(Audio(b"u"))
    desk.voice.tell(Done())
    desk.engines.perform(CancelSpeech(4))
    assert desk.events == [SpeechAudio(4, b"u"), SpeechEnded(4)]
    assert desk.voice.done == ["open"]


def test_what_fails_is_told_once_and_not_cancelled_again() -> None:
    """R8.2."""
    desk = Desk()
    desk.engines.perform(OpenStt(1, False, ()))
    desk.engines.perform(AskLlm(2, []))
    desk.engines.perform(Speak(3, "שלום"))
    for engine in (desk.stt, desk.llm, desk.voice):
        engine.tell(DOWN)
    desk.engines.release()
    assert desk.events == [
        SttFailed(1, "unavailable", "down"),
        LlmFailed(2, "unavailable", "down"),
        SpeechFailed(3, "unavailable", "down"),
    ]
    assert not [engine for engine in (desk.stt, desk.llm, desk.voice) if "cancel" in engine.done]


def test_a_call_that_ends_stops_all_that_runs() -> None:
    """R18: and one that is cancelled is stopped once."""
    desk = Desk()
    desk.engines.perform(OpenStt(1, False, ()))
    desk.engines.perform(AskLlm(2, []))
    desk.engines.perform(AskExtraction(3, [], {}))
    desk.engines.perform(Speak(4, "שלום"))
    desk.engines.perform(CancelLlm(2))
    desk.engines.release()
    desk.engines.release()
    assert [engine.done.count("cancel") for engine in (desk.stt, desk.llm, desk.extractor, desk.voice)] == [1] * 4
