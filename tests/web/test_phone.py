"""The softphone's page and its tokens, as Flask answers them; the call itself is in tests/browser."""

from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.config import load
from app.office import Office
from app.telephony.browser_calls import is_browser_call, new_browser_call_sid
from app.web.app import create_flask
from app.web.phone import CALLS_A_MINUTE

LOCAL = {"REMOTE_ADDR": "127.0.0.1"}
HOST = "localhost:5000"
DEPLOYED = {"TWILIO_AUTH_TOKEN": "a token", "PUBLIC_BASE_URL": "https://voice.example"}
PASSWORD = {"CONSOLE_PASSWORD": "a password long enough"}


class PhoneOffice:
    """A worker with room for `room` calls, in which one call happened."""

    development = True

    def __init__(self, room: int = 100) -> None:
        self.booked: list[str] = []
        self.told: dict[str, list[dict[str, Any]]] = {}
        self.done: list[tuple[str, str]] = []
        self._room = room

    def refused(self, why: str) -> None:
        self.done.append(("refused", why))

    def book(self, call_sid: str) -> bool:
        self.booked.append(call_sid)
        return len(self.booked) <= self._room

    def browser_token(self, call_sid: str) -> str:
        return f"browser.token-of-{call_sid}"

    def events(self, call_sid: str, after: int = 0) -> tuple[list[dict[str, Any]], int]:
        events = [event for event in self.told.get(call_sid, []) if event["seq"] > after]
        return events, events[-1]["seq"] if events else after


def client(office: PhoneOffice | None = None, env: dict[str, str] | None = None) -> FlaskClient:
    return create_flask(cast("Office", office or PhoneOffice()), load(env or {})).test_client()


def get(browser: FlaskClient, path: str = "/phone", host: str = HOST, **environ: str) -> TestResponse:
    return browser.get(path, base_url=f"http://{host}", environ_base=LOCAL | environ)


def post(browser: FlaskClient, csrf: str = "", host: str = HOST, **environ: str) -> TestResponse:
    headers = {"X-CSRF-Token": csrf}
    return browser.post("/phone/token", base_url=f"http://{host}", headers=headers, environ_base=LOCAL | environ)


def ask_for_token(browser: FlaskClient, **environ: str) -> TestResponse:
    """Ask as the page does: with what stands in its body."""
    body = get(browser).text
    csrf = body.partition('data-csrf="')[2].partition('"')[0]
    return post(browser, csrf, **environ)


def test_in_development_the_page_is_open_to_this_machine_alone() -> None:
    """R16, R21: a rebound name is loopback, too, and behind a tunnel everybody is."""
    browser = client()
    assert get(browser).status_code == 200
    assert get(browser, host="[::1]:5000").status_code == 200
    for foreign in (
        {"host": "evil.example"},
        {"HTTP_X_FORWARDED_FOR": "8.8.8.8"},
        {"REMOTE_ADDR": "192.0.2.7"},
    ):
        for path in ("/phone", f"/phone/calls/{new_browser_call_sid()}/events"):
            assert get(browser, path, **foreign).status_code == 404
        assert post(browser, **foreign).status_code == 404


def test_a_deployment_without_a_password_has_no_softphone() -> None:
    """R16: nothing is there, not even a login."""
    browser = client(env=DEPLOYED)
    assert get(browser).status_code == 404
    assert post(browser).status_code == 404


def test_a_deployment_with_a_password_asks_for_it() -> None:
    """R16: a stranger gets the login and not one token."""
    office = PhoneOffice()
    browser = client(office, DEPLOYED | PASSWORD)
    assert get(browser).headers["Location"].startswith("/console/login")
    assert post(browser).status_code == 403
    assert get(browser, f"/phone/calls/{new_browser_call_sid()}/events").status_code == 303
    assert office.booked == []


def test_this_page_alone_may_use_the_microphone_and_runs_no_script_but_ours() -> None:
    """R16, R21: the headers of an operators' page."""
    browser = client()
    headers = get(browser).headers
    assert headers["Permissions-Policy"] == "microphone=(self)"
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == policy["worker-src"] == "'self'"
    assert "ws://localhost:5000" in policy["connect-src"]
    assert headers["Cache-Control"] == "no-store"
    assert "<script>" not in get(browser).text


def test_a_token_is_for_one_new_call_that_counts_from_now_on() -> None:
    """R21: the SID says that it is a softphone's."""
    office = PhoneOffice()
    answer = ask_for_token(client(office)).get_json()
    assert is_browser_call(answer["call_sid"])
    assert office.booked == [answer["call_sid"]]
    assert answer["token"] == f"browser.token-of-{answer['call_sid']}"
    assert answer["stream_path"] == "/ws/twilio-media"


def test_no_token_without_the_pages_own_secret_nor_for_another_site() -> None:
    """R16: CSRF, Origin."""
    office = PhoneOffice()
    browser = client(office)
    get(browser)
    assert post(browser).status_code == 403
    assert ask_for_token(browser, HTTP_ORIGIN="https://evil.example").status_code in (403, 404)
    assert office.booked == []


def test_a_full_house_and_an_eager_hand_are_told_so() -> None:
    """R18, R21: MAX_CALLS counts these calls; ten a minute are enough."""
    full = ask_for_token(client(PhoneOffice(room=0)))
    assert (full.status_code, full.headers["Retry-After"]) == (503, "10")
    eager = PhoneOffice()
    browser = client(eager)
    statuses = [ask_for_token(browser).status_code for _ in range(CALLS_A_MINUTE + 1)]
    assert statuses == [200] * CALLS_A_MINUTE + [429]
    assert eager.done == [("refused", "rate")]


def test_what_happens_in_a_call_is_told_once_and_slots_in_words() -> None:
    """R21: as the console says them."""
    office = PhoneOffice()
    sid = new_browser_call_sid()
    slots = {
        "budget_max": {"value": 2_000_000, "quote": "שני מיליון", "confirmed": False},
        "area": {"value": [], "quote": "", "confirmed": False},
    }
    office.told[sid] = [
        {"seq": 1, "at_ms": 0, "event": "CALL_STARTED", "caller": "+97250***0000"},
        {"seq": 2, "at_ms": 5, "event": "STATE→PROCESSING", "on": "answered"},
        {"seq": 3, "at_ms": 9, "event": "SLOTS", "turn": 1, "slots": slots},
    ]
    browser = client(office)
    answer = get(browser, f"/phone/calls/{sid}/events").get_json()
    assert [event["event"] for event in answer["events"]] == ["STATE→PROCESSING", "SLOTS"]
    (row,) = answer["events"][1]["rows"]
    assert row["label"] == "תקציב, עד"
    assert row["html"] == '<bdi dir="ltr">₪ 2,000,000</bdi>'
    assert (row["quote"], row["confirmed"]) == ("שני מיליון", False)
    assert get(browser, f"/phone/calls/{sid}/events?after={answer['next']}").get_json()["events"] == []


@pytest.mark.parametrize("sid", ["CA" + "0" * 32, "BR1", "x"])
def test_no_other_call_is_overheard_here(sid: str) -> None:
    """R16: the console shows those, to its own rules."""
    assert get(client(), f"/phone/calls/{sid}/events").status_code == 404
