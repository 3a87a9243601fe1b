"""A socket whose `send` sends all of it.

simple-websocket, under flask-sock, calls `send` once and takes what did not fit for sent: a peer that reads slowly gets
half a frame, and everything after it is garbage. It also sends from two greenlets. Given this socket in place of the
server's, each of its sends goes out whole and none inside another.
"""

import contextlib
import socket as sockets
import threading
from typing import Any

from app.runtime import now_ms

_KERNEL_BYTES = 64 * 1024


class WholeSends:
    """Wraps a connected socket; everything but sending is the socket's own."""

    def __init__(self, sock: Any) -> None:
        """Bound what the kernel keeps for a peer that does not read, too."""
        self._socket = sock
        self._sending = threading.Lock()
        self._since_ms: int | None = None
        with contextlib.suppress(OSError):
            sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, _KERNEL_BYTES)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def send(self, data: bytes) -> int:
        """Send all of `data`, after what another greenlet is sending; wait as long as the peer takes."""
        with self._sending:
            self._since_ms = now_ms()
            try:
                self._socket.sendall(data)
            finally:
                self._since_ms = None
        return len(data)

    def stuck_ms(self) -> int:
        """Return for how long one send has been waiting for the peer to read."""
        since_ms = self._since_ms
        return 0 if since_ms is None else now_ms() - since_ms

    def cut(self) -> None:
        """End the connection: whoever sends or receives on it gets an error at once."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(sockets.SHUT_RDWR)
