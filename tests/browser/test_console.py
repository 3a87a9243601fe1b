"""The console in a real browser, before a made-up office: what operators do, at a desk and by phone."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.looks import looks
from tests.servers import Server, gunicorn
from tests.web.clients import PAGES, SID
from tests.web.console.test_feed import call, until
from tests.web.served import PASSWORD

NAMES = ("today", "now", "calls", "call", "leads", "lead", "quality", "system")
ADDRESS = "http://localhost"
PATIENCE_MS = 20_000
"""That it moves is asked here; how soon, is for the bench to say."""
_SWAPPED = """() => [...document.querySelectorAll('bdi[dir=ltr]')].filter(bdi => {
  const text = [...bdi.childNodes].find(node => node.nodeType === 3 && node.data.trim().length > 1);
  if (!text || !bdi.getClientRects().length || bdi.getClientRects().length > 1) return false;
  const at = (index) => { const range = document.createRange(); range.setStart(text, index);
    range.setEnd(text, index + 1); return range.getBoundingClientRect().left; };
  return at(0) >= at(text.data.trimEnd().length - 1);
}).map(bdi => bdi.textContent)"""


class Office:
    """The served pages, what may be changed behind them, and a browser's way in."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.url = server.url.replace("http://127.0.0.1", ADDRESS)

    def happens(self, **changes: Any) -> dict[str, Any]:
        answer: dict[str, Any] = requests.post(f"{self.url}/office", json=changes, timeout=10).json()
        return answer

    def kill_the_worker(self) -> None:
        """Have gunicorn's master start another worker."""
        master = self._server.process.pid
        (worker,) = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        os.kill(int(worker), signal.SIGKILL)

    def enter(self, context: BrowserContext, path: str = "/console") -> Page:
        page = context.new_page()
        page.goto(self.url + path)
        page.fill("input[name=password]", PASSWORD)
        with page.expect_navigation():  # the page behind the login has loaded, and its script with it
            page.click("main button")
        return page


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    env = {"OFFICE_FOLDER": str(tmp_path_factory.mktemp("office"))}
    with gunicorn("tests.web.served:app", env=env, arguments=("-k", "eventlet"), ready_path="/health") as server:
        yield Office(server)


@pytest.fixture
def context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(
            browser.new_context(locale="he-IL", reduced_motion="reduce", **options)
        )


def test_every_page_is_for_everyone(office: Office, context: Callable[..., BrowserContext]) -> None:
    """R16, C7, C9, C10, C11: axe finds nothing serious, nothing scrolls sideways, no number is turned around, no script
    or style is refused; light and dark, at a desk and by phone.
    """
    office.happens(calls_live=[call(5, last_caller="דירה בחולון", last_agent="מה התקציב?")])
    page = office.enter(context())
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for name, path in zip(NAMES, PAGES, strict=True):
        page.goto(office.url + path)
        page.wait_for_load_state("networkidle") if name == "call" else None
        assert page.evaluate(_SWAPPED) == [], path
        assert complaints == [], path
        assert looks(page, f"console-{name}") == []
        complaints.clear()  # axe itself sets a style that our policy refuses


def test_a_phones_first_screen_says_what_is_to_be_done(office: Office, context: Callable[..., BrowserContext]) -> None:
    """R16, C10: whom to call back, and what was not delivered."""
    page = office.enter(context(viewport={"width": 390, "height": 844}))
    for title in ("call_backs-title", "undelivered-title"):
        box = page.locator(f"#{title}").bounding_box()
        assert box
        assert box["y"] < 844
    button = page.locator("#lead-1call_backs button").first.bounding_box()
    assert button
    assert button["height"] >= 44


