"""Media sockets whose stream has not started: no calls, and never in the way of one (R2.6, R18).

Who says nothing is shown the door after five seconds (`call/shell/door.py`); meanwhile there is room for so many. The
newest always finds it: Twilio says who it is within milliseconds, a stranger would wait for as long as he may.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from app.runtime import spawn
from app.telephony.websocket import WebSocket

MOST_WAITING, MOST_OF_ONE_ADDRESS = 200, 50
TRY_AGAIN_LATER = 1013  # IANA's registry of WebSocket close codes
_log = structlog.get_logger("server")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who opened a media socket, as far as the handshake tells."""

    address: str
    is_signed: bool = False
    """Twilio signed the handshake: it is let be, however many wait."""
    is_local: bool = False
    """It came from this machine, carried by nobody."""


class Lobby:
    """Bounded by count and by address; where there is no room, who has waited longest is sent away."""

    def __init__(
        self,
        refused: Callable[[str], None] = lambda _: None,
        most: int = MOST_WAITING,
        most_of_one_address: int = MOST_OF_ONE_ADDRESS,
    ) -> None:
        """`refused` hears why whoever was sent away."""
        self._refused = refused
        self._most = most
        self._most_of_one_address = most_of_one_address
        self._waiting: dict[WebSocket, str] = {}  # in the order in which they came
        self._by_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    @contextmanager
    def waiting(self, socket: WebSocket, visitor: Visitor) -> Iterator[None]:
        """Have `socket` wait in here for the length of the block."""
        if visitor.is_signed:
            yield
            return
        if self._by_address[visitor.address] >= self._most_of_one_address:
            self._send_away(visitor.address)
        elif len(self._waiting) >= self._most:
            self._send_away(self._by_address.most_common(1)[0][0])
        self._waiting[socket] = visitor.address
        self._by_address[visitor.address] += 1
        try:
            yield
        finally:
            self._forget(socket)

    def close(self) -> None:
        """Send everybody away, because this process ends."""
        for socket in list(self._waiting):
            spawn(socket.close, 1001, "going away")

    def _send_away(self, address: str) -> None:
        socket = next(one for one, its_address in self._waiting.items() if its_address == address)
        self._forget(socket)
        self._refused("too many wait")
        _log.warning("STREAM_REFUSED", reason="too many wait", address=address, waiting=len(self._waiting))
        spawn(socket.close, TRY_AGAIN_LATER, "too many wait")

    def _forget(self, socket: WebSocket) -> None:
        address = self._waiting.pop(socket, None)
        if address is None:
            return
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
