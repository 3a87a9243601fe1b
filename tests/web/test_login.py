"""The door of the operators' pages."""

from typing import Any

import pytest

from app.web.access import TRIES
from tests.web.clients import PAGES, SID, Visitor, token
from tests.web.fake_office import FakeOffice
from tests.web.fake_records import CALLER
from tests.web.served import PASSWORD, make

DEPLOYED: dict[str, Any] = {"twilio_auth_token": "a token"}
POSTS = (
    "/console/logout",
    "/console/leads/3/number",
    "/console/leads/3/status",
    "/console/leads/3/note",
    "/console/leads/3/send",
    f"/console/calls/{SID}/number",
    f"/console/calls/{SID}/words",
    "/console/system/forget",
)
LOCAL = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:5000"}


@pytest.mark.parametrize("path", [*PAGES, "/console/login", "/console/live", "/console/leads.csv", "/phone"])
def test_without_a_password_a_deployment_has_no_console(path: str) -> None:
    """R16, C1: 404, as for any path that does not exist, whoever asks."""
    client = make(password=False, **DEPLOYED).test_client()
    assert client.get(path).status_code == 404
    assert client.get(path, environ_overrides=LOCAL).status_code == 404


def test_in_development_this_machine_needs_no_password_and_others_find_nothing() -> None:
    """R16, C6: the peer, its `Host` and the absence of proxies must all agree."""
    client = make(password=False).test_client()
    assert client.get("/console", environ_overrides=LOCAL).status_code == 200
    for foreign in ({"HTTP_HOST": "evil.example"}, {"HTTP_X_FORWARDED_FOR": "8.8.8.8"}, {"REMOTE_ADDR": "10.0.0.9"}):
        assert client.get("/console", environ_overrides=LOCAL | foreign).status_code == 404


@pytest.mark.parametrize("path", [*PAGES, "/console/leads.csv", f"/console/calls/{SID}/audio", "/console/now/now"])
def test_who_is_not_logged_in_is_sent_to_the_login_and_sees_nothing(path: str) -> None:
    """R16, C2: 303, and not one byte of data; the login leads back."""
    client = make(**DEPLOYED).test_client()
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/console/login?next=/console")
    assert CALLER[-4:] not in answer.text


@pytest.mark.parametrize("path", POSTS)
def test_a_post_without_a_session_is_refused(path: str) -> None:
    """R16, C2: 403, and nothing is done."""
    office = FakeOffice()
    assert make(office=office, **DEPLOYED).test_client().post(path).status_code == 403
    assert office.done == []


@pytest.mark.parametrize("path", POSTS)
def test_a_post_needs_the_forms_token_and_our_own_origin(path: str) -> None:
    """R16, C5: 403 and nothing changes; a page of ours is let in."""
    visitor = Visitor()
    assert visitor.client.post(path).status_code == 403
    assert visitor.client.post(path, data={"csrf": "another"}).status_code == 403
    foreign = {"Origin": "https://evil.example"}
    assert visitor.client.post(path, data={"csrf": visitor.csrf}, headers=foreign).status_code == 403
    assert visitor.client.post(path, data={"csrf": visitor.csrf}, headers={"Origin": "null"}).status_code == 403
    assert visitor.office.done == []


def test_a_socket_of_a_foreign_page_is_refused() -> None:
    """R16, C2, C5: 403 without a session, and with one from a foreign origin or none."""
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert make(**DEPLOYED).test_client().get("/console/live", headers=upgrade).status_code == 403
    visitor = Visitor()
    for origin in ({}, {"Origin": "https://evil.example"}):
        assert visitor.client.get("/console/live", headers=upgrade | origin).status_code == 403


def test_after_five_wrong_passwords_the_right_one_waits_too() -> None:
    """R16, C3: 401 with how many tries are left, then 429 with Retry-After."""
    client = make(**DEPLOYED).test_client()
    csrf = token(client.get("/console/login"))
    for left in range(TRIES - 1, -1, -1):
        answer = client.post("/console/login", data={"csrf": csrf, "password": "wrong"})
        assert answer.status_code == 401
        assert "סיסמה שגויה" in answer.text
        if left > 1:
            assert f'<bdi dir="ltr">{left}</bdi> ניסיונות' in answer.text
    for password in ("wrong", PASSWORD):
        answer = client.post("/console/login", data={"csrf": csrf, "password": password})
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 900
        assert '<bdi dir="ltr">15</bdi> דקות' in answer.text


def test_the_cookie_is_bound_to_this_host_and_out_of_reach_of_scripts() -> None:
    """R16, C4: `__Host-`, Secure, HttpOnly, SameSite=Strict, twelve hours."""
    client = make(**DEPLOYED).test_client()
    csrf = token(client.get("/console/login", base_url="https://voice.example"))
    entered = client.post("/console/login", data={"csrf": csrf, "password": PASSWORD}, base_url="https://voice.example")
    (cookie,) = entered.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-console=")
    for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/", "Expires="):
        assert part in cookie
    assert "Domain" not in cookie


def test_another_password_ends_every_session_and_a_restart_none() -> None:
    """R16, C4: the key comes from the password, on every instance the same."""
    visitor = Visitor()
    cookie = visitor.client.get_cookie("console")
    assert cookie
    for password, status in ((PASSWORD, 200), ("another password of ours", 303)):
        client = make(console_password=password).test_client()
        client.set_cookie("console", cookie.value)
        assert client.get("/console").status_code == status


def test_a_logout_ends_the_session_for_copies_of_its_cookie_too() -> None:
    """R16: and tells who listens, so that sockets close."""
    visitor = Visitor()
    cookie = visitor.client.get_cookie("console")
    assert cookie
    ended: list[str] = []
    visitor.client.application.extensions["console_door"].on_end.append(ended.append)
    assert visitor.post("/console/logout").status_code == 303
    visitor.client.set_cookie("console", cookie.value)
    assert visitor.get("/console").status_code == 303
    assert len(ended) == 1


@pytest.mark.parametrize("path", [*PAGES, "/console/leads/99", "/console/calls/CAx", "/console/now/strip"])
def test_every_answer_carries_the_headers(path: str) -> None:
    """R16, C7: nothing inline, nothing foreign, nothing kept, no microphone."""
    headers = Visitor().get(path).headers
    policy = headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "form-action 'self'"):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Permissions-Policy"] == "microphone=()"
    assert headers["Cache-Control"] in ("no-store", "no-cache")


@pytest.mark.parametrize(
    "onward", ["https://evil.example", "//evil.example", "/\\evil.example", "/console\\@evil", "/other"]
)
def test_a_login_leads_to_our_own_pages_alone(onward: str) -> None:
    """R16: no open redirect."""
    client = make().test_client()
    csrf = token(client.get("/console/login"))
    answer = client.post("/console/login", data={"csrf": csrf, "password": PASSWORD, "next": onward})
    assert answer.headers["Location"] == "/console"


def test_a_login_leads_back_to_where_one_wanted_to_go() -> None:
    """R16: address and filter."""
    client = make().test_client()
    csrf = token(client.get("/console/login"))
    form = {"csrf": csrf, "password": PASSWORD, "next": "/console/calls?q=4567"}
    assert client.post("/console/login", data=form).headers["Location"] == "/console/calls?q=4567"