def test_what_was_not_delivered_is_sent_again(office: Office, context: Callable[..., BrowserContext]) -> None:
    """R16, C36: one press on the first page; it is on its way, then it has arrived, without a reload."""
    page = office.enter(context())
    page.locator("#lead-3undelivered").get_by_role("button", name="שליחה חוזרת").click()
    expect(page.locator("#deliveries .chip")).to_have_text("בדרך")
    page.evaluate("window.notReloaded = true")
    office.happens(arrived=3)
    expect(page.locator("#deliveries .chip")).to_have_text("נמסר", timeout=PATIENCE_MS)
    assert page.evaluate("window.notReloaded")
    assert ["send", 3, "webhook"] in office.happens()["done"]


def test_a_number_is_shown_to_who_presses_call(office: Office, context: Callable[..., BrowserContext]) -> None:
    """R16, C12: in place, with a link that dials."""
    page = office.enter(context())
    assert "tel:" not in page.content()
    page.locator("#lead-1call_backs").get_by_role("button", name="התקשר").click()
    dial = page.locator("#lead-1call_backs a[href^='tel:+972']")
    expect(dial).to_have_text("050-123-4568")
    assert "number_shown" in json.dumps(office.happens()["done"])


def test_a_live_call_comes_and_goes_by_itself(office: Office, context: Callable[..., BrowserContext]) -> None:
    """R16, C19: on the list and on the first page, no reload."""
    office.happens(calls_live=[])
    entered = context()
    first, now = office.enter(entered), entered.new_page()
    now.goto(f"{office.url}/console/now")
    expect(now.locator("#live")).to_contain_text("אין שיחה חיה")
    office.happens(calls_live=[call(8, last_caller="שלום, אני מחפש דירה", last_seq=2)])
    expect(now.locator("#live")).to_contain_text("שלום, אני מחפש דירה", timeout=PATIENCE_MS)
    expect(now.locator("#live .card h2")).to_have_text("050-***0008")
    first.bring_to_front()
    expect(first.locator("#live .pulse")).to_be_visible(timeout=PATIENCE_MS)
    office.happens(calls_live=[])
    expect(first.locator("#live")).to_contain_text("אין שיחה חיה", timeout=PATIENCE_MS)


def test_what_moves_moves_however_late_a_script_comes(office: Office, context: Callable[..., BrowserContext]) -> None:
    """R16, C19: on a slow line htmx is there long before what opens its feed."""
    office.happens(calls_live=[])
    page = office.enter(context())
    held: list[Route] = []
    page.route("**/hx-ws.min.js", lambda route: held.append(route))  # noqa: PLW0108 - no builtin
    page.goto(f"{office.url}/console/now", wait_until="commit")
    until(lambda: page.evaluate("typeof htmx === 'object'"), "htmx")
    page.evaluate("() => new Promise(done => setTimeout(done))")  # htmx has looked at what there is
    held[0].continue_()
    expect(page.locator("#live")).to_contain_text("אין שיחה חיה")
    office.happens(calls_live=[call(8, last_seq=2)])
    expect(page.locator("#live .card h2")).to_have_text("050-***0008", timeout=PATIENCE_MS)


def test_a_call_is_played_from_where_one_clicks(office: Office, context: Callable[..., BrowserContext]) -> None:
    """R16, C35, C14: the waveform has its turns; a turn, a quote, a row of the times play there; so do keys."""
    page = office.enter(context(), f"/console/calls/{SID}")
    until(lambda: page.evaluate("globalThis.callWave?.getActivePlugins()[0].getRegions().length === 5"), "the turns")

    def plays_at(seconds: float) -> None:
        until(lambda: page.evaluate("!audio.paused && audio.readyState > 2 && !audio.seeking"), "the sound")
        assert page.evaluate("audio.currentTime") == pytest.approx(seconds, abs=0.9)
        page.evaluate("audio.pause()")

    page.locator("[data-turn='3'] button.at").click()
    plays_at(18)
    page.locator("[data-play-turn='1']").first.click()
    plays_at(6)
    page.locator("g[data-fall='2']").click()
    plays_at(11)
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("]")
    plays_at(12)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_after_a_restart_the_tab_says_how_old_it_is_and_comes_back(
    office: Office, context: Callable[..., BrowserContext]
) -> None:
    """R16, C21: since when it stands still, then the whole state, without a hand."""
    office.happens(calls_live=[])
    page = office.enter(context(), "/console/now")
    expect(page.locator("#live")).to_contain_text("אין שיחה חיה")
    office.happens(calls_live=[call(8)])
    expect(page.locator("#live")).to_contain_text("050-***0008", timeout=PATIENCE_MS)  # its feed is open
    office.kill_the_worker()
    expect(page.locator("#stale")).to_contain_text("לא מתעדכן מאז")
    office.happens(calls_live=[call(9)])
    expect(page.locator("#live")).to_contain_text("050-***0009", timeout=15_000)
    expect(page.locator("#stale")).to_be_hidden()


