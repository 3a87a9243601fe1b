"""Webhooks as Twilio posts them, over asyncio: one short connection each."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlencode

import h11

CONNECT_TIMEOUT_S = 10.0
RESPONSE_TIMEOUT_S = 15.0
SWITCHING_PROTOCOLS = 101


class ServerError(Exception):
    """The server cannot be reached or does not behave as a voice server; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer to a webhook; header names are in lower case.

    `elapsed_ms` is the whole exchange, `connect_ms` its TCP handshake alone, `first_byte_ms` from the request's last
    byte to the answer's first.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed_ms: float
    connect_ms: float
    first_byte_ms: float


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
    return await request("POST", url, {**kind, **headers}, urlencode(form).encode())


async def get(url: SplitResult, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """GET a page, on a connection of its own.

    Raises:
        ServerError: refused, too late, or not HTTP.
    """
    return await request("GET", url, headers or {}, b"")


async def request(method: str, url: SplitResult, headers: Mapping[str, str], body: bytes) -> HttpResponse:
    """Make one request on a connection of its own; a `101` ends it like any other answer, without a body.

    Raises:
        ServerError: refused, too late, or not HTTP.
    """
    fields = {
        "Host": url.netloc,
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
        "Connection": "close",
        **({"Content-Length": str(len(body))} if method == "POST" else {}),
        **headers,
    }
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    asked = h11.Request(method=method, target=target, headers=list(fields.items()))
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    try:
        async with asyncio.timeout(RESPONSE_TIMEOUT_S):
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                reader, writer, connect_ms = await _connect(url)
            try:
                status, answered, received, first_byte_ms = await _exchange(reader, writer, asked, body)
            finally:
                writer.close()
    except TimeoutError:
        raise ServerError(f"{url.geturl()} did not answer within {RESPONSE_TIMEOUT_S:.0f} s") from None
    except OSError as exc:
        raise ServerError(f"nobody answers at {url.scheme}://{url.netloc} ({exc.strerror or exc})") from exc
    except h11.RemoteProtocolError as exc:
        raise ServerError(f"{url.geturl()} does not speak HTTP ({exc})") from exc
    elapsed_ms = (loop.time() - started_s) * 1000.0
    return HttpResponse(status, answered, received, elapsed_ms, connect_ms, first_byte_ms)


async def _connect(url: SplitResult) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, float]:
    """Connect, and time the TCP handshake apart from TLS's."""
    host, port, tls = endpoint(url)
    loop = asyncio.get_running_loop()
    addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for number, (family, kind, protocol, _, address) in enumerate(addresses, 1):
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(0)
        started_s = loop.time()
        try:
            await loop.sock_connect(connection, address)
        except OSError:
            connection.close()
            if number == len(addresses):
                raise
        except BaseException:
            connection.close()
            raise
        else:
            connect_ms = (loop.time() - started_s) * 1000.0
            reader, writer = await asyncio.open_connection(
                sock=connection, ssl=tls, server_hostname=host if tls else None
            )
            return reader, writer, connect_ms
    raise OSError(f"{host} has no address")


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: h11.Request, body: bytes
) -> tuple[int, dict[str, str], bytes, float]:
    http = h11.Connection(h11.CLIENT)
    sent = (http.send(asked), http.send(h11.Data(data=body)), http.send(h11.EndOfMessage()))
    writer.write(b"".join(part or b"" for part in sent))
    loop = asyncio.get_running_loop()
    sent_s = loop.time()
    status, headers, received, first_byte_ms = 0, dict[str, str](), b"", 0.0
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(65536)
            first_byte_ms = first_byte_ms or (loop.time() - sent_s) * 1000.0
            http.receive_data(data)
        elif isinstance(event, h11.Response | h11.InformationalResponse):
            status = event.status_code
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
            if status == SWITCHING_PROTOCOLS:
                return status, headers, received, first_byte_ms
        elif isinstance(event, h11.Data):
            received += event.data
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed | h11.PAUSED):
            return status, headers, received, first_byte_ms
