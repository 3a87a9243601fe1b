"""The caller's side of a WebSocket over asyncio: what Twilio's servers do, in small.

Two WebSocket clients with one face. `StrictWebSocket` (wsproto) checks every byte of the server against RFC 6455.
`QuickWebSocket` trusts the server's frames and costs a tenth of it: for a hundred calls in one process.
"""

import asyncio
import base64
import hashlib
import os
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult

import wsproto
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from app.qa.wire.http_client import CONNECT_TIMEOUT_S, SWITCHING_PROTOCOLS, ServerError, endpoint

NORMAL_CLOSURE = 1000
ABNORMAL_CLOSURE = 1006
PROTOCOL_ERROR = 1002
ACCEPT_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
TEXT, BINARY, CLOSE, PING = 0x1, 0x2, 0x8, 0x9
FIN = 0x80
SO_TIMESTAMPNS = 35  # linux/socket.h; Python's socket module does not name it
TIMESPEC = struct.Struct("qq")
ANCILLARY_BYTES = socket.CMSG_SPACE(TIMESPEC.size)
LENGTH_16, LENGTH_64 = 126, 127


class StampedSocket(socket.socket):
    """A TCP socket that knows when the kernel received what was read last.

    A tool that is late itself then still measures the server's punctuality, not its own (Linux: socket(7),
    SO_TIMESTAMPNS; elsewhere the age is nought).
    """

    age_s = 0.0

    def stamp(self) -> None:
        """Ask the kernel for the time of arrival."""
        if sys.platform == "linux":
            self.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Read, and note in `age_s` how long ago the last of it arrived."""
        data, ancillary, _, _ = self.recvmsg(size, ANCILLARY_BYTES, flags)
        self.age_s = 0.0
        for level, kind, value in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                seconds, nanoseconds = TIMESPEC.unpack(value)
                self.age_s = max(0.0, time.time() - seconds - nanoseconds / 1e9)
        return data


class WebSocketClient(asyncio.Protocol):
    """A WebSocket's client end.

    `on_text` gets each text message and how many seconds ago it came, `on_binary` the length of each binary one (which
    Twilio refuses), `on_closed` code and reason, once.
    """

    def __init__(
        self,
        url: SplitResult,
        headers: Mapping[str, str],
        subprotocols: tuple[str, ...],
        on_text: Callable[[str | bytes, float], None],
        on_binary: Callable[[int], None],
        on_closed: Callable[[int, str], None],
    ) -> None:
        self.url = url
        self.headers = headers
        self.subprotocols = subprotocols
        self.subprotocol: str | None = None
        self.on_text = on_text
        self.on_binary = on_binary
        self.on_closed = on_closed
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._stamped: StampedSocket | None = None
        self._closed = False

    async def open(self) -> None:
        """Connect and shake hands.

        Raises:
            ServerError: refused, too late, or no `101`.
        """
        host, port, tls = endpoint(self.url)
        where = self.url.geturl()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._connect(host, port, tls)
                await self.opened
        except TimeoutError:
            self._drop()
            raise ServerError(f"{where} did not shake hands within {CONNECT_TIMEOUT_S:.0f} s") from None
        except OSError as exc:
            raise ServerError(f"nobody answers at {where} ({exc.strerror or exc})") from exc

    async def _connect(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        if tls is not None:
            await loop.create_connection(lambda: self, host, port, ssl=tls)
            return
        addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for number, (family, kind, protocol, _, address) in enumerate(addresses, 1):
            stamped = StampedSocket(family, kind, protocol)
            stamped.settimeout(0)
            stamped.stamp()
            try:
                await loop.sock_connect(stamped, address)
            except OSError:
                stamped.close()
                if number == len(addresses):
                    raise
            except BaseException:
                stamped.close()
                raise
            else:
                self._stamped = stamped
                await loop.create_connection(lambda: self, sock=stamped)
                return

    @property
    def _age_s(self) -> float:
        return self._stamped.age_s if self._stamped is not None else 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the upgrade request."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self.hello())

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the connection is gone."""
        self._transport = None
        self._ended(ABNORMAL_CLOSURE, str(exc) if exc else "the connection dropped")

    def hello(self) -> bytes:
        """Return the upgrade request."""
        raise NotImplementedError

    def send(self, text: bytes) -> None:
        """Send UTF-8 bytes as one text message; nothing, once closed."""
        raise NotImplementedError

    def close(self, code: int = NORMAL_CLOSURE) -> None:
        """Start the closing handshake; the server has the usual moment to answer it."""
        raise NotImplementedError

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _drop(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _refused(self, why: str) -> None:
        if not self.opened.done():
            self.opened.set_exception(ServerError(f"{self.url.geturl()} refused the WebSocket: {why}"))
        self._drop()

    def _ended(self, code: int, reason: str) -> None:
        if not self.opened.done():
            self._refused(reason)
        elif not self._closed:
            self._closed = True
            self.on_closed(code, reason)


class StrictWebSocket(WebSocketClient):
    """A WebSocket client that finds fault with the server's bytes where RFC 6455 does."""

    _wire: wsproto.WSConnection
    _text: str = ""
    _binary_length: int = 0

    def hello(self) -> bytes:
        """Return the upgrade request."""
        self._wire = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        return self._wire.send(
            Request(self.url.netloc, self.url.path or "/", subprotocols=list(self.subprotocols), extra_headers=headers)
        )

    def send(self, text: bytes) -> None:
        """Send UTF-8 bytes as one text message."""
        if self._wire.state is wsproto.connection.ConnectionState.OPEN:
            self._write(self._wire.send(TextMessage(text.decode())))

    def close(self, code: int = NORMAL_CLOSURE) -> None:
        """Start the closing handshake."""
        if self._wire.state is wsproto.connection.ConnectionState.OPEN:
            self._write(self._wire.send(CloseConnection(code)))

    def data_received(self, data: bytes) -> None:
        """Hand the server's bytes to wsproto and its events on."""
        try:
            self._wire.receive_data(data)
            for event in self._wire.events():
                self._handle(event)
        except RemoteProtocolError as exc:
            self._ended(PROTOCOL_ERROR, f"the server broke the WebSocket protocol: {exc}")
            self._drop()
        except LocalProtocolError:
            self._drop()

    def _handle(self, event: wsproto.events.Event) -> None:
        if isinstance(event, TextMessage):
            self._text += event.data
            if event.message_finished:
                text, self._text = self._text, ""
                self.on_text(text, self._age_s)
        elif isinstance(event, BytesMessage):
            self._binary_length += len(event.data)
            if event.message_finished:
                length, self._binary_length = self._binary_length, 0
                self.on_binary(length)
        elif isinstance(event, AcceptConnection):
            self.subprotocol = event.subprotocol
            self.opened.set_result(None)
        elif isinstance(event, RejectConnection):
            self._refused(f"HTTP {event.status_code} instead of 101")
        elif isinstance(event, Ping):
            self._write(self._wire.send(event.response()))
        elif isinstance(event, CloseConnection):
            if self._wire.state is wsproto.connection.ConnectionState.REMOTE_CLOSING:
                self._write(self._wire.send(event.response()))
            self._ended(event.code, event.reason or "")
            self._drop()


class QuickWebSocket(WebSocketClient):
    """A WebSocket client that believes the server: no fragments, no masks, no UTF-8 check."""

    _buffer: bytearray
    _key: bytes
    _mask: bytes

    def hello(self) -> bytes:
        """Return the upgrade request."""
        self._buffer = bytearray()
        self._key = base64.b64encode(os.urandom(16))
        self._mask = os.urandom(4)
        fields = {
            "Host": self.url.netloc,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": self._key.decode(),
            "Sec-WebSocket-Version": "13",
            **({"Sec-WebSocket-Protocol": ", ".join(self.subprotocols)} if self.subprotocols else {}),
            **self.headers,
        }
        lines = [f"GET {self.url.path or '/'} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join([*lines, "", ""]).encode()

    def send(self, text: bytes) -> None:
        """Send UTF-8 bytes as one text message."""
        self._frame(TEXT, text)

    def close(self, code: int = NORMAL_CLOSURE) -> None:
        """Start the closing handshake."""
        self._frame(CLOSE, code.to_bytes(2, "big"))

    def data_received(self, data: bytes) -> None:
        """Cut the server's bytes into frames."""
        self._buffer += data
        if not self.opened.done() and not self._shake_hands():
            return
        while (frame := self._next_frame()) is not None:
            opcode, payload = frame
            if opcode == TEXT:
                self.on_text(payload, self._age_s)
            elif opcode == BINARY:
                self.on_binary(len(payload))
            elif opcode == PING:
                self._frame(0xA, payload)
            elif opcode == CLOSE:
                code = int.from_bytes(payload[:2], "big") if len(payload) > 1 else 1005
                if not self._closed:
                    self._frame(CLOSE, payload[:2])
                self._ended(code, payload[2:].decode("utf-8", "replace"))
                self._drop()

    def _shake_hands(self) -> bool:
        head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not found:
            return False
        status, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        digest = hashlib.sha1(self._key + ACCEPT_SUFFIX, usedforsecurity=False).digest()
        if status.split(" ")[1:2] != [str(SWITCHING_PROTOCOLS)]:
            self._refused(f"{status} instead of 101")
            return False
        if fields.get("sec-websocket-accept") != base64.b64encode(digest).decode():
            self._refused("its Sec-WebSocket-Accept is wrong")
            return False
        self.subprotocol = fields.get("sec-websocket-protocol")
        self._buffer = bytearray(rest)
        self.opened.set_result(None)
        return True

    def _next_frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length == LENGTH_16:
            length, start = int.from_bytes(buffer[2:4], "big"), 4
        elif length == LENGTH_64:
            length, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + length:
            return None
        opcode, payload = buffer[0] & 0xF, bytes(buffer[start : start + length])
        del buffer[: start + length]
        return opcode, payload

    def _frame(self, opcode: int, payload: bytes) -> None:
        length = len(payload)
        if length < LENGTH_16:
            head = bytes((FIN | opcode, FIN | length))
        else:
            head = bytes((FIN | opcode, FIN | LENGTH_16)) + length.to_bytes(2, "big")
        mask = (self._mask * (length // 4 + 1))[:length]
        masked = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
        self._write(head + self._mask + masked.to_bytes(length, "big"))
