"""OpenAI transcription of a finished caller turn: LINEAR16 8 kHz as DATA, one final EVENT (R8.2)."""

import asyncio
from typing import Any

import numpy as np
import numpy.typing as npt

from app.media.wav import write_wav
from app.sidecar.child import Exchange, ServiceError
from app.speech.cloud.openai_client import OpenAi, Options
from app.speech.cloud.rates import RATE_HZ, double_rate
from app.speech.cloud.settings import CloudSettings

_WHISPER_RATE_HZ = 2 * RATE_HZ
_MIN_SAMPLES = RATE_HZ // 10
"""OpenAI refuses audio under 0.1 s; no word is that short."""
_MAX_KEYWORDS = 100
_KEYWORD_MODEL = "gpt-transcribe"
"""Newer models of this name take `languages` and `keywords`; whisper-1 and gpt-4o-* take `language` and `prompt`."""


class OpenAiTranscription:
    """The `openai_stt` service."""

    def __init__(self, openai_: OpenAi, settings: CloudSettings) -> None:
        self._openai = openai_
        self._settings = settings
        self._takes_keywords = settings.transcribe_model.startswith(_KEYWORD_MODEL)
        language = settings.transcribe_language
        self.options = Options(
            {"languages": [language]} if self._takes_keywords else {"language": language, "temperature": 0}
        )

    async def transcribe(self, request: dict[str, Any], exchange: Exchange) -> None:
        """Handle one turn: `phrases` in the request, answered after FINISH."""
        pcm = bytearray()
        async for chunk in exchange:
            pcm += chunk
        samples = np.frombuffer(bytes(pcm[: len(pcm) & ~1]), dtype="<i2")
        text = ""
        if len(samples) >= _MIN_SAMPLES:
            text = await self._ask(await asyncio.to_thread(_wav, samples), tuple(request.get("phrases", ())))
        await exchange.send_event({"text": text, "is_final": True, "stability": 1.0, "alternatives": ()})

    async def _ask(self, wav: bytes, phrases: tuple[str, ...]) -> str:
        phrases = phrases[:_MAX_KEYWORDS]
        expected = {"keywords": list(phrases)} if self._takes_keywords else {"prompt": ", ".join(phrases)}
        try:
            async with asyncio.timeout(self._settings.transcribe_timeout_s):
                answer = await self.options.call(
                    self._openai.client.audio.transcriptions.create,
                    expected,
                    model=self._settings.transcribe_model,
                    file=("turn.wav", wav, "audio/wav"),
                    timeout=self._openai.timeout(self._settings.transcribe_timeout_s),
                )
        except TimeoutError as exc:
            raise ServiceError("timeout", "no transcript in time", retriable=True) from exc
        return " ".join(str(answer.text).split())


def _wav(samples: npt.NDArray[np.int16]) -> bytes:
    return write_wav(double_rate(samples), _WHISPER_RATE_HZ)
