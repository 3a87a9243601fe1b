"""Waiting on eventlet's hub, for tests whose results arrive there."""

import json
import time
from collections.abc import Callable
from typing import Any

import eventlet

from app.sidecar.wire import Op


def wait_until(holds: Callable[[], object], what: str, within_s: float = 20.0) -> None:
    """Let the hub run until the condition holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        eventlet.sleep(0.005)


class Frames:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.frames: list[tuple[Op, bytes]] = []

    def __call__(self, op: Op, payload: bytes) -> None:
        self.frames.append((op, payload))

    @property
    def ended(self) -> bool:
        """True after END or ERROR."""
        return bool(self.frames) and self.frames[-1][0] in (Op.END, Op.ERROR)

    @property
    def last(self) -> tuple[Op, dict[str, Any]]:
        """The last frame, read as JSON."""
        op, payload = self.frames[-1]
        return op, json.loads(payload)

    @property
    def data(self) -> bytes:
        """All DATA."""
        return b"".join(payload for op, payload in self.frames if op is Op.DATA)

    def wait(self) -> tuple[Op, dict[str, Any]]:
        """Let the hub run to the stream's end; return its last frame."""
        wait_until(lambda: self.ended, "the end of the stream")
        return self.last
