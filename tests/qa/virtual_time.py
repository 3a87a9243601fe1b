"""An event loop whose clock jumps: whoever sleeps is woken at once, in the order of the times asked for.

Sockets are real, and what was written to one is readable at once on the same machine; so while anything can be read
or run, time stands still, and only when all wait does it move on. A call of a minute takes as long as its work.
"""

import asyncio
import selectors
import socket
from collections.abc import Coroutine
from typing import Any, TypeVar

from app.qa.wire.sockets import SO_TIMESTAMPNS, StampedSocket

T = TypeVar("T")
_BREATH_S = 0.00005


class _JumpingSelector(selectors.SelectSelector):
    """Waits for nothing but what is ready now, and tells the loop how long it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready and timeout > 0:
            ready = super().select(_BREATH_S)  # the kernel's own moment
            if not ready:
                self.skipped_s += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop that starts at noon, so to say, and never waits."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the seconds skipped so far: only waiting passes time."""
        return self._jumping.skipped_s

    async def create_connection(self, *arguments: Any, **options: Any) -> Any:
        """Connect; the kernel's stamps, which are of real time, are switched off."""
        if isinstance(options.get("sock"), StampedSocket):
            options["sock"].setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 0)
        return await super().create_connection(*arguments, **options)

    async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> Any:
        """Look a name up at once: a thread would take real time, in which virtual time runs away."""
        return socket.getaddrinfo(host, port, **hints)


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a jumping clock."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
