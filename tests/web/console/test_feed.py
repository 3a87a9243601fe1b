"""What moves in open tabs, over real sockets of a real gunicorn."""

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, Ping, Request, TextMessage

from app.web.console.feed import MOST_TABS
from tests.servers import Server, gunicorn
from tests.web.served import PASSWORD

WITHIN_S = 10.0
APP = "tests.web.served:app"


class Operator:
    """A browser session on the served pages."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.http = requests.Session()
        csrf = self._csrf("/console/login")
        self.http.post(f"{server.url}/console/login", data={"csrf": csrf, "password": PASSWORD}, timeout=10)

    def logout(self) -> None:
        self.http.post(f"{self.server.url}/console/logout", data={"csrf": self._csrf("/console/system")}, timeout=10)

    def cookie(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies)

    def _csrf(self, path: str) -> str:
        found = re.search(r'data-csrf="([^"]+)"', self.http.get(self.server.url + path, timeout=10).text)
        assert found
        return found[1]


class Tab:
    """A tab's socket: reads when it is told to."""

    def __init__(
        self, operator: Operator, view: str = "now", *, receive_bytes: int | None = None, **headers: str
    ) -> None:
        server = operator.server
        self._socket = socket.socket()
        if receive_bytes:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket.connect((server.host, server.port))
        self._socket.settimeout(WITHIN_S)
        host = f"{server.host}:{server.port}"
        sent = {"Cookie": operator.cookie(), "Origin": f"http://{host}"}
        self._protocol = WSConnection(ConnectionType.CLIENT)
        extra = [(name.encode(), value.encode()) for name, value in sent.items()]
        self._socket.sendall(self._protocol.send(Request(host, f"/console/live?view={view}", extra_headers=extra)))
        self.close_code: int | None = None
        self._parts: list[str] = []

    def close(self) -> None:
        self._socket.close()

    def status(self) -> int:
        """Return the status of the handshake's answer, before anything else is read."""
        return int(self._socket.recv(13)[9:12])

    def pictures(self, seconds: float = WITHIN_S) -> Iterator[str]:
        """Yield what the tab would show, until it is closed or nothing more comes."""
        self._socket.settimeout(seconds)
        while self.close_code is None:
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                return
            if not data:
                self.close_code = self.close_code or 1006
                return
            self._protocol.receive_data(data)
            for event in self._protocol.events():
                if isinstance(event, TextMessage):
                    self._parts.append(event.data)
                    if event.message_finished:
                        message: dict[str, str] = json.loads("".join(self._parts))
                        self._parts.clear()
                        assert (message["target"], message["swap"]) == ("#live", "innerMorph")
                        yield message["content"]
                elif isinstance(event, CloseConnection):
                    self.close_code = event.code
                elif isinstance(event, Ping):
                    self._socket.sendall(self._protocol.send(event.response()))

    def shows(self, text: str, seconds: float = WITHIN_S) -> bool:
        """Return whether the tab comes to show this."""
        return any(text in picture for picture in self.pictures(seconds))


