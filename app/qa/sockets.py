"""The caller's side of HTTP and WebSocket over asyncio: what Twilio's servers do, in small.

Two WebSocket clients with one face. `StrictWebSocket` (wsproto) checks every byte of the server against RFC 6455.
`QuickWebSocket` trusts the server's frames and costs a tenth of it: for a hundred calls in one process.
"""

import asyncio
import base64
import hashlib
import os
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlencode

import h11
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

CONNECT_TIMEOUT_S = 10.0
RESPONSE_TIMEOUT_S = 15.0
NORMAL_CLOSURE = 1000
ABNORMAL_CLOSURE = 1006
PROTOCOL_ERROR = 1002
ACCEPT_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
TEXT, BINARY, CLOSE, PING = 0x1, 0x2, 0x8, 0x9
FIN = 0x80
LENGTH_16, LENGTH_64 = 126, 127
SWITCHING_PROTOCOLS = 101


class ServerError(Exception):
    """The server cannot be reached or does not behave as a voice server; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer to a webhook; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed_ms: float


def endpoint(url: SplitResult) -> tuple[str, int, ssl.SSLContext | None]:
    """Return host, port and TLS context of an http(s) or ws(s) URL."""
    secure = url.scheme in ("https", "wss")
    return url.hostname or "", url.port or (443 if secure else 80), ssl.create_default_context() if secure else None


async def post(url: SplitResult, form: Mapping[str, str], headers: Mapping[str, str]) -> HttpResponse:
    """POST a form as Twilio's webhooks do: a connection of its own, 10 s to connect, 15 s in all.

    Raises:
        ServerError: refused, too late, or not HTTP.
    """
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    return await _request("POST", url, {**kind, **headers}, urlencode(form).encode())


async def get(url: SplitResult) -> HttpResponse:
    """GET a page, on a connection of its own.

    Raises:
        ServerError: refused, too late, or not HTTP.
    """
    return await _request("GET", url, {}, b"")


async def _request(method: str, url: SplitResult, headers: Mapping[str, str], body: bytes) -> HttpResponse:
    host, port, tls = endpoint(url)
    fields = {
        "Host": url.netloc,
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
        "Connection": "close",
        **({"Content-Length": str(len(body))} if method == "POST" else {}),
        **headers,
    }
    request = h11.Request(method=method, target=url.path or "/", headers=list(fields.items()))
    started = time.monotonic()
    try:
        async with asyncio.timeout(RESPONSE_TIMEOUT_S):
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(host, port, ssl=tls)
            try:
                status, answered, received = await _exchange(reader, writer, request, body)
            finally:
                writer.close()
    except TimeoutError:
        raise ServerError(f"{url.geturl()} did not answer within {RESPONSE_TIMEOUT_S:.0f} s") from None
    except OSError as exc:
        raise ServerError(f"nobody answers at {url.scheme}://{url.netloc} ({exc.strerror or exc})") from exc
    except h11.RemoteProtocolError as exc:
        raise ServerError(f"{url.geturl()} does not speak HTTP ({exc})") from exc
    return HttpResponse(status, answered, received, (time.monotonic() - started) * 1000.0)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: h11.Request, body: bytes
) -> tuple[int, dict[str, str], bytes]:
    http = h11.Connection(h11.CLIENT)
    sent = (http.send(request), http.send(h11.Data(data=body)), http.send(h11.EndOfMessage()))
    writer.write(b"".join(part or b"" for part in sent))
    status, headers, received = 0, dict[str, str](), b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        elif isinstance(event, h11.Data):
            received += event.data
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            return status, headers, received


class WebSocketClient(asyncio.Protocol):
    """A WebSocket's client end. `on_text` gets each text message, `on_binary` the length of each binary one (which
    Twilio refuses), `on_closed` code and reason, once.
    """

    def __init__(
        self,
        url: SplitResult,
        headers: Mapping[str, str],
        subprotocols: tuple[str, ...],
        on_text: Callable[[str | bytes], None],
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
                await asyncio.get_running_loop().create_connection(lambda: self, host, port, ssl=tls)
                await self.opened
        except TimeoutError:
            self._drop()
            raise ServerError(f"{where} did not shake hands within {CONNECT_TIMEOUT_S:.0f} s") from None
        except OSError as exc:
            raise ServerError(f"nobody answers at {where} ({exc.strerror or exc})") from exc

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
                self.on_text(text)
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
                self.on_text(payload)
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
