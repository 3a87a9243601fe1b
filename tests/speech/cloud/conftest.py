"""The vendors' emulators, and links to real speech sidecars that talk to them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.sidecar.link import Link
from app.speech.cloud_engines import CloudSettings, make_speech_link
from app.speech.engines import Audio, Done, Failed, Heard, Text
from tests.emulators.base import EmulatorProcess
from tests.sidecar.hub import wait_until

Event = Heard | Audio | Text | Done | Failed


class Events:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def wait(self) -> Event:
        """Let the hub run to the stream's end; return its last event."""
        wait_until(lambda: self.events and isinstance(self.events[-1], Done | Failed), "the end of the stream")
        return self.events[-1]

    @property
    def heard(self) -> list[Heard]:
        return [event for event in self.events if isinstance(event, Heard)]

    @property
    def text(self) -> str:
        return "".join(event.delta for event in self.events if isinstance(event, Text))

    @property
    def ulaw(self) -> bytes:
        return b"".join(event.ulaw for event in self.events if isinstance(event, Audio))


def _emulator(name: str) -> Any:
    @pytest.fixture(scope="package", name=f"{name}_process")
    def process() -> Iterator[EmulatorProcess]:
        with EmulatorProcess(f"tests.emulators.{name}") as emulator:
            yield emulator

    return process


google_speech_process = _emulator("google_speech")
google_tts_process = _emulator("google_tts")
openai_api_process = _emulator("openai_api")


def _fresh(name: str) -> Any:
    @pytest.fixture(name=name)
    def fresh(request: pytest.FixtureRequest) -> Iterator[EmulatorProcess]:
        emulator: EmulatorProcess = request.getfixturevalue(f"{name}_process")
        emulator.reset()
        yield emulator
        assert emulator.violations == []

    return fresh


google_speech = _fresh("google_speech")
google_tts = _fresh("google_tts")
openai_api = _fresh("openai_api")


@pytest.fixture(scope="package")
def settings(
    google_speech_process: EmulatorProcess, google_tts_process: EmulatorProcess, openai_api_process: EmulatorProcess
) -> CloudSettings:
    return CloudSettings(
        google_speech_endpoint=google_speech_process.address,
        google_tts_endpoint=google_tts_process.address,
        openai_api_key="sk-emulated",
        openai_base_url=f"http://{openai_api_process.address}/v1",
        stt_final_timeout_s=2.0,
        llm_timeout_s=1.0,
    )


@pytest.fixture(scope="package")
def link(settings: CloudSettings) -> Iterator[Link]:
    """A sidecar that all tests share: only for what leaves nothing remembered in it."""
    shared = make_speech_link(settings)
    shared.start()
    wait_until(lambda: shared.ready, "the sidecar is ready", 60)
    yield shared
    shared.stop()


@pytest.fixture
def new_link(settings: CloudSettings) -> Iterator[Callable[..., tuple[Link, CloudSettings]]]:
    """Start a sidecar of the test's own, with the one vendor whose setting is `only`, and other settings changed."""
    links = []

    def start(only: str, **changes: Any) -> tuple[Link, CloudSettings]:
        others = {"google_speech_endpoint", "google_tts_endpoint", "openai_api_key"} - {only}
        changed = replace(settings, **(dict.fromkeys(others, "") | changes))
        links.append(make_speech_link(changed))
        links[-1].start()
        wait_until(lambda: links[-1].ready, "the sidecar is ready", 60)
        return links[-1], changed

    yield start
    for started in links:
        started.stop()
