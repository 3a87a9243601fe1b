"""What the server itself tells of a call: states, words, slots (evidence E)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson

from app.qa.acceptance.server import FORM, ServerUnderTest
from app.qa.wire.http_client import HttpResponse, ServerError

Event = dict[str, Any]
NO_EVENTS = "needs states and words: give --console-password or run the server in development mode"
LOGIN = "/console/login"
_OK = 200
_REDIRECTS = (302, 303)
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Evidence(Protocol):
    """Where a call's events come from: each has `at_ms` (one clock a call), `event`, and what belongs to it."""

    async def events(self, call_sid: str) -> list[Event] | None:
        """Return what happened so far; None: the server does not tell."""

    async def is_stored_as_over(self, call_sid: str) -> bool | None:
        """Tell whether the store has the call's end; None: the server does not tell."""


class DevelopmentEvents:
    """The events that a server in development mode shows this machine."""

    def __init__(self, server: ServerUnderTest) -> None:
        self._server = server

    async def events(self, call_sid: str) -> list[Event] | None:
        """See `Evidence`."""
        try:
            answer = await self._server.ask("GET", f"/calls/{call_sid}/events")
            if answer.status != _OK:
                return None
            return [orjson.loads(line) for line in answer.body.splitlines()]
        except (ServerError, orjson.JSONDecodeError):
            return None

    async def is_stored_as_over(self, call_sid: str) -> bool | None:
        """See `Evidence`; in development the console is open to this machine."""
        return await _is_stored_as_over(self._server, call_sid, {})


class ConsoleEvents:
    """What the console's softphone shows of a test call, to who knows the console's password."""

    def __init__(self, server: ServerUnderTest, password: str) -> None:
        self._server = server
        self._password = password
        self._cookie = ""

    async def log_in(self) -> str | None:
        """Open a session; return what is wrong, if anything is."""
        try:
            form = await self._server.ask("GET", LOGIN)
            token = _CSRF.search(form.body.decode("utf-8", "replace"))
            if form.status != _OK or token is None:
                return f"{LOGIN} answers {form.status}: the console is off there (CONSOLE_PASSWORD)"
            headers = {**FORM, "Cookie": _cookie(form)}
            fields = {"csrf": token[1], "password": self._password, "next": "/console"}
            answer = await self._server.ask("POST", LOGIN, headers, body=urlencode(fields).encode())
        except ServerError as error:
            return str(error)
        self._cookie = _cookie(answer)
        return None if answer.status in _REDIRECTS else f"{LOGIN} answers {answer.status}: a wrong --console-password"

    async def events(self, call_sid: str) -> list[Event] | None:
        """See `Evidence`."""
        try:
            answer = await self._server.ask("GET", f"/phone/calls/{call_sid}/events", {"Cookie": self._cookie})
            if answer.status != _OK:
                return None
            return list(orjson.loads(answer.body)["events"]) or None
        except (ServerError, orjson.JSONDecodeError, KeyError):
            return None

    async def is_stored_as_over(self, call_sid: str) -> bool | None:
        """See `Evidence`."""
        return await _is_stored_as_over(self._server, call_sid, {"Cookie": self._cookie})


async def _is_stored_as_over(server: ServerUnderTest, call_sid: str, headers: Mapping[str, str]) -> bool | None:
    try:
        answer = await server.ask("GET", f"/console/calls/{call_sid}/trace.json", headers)
        return bool(orjson.loads(answer.body)["call"]["ended_at"]) if answer.status == _OK else None
    except (ServerError, orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _cookie(answer: HttpResponse) -> str:
    return answer.headers.get("set-cookie", "").partition(";")[0]


def ends_of_turns(events: list[Event]) -> Iterator[tuple[float, float, str]]:
    """Yield each turn's silence and length in ms, and what had been asked."""
    asked = "greeting"
    for event in events:
        if event["event"] == "QUESTION":
            asked = str(event.get("asked", ""))
        elif event["event"] == "STATE→PROCESSING" and "silence_ms" in event:
            yield float(event["silence_ms"]), float(event.get("len", 0)), asked


def hearing_times_ms(events: list[Event]) -> Iterator[float]:
    """Yield how long after each end of turn its text was there."""
    ended_ms: float | None = None
    for event in events:
        if event["event"] == "STATE→PROCESSING" and "silence_ms" in event:
            ended_ms = float(event["at_ms"])
        elif event["event"] == "ASR_TEXT" and ended_ms is not None:
            yield float(event["at_ms"]) - ended_ms
            ended_ms = None


def lines_said(events: list[Event]) -> Iterator[tuple[str, str, bool]]:
    """Yield each line of the agent, what it asks, and whether it reads something back."""
    asked, confirms = "greeting", False
    for event in events:
        if event["event"] == "QUESTION":
            asked, confirms = str(event.get("asked", "")), bool(event.get("confirms"))
        elif event["event"] == "SAID":
            yield str(event["text"]), asked, confirms


def slots_over_time(events: list[Event]) -> list[dict[str, Any]]:
    """Return the slots as they were known after each turn."""
    return [dict(event.get("slots") or {}) for event in events if event["event"] == "QUESTION"]
