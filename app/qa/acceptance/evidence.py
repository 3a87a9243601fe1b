"""What the server itself tells of a call: states, words, slots (evidence E)."""

from collections.abc import Iterator
from typing import Any, Protocol

import orjson

from app.qa.acceptance.server import ServerUnderTest
from app.qa.http_client import ServerError

Event = dict[str, Any]
NO_EVENTS = "needs states and words: give --console-password or run the server in development mode"
_OK = 200


class Evidence(Protocol):
    """Where a call's events come from: each has `at_ms` (one clock a call), `event`, and what belongs to it."""

    async def events(self, call_sid: str) -> list[Event] | None:
        """Return what happened so far; None: the server does not tell."""


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
        if event["event"] == "STATE→PROCESSING":
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
