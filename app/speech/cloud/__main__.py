"""The speech sidecar: all vendor traffic of a worker's calls, in one un-patched process.

Started by `sidecar.link.Link` as `python -m app.speech.cloud <fd>`. It holds no policy: no retries, no fallback, no
breakers; those belong to the worker.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable

from app.sidecar.child import Handler, run
from app.speech.cloud.google_stt import GoogleSpeech
from app.speech.cloud.google_tts import GoogleVoice
from app.speech.cloud.openai_chat import OpenAiChat
from app.speech.cloud.openai_client import OpenAi
from app.speech.cloud.openai_stt import OpenAiTranscription
from app.speech.cloud.settings import ENV_NAME, CloudSettings

_log = logging.getLogger("speech.cloud")


def services(settings: CloudSettings) -> tuple[dict[str, Handler], Callable[[], Awaitable[None]]]:
    """Return the handlers by name, and the coroutine that connects those that are configured."""
    speech, voice = GoogleSpeech(settings), GoogleVoice(settings)
    openai = OpenAi(settings)
    chat, transcription = OpenAiChat(openai, settings), OpenAiTranscription(openai, settings)
    warmers: dict[str, Callable[[], Awaitable[None]]] = {}
    if settings.google_credentials_json or settings.google_speech_endpoint:
        warmers["google_stt"] = speech.warm
    if settings.google_credentials_json or settings.google_tts_endpoint:
        warmers["google_tts"] = voice.warm
    if settings.has_openai:
        warmers["openai"] = openai.warm

    async def warm() -> None:
        results = await asyncio.gather(*(warmer() for warmer in warmers.values()), return_exceptions=True)
        for name, result in zip(warmers, results, strict=True):
            if isinstance(result, Exception):
                _log.warning("%s cannot be reached yet: %s: %s", name, type(result).__name__, result)

    handlers: dict[str, Handler] = {
        "google_stt": speech.recognize,
        "google_tts": voice.synthesize,
        "openai_chat": chat.complete,
        "openai_json": chat.extract,
        "openai_stt": transcription.transcribe,
    }
    return handlers, warm


def main() -> None:
    """Run until the worker closes the link."""
    # Popped, so that nothing this process might start inherits the secrets.
    run(*services(CloudSettings.from_json(os.environ.pop(ENV_NAME, "{}"))))


if __name__ == "__main__":
    main()
