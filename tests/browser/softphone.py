"""The softphone's page in hand: press its buttons, speak into it, and learn what came of it on either side."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Page

from app.media.wav import parse_wav
from tests.browser.browsers import Microphone
from tests.e2e.phones import until

Samples = npt.NDArray[np.int16]
SILENCE = np.zeros(8000, np.int16)
PATIENCE_MS = 20_000


@dataclass(slots=True)
class Softphone:
    """One page; `tapes` is the server's LOG_CALLS folder. `complaints`: what browser and scripts objected to."""

    page: Page
    url: str
    microphone: Microphone
    tapes: Path
    complaints: list[str] = field(default_factory=list)
    call_sid: str = ""

    def __post_init__(self) -> None:
        """Listen for everything that a page should never cause."""
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self) -> None:
        """Show the page."""
        self.page.goto(f"{self.url}/phone")

    def dial(self) -> None:
        """Press the green button, with nobody speaking yet."""
        self.microphone.hears(SILENCE, 8000)
        self.page.click("#call")
        self.page.wait_for_selector("#open-page:visible")
        address = self.page.get_attribute("#open-page", "href") or ""
        self.call_sid = address.rpartition("/")[2]

    def hang_up(self) -> None:
        """Press the red button; wait until the line is closed."""
        self.page.click("#call")
        self.wait_for("ended")

    def wait_for(self, *states: str) -> None:
        """Wait until the call is in one of these states."""
        wanted = ", ".join(f"body[data-call={state}]" for state in states)
        self.page.wait_for_selector(wanted, state="attached")

    def say(self, samples: Samples, rate_hz: int = 8000) -> None:
        """Speak: plug in a microphone that hears this once and then nothing."""
        self.microphone.hears(np.concatenate([samples, np.zeros(20 * rate_hz, np.int16)]), rate_hz)
        self.page.evaluate("document.getElementById('microphone').dispatchEvent(new Event('change'))")

    def caller_said(self, text: str) -> None:
        """Wait until the page shows these words as the caller's."""
        self.page.wait_for_selector(f".bubble.caller:has-text('{text}')")

    def agent_said(self, text: str) -> None:
        """Wait until the page shows these words as the agent's."""
        self.page.wait_for_selector(f".bubble.agent:has-text('{text}')")

    def wait_for_level(self, side: str, is_reached: Callable[[float], bool]) -> None:
        """Wait until the meter of the `caller` or the `agent` shows a level."""
        meter = self.page.locator(f"#{side}-meter")
        until(lambda: is_reached(float(meter.get_attribute("aria-valuenow") or 0)), f"the level of the {side}")

    def recording(self) -> tuple[Samples, Samples]:
        """Download the call's recording; return what the caller said and what was heard of the agent."""
        with self.page.expect_download() as coming:
            self.page.click("#record")
        wav = parse_wav(Path(coming.value.path()).read_bytes())
        assert wav.rate_hz == 8000
        return wav.samples[:, 0], wav.samples[:, 1]

    def tape(self) -> list[dict[str, Any]]:
        """Return what the server noted of the call so far: events and decisions, with their times."""
        (path,) = until(lambda: list(self.tapes.glob(f"*{self.call_sid}*")), "the call's tape")
        lines = path.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines[1:] if line.endswith("\n")]
