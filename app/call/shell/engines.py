"""What works for one call: recognisers, language models, voices. What they say comes back as events."""

from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

from app.call.events import (
    AskExtraction,
    AskLlm,
    CancelLlm,
    CancelSpeech,
    CancelStt,
    Event,
    Extracted,
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
from app.call.shell.services import Services
from app.speech.engines import (
    Audio,
    Done,
    Failed,
    Heard,
    LlmEvent,
    Stream,
    SttEvent,
    SttStream,
    Text,
    TtsEvent,
)
from app.whose import of_call

EngineCommand = OpenStt | WriteStt | FinishStt | CancelStt | AskLlm | CancelLlm | AskExtraction | Speak | CancelSpeech


class Engines:
    """Performs the machine's commands to engines; events come back by `put`, on the hub, none after a cancel."""

    def __init__(
        self,
        services: Services,
        put: Callable[[Event], None],
        log: structlog.stdlib.BoundLogger,
        cost: Callable[[int, int], None],
        call_sid: str = "",
    ) -> None:
        """`cost` hears how many tokens a language model read and wrote, whenever one says so."""
        self._call_sid = call_sid
        self._services = services
        self._cost = cost
        self._put = put
        self._log = log
        self._stts: dict[int, SttStream] = {}
        self._llms: dict[int, Stream] = {}
        self._speeches: dict[int, Stream] = {}
        self._extractions: dict[int, Stream] = {}

    def perform(self, command: EngineCommand) -> None:
        """Do what the machine asks of an engine."""
        match command:
            case WriteStt():
                if stream := self._stts.get(command.stream):
                    stream.write(command.pcm)
            case OpenStt() | AskLlm() | AskExtraction() | Speak():
                with of_call(self._call_sid):
                    self._open(command)
            case FinishStt():
                if stream := self._stts.get(command.stream):
                    stream.finish()
            case CancelStt():
                _cancel(self._stts, command.stream)
            case CancelLlm():
                _cancel(self._llms, command.reply)
            case CancelSpeech():
                _cancel(self._speeches, command.speech)

    def release(self) -> None:
        """Stop them all."""
        for streams in (self._stts, self._llms, self._speeches, self._extractions):
            for number in list(streams):
                _cancel(streams, number)

    def _open(self, command: OpenStt | AskLlm | AskExtraction | Speak) -> None:
        match command:
            case OpenStt():
                self._open_stt(command)
            case AskLlm():
                self._ask_llm(command)
            case AskExtraction():
                self._ask_extraction(command)
            case Speak():
                self._speak(command)

    def _open_stt(self, command: OpenStt) -> None:
        number, put = command.stream, self._put
        engine = self._services.stt_fallback if command.is_fallback else self._services.stt

        def listener(event: SttEvent) -> None:
            match event:
                case Heard():
                    heard = (event.text, event.is_final, event.stability, event.alternatives, event.end_ms)
                    put(SttHeard(number, *heard))
                case Done():
                    self._stts.pop(number, None)
                    put(SttEnded(number))
                case Failed():
                    self._stts.pop(number, None)
                    put(SttFailed(number, event.code, event.message))

        if engine is None:
            put(SttFailed(number, "unavailable", "no such engine"))
            return
        self._stts[number] = engine.open(command.phrases, listener)

    def _ask_llm(self, command: AskLlm) -> None:
        number, put = command.reply, self._put

        def listener(event: LlmEvent) -> None:
            match event:
                case Text():
                    put(LlmText(number, event.delta))
                case Done():
                    self._llms.pop(number, None)
                    self._cost(event.tokens_read, event.tokens_written)
                    put(LlmEnded(number))
                case Failed():
                    self._llms.pop(number, None)
                    put(LlmFailed(number, event.code, event.message))

        if self._services.llm is None:
            put(LlmFailed(number, "unavailable", "no language model is configured"))
            return
        self._llms[number] = self._services.llm.open(command.messages, listener)

    def _ask_extraction(self, command: AskExtraction) -> None:
        number, put = command.number, self._put

        def listener(event: LlmEvent) -> None:
            match event:
                case Text():
                    put(Extracted(number, event.delta))
                case Done():
                    self._extractions.pop(number, None)
                    self._cost(event.tokens_read, event.tokens_written)
                case Failed():  # the parser's reading stands
                    self._extractions.pop(number, None)
                    self._log.warning("EXTRACTION_FAILED", code=event.code, error=event.message)

        if self._services.extractor is not None:
            self._extractions[number] = self._services.extractor.open(command.messages, command.schema, listener)

    def _speak(self, command: Speak) -> None:
        number, put = command.speech, self._put

        def listener(event: TtsEvent) -> None:
            match event:
                case Audio():
                    put(SpeechAudio(number, event.ulaw))
                case Done():
                    self._speeches.pop(number, None)
                    put(SpeechEnded(number))
                case Failed():
                    self._speeches.pop(number, None)
                    put(SpeechFailed(number, event.code, event.message))

        self._speeches[number] = self._services.voice.speak(command.text, listener)


def _cancel(streams: MutableMapping[int, Any], number: int) -> None:
    stream = streams.pop(number, None)
    if stream is not None:
        stream.cancel()
