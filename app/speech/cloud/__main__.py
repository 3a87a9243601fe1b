"""The speech sidecar: all vendor traffic of a worker's calls, in one un-patched process.

Started by `sidecar.link.Link` as `python -m app.speech.cloud <fd>`. It holds no policy: no retries, no fallback, no
breakers; those belong to the worker. A vendor that is not configured is not imported: that saves seconds and memory.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from app.sidecar.child import Exchange, Handler, ServiceError, run
from app.sidecar.manners import tell_last_words
from app.speech.cloud.settings import ENV_NAME, CloudSettings

_log = logging.getLogger("speech.cloud")
Warmers = dict[str, Callable[[], Awaitable[None]]]


def services(settings: CloudSettings) -> tuple[dict[str, Handler], Warmers]:
    """Return the handlers by name, and for each configured vendor's service what connects it ahead of time."""
    handlers = dict.fromkeys(("google_stt", "google_tts"), _missing("GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON"))
    handlers |= dict.fromkeys(("openai_chat", "openai_json", "openai_stt", "openai_tts"), _missing("OPENAI_API_KEY"))
    warmers: Warmers = {}
    if settings.google_credentials_json or settings.google_speech_endpoint:
        from app.speech.cloud.google_stt import GoogleSpeech

        speech = GoogleSpeech(settings)
        handlers["google_stt"] = speech.recognize
        warmers["google_stt"] = speech.warm
    if settings.google_credentials_json or settings.google_tts_endpoint:
        from app.speech.cloud.google_tts import GoogleVoice

        voice = GoogleVoice(settings)
        handlers["google_tts"] = voice.synthesize
        warmers["google_tts"] = voice.warm
    if settings.openai_api_key:
        from app.speech.cloud.openai_chat import OpenAiChat
        from app.speech.cloud.openai_client import OpenAi
        from app.speech.cloud.openai_stt import OpenAiTranscription
        from app.speech.cloud.openai_tts import OpenAiVoice

        openai = OpenAi(settings)
        chat = OpenAiChat(openai, settings)
        handlers["openai_chat"], handlers["openai_json"] = chat.complete, chat.extract
        handlers["openai_stt"] = OpenAiTranscription(openai, settings).transcribe
        handlers["openai_tts"] = OpenAiVoice(openai, settings).synthesize
        warmers["openai"] = openai.warm
    return handlers, warmers


async def warm_up(warmers: Warmers) -> None:
    """Connect to all vendors at once; one that cannot be reached is logged and met again by the first call."""
    results = await asyncio.gather(*(warm() for warm in warmers.values()), return_exceptions=True)
    for name, result in zip(warmers, results, strict=True):
        if isinstance(result, Exception):
            _log.warning("%s cannot be reached yet: %s: %s", name, type(result).__name__, result)


def _missing(variable: str) -> Handler:
    async def refuse(_request: dict[str, Any], _exchange: Exchange) -> None:
        raise ServiceError("unauthenticated", f"{variable} is not set", retriable=False)

    return refuse


def main() -> None:
    """Run until the worker closes the link."""
    tell_last_words()
    # Popped, so that nothing this process might start inherits the secrets.
    handlers, warmers = services(CloudSettings.from_json(os.environ.pop(ENV_NAME, "{}")))
    run(handlers, lambda: warm_up(warmers))


if __name__ == "__main__":
    main()
