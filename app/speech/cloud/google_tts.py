"""Google Text-to-Speech: text in the request, mu-law 8 kHz mono out as DATA, as it is made.

Chirp3-HD voices stream. Where streaming is refused the whole utterance is asked for at once instead. A service that has
no streaming (UNIMPLEMENTED) is not asked for it again; after any other refusal it is, each time in a row after twice as
many utterances. Other voices never stream (R9.1).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt
from google.cloud import texttospeech_v1 as tts
from google.cloud.texttospeech_v1.services.text_to_speech.transports import TextToSpeechGrpcAsyncIOTransport

from app.media.codec import encode_ulaw
from app.media.wav import WavError, parse_wav
from app.sidecar.child import Exchange, ServiceError
from app.speech.cloud.google_channel import connect, make_client
from app.speech.cloud.google_errors import GOOGLE_ERRORS, google_error, google_status, is_masked
from app.speech.cloud.mouth import Mouth
from app.speech.cloud.rates import RATE_HZ
from app.speech.cloud.settings import CloudSettings

_Request: Any = tts.StreamingSynthesizeRequest.pb()
_Response: Any = tts.StreamingSynthesizeResponse.pb()

_MAX_TEXT_BYTES = 5000
_SAMPLE_BYTES = 2
_LONGEST_CHARACTER_MS, _LONGEST_PAUSES_MS = 130, 1000
"""Hebrew is spoken at 60 to 90 ms a character: what lasts longer is played too slowly."""
_log = logging.getLogger("speech.cloud")
_MOST_PASSED_OVER = 32
_STREAMING_REFUSED = {
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.PERMISSION_DENIED,
}


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Streaming brought no sound: the status it ended with, if it was an error."""

    status: grpc.StatusCode | None


class Streaming:
    """Whether streaming synthesis is worth a try."""

    def __init__(self, *, offered: bool) -> None:
        """`offered`: the voice can be streamed at all."""
        self._offered = offered
        self._pass_over = self._to_pass_over = 0

    def is_worth_a_try(self) -> bool:
        """Ask once an utterance."""
        if self._to_pass_over:
            self._to_pass_over -= 1
            return False
        return self._offered

    def worked(self) -> None:
        """The utterance was streamed."""
        self._pass_over = 0

    def refused(self, status: grpc.StatusCode | None) -> None:
        """It was not, but could be had whole, so the text was not to blame. None: no status, only no sound."""
        self._offered = self._offered and status is not grpc.StatusCode.UNIMPLEMENTED
        self._to_pass_over = self._pass_over
        self._pass_over = min(max(1, 2 * self._pass_over), _MOST_PASSED_OVER)


