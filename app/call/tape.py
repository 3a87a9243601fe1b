"""A call on tape: its events and the decisions they led to, one JSON line each; played back, they must agree.

{"settings": {...}}                                          the first line
{"t": 81734, "w": 0, "event": "CallerAudio", "ulaw": "…"}    in: what happened, when, how long it waited
{"t": 81734, "decision": "STATE→PROCESSING", "silence_ms": 360, …}    out: what the machine logged
"""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, get_args

import orjson

from app.call import events
from app.call.events import Command, Event, Log
from app.call.machine import Call, CallSettings

_EVENTS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(events.Event)}


class TapeError(Exception):
    """The file is no tape of a call; the message names the line."""


def header(settings: CallSettings) -> bytes:
    """Return the first line of a tape."""
    return orjson.dumps({"settings": _plain(settings)}) + b"\n"


def heard(event: Event, now_ms: int, waited_ms: int) -> bytes:
    """Return the line of an event; written before it is taken, so that one which breaks a call is on the tape."""
    return orjson.dumps({"t": now_ms, "w": waited_ms, "event": type(event).__name__, **_plain(event)}) + b"\n"


def decided(commands: Iterable[Command], now_ms: int) -> bytes:
    """Return the lines of what an event led to; none when nothing was decided."""
    return b"".join(orjson.dumps({"t": now_ms, **decision}) + b"\n" for decision in _decisions(commands))


def replay(tape: Iterable[bytes]) -> Iterator[tuple[int, str, bool]]:
    """Run the machine on a tape; yield `(now_ms, decision, is_as_taped)` for every decision.

    Raises:
        TapeError: on a line that cannot be read.
    """
    lines = iter(tape)
    call = Call(_settings(_load(next(lines, b""), 1)))
    made: list[dict[str, Any]] = []
    last_ms = 0
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        entry = _load(line, number)
        if "decision" in entry:
            now_ms = _number(entry, "t", number)
            mine = made.pop(0) if made else {"decision": "(none)"}
            yield now_ms, _text(mine), mine == entry
            continue
        now_ms, waited_ms = _number(entry, "t", number), _number(entry, "w", number)
        for extra in made:
            yield now_ms, _text(extra), False
        made = list(_decisions(call.receive(_event(entry, number), now_ms, waited_ms)))
        last_ms = now_ms
    for extra in made:
        yield last_ms, _text(extra), False


def _decisions(commands: Iterable[Command]) -> Iterator[dict[str, Any]]:
    for command in commands:
        if isinstance(command, Log):
            yield {"decision": command.line, **orjson.loads(orjson.dumps(dict(command.fields), default=str))}


def _text(decision: dict[str, Any]) -> str:
    rest = " | ".join(f"{name}={value}" for name, value in decision.items() if name != "decision")
    return f"{decision['decision']} | {rest}" if rest else str(decision["decision"])


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return value


def _load(line: bytes, number: int) -> dict[str, Any]:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise TapeError(f"line {number} is not JSON: {error}") from None
    if not isinstance(entry, dict):
        raise TapeError(f"line {number} is not a JSON object")
    return entry


def _number(entry: dict[str, Any], name: str, line: int) -> int:
    value = entry.pop(name, None)
    if not isinstance(value, int):
        raise TapeError(f"line {line} has no number for {name!r}")
    return value


def _event(entry: dict[str, Any], number: int) -> Event:
    kind = _EVENTS.get(str(entry.pop("event", "")))
    if kind is None:
        raise TapeError(f"line {number} is no event of a call")
    try:
        event: Event = kind(**{name: _parsed(name, value) for name, value in entry.items()})
    except (TypeError, ValueError) as error:
        raise TapeError(f"line {number}: {error}") from None
    return event


def _parsed(name: str, value: Any) -> Any:
    if name == "ulaw":
        return base64.b64decode(value, validate=True)
    if name == "today":
        return date.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value


def _settings(entry: dict[str, Any]) -> CallSettings:
    if "settings" not in entry:
        raise TapeError("line 1 holds no settings: this is no tape of a call")
    try:
        built: CallSettings = _rebuild(CallSettings, entry["settings"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TapeError(f"line 1: the settings are not those of this version: {error!r}") from None
    return built


def _rebuild(kind: Any, values: dict[str, Any]) -> Any:
    """Build the dataclass `kind` from plain values, nested dataclasses included."""
    arguments = {}
    for one in fields(kind):
        value = values[one.name]
        nested = one.type if isinstance(one.type, type) and is_dataclass(one.type) else None
        arguments[one.name] = _rebuild(nested, value) if nested else _untupled(value)
    return kind(**arguments)


def _untupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
