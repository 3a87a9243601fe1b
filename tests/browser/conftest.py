"""A browser for each module of tests, and the page's modules on a server of their own for those that need no agent."""

import mimetypes
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.browsers import Microphone, chromium

STATIC = Path(__file__).parents[2] / "app" / "web" / "static"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Microphone:
    return Microphone(tmp_path_factory.mktemp("microphone") / "speech.wav")


@pytest.fixture(scope="module")
def browser(microphone: Microphone) -> Iterator[Browser]:
    """Closed with its module: while Playwright lives, its event loop runs, and no other can run in this process."""
    with chromium(microphone) as started:
        yield started


@pytest.fixture(scope="session")
def modules_url() -> Iterator[str]:
    """Serve the static files as they are."""
    mimetypes.add_type("text/javascript", ".js")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(STATIC)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def modules(browser: Browser, modules_url: str) -> Iterator[Page]:
    """A page on which the softphone's modules can be imported as `/phone/NAME.js`."""
    page = browser.new_page()
    page.goto(f"{modules_url}/phone/")
    yield page
    page.close()