class GoogleVoice:
    """The `google_tts` service."""

    def __init__(self, settings: CloudSettings) -> None:
        self._settings = settings
        self._streaming = Streaming(offered="Chirp3-HD" in settings.tts_voice)
        self._voice = tts.VoiceSelectionParams(
            language_code="-".join(settings.tts_voice.split("-")[:2]), name=settings.tts_voice
        )
        audio = tts.StreamingAudioConfig(
            audio_encoding=tts.AudioEncoding.PCM,
            sample_rate_hertz=settings.tts_stream_rate_hz,
            speaking_rate=settings.tts_speaking_rate,
        )
        config = tts.StreamingSynthesizeConfig(voice=self._voice, streaming_audio_config=audio)
        self._config = tts.StreamingSynthesizeRequest.pb(tts.StreamingSynthesizeRequest(streaming_config=config))
        """The first message of every stream."""
        self._client: Any = None
        self._begin: Callable[..., Any] | None = None

    @property
    def stream(self) -> Callable[..., Any]:
        """Begin an utterance: messages go and come as plain protobuf, which the client's own objects wrap twice."""
        if self._begin is None:
            self._begin = self.client.transport.grpc_channel.stream_stream(
                "/google.cloud.texttospeech.v1.TextToSpeech/StreamingSynthesize",
                request_serializer=_Request.SerializeToString,
                response_deserializer=_Response.FromString,
            )
        return self._begin

    @property
    def client(self) -> Any:
        """The vendor's client, made on first use."""
        if self._client is None:
            self._client = make_client(
                tts.TextToSpeechAsyncClient,
                TextToSpeechGrpcAsyncIOTransport,
                self._settings.google_tts_endpoint,
                self._settings.google_credentials_json,
            )
        return self._client

    async def warm(self) -> None:
        """Connect ahead of the first utterance."""
        await connect(self.client)

    async def synthesize(self, request: dict[str, Any], exchange: Exchange) -> None:
        """Handle one utterance: `text` in the request."""
        text = str(request["text"])
        if len(text.encode()) > _MAX_TEXT_BYTES:
            raise ServiceError("invalid_request", f"text of over {_MAX_TEXT_BYTES} bytes: cut it up", retriable=False)
        try:
            if not self._streaming.is_worth_a_try():
                await self._whole(text, exchange)
                return
            refusal = await self._streamed(text, exchange)
            if refusal is None:
                self._streaming.worked()
                return
            await self._whole(text, exchange)
            self._streaming.refused(refusal.status)  # what both ways refuse says nothing about streaming
        except GOOGLE_ERRORS as exc:
            raise google_error(exc) from exc

    async def _streamed(self, text: str, exchange: Exchange) -> _Refusal | None:
        """Stream the utterance, or return why not one sound of it came."""
        rate_hz = self._settings.tts_stream_rate_hz
        sounded, left_ms = False, self._longest_ms(text)
        status: grpc.StatusCode | None = None
        call = self.stream(self._requests(text), timeout=self._settings.tts_timeout_s)
        async with Mouth(exchange, rate_hz) as mouth:
            try:
                async for response in call:
                    pcm = response.audio_content
                    sounded = sounded or len(pcm) >= _SAMPLE_BYTES
                    left_ms -= len(pcm) * 1000 / (_SAMPLE_BYTES * rate_hz)
                    if left_ms < 0:
                        fault = self._wrong_rate(text)
                        await exchange.tell_trouble("voice_at_a_wrong_rate", fault.message)
                        raise fault
                    await mouth.add(pcm)
            except GOOGLE_ERRORS as exc:
                if sounded or not (google_status(exc) in _STREAMING_REFUSED or is_masked(exc)):
                    raise
                status = google_status(exc)
            finally:
                call.cancel()
        return None if sounded else _Refusal(status)

    def _longest_ms(self, text: str) -> float:
        """Return how long `text` can take to say, whatever the voice."""
        return (_LONGEST_PAUSES_MS + _LONGEST_CHARACTER_MS * len(text)) / self._settings.tts_speaking_rate

    def _wrong_rate(self, text: str) -> ServiceError:
        """Give up streaming for good: a whole answer says at which rate it is, a stream does not."""
        self._streaming.refused(grpc.StatusCode.UNIMPLEMENTED)
        what = f"{len(text)} characters last over {self._longest_ms(text) / 1000:.0f} s: not at the rate asked for"
        _log.error("VOICE_AT_A_WRONG_RATE | rate_hz=%s | %s", self._settings.tts_stream_rate_hz, what)
        return ServiceError("internal", f"Google's stream: {what}", retriable=True)

    async def _requests(self, text: str) -> AsyncIterator[Any]:
        yield self._config
        yield _Request(input={"text": text})

    async def _whole(self, text: str, exchange: Exchange) -> None:
        response = await self.client.synthesize_speech(
            request=tts.SynthesizeSpeechRequest(
                input=tts.SynthesisInput(text=text),
                voice=self._voice,
                audio_config=tts.AudioConfig(
                    audio_encoding=tts.AudioEncoding.LINEAR16,
                    sample_rate_hertz=RATE_HZ,
                    speaking_rate=self._settings.tts_speaking_rate,
                ),
            ),
            retry=None,
            timeout=self._settings.tts_timeout_s,
        )
        try:
            wav = parse_wav(response.audio_content)
        except WavError as exc:
            raise ServiceError("internal", f"Google's answer: {exc}", retriable=True) from exc
        samples = wav.mono()
        if wav.rate_hz != RATE_HZ:
            samples = await asyncio.to_thread(_resample, samples, wav.rate_hz)
        await exchange.send_data(encode_ulaw(samples))


def _resample(samples: npt.NDArray[np.int16], rate_hz: int) -> npt.NDArray[np.int16]:
    # Google answers at the rate asked for; this is for the day it does not, and scipy is slow to import.
    from scipy.signal import resample_poly

    resampled: npt.NDArray[np.float64] = resample_poly(samples.astype(np.float64), RATE_HZ, rate_hz)
    return np.clip(np.rint(resampled), -32768, 32767).astype(np.int16)
