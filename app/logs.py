"""The log: one line an event, `call_sid` on every line of a call, nothing per frame (R11).

2026-11-22T19:04:12.350Z INFO call_sid=CA… STATE→PROCESSING | silence_ms=360 | len=1240
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog


def configure(level: str) -> None:
    """Send the log to standard output from `level` on."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _one_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )


def _one_line(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    """Render an event: time, level, call, what happened, then its fields."""
    head = [str(event.pop("timestamp")), str(event.pop("level")).upper()]
    call_sid = event.pop("call_sid", None)
    if call_sid:
        head.append(f"call_sid={call_sid}")
    trace = event.pop("exception", None)
    parts = [" ".join([*head, str(event.pop("event"))])]
    parts += [f"{name}={_flat(value)}" for name, value in event.items()]
    line = " | ".join(parts)
    return f"{line}\n{trace}" if trace else line


def _flat(value: object) -> str:
    return " ".join(str(value).split()) or '""'
