"""A tiny WSGI app around the telephony room, served by a real gunicorn in the edge tests."""

import contextlib
import logging
import os
import socket as sockets
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import eventlet
import orjson
import structlog

from app.telephony import twiml
from app.telephony.handshake import HandshakeError
from app.telephony.responses import Environ, Response
from app.telephony.token import derive_key
from app.telephony.webhooks import Webhooks, WebhookSettings
from app.telephony.websocket import WebSocket, WebSocketClosedError

structlog.configure(
    processors=[structlog.processors.KeyValueRenderer(key_order=["event"])],
    wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
    logger_factory=structlog.PrintLoggerFactory(sys.stderr),
)

events: list[tuple[str, dict[str, str], bool]] = []
ended: list[int | None] = []
voice_waited_for: list[int] = []
auth_token = os.environ.get("TWILIO_AUTH_TOKEN")


def on_event(kind: str, params: Mapping[str, str], signed: bool) -> None:
    """Keep what happened; a form may ask for a slow handler."""
    eventlet.sleep(float(params.get("SlowHandlerS", "0")))
    events.append((kind, dict(params), signed))


def admit(params: Mapping[str, str]) -> bytes | None:
    """Be full for one caller."""
    return twiml.say_and_hang_up("כל הנציגות עסוקות") if params.get("From") == "+97230000000" else None


webhooks = Webhooks(
    WebhookSettings(
        auth_token,
        os.environ.get("PUBLIC_BASE_URL"),
        derive_key(auth_token),
        after_lost_transfer=lambda params: twiml.say_and_hang_up(params["DialCallStatus"]),
        after_lost_overflow=twiml.say_and_hang_up("a message, please"),
    ),
    on_event,
    eventlet.spawn_n,
    admit,
    voice=lambda: voice_waited_for.append(1),
)


def echo(socket: WebSocket) -> None:
    """Send back what comes; text may ask to be closed."""
    while (message := socket.receive()) is not None:
        if message == "close me":
            socket.close(4001, "as asked")
        else:
            socket.send(message if isinstance(message, str) else f"{len(message)} bytes")


def many_senders(socket: WebSocket) -> None:
    """Four greenlets send large messages at once to whoever reads them."""

    def send(letter: str) -> None:
        for _ in range(5):
            socket.send(letter * 12_000)
            eventlet.sleep(0)

    senders = [eventlet.spawn(send, letter) for letter in "abcd"]
    for sender in senders:
        sender.wait()
    socket.send("two", "at once")
    socket.send("all sent")
    socket.receive()


def closed_from_outside(socket: WebSocket) -> None:
    """Wait for a peer that says nothing until another greenlet closes."""
    eventlet.spawn_after(0.1, socket.close, 1001, "going away")
    assert socket.receive() is None


def closed_while_sending(socket: WebSocket) -> None:
    """Much waits for a peer that reads nothing, when another greenlet closes."""
    eventlet.spawn_after(0.2, socket.close, 1001, "going away")
    socket.send(*["x" * 60_000] * 3)
    socket.receive()


def of_a_call(socket: WebSocket) -> None:
    """Know whose it is, as from the start message on."""
    socket.call_sid = "CA7"
    echo(socket)


def too_much(socket: WebSocket) -> None:
    """A sender goes on and on at a peer that reads nothing."""
    with contextlib.suppress(WebSocketClosedError):
        while True:
            socket.send("x" * 60_000)
    socket.receive()


handlers: dict[str, Callable[[WebSocket], None]] = {
    "/ws/echo": echo,
    "/ws/call": of_a_call,
    "/ws/many": many_senders,
    "/ws/close": closed_from_outside,
    "/ws/stuck": closed_while_sending,
    "/ws/too_much": too_much,
}


def app(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Serve the webhooks, the WebSockets above and, elsewhere, what happened so far."""
    answered = webhooks(environ, start_response)
    if answered is not None:
        return answered
    path = environ["PATH_INFO"]
    if path in handlers:
        # A small buffer in the kernel: what a slow peer leaves waits with us.
        environ["gunicorn.socket"].setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 16_384)
        try:
            socket = WebSocket.accept(environ, linger_s=0.5)
        except HandshakeError as error:
            return error.response.send(environ, start_response)
        handlers[path](socket)
        ended.append(socket.close_code)
        raise StopIteration
    state = orjson.dumps({"events": events, "ended": ended, "voice_waited_for": len(voice_waited_for)})
    return Response(200, state, "application/json").send(environ, start_response)
