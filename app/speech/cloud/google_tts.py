"""Google Text-to-Speech: text in the request, mu-law 8 kHz mono out as DATA, as it is made.

Chirp3-HD voices stream. Where streaming is refused the whole utterance is asked for at once instead, and once that has
worked the process stays with it. Other voices never stream (R9.1).
"""

import asyncio
from collections.abc import AsyncIterator
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
from app.speech.cloud.rates import RATE_HZ, Downsampler
from app.speech.cloud.settings import CloudSettings

_MAX_TEXT_BYTES = 5000
_STREAMING_REFUSED = {
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.PERMISSION_DENIED,
}


class GoogleVoice:
    """The `google_tts` service."""

    def __init__(self, settings: CloudSettings) -> None:
        self._settings = settings
        self.streams = "Chirp3-HD" in settings.tts_voice
        """Whether streaming synthesis is tried first."""
        self._voice = tts.VoiceSelectionParams(
            language_code="-".join(settings.tts_voice.split("-")[:2]), name=settings.tts_voice
        )
        self._client: Any = None

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
            if self.streams and await self._stream(text, exchange):
                return
            await self._whole(text, exchange)
        except GOOGLE_ERRORS as exc:
            raise google_error(exc) from exc

    async def _stream(self, text: str, exchange: Exchange) -> bool:
        """Stream the utterance. False when streaming was refused before any sound came."""
        downsampler = Downsampler(self._settings.tts_stream_rate_hz)
        rest = b""
        sounded = False
        call: Any = None
        try:
            call = await self.client.streaming_synthesize(
                requests=self._requests(text), retry=None, timeout=self._settings.tts_timeout_s
            )
            async for response in call:
                pcm = rest + response.audio_content
                rest = pcm[len(pcm) & ~1 :]
                ulaw = encode_ulaw(downsampler.process(np.frombuffer(pcm[: len(pcm) & ~1], dtype="<i2")))
                sounded = sounded or bool(ulaw)
                await exchange.send_data(ulaw)
        except GOOGLE_ERRORS as exc:
            if sounded or not (google_status(exc) in _STREAMING_REFUSED or is_masked(exc)):
                raise
        finally:
            if call is not None:
                call.cancel()
        return sounded

    async def _requests(self, text: str) -> AsyncIterator[tts.StreamingSynthesizeRequest]:
        audio = tts.StreamingAudioConfig(
            audio_encoding=tts.AudioEncoding.PCM,
            sample_rate_hertz=self._settings.tts_stream_rate_hz,
            speaking_rate=self._settings.tts_speaking_rate,
        )
        config = tts.StreamingSynthesizeConfig(voice=self._voice, streaming_audio_config=audio)
        yield tts.StreamingSynthesizeRequest(streaming_config=config)
        yield tts.StreamingSynthesizeRequest(input=tts.StreamingSynthesisInput(text=text))

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
        self.streams = False  # a text that both ways refuse says nothing about streaming, so only now
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
