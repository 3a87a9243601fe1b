"""What the softphone says when something stands in the way, and how it looks before and between calls.

No agent is needed for that: the pages are served alone, and the browser is told what its microphone should do.
"""

import threading
from collections.abc import Iterator
from typing import cast

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from app.config import load
from app.office import Office
from app.web.app import create_flask
from tests.browser.looks import looks
from tests.web.test_phone import PhoneOffice

FAILS = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{}'));"
PERMISSION = "navigator.permissions.query = () => Promise.resolve({{state: '{}'}});"
NEVER = "navigator.mediaDevices.getUserMedia = () => new Promise(() => {});"
HANDLES = """
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => (window.stream = await open(wish));
  window.AudioContext = class extends AudioContext { constructor(wish) { super(wish); window.context = this; } };
"""
IN_THE_WAY = {
    "insecure": ("Object.defineProperty(window, 'isSecureContext', {value: false});", "https"),
    "unsupported": ("delete window.AudioWorkletNode;", "Firefox"),
    "denied": (FAILS.format("NotAllowedError") + PERMISSION.format("denied"), "אפשרו"),
    "dismissed": (FAILS.format("NotAllowedError") + PERMISSION.format("prompt"), "אשרו"),
    "no_device": (FAILS.format("NotFoundError"), "חברו מיקרופון"),
    "busy": (FAILS.format("NotReadableError"), "סגרו אותה"),
}


class Pages:
    """The web pages alone; `office` may be given another room."""

    def __init__(self) -> None:
        self.office = PhoneOffice()
        flask = create_flask(cast("Office", self.office), load({}))
        self._server = make_server("127.0.0.1", 0, flask, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/phone"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    served = Pages()
    yield served
    served.close()


@pytest.fixture
def page(browser: Browser, pages: Pages) -> Iterator[Page]:
    opened = browser.new_page(locale="he-IL")
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


def wait_for(page: Page, attribute: str, state: str) -> None:
    page.wait_for_selector(f"body[data-{attribute}={state}]", state="attached")


def notice(page: Page) -> tuple[str, list[str]]:
    """Return what is said, and the labels of the buttons beside it."""
    buttons = page.locator("#notice button:visible")
    return page.inner_text("#notice-text"), buttons.all_inner_texts()


@pytest.mark.parametrize("state", IN_THE_WAY)
def test_whatever_keeps_the_microphone_away_is_named_with_what_to_do(page: Page, pages: Pages, state: str) -> None:
    """R21: in Hebrew, with one button; nothing is asked of the server for it."""
    script, advice = IN_THE_WAY[state]
    before = len(pages.office.booked)
    page.add_init_script(script)
    page.goto(pages.url)
    page.click("#call")
    wait_for(page, "microphone", state)
    text, buttons = notice(page)
    assert advice in text
    assert len(buttons) == 1
    assert page.get_attribute("#call", "aria-label") == "התקשרות"
    assert len(pages.office.booked) == before


def test_a_browser_that_waits_for_an_answer_says_where_it_asks(page: Page, pages: Pages) -> None:
    """R21: after three seconds; the one button gives up."""
    page.clock.install()
    page.add_init_script(NEVER)
    page.goto(pages.url)
    page.click("#call")
    page.clock.fast_forward(3100)
    wait_for(page, "microphone", "asking")
    assert notice(page)[1] == ["ביטול"]
    page.click("#notice-button")
    wait_for(page, "call", "ended")


def test_a_lost_microphone_and_blocked_sound_are_mended_in_the_call(page: Page, pages: Pages) -> None:
    """R21: neither ends it."""
    page.add_init_script(HANDLES)
    page.route("**/phone/token", lambda route: None)  # the line is never opened: the call stays where it is
    page.goto(pages.url)
    with page.expect_request("**/phone/token"):
        page.click("#call")
    page.evaluate("stream.getAudioTracks()[0].dispatchEvent(new Event('ended'))")
    wait_for(page, "microphone", "lost")
    assert notice(page)[1] == ["מעבר למיקרופון אחר"]
    page.click("#notice-button")
    wait_for(page, "microphone", "idle")
    page.evaluate("context.suspend()")
    wait_for(page, "microphone", "audio_blocked")
    assert notice(page)[1] == ["הפעלת הקול"]
    page.click("#notice-button")
    wait_for(page, "microphone", "idle")
    wait_for(page, "call", "connecting")
    page.click("#call")
    wait_for(page, "call", "ended")


@pytest.mark.parametrize(
    ("answer", "state", "says"),
    [(503, "full", "תפוסים"), (429, "too_many", "חכו"), (403, "refused", "טענו"), (None, "server_gone", "שרת")],
)
def test_why_there_is_no_call_is_said(page: Page, pages: Pages, answer: int | None, state: str, says: str) -> None:
    """R18, R21: a full house, an eager hand, an old page, a server that is gone."""
    page.route("**/phone/token", lambda route: route.fulfill(status=answer) if answer else route.abort())
    page.goto(pages.url)
    page.click("#call")
    wait_for(page, "call", state)
    assert says in page.inner_text("#state")
    assert page.get_attribute("#call", "aria-label") == "התקשרות"


@pytest.mark.parametrize("number", ["דנה", "+972-50-0000000", "12"])
def test_a_number_that_is_none_is_shown_and_nobody_is_called(page: Page, pages: Pages, number: str) -> None:
    """R21: the field says what it wants; an empty one is a caller who withholds the number."""
    before = len(pages.office.booked)
    page.goto(pages.url)
    page.evaluate("number => { document.getElementById('from').value = number; }", number)
    page.click("#call")
    assert page.is_visible("#from:focus")
    assert page.get_attribute("body", "data-call") == "idle"
    assert len(pages.office.booked) == before


def test_a_line_that_is_refused_or_breaks_leaves_a_page_that_can_call_again(page: Page, pages: Pages) -> None:
    """R21: these pages are served without a media path."""
    page.goto(pages.url)
    for _ in range(2):
        page.click("#call")
        wait_for(page, "call", "connecting")
        wait_for(page, "call", "server_gone")


def test_the_page_at_rest_and_with_a_notice_keeps_nobody_out(page: Page, pages: Pages) -> None:
    """R16, R21: axe, light and dark, desk and phone; every control by keyboard."""
    page.add_init_script(FAILS.format("NotFoundError"))
    page.goto(pages.url)
    for summary in ("details:has(#keypad) summary", "#advanced summary"):
        page.focus(summary)
        page.keyboard.press("Enter")
    page.focus("#call")
    page.keyboard.press("Enter")
    wait_for(page, "microphone", "no_device")
    assert looks(page, "phone-at-rest") == []
