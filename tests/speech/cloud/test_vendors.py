"""In which order the speech child loads what it serves."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import pytest

from app.sidecar.child import Exchange, ServiceError
from app.speech.cloud.settings import CloudSettings
from app.speech.cloud.vendors import Vendor, vendors, warm_up

NOBODY = cast("Exchange", None)


class Shelf:
    """Vendors whose loading takes until it is allowed; notes what happens, in order."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.loading = asyncio.Lock()

    def vendor(self, name: str, allowed: threading.Event | None = None, fault: Exception | None = None) -> Vendor:
        async def connect() -> None:
            self.happened.append(f"{name} connects")
            if fault:
                raise fault

        async def serve(_request: dict[str, Any], _exchange: Exchange) -> Mapping[str, object]:
            return {"by": name}

        def load() -> tuple[Callable[[], Awaitable[None]], dict[str, Any]]:
            if allowed:
                assert allowed.wait(10)
            self.happened.append(f"{name} is loaded")
            return connect, {name: serve}

        return Vendor(self.loading, load)


def test_the_voice_is_told_ready_while_the_next_is_still_being_loaded() -> None:
    """R18: nobody can be greeted before there is a voice; what is needed later waits behind it."""

    async def start() -> list[str]:
        shelf, slow = Shelf(), threading.Event()
        told: list[str] = []

        def tell(name: str) -> None:
            told.append(name)
            slow.set()

        await warm_up({"google_tts": shelf.vendor("google_tts"), "openai": shelf.vendor("openai", slow)}, tell)
        assert told == ["google_tts", "openai"]
        return shelf.happened

    happened = asyncio.run(start())
    assert happened == ["google_tts is loaded", "google_tts connects", "openai is loaded", "openai connects"]


def test_a_vendor_that_cannot_be_reached_keeps_no_other_from_being_warmed(caplog: pytest.LogCaptureFixture) -> None:
    """R8.2: the first call meets the fault; it is in the log before."""

    async def start() -> list[str]:
        shelf, told = Shelf(), list[str]()
        faulty = shelf.vendor("google_tts", fault=ConnectionError("nobody there"))
        await warm_up({"google_tts": faulty, "google_stt": shelf.vendor("google_stt")}, told.append)
        return told

    assert asyncio.run(start()) == ["google_tts", "google_stt"]
    assert "google_tts cannot be reached yet: ConnectionError: nobody there" in caplog.text


def test_who_asks_early_waits_for_that_service_and_it_is_loaded_once() -> None:
    """R18: a stream may be opened the moment the child is there."""

    async def ask() -> tuple[Any, list[str]]:
        shelf, allowed = Shelf(), threading.Event()
        serve = shelf.vendor("google_stt", allowed).handler("google_stt")
        asked = asyncio.gather(serve({}, NOBODY), serve({}, NOBODY))
        await asyncio.sleep(0)
        allowed.set()
        return list(await asked), shelf.happened

    assert asyncio.run(ask()) == ([{"by": "google_stt"}] * 2, ["google_stt is loaded"])


def test_what_is_not_configured_says_which_setting_is_missing() -> None:
    """R1.3."""
    handlers, configured = vendors(CloudSettings(google_tts_endpoint="127.0.0.1:1"))
    assert list(configured) == ["google_tts"]
    for service, setting in (("google_stt", "GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON"), ("openai_json", "OPENAI_API_KEY")):
        with pytest.raises(ServiceError, match=setting):
            asyncio.run(cast("Any", handlers[service]({}, NOBODY)))
