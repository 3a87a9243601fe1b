"""A small asyncio HTTP/1.1 server: enough for an emulator's API and its control port, cheap enough for a load test."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """One request, read whole; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        """Return the body's JSON object."""
        value = json.loads(self.body or b"{}")
        assert isinstance(value, dict)
        return value


class Response:
    """Writes one answer: whole, or in chunks."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def send_json(self, value: object, status: int = 200) -> None:
        """Answer with JSON."""
        await self.send(json.dumps(value, ensure_ascii=False).encode(), "application/json", status)

    async def send(self, body: bytes, content_type: str, status: int = 200) -> None:
        """Answer with bytes."""
        head = f"HTTP/1.1 {status} .\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        await self._writer.drain()

    async def start_chunks(self, content_type: str) -> None:
        """Begin an answer of unknown length."""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
        self._writer.write(head.encode())
        await self._writer.drain()

    def cut_off(self) -> None:
        """Break the connection, as a peer that has died."""
        self._writer.transport.abort()

    async def send_chunk(self, data: bytes) -> None:
        """Send a chunk; an empty one ends the answer."""
        self._writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self._writer.drain()


Handler = Callable[[Request, Response], Awaitable[None]]


async def start_http(handler: Handler, port: int) -> tuple[asyncio.Server, int]:
    """Serve on loopback; return the server and its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while request := await _read(reader):
                await handler(request, Response(writer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=512)
    return server, server.sockets[0].getsockname()[1]


async def _read(reader: asyncio.StreamReader) -> Request | None:
    line = await reader.readline()
    if not line:
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)
