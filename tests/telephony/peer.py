"""A WebSocket peer made of a raw socket and hand-made frames, so that it can break every rule."""

import base64
import os
import socket
import struct
from dataclasses import dataclass

from tests.servers import Server

KEY = base64.b64encode(b"sixteen bytes ok").decode()
HEADERS = {
    "Host": "example.com",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def handshake(path: str, headers: dict[str, str], *, method: str = "GET", version: str = "HTTP/1.1") -> bytes:
    """Return a request head."""
    lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode()


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, rsv: int = 0, length: int | None = None
) -> bytes:
    """Return a client's frame; `length` may lie about the payload's."""
    stated = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if stated < 126:
        head += bytes([mask_bit | stated])
    elif stated < 0x10000:
        head += bytes([mask_bit | 126]) + struct.pack("!H", stated)
    else:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", stated)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


def text(message: str) -> bytes:
    """Return a whole text message."""
    return frame(0x1, message.encode())


def close(code: int, reason: bytes = b"") -> bytes:
    """Return a Close with any code, legal or not."""
    return frame(0x8, struct.pack("!H", code) + reason)


@dataclass(slots=True)
class Peer:
    """The client's end."""

    socket: socket.socket
    unread: bytes = b""

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self.socket.sendall(data)

    def head(self) -> str:
        """Read one HTTP response head."""
        while b"\r\n\r\n" not in self.unread:
            data = self.socket.recv(65536)
            assert data, f"closed within a head: {self.unread!r}"
            self.unread += data
        head, self.unread = self.unread.split(b"\r\n\r\n", 1)
        return head.decode("latin-1")

    def receive(self) -> tuple[int, bytes] | None:
        """Read one frame as `(opcode, payload)`; None at the end of the stream."""
        start = self._take(2)
        if start is None:
            return None
        assert start[0] & 0x80, "our server fragments nothing"
        assert not start[1] & 0x80, "a server must not mask"
        length = start[1]
        if length >= 126:
            extended = self._take(2 if length == 126 else 8)
            assert extended is not None
            length = int.from_bytes(extended)
        payload = self._take(length)
        assert payload is not None
        return start[0] & 0xF, payload

    def receive_text(self) -> str:
        """Read one frame, which must be a text message."""
        received = self.receive()
        assert received is not None, "closed"
        assert received[0] == 0x1, received
        return received[1].decode()

    def receive_close(self) -> int:
        """Read up to a Close frame, then the end of the stream; return the code (1005: none given)."""
        while True:
            received = self.receive()
            assert received is not None, "cut off without a Close"
            if received[0] == 0x8:
                assert self.receive() is None
                return int.from_bytes(received[1][:2]) if received[1] else 1005

    def _take(self, count: int) -> bytes | None:
        while len(self.unread) < count:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.unread += data
        taken, self.unread = self.unread[:count], self.unread[count:]
        return taken


def open_websocket(server: Server, path: str = "/ws/echo", **headers: str) -> Peer:
    """Open a WebSocket the proper way."""
    peer = Peer(server.connect())
    peer.send(handshake(path, HEADERS | headers))
    assert peer.head().startswith("HTTP/1.1 101 ")
    return peer
