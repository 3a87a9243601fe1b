"""Google's and OpenAI's services as engines: the worker's side, on a link to the speech sidecar. Imports no vendor."""

import codecs
from collections.abc import Callable
from typing import Any

import orjson

from app.sidecar.life import LinkStream
from app.sidecar.link import Link
from app.sidecar.wire import Op
from app.speech.cloud.settings import CloudSettings
from app.speech.engines import Audio, Done, Failed, Heard, LlmEvent, SttEvent, Text, TtsEvent

__all__ = [
    "CloudSettings",
    "GoogleStt",
    "GoogleTts",
    "OpenAiJson",
    "OpenAiLlm",
    "OpenAiStt",
    "OpenAiTts",
    "make_speech_link",
]


def make_speech_link(settings: CloudSettings) -> Link:
    """Return the link to this worker's speech sidecar, not yet started."""
    return Link("app.speech.cloud", env=settings.to_env(), name="speech", has_spare=True)


class _LinkedStt:
    _service: str

    def __init__(self, link: Link) -> None:
        self._link = link

    def open(self, phrases: tuple[str, ...], listener: Callable[[SttEvent], None]) -> LinkStream:
        """Start a recognition of one caller turn; see `speech.engines.SttEngine`."""

        def adapt(op: Op, payload: bytes) -> None:
            if op is Op.EVENT:
                event = orjson.loads(payload)
                alternatives = tuple(event["alternatives"])
                listener(Heard(event["text"], event["is_final"], event["stability"], alternatives, event.get("end_ms")))
            else:
                _adapt_end(op, payload, listener)

        return self._link.open({"service": self._service, "phrases": phrases}, adapt)


class GoogleStt(_LinkedStt):
    """Google streaming recognition. `Done` without a final `Heard`: Google left words unconfirmed."""

    name = "google"
    _service = "google_stt"

    def __init__(self, link: Link, settings: CloudSettings) -> None:
        super().__init__(link)
        self.model = settings.stt_model or "default"


class OpenAiStt(_LinkedStt):
    """OpenAI transcription: only a final, after `finish()`."""

    name = "openai"
    _service = "openai_stt"

    def __init__(self, link: Link, settings: CloudSettings) -> None:
        super().__init__(link)
        self.model = settings.transcribe_model


class _LinkedTts:
    _service: str

    def __init__(self, link: Link) -> None:
        self._link = link

    def open(self, text: str, listener: Callable[[TtsEvent], None]) -> LinkStream:
        """Start to speak `text`; see `speech.engines.TtsEngine`."""

        def adapt(op: Op, payload: bytes) -> None:
            if op is Op.DATA:
                listener(Audio(payload))
            else:
                _adapt_end(op, payload, listener)

        return self._link.open({"service": self._service, "text": text}, adapt)


class GoogleTts(_LinkedTts):
    """Google synthesis, streaming where the voice can."""

    name = "google"
    _service = "google_tts"

    def __init__(self, link: Link, settings: CloudSettings) -> None:
        super().__init__(link)
        self.voice = settings.tts_voice


class OpenAiTts(_LinkedTts):
    """OpenAI synthesis, streaming: the second voice."""

    name = "openai"
    _service = "openai_tts"

    def __init__(self, link: Link, settings: CloudSettings) -> None:
        super().__init__(link)
        self.voice = f"{settings.speech_model}/{settings.speech_voice}"


class OpenAiLlm:
    """OpenAI chat completion, streaming."""

    name = "openai"

    def __init__(self, link: Link, settings: CloudSettings) -> None:
        self.model = settings.llm_model
        self._link = link

    def open(self, messages: list[dict[str, str]], listener: Callable[[LlmEvent], None]) -> LinkStream:
        """Start a completion; see `speech.engines.LlmEngine`."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")  # letters may be cut between frames

        def adapt(op: Op, payload: bytes) -> None:
            if op is Op.DATA:
                if delta := decoder.decode(payload):
                    listener(Text(delta))
            else:
                _adapt_end(op, payload, listener)

        return self._link.open({"service": "openai_chat", "messages": messages}, adapt)


class OpenAiJson:
    """OpenAI completion in strict JSON: one `Text` with the whole document, then `Done`."""

    name = "openai"

    def __init__(self, link: Link, settings: CloudSettings) -> None:
        self.model = settings.llm_model
        self._link = link

    def open(
        self, messages: list[dict[str, str]], schema: dict[str, Any], listener: Callable[[LlmEvent], None]
    ) -> LinkStream:
        """Start an extraction; `schema` is a JSON schema within OpenAI's strict subset."""

        def adapt(op: Op, payload: bytes) -> None:
            if op is Op.EVENT:
                listener(Text(orjson.loads(payload)["text"]))
            else:
                _adapt_end(op, payload, listener)

        return self._link.open({"service": "openai_json", "messages": messages, "schema": schema}, adapt)


def _adapt_end(op: Op, payload: bytes, listener: Callable[[Any], None]) -> None:
    if op is Op.END:
        cost = orjson.loads(payload)
        listener(Done(cost.get("read", 0), cost.get("written", 0)))
    elif op is Op.ERROR:
        listener(Failed(**orjson.loads(payload)))
