"""Webhooks as Twilio posts them, over asyncio: one short connection each."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlencode

import h11

CONNECT_TIMEOUT_S = 10.0
RESPONSE_TIMEOUT_S = 15.0


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
