"""A real Chromium for tests: the distribution's, without a screen, its microphone fed from a file."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Browser, sync_playwright

from app.media.wav import write_wav

REQUIRED = "BROWSER_TESTS"
"""Set to `required` (.ci/run does), a missing browser is a failure; else these tests are skipped, and it shows."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True, slots=True)
class Microphone:
    """The file that the browser takes for a microphone: what it holds when a page opens it is heard over and over."""

    path: Path

    def hears(self, samples: npt.NDArray[np.int16], rate_hz: int) -> None:
        """Have the next call's microphone hear these samples."""
        self.path.write_bytes(write_wav(samples, rate_hz))


def chromium_path() -> str:
    """Return the browser's path; skip or fail the test where there is none."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None and os.environ.get(REQUIRED) == "required":
        pytest.fail("no Chromium on this machine: run tools/install_browser.sh")
    if path is None:
        pytest.skip("no Chromium on this machine: run tools/install_browser.sh to have the pages tested, too")
    return path


@contextmanager
def chromium(microphone: Microphone) -> Iterator[Browser]:
    """Start the browser; every page may use the microphone without asking."""
    flags = [
        "--no-sandbox",  # containers have no user namespaces; it opens nothing but our own pages
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone.path}",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        try:
            yield browser
        finally:
            browser.close()