def call(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "call_sid": f"CA{number:032d}",
        "channel": "call",
        "from_number": f"+97250{2000000 + number}",
        "started_at": "2026-11-28T15:00:00+00:00",
        "state": "LISTENING",
        "turns": 1,
        "interim": "",
        "last_caller": "",
        "last_agent": "",
        "slots": {},
        "last_answer_ms": 700,
        "last_seq": 1,
        **changes,
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("office")
    with gunicorn(APP, env={"OFFICE_FOLDER": str(folder)}, arguments=("-k", "eventlet"), ready_path="/health") as one:
        yield one


@pytest.fixture(scope="module")
def operator(server: Server) -> Operator:
    return Operator(server)


@pytest.fixture
def open_tab(operator: Operator) -> Iterator[Callable[..., Tab]]:
    tabs: list[Tab] = []

    def opened(view: str = "now", **options: Any) -> Tab:
        tabs.append(Tab(operator, view, **options))
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.close()
    until(lambda: happen(operator.server)["tabs"] == 0, "the tabs' end")


def happen(server: Server, **changes: Any) -> dict[str, Any]:
    """Change the office; return what it says of itself."""
    answer: dict[str, Any] = requests.post(f"{server.url}/office", json=changes, timeout=10).json()
    return answer


def until(found: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if found():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


def test_a_call_its_words_and_its_end_show_by_themselves(server: Server, open_tab: Callable[..., Tab]) -> None:
    """R16, C19: in every tab, the number masked."""
    happen(server, calls_live=[])
    tabs = [open_tab(), open_tab()]
    assert all(tab.shows("אין שיחה חיה") for tab in tabs)
    happen(server, calls_live=[call(1)])
    assert all(tab.shows("050-***0001") for tab in tabs)
    happen(server, calls_live=[call(1, last_caller="דירה בחולון", interim="עד שני", last_seq=2)])
    assert all(tab.shows("עד שני<") for tab in tabs)
    happen(server, calls_live=[])
    assert all(tab.shows("אין שיחה חיה") for tab in tabs)


def test_a_live_calls_words_go_to_the_tab_that_shows_it(server: Server, open_tab: Callable[..., Tab]) -> None:
    """R16: turn by turn, what was heard apart from what was said; at its end the tab is told."""
    sid = f"CA{7:032d}"
    said = [
        {"seq": 1, "event": "ASR_TEXT", "turn": 1, "text": "שלום וברכה"},
        {"seq": 2, "event": "SAYING", "turn": 1, "reply": 2, "text": "נעים מאוד, איך אפשר לעזור"},
        {"seq": 3, "event": "SAID", "turn": 1, "reply": 2, "text": "נעים מאוד, איך אפשר לעזור", "heard": "נעים מאוד,"},
    ]
    happen(server, calls_live=[call(7)], happened={sid: said})
    tab = open_tab(f"call:{sid}")
    picture = next(tab.pictures())
    assert "שלום וברכה" in picture
    assert "<del>" in picture
    happen(server, calls_live=[], happened={sid: [*said, {"seq": 4, "event": "CALL_ENDED"}]})
    assert tab.shows("data-reload")


def test_a_tab_that_does_not_read_is_closed_unnoticed_by_others(server: Server, open_tab: Callable[..., Tab]) -> None:
    """R16, C20: it costs one picture and what the kernel holds; other tabs go on, every frame whole."""
    before = happen(server, calls_live=[])["tabs"]
    reads, sleeps = open_tab(), open_tab(receive_bytes=4096)
    next(reads.pictures())
    until(lambda: int(happen(server)["tabs"]) == before + 2, "both tabs")
    words = "מילים רבות " * 100
    number = 0
    deadline = time.monotonic() + 20
    while int(happen(server)["tabs"]) > before + 1:
        assert time.monotonic() < deadline, "the tab that does not read stays open"
        number += 1
        happen(server, calls_live=[call(n, last_caller=f"{words} {number}", last_seq=number) for n in range(40)])
        assert reads.shows(f'<bdi dir="ltr">{number}</bdi>')
    assert not sleeps.shows("no such thing", 0.5)
    assert reads.close_code is None
    happen(server, calls_live=[])
    assert reads.shows("אין שיחה חיה")


def test_a_logout_closes_its_tabs(server: Server) -> None:
    """R16: within a second, with 4401: the page then asks to log in."""
    leaving = Operator(server)
    tab = Tab(leaving)
    next(tab.pictures())
    leaving.logout()
    list(tab.pictures())
    assert tab.close_code == 4401


def test_the_twenty_first_tab_is_turned_away(server: Server, open_tab: Callable[..., Tab]) -> None:
    """R16: 503 before the handshake; a closed one makes room."""
    tabs = [open_tab() for _ in range(MOST_TABS + 1)]
    refused = 0
    for tab in tabs:
        refused += tab.status() == 503
    assert (refused, happen(server)["tabs"]) == (1, MOST_TABS)


def test_a_tab_without_a_socket_may_ask_for_the_same(server: Server, operator: Operator) -> None:
    """R16: with an ETag, so that nothing new costs nothing."""
    happen(server, calls_live=[])
    first = operator.http.get(f"{server.url}/console/now/now", timeout=10)
    assert "אין שיחה חיה" in first.text
    same = {"If-None-Match": first.headers["ETag"]}
    assert operator.http.get(f"{server.url}/console/now/now", headers=same, timeout=10).status_code == 304
    happen(server, calls_live=[call(3)])
    assert operator.http.get(f"{server.url}/console/now/now", headers=same, timeout=10).status_code == 200


def test_without_a_session_or_from_a_foreign_page_there_is_no_socket(server: Server, operator: Operator) -> None:
    """R16, C2, C5: 403, not a byte of data."""
    stranger = Operator.__new__(Operator)
    stranger.server, stranger.http = server, requests.Session()
    url = f"{server.url}/console/live"
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "c2l4dGVlbiBieXRlcyBvaw=="}
    upgrade |= {"Sec-WebSocket-Version": "13"}
    assert stranger.http.get(url, headers=upgrade, timeout=10).status_code == 403
    foreign = {**upgrade, "Origin": "https://evil.example"}
    assert operator.http.get(url, headers=foreign, timeout=10).status_code == 403