def test_the_console_works_without_scripts(office: Office, context: Callable[..., BrowserContext]) -> None:
    """R16, C8: login, list, search, pages, a call, a lead, handled, sent again, CSV, logout."""
    page = office.enter(context(java_script_enabled=False, accept_downloads=True))
    page.get_by_role("link", name="שיחות", exact=True).first.click()
    page.fill("input[name=q]", "4567")
    page.locator("main form button").click()
    page.get_by_role("button", name="הקודמות").click()
    page.locator("tbody a").first.click()
    expect(page.locator("h1")).to_be_visible()
    page.goto(f"{office.url}/console/leads/3")
    page.get_by_role("button", name="טופל").click()
    expect(page.locator(".head .chip").first).to_have_text("טופל")
    page.get_by_role("button", name="התקשר").click()
    expect(page.locator("a[href^='tel:']")).to_be_visible()
    page.goto(f"{office.url}/console/leads")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    page.get_by_role("button", name="יציאה").click()
    expect(page.locator("input[name=password]")).to_be_visible()


def test_everything_is_reached_by_keyboard(office: Office, context: Callable[..., BrowserContext]) -> None:
    """R16, C14: search, rows, the list of keys; switched off, letters are letters; focus shows."""
    page = office.enter(context(), "/console/calls")
    page.keyboard.press("/")
    expect(page.locator("input[type=search]")).to_be_focused()
    page.keyboard.type("jk?")
    assert page.input_value("input[type=search]") == "jk?"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("tbody tr").nth(1)
    expect(second).to_have_class("selected")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("?")
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(second).to_have_class("selected")
    page.locator("a.skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_print_is_black_on_white_and_masked(office: Office, context: Callable[..., BrowserContext]) -> None:
    """R16, C15: no buttons, no navigation."""
    page = office.enter(context(color_scheme="dark"), "/console/leads/3")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(0, 0, 0)"
    shown = "[...document.querySelectorAll('button, nav, .top')].filter(one => one.getClientRects().length).length"
    assert page.evaluate(shown) == 0
    assert "123-4570" not in page.inner_text("body")
    page.goto(f"{office.url}/console/calls/{SID}")
    assert page.locator("[data-fall='1'] .bar").first.is_visible()
    assert page.locator("details table").first.is_visible()  # what a click would open, paper shows


def test_a_number_is_erased_in_two_steps(office: Office, context: Callable[..., BrowserContext]) -> None:
    """R16, C43: what would go is counted first; only its last four digits let it go."""
    page = office.enter(context(), "/console/system")
    page.fill("input[name=number]", "050-123-4567")
    page.get_by_role("button", name="מה יימחק?").click()
    expect(page.locator("main")).to_contain_text("יימחקו")
    page.fill("input[name=last4]", "1111")
    page.get_by_role("button", name="מחיקה לתמיד").click()
    expect(page.get_by_role("alert")).to_contain_text("דבר לא נמחק")
    assert "forget" not in json.dumps(office.happens()["done"])
    page.fill("input[name=last4]", "4567")
    page.get_by_role("button", name="מחיקה לתמיד").click()
    expect(page.get_by_role("status")).to_contain_text("נמחק")
    assert ["forget", "050-123-4567"] in office.happens()["done"]
