"""Google Speech-to-Text v1, streaming: one exchange is one caller turn, however many gRPC streams that takes.

EVENTs are `{"text", "is_final", "stability", "alternatives", "end_ms"}`, where `text` is the whole turn so far, and
`end_ms` where in its audio an interim ends (None: not told). `is_final` comes at most once, after FINISH, when Google
has finalised every word (an empty text: it heard no words in the whole turn).
An END without it means that Google closed the turn and left words unconfirmed.

Four things are adapted here, because they are the protocol's and no caller should notice them (R8.1, R8.5): a refused
language code or enhanced model is replaced, a stream near its age limit is followed by another, and so is one that was
fed too fast, at a slower pace. In each case all audio behind the last final word is sent again, so that no word is lost
and none comes twice.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import grpc
from google.api_core.exceptions import from_grpc_status
from google.cloud import speech_v1
from google.cloud.speech_v1.services.speech.transports import SpeechGrpcAsyncIOTransport

from app.sidecar.child import Exchange, ServiceError
from app.speech.cloud.google_channel import connect, make_client
from app.speech.cloud.google_errors import GOOGLE_ERRORS, google_error, google_status, is_masked
from app.speech.cloud.pacing import CAREFUL, EAGER, is_too_fast
from app.speech.cloud.settings import CloudSettings
from app.speech.cloud.transcript import Piece, Transcript

_Request: Any = speech_v1.StreamingRecognizeRequest.pb()
_Response: Any = speech_v1.StreamingRecognizeResponse.pb()

RATE_HZ = 8000
_BYTES_PER_MS = 2 * RATE_HZ // 1000
_BYTES_PER_S = 1000 * _BYTES_PER_MS
_MESSAGE_BYTES = 400 * _BYTES_PER_MS
"""At most: what has come goes in one message, so that a process that is behind has fewer of them to send."""
_CAREFUL_MESSAGE_BYTES = 100 * _BYTES_PER_MS
_MAX_PHRASES = 500
_MAX_PHRASE_CHARS = 100
_END_TOLERANCE_MS = 200
"""Google rounds the ends it tells."""
_MIN_PROGRESS_BYTES = 500 * _BYTES_PER_MS
"""Audio that must have come or been settled between two streams that Google ended, or the turn goes in circles."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The part of the configuration that Google may refuse."""

    language: str
    enhanced: bool

    def after_refusal(self, message: str, fallback_language: str) -> "Dialect | None":
        """Return what to try next, None when nothing is left. `message` is Google's reason."""
        standard = replace(self, enhanced=False) if self.enhanced else None
        other = replace(self, language=fallback_language) if self.language != fallback_language else None
        blames_language = "language" in message.lower() and "model" not in message.lower()
        return (other or standard) if blames_language else (standard or other)


class GoogleSpeech:
    """The `google_stt` service."""

    def __init__(self, settings: CloudSettings) -> None:
        self.settings = settings
        self.dialect = Dialect(settings.stt_language, settings.stt_enhanced)
        """What Google accepted last; all turns of this process start with it."""
        self.pace = EAGER
        self._client: Any = None
        self._stream: Callable[..., Any] | None = None

    @property
    def stream(self) -> Callable[..., Any]:
        """Begin a recognition: messages go and come as plain protobuf, which the client's own objects wrap twice."""
        if self._stream is None:
            self._stream = self.client.transport.grpc_channel.stream_stream(
                "/google.cloud.speech.v1.Speech/StreamingRecognize",
                request_serializer=_Request.SerializeToString,
                response_deserializer=_Response.FromString,
            )
        return self._stream

    @property
    def client(self) -> Any:
        """The vendor's client, made on first use."""
        if self._client is None:
            self._client = make_client(
                speech_v1.SpeechAsyncClient,
                SpeechGrpcAsyncIOTransport,
                self.settings.google_speech_endpoint,
                self.settings.google_credentials_json,
            )
        return self._client

    async def warm(self) -> None:
        """Connect ahead of the first turn."""
        await connect(self.client)

    async def recognize(self, request: dict[str, Any], exchange: Exchange) -> None:
        """Handle one turn: `phrases` in the request, LINEAR16 8 kHz mono as DATA."""
        await _Turn(self, _contexts(request.get("phrases", ()), self.settings.stt_boost), exchange).run()


