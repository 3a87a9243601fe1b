"""OpenAI's voice, the second one: text in the request, mu-law 8 kHz mono out as DATA, as it is made (R18)."""

from typing import Any

import openai

from app.sidecar.child import Exchange
from app.speech.cloud.mouth import Mouth
from app.speech.cloud.openai_client import OpenAi
from app.speech.cloud.openai_errors import openai_error
from app.speech.cloud.settings import CloudSettings

_RATE_HZ = 24_000
"""`pcm` is headerless LINEAR16 at this rate, whatever the model."""
_PIECE_BYTES = 4800


class OpenAiVoice:
    """The `openai_tts` service."""

    def __init__(self, openai_: OpenAi, settings: CloudSettings) -> None:
        self._openai = openai_
        self._settings = settings

    async def synthesize(self, request: dict[str, Any], exchange: Exchange) -> None:
        """Handle one utterance: `text` in the request."""
        try:
            async with (
                Mouth(exchange, _RATE_HZ) as mouth,
                self._openai.client.audio.speech.with_streaming_response.create(
                    input=str(request["text"]),
                    model=self._settings.speech_model,
                    voice=self._settings.speech_voice,
                    response_format="pcm",
                    timeout=self._openai.timeout(self._settings.tts_timeout_s),
                ) as response,
            ):
                async for piece in response.iter_bytes(_PIECE_BYTES):
                    await mouth.add(piece)
        except openai.OpenAIError as exc:
            raise openai_error(exc) from exc
