"""The vendors' services of the speech sidecar, loaded one after the other while streams are already accepted.

Loading takes most of a child's start (a second of imports), and nobody can be greeted before there is a voice: so the
voice comes first, and whoever asks for a service that is still to come waits for that one alone.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from app.sidecar.child import Exchange, Handler, ServiceError, Tell
from app.speech.cloud.settings import CloudSettings

_log = logging.getLogger("speech.cloud")
_Serve = Callable[[dict[str, Any], Exchange], Awaitable[Mapping[str, object] | None]]


class Vendor:
    """One vendor's client and what is done with it; `load` imports and builds them, off the loop, when first wanted."""

    def __init__(
        self, loading: asyncio.Lock, load: Callable[[], tuple[Callable[[], Awaitable[None]], Mapping[str, _Serve]]]
    ) -> None:
        """`load` returns what connects ahead of time, and the handlers by service; `loading` is shared by all."""
        self._loading = loading
        self._load = load
        self._loaded: tuple[Callable[[], Awaitable[None]], Mapping[str, _Serve]] | None = None

    async def warm(self) -> None:
        """Load it, and connect."""
        connect, _ = await self._ready()
        await connect()

    def handler(self, service: str) -> Handler:
        """Return the handler of one of its services."""

        async def serve(request: dict[str, Any], exchange: Exchange) -> Mapping[str, object] | None:
            _, handlers = await self._ready()
            return await handlers[service](request, exchange)

        return serve

    async def _ready(self) -> tuple[Callable[[], Awaitable[None]], Mapping[str, _Serve]]:
        if self._loaded is None:
            async with self._loading:  # first come, first served
                if self._loaded is None:
                    self._loaded = await asyncio.to_thread(self._load)
        return self._loaded


def vendors(settings: CloudSettings) -> tuple[dict[str, Handler], dict[str, Vendor]]:
    """Return the handlers by service, and the configured vendors by the service that a call needs of them first.

    A vendor that is not configured is never imported: that saves seconds and memory.
    """
    handlers = dict.fromkeys(("google_stt", "google_tts"), _missing("GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON"))
    handlers |= dict.fromkeys(("openai_chat", "openai_json", "openai_stt", "openai_tts"), _missing("OPENAI_API_KEY"))
    loading, configured = asyncio.Lock(), dict[str, Vendor]()

    def google_tts() -> tuple[Callable[[], Awaitable[None]], Mapping[str, _Serve]]:
        _leave_out_aiohttp()
        from app.speech.cloud.google_tts import GoogleVoice

        voice = GoogleVoice(settings)
        return voice.warm, {"google_tts": voice.synthesize}

    def google_stt() -> tuple[Callable[[], Awaitable[None]], Mapping[str, _Serve]]:
        _leave_out_aiohttp()
        from app.speech.cloud.google_stt import GoogleSpeech

        speech = GoogleSpeech(settings)
        return speech.warm, {"google_stt": speech.recognize}

    def openai() -> tuple[Callable[[], Awaitable[None]], Mapping[str, _Serve]]:
        _let_aiohttp_in()
        from app.speech.cloud.openai_chat import OpenAiChat
        from app.speech.cloud.openai_client import OpenAi
        from app.speech.cloud.openai_stt import OpenAiTranscription
        from app.speech.cloud.openai_tts import OpenAiVoice

        client = OpenAi(settings)
        chat = OpenAiChat(client, settings)
        return client.warm, {
            "openai_chat": chat.complete,
            "openai_json": chat.extract,
            "openai_stt": OpenAiTranscription(client, settings).transcribe,
            "openai_tts": OpenAiVoice(client, settings).synthesize,
        }

    if settings.google_credentials_json or settings.google_tts_endpoint:
        configured["google_tts"] = Vendor(loading, google_tts)
    if settings.google_credentials_json or settings.google_speech_endpoint:
        configured["google_stt"] = Vendor(loading, google_stt)
    if settings.openai_api_key:
        configured["openai"] = Vendor(loading, openai)
    for service in handlers:
        vendor = configured.get(service) or configured.get(service.partition("_")[0])
        if vendor is not None:
            handlers[service] = vendor.handler(service)
    return handlers, configured


async def warm_up(configured: Mapping[str, Vendor], tell: Tell) -> None:
    """Load the vendors in order, and connect to each; one that cannot be reached is logged, and met again by a call."""

    async def warm(name: str, vendor: Vendor) -> None:
        try:
            await vendor.warm()
        except Exception as fault:  # noqa: BLE001 - whatever a vendor's client raises, the others are warmed
            _log.warning("%s cannot be reached yet: %s: %s", name, type(fault).__name__, fault)
        tell(name)

    await asyncio.gather(*(warm(name, vendor) for name, vendor in configured.items()))


def _leave_out_aiohttp() -> None:
    """Have Google's clients do without their REST transport, which nobody here uses: 100 ms and 10 MB of a start."""
    sys.modules.setdefault("aiohttp", None)  # type: ignore[arg-type]  # None makes the import fail, as if not installed


def _let_aiohttp_in() -> None:
    """OpenAI's client is quicker over it; by now Google's have been loaded without it."""
    if sys.modules.get("aiohttp", sys) is None:
        del sys.modules["aiohttp"]


def _missing(variable: str) -> Handler:
    async def refuse(_request: dict[str, Any], _exchange: Exchange) -> None:
        raise ServiceError("unauthenticated", f"{variable} is not set", retriable=False)

    return refuse