class _Turn:
    """One caller turn: the audio not yet final, the transcript, and the gRPC stream of the moment."""

    def __init__(self, service: GoogleSpeech, contexts: list[Any], exchange: Exchange) -> None:
        self._service = service
        self._settings = service.settings
        self._contexts = contexts
        self._exchange = exchange
        self._transcript = Transcript()
        self._audio = bytearray()
        """Audio from `_settled` on."""
        self._settled = 0
        """Bytes of the turn up to the last final word."""
        self._collected = 0
        self._progress = 0
        """`_settled + _collected` when Google last ended a stream."""
        self._finished = False
        self._more = asyncio.Event()
        self._stream: _GrpcStream | None = None
        self._deadline: asyncio.Timeout | None = None
        """When the stream of the moment is too old or, after the turn's end, when the final is too late."""

    async def run(self) -> None:
        collector = asyncio.create_task(self._collect())
        dialect = self._service.dialect
        try:
            while True:
                try:
                    await self._recognize_on_one_stream(dialect)
                    break
                except _StreamIsOld:
                    self._transcript.drop_interims()
                except GOOGLE_ERRORS as exc:
                    dialect = self._next_dialect(exc, dialect)
            if self._transcript.is_settled:
                await self._send(is_final=True)
        finally:
            collector.cancel()

    async def _collect(self) -> None:
        async for chunk in self._exchange:
            self._audio += chunk
            self._collected += len(chunk)
            self._more.set()
        self._finished = True
        self._more.set()
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._final_within_s)

    @property
    def _final_within_s(self) -> float:
        """How long a finished turn's final may take: what is not sent yet goes at its pace."""
        stream, sending_s = self._stream, 0.0
        if stream is not None:
            audio_s = (self._settled + len(self._audio) - stream.start) / _BYTES_PER_S
            sending_s = self._service.pace.wait_s(audio_s, stream.age_s)
        return self._settings.stt_final_timeout_s + sending_s

    @property
    def _sent(self) -> int:
        return self._stream.sent if self._stream is not None else self._settled

    async def _recognize_on_one_stream(self, dialect: Dialect) -> None:
        settings = self._settings
        earlier = self._stream.start if self._stream is not None else 0
        stream = self._stream = _GrpcStream(start=self._settled, earlier_ms=earlier // _BYTES_PER_MS)
        limit_s = self._final_within_s if self._finished else settings.stt_stream_limit_s
        try:
            async with asyncio.timeout(limit_s) as self._deadline:
                call = self._service.stream(
                    self._requests(stream, dialect), timeout=settings.stt_stream_limit_s + settings.stt_final_timeout_s
                )
                stream.call = call
                async for response in call:
                    self._service.dialect = dialect
                    await self._receive(response, stream)
            if not stream.half_closed:
                raise ServiceError("unavailable", "Google closed the stream in mid-turn", retriable=True)
            self._service.dialect = dialect
        except TimeoutError:
            if self._finished:
                raise ServiceError("timeout", "no final transcript in time", retriable=True) from None
            raise _StreamIsOld from None
        except GOOGLE_ERRORS as exc:
            stream.over = True
            if self._was_too_fast(exc, stream):
                self._service.pace = CAREFUL
                raise _StreamIsOld from exc
            if self._may_go_on(exc):
                # Too old, or starved of audio: either way the next audio gets a fresh stream.
                await self._wait_for_audio(stream)
                raise _StreamIsOld from exc
            if is_masked(exc):
                await self._ask_for_refusal(dialect)
            raise
        finally:
            self._deadline = None
            stream.over = True
            self._more.set()  # the request iterator may be waiting; nobody else would end it
            if stream.call is not None:
                stream.call.cancel()

    def _was_too_fast(self, exc: BaseException, stream: "_GrpcStream") -> bool:
        """Whether Google asks for a slower stream, and none was tried yet."""
        if self._service.pace is CAREFUL:
            return False
        if is_masked(exc):
            # A write of ours has crossed Google's word: it had heard this stream, which was ahead of its time.
            ahead_s = (stream.sent - stream.start) / _BYTES_PER_S - stream.age_s
            return bool(self._transcript.text) and ahead_s > CAREFUL.head_start_s
        return google_status(exc) is grpc.StatusCode.OUT_OF_RANGE and is_too_fast(str(exc))

    def _may_go_on(self, exc: BaseException) -> bool:
        """Whether another stream may follow one that Google ended; not when the last one brought nothing."""
        progress, self._progress = self._settled + self._collected - self._progress, self._settled + self._collected
        return progress >= _MIN_PROGRESS_BYTES and (
            google_status(exc) is grpc.StatusCode.OUT_OF_RANGE or (is_masked(exc) and bool(self._transcript.text))
        )

    async def _ask_for_refusal(self, dialect: Dialect) -> None:
        """Raise what Google has against `dialect`, asked in a stream whose audio cannot cross the answer."""

        async def config_only() -> AsyncIterator[Any]:
            yield self._config(dialect)

        async for _ in self._service.stream(config_only(), timeout=self._settings.stt_final_timeout_s):
            pass

    async def _requests(self, stream: "_GrpcStream", dialect: Dialect) -> AsyncIterator[Any]:
        yield self._config(dialect)
        while not stream.over:
            self._more.clear()
            if wait_s := self._service.pace.wait_s((stream.sent - stream.start) / _BYTES_PER_S, stream.age_s):
                await asyncio.sleep(wait_s)
            elif message := self._next_message(stream):
                stream.sent += len(message)
                yield _Request(audio_content=message)
            elif self._finished:
                stream.half_closed = True
                return
            else:
                await self._more.wait()

    def _next_message(self, stream: "_GrpcStream") -> bytes:
        start = stream.sent - self._settled
        most = _CAREFUL_MESSAGE_BYTES if self._service.pace is CAREFUL else _MESSAGE_BYTES
        return bytes(self._audio[start : start + most])

    async def _wait_for_audio(self, stream: "_GrpcStream") -> None:
        while not self._finished and self._collected <= stream.sent:
            self._more.clear()
            await self._more.wait()

    async def _receive(self, response: Any, stream: "_GrpcStream") -> None:
        if response.error.code:
            status = next((code for code in grpc.StatusCode if code.value[0] == response.error.code), None)
            # google-api-core is half typed.
            raise from_grpc_status(status or grpc.StatusCode.UNKNOWN, response.error.message)  # type: ignore[no-untyped-call]
        if not response.results:
            return
        pieces = [self._piece(result, stream) for result in response.results]
        self._transcript.take(pieces)
        for piece in pieces:
            if piece.is_final:
                self._settle(piece.end_ms, stream)
        await self._send(is_final=False)

    def _piece(self, result: Any, stream: "_GrpcStream") -> Piece:
        """Return a result, placed in the turn's audio: Google counts from the first audio of each stream.

        A final of the stream before may come once more: as it was, or with an end that lies beyond this one's audio.
        """
        told = result.result_end_time
        told_ms = told.seconds * 1000 + told.nanos // 1_000_000
        piece = Piece(
            readings=tuple(one.transcript for one in result.alternatives if one.transcript.strip()),
            is_final=result.is_final,
            stability=result.stability,
            end_ms=stream.start // _BYTES_PER_MS + told_ms if told_ms else None,
        )
        earlier = replace(piece, end_ms=stream.earlier_ms + told_ms)
        is_beyond = told_ms > (stream.sent - stream.start) // _BYTES_PER_MS + _END_TOLERANCE_MS
        return earlier if is_beyond or self._transcript.holds(earlier) else piece

    def _settle(self, end_ms: int | None, stream: "_GrpcStream") -> None:
        end = stream.sent if end_ms is None else min(end_ms * _BYTES_PER_MS, stream.sent)
        if end > self._settled:
            del self._audio[: end - self._settled]
            self._settled = end

    def _next_dialect(self, exc: BaseException, dialect: Dialect) -> Dialect:
        refused = google_status(exc) is grpc.StatusCode.INVALID_ARGUMENT and not self._transcript.text
        following = dialect.after_refusal(str(exc), self._settings.stt_language_fallback) if refused else None
        if following is None:
            raise google_error(exc) from exc
        return following

    async def _send(self, *, is_final: bool) -> None:
        transcript = self._transcript
        await self._exchange.send_event(
            {
                "text": transcript.text,
                "is_final": is_final,
                "stability": round(transcript.stability, 3),
                "alternatives": transcript.alternatives,
                "end_ms": None if is_final else transcript.end_ms,
            }
        )

    def _config(self, dialect: Dialect) -> Any:
        """Return the first message of a stream."""
        config = speech_v1.RecognitionConfig(
            encoding=speech_v1.RecognitionConfig.AudioEncoding.LINEAR16,
            sample_rate_hertz=RATE_HZ,
            language_code=dialect.language,
            use_enhanced=dialect.enhanced,
            max_alternatives=self._settings.stt_max_alternatives,
            model=self._settings.stt_model,
            speech_contexts=self._contexts,
        )
        streaming = speech_v1.StreamingRecognitionConfig(config=config, interim_results=True)
        return speech_v1.StreamingRecognizeRequest.pb(speech_v1.StreamingRecognizeRequest(streaming_config=streaming))


@dataclass(slots=True)
class _GrpcStream:
    """One gRPC stream of a turn; positions are bytes of the turn's audio."""

    start: int
    earlier_ms: int
    """Where the stream before it began, in ms of the turn's audio."""
    sent: int = -1
    call: Any = None
    half_closed: bool = False
    over: bool = False
    began_s: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def __post_init__(self) -> None:
        self.sent = self.start

    @property
    def age_s(self) -> float:
        return asyncio.get_running_loop().time() - self.began_s


class _StreamIsOld(Exception):  # noqa: N818 - not an error: the turn goes on with the next stream
    """The gRPC stream reached its age limit."""


def _contexts(phrases: Sequence[str], boost: float) -> list[speech_v1.SpeechContext]:
    """Return the phrases as one speech context within Google's limits, most likely first."""
    fitting = [phrase.strip() for phrase in phrases if 0 < len(phrase.strip()) <= _MAX_PHRASE_CHARS]
    if not fitting:
        return []
    return [speech_v1.SpeechContext(phrases=list(dict.fromkeys(fitting))[:_MAX_PHRASES], boost=boost)]
