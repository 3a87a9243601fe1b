"""A server-side WebSocket on the raw socket of gunicorn's eventlet worker (R4).

The protocol is in `handshake` and `frames`; here are the socket and the closing. One greenlet receives, any number may
send or close. Sending never waits: what a slow peer does not take at once goes out as it reads, and one that is too
far behind is cut off. There is no timeout around the reader: who thinks the peer is dead calls `close()`, which wakes
it.

    socket = WebSocket.accept(environ)            # may raise HandshakeError: answer with its `response`
    while (message := socket.receive()) is not None:
        ...                                       # or `take` what is there, as often as you like, until `needs_reader`
    raise StopIteration                           # from the WSGI callable: gunicorn then closes the connection
"""

import contextlib
import socket as sockets
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import eventlet
import structlog
from eventlet import hubs
from eventlet.event import Event

from app.telephony import frames
from app.telephony.handshake import HandshakeError, shake_hands
from app.telephony.responses import Environ, refuse

log = structlog.get_logger(__name__)

TWILIO_SUBPROTOCOL = "audio.twilio.com"
LINGER_S = 1.0
MOST_UNSENT_BYTES = 256 * 1024
"""Some 15 s of the agent's voice on top of what the kernel holds: who reads no faster hears no call."""
_READ_BYTES = 8192


class WebSocketClosedError(ConnectionError):
    """The WebSocket is closed or closing: what was to be sent did not go out."""


class WebSocket:
    """One open WebSocket. `close_code` says how it ended: the peer's code or ours, 1005 none given, 1006 cut off."""

    def __init__(
        self, sock: Any, subprotocol: str | None = None, early: bytes = b"", linger_s: float = LINGER_S
    ) -> None:
        self.subprotocol = subprotocol
        self.close_code: int | None = None
        self.call_sid = ""
        """Whose it is, once that is known: for the log."""
        self.close_reason = ""
        self.last_words: str | bytes = ""
        """The latest message that came behind our Close, when nothing is answered any more."""
        self.is_behind = False
        """Whether the latest read, of half a second of a call's audio, has left more to read."""
        self.heard_at_s = time.monotonic()
        """When the peer last gave a sign of life, a pong being one."""
        self._socket = sock
        self._decoder = frames.FrameDecoder()
        self._events: deque[frames.Event] = deque(self._decoder.feed(early))
        self._unsent = bytearray()
        self._then_half_close = False
        self._receiving = False
        self._closing = False  # our Close frame is on its way: nothing but it is sent any more
        self._over = False  # nothing more will be received
        self._ended = Event()
        self._linger_s = linger_s
        self._linger: Any = None

    @classmethod
    def accept(
        cls, environ: Environ, subprotocols: Sequence[str] = (TWILIO_SUBPROTOCOL,), linger_s: float = LINGER_S
    ) -> "WebSocket":
        """Answer the handshake in a WSGI `environ` and return the open WebSocket.

        Raises:
            HandshakeError: it was no acceptable handshake; nothing was sent yet.
        """
        handshake = shake_hands(environ, subprotocols)
        sock = environ.get("gunicorn.socket")
        if sock is None:
            raise HandshakeError(refuse(501, "this server hands no socket over: run under gunicorn's eventlet worker"))
        if handshake.subprotocol:
            done = "Twilio subprotocol requested / Added Twilio subprotocol to handshake"
        else:
            done = "No Twilio subprotocol requested / handshake without one"
        log.debug(done, offered=handshake.offered)
        with contextlib.suppress(OSError):  # a Unix socket has no such option
            sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
        early = _early_bytes(environ)
        opened = cls(sock, handshake.subprotocol, early, linger_s)
        try:
            sock.sendall(handshake.answer)
        except OSError:
            opened._cut_off()
        return opened

    @property
    def closed(self) -> bool:
        """Whether sending is over: closed, closing or cut off."""
        return self._closing or self._over

    @property
    def needs_reader(self) -> bool:
        """Whether `take` has no more to give, and `receive` has to see to the end of it."""
        return self._closing or self._over or bool(self._events)

    def take(self) -> list[str | bytes]:
        """Return the messages that are here by now, in order, and never wait: for one greenlet that looks after many.

        Pings are answered. What is more than a message stays for `receive`, see `needs_reader`.
        """
        if self._receiving or self._closing or self._over:
            return []
        if not self._events:
            self._read_ready()
        taken: list[str | bytes] = []
        events = self._events
        while events:
            event = events[0]
            if isinstance(event, str | bytes):
                taken.append(event)
            elif isinstance(event, frames.Ping):
                self._control(event)
            else:
                break
            events.popleft()
        return taken

    def receive(self) -> str | bytes | None:
        """Wait for the next message: `str` for text, `bytes` for binary, None when the WebSocket is closed.

        Pings are answered and the closing handshake is done in here. Only one greenlet may be in here at a time.
        """
        if self._receiving:
            if not self._closing:
                raise RuntimeError("two greenlets receive from one WebSocket")
            self._ended.wait()  # another greenlet is closing and reads to the end itself
            return None
        self._receiving = True
        try:
            while not self._over:
                while self._events:
                    event = self._events.popleft()
                    if isinstance(event, str | bytes):
                        if not self._closing:
                            return event
                        self.last_words = event  # it is read only to keep the line polite
                    else:
                        self._control(event)
                if not self._over:
                    self._read()
            return None
        finally:
            self._receiving = False

    def send(self, *texts: str) -> None:
        """Send text messages, whole and in order; returns at once, whatever the peer reads.

        Raises:
            WebSocketClosedError: it is closed, was cut off, or the peer is too far behind.
        """
        self.send_frames([frames.text_frame(text) for text in texts])

    def send_frames(self, whole: Iterable[bytes]) -> None:
        """Send frames that were made before (`frames.text_frame`), as `send` does."""
        if self._closing or self._over:
            raise WebSocketClosedError(f"WebSocket closed ({self.close_code})")
        self._send(b"".join(whole))

    def ping(self) -> None:
        """Ask the peer for a sign of life (RFC 6455 §5.5.2); nothing happens when the WebSocket is closed."""
        if not self.closed:
            with contextlib.suppress(WebSocketClosedError):
                self._send(frames.ping_frame())

    def close(self, code: int = frames.NORMAL, reason: str = "") -> None:
        """Close from our side; from any greenlet, again and again. `receive` in another greenlet then returns None.

        The peer gets `linger_s` to read what is on its way and to answer; then the connection is cut.
        """
        if self._closing or self._over:
            return
        self._start_closing(code, reason)
        if not self._receiving:
            self.receive()

    def _start_closing(self, code: int, reason: str) -> None:
        self._closing = True
        self.close_code, self.close_reason = code, reason
        # A green thread's `cancel` would let every other one run: whoever closes may be in the middle of something.
        self._linger = hubs.get_hub().schedule_call_global(self._linger_s, self._cut_off)
        with contextlib.suppress(WebSocketClosedError):
            self._send(frames.close_frame(code, reason))

    def _control(self, event: "frames.Ping | frames.PeerClosed | frames.Violation") -> None:
        match event:
            case frames.Ping(payload):
                with contextlib.suppress(WebSocketClosedError):
                    if not self._closing:
                        self._send(frames.pong_frame(payload))
            case frames.PeerClosed(code, reason):
                if not self._closing:
                    self._start_closing(code, reason)
                while self._unsent:  # lingering ends this at the latest
                    eventlet.sleep(0.01)
                self._finish()
            case frames.Violation(code, reason):
                if self._closing:  # it was told to go and talks nonsense: no use in waiting
                    self._finish()
                    return
                of_call = {"call_sid": self.call_sid} if self.call_sid else {}
                log.warning("websocket_violation", code=code, reason=reason, **of_call)
                self._start_closing(code, reason)
                # The decoder reads no further. Close with unread bytes in the socket would be a RST, which can overtake
                # our Close frame: half-close and read to the end, as long as lingering lasts.
                self._then_half_close = True
                if not self._unsent:
                    self._half_close()

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
        except (OSError, EOFError):  # EOFError: eventlet's word for "closed by another greenlet"
            data = b""
        self._received(data)
        if self.is_behind:
            # More is waiting, and eventlet yields only when nothing is: a flood on one line would starve all calls.
            eventlet.sleep(0)

    def _read_ready(self) -> None:
        try:
            data = self._socket.fd.recv(_READ_BYTES)
        except BlockingIOError:
            self.is_behind = False
            return
        except OSError:
            data = b""
        self._received(data)

    def _received(self, data: bytes) -> None:
        """Take what was read; nothing is the end of the stream."""
        self.is_behind = len(data) == _READ_BYTES
        if data:
            self.heard_at_s = time.monotonic()
            self._events.extend(self._decoder.feed(data))
        else:
            self._finish()

    def _send(self, data: bytes) -> None:
        if self._unsent:
            if len(self._unsent) + len(data) > MOST_UNSENT_BYTES:
                self._cut_off()
                raise WebSocketClosedError("WebSocket cut off: the peer reads too slowly")
            self._unsent += data  # behind what waits already
            return
        try:
            sent = self._socket.fd.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._cut_off()
            raise WebSocketClosedError(f"WebSocket cut off: {error}") from error
        if sent < len(data):
            self._unsent += data[sent:]
            eventlet.spawn_n(self._send_rest)

    def _send_rest(self) -> None:
        """Send what waits, as the peer reads."""
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(bytes(self._unsent[:_READ_BYTES]))]
        except (OSError, EOFError):
            self._unsent.clear()
            self._cut_off()
        if self._then_half_close:
            self._half_close()

    def _half_close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(sockets.SHUT_WR)

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        self._ended.send()
        if self.close_code is None:
            self.close_code = frames.ABNORMAL
        if self._linger is not None:
            self._linger.cancel()
        if self._unsent:
            self._cut_off()  # nobody will read it: let `_send_rest` go

    def _cut_off(self) -> None:
        """Cut the connection: who reads gets an end of file, who sends an error."""
        if self.close_code is None:
            self.close_code = frames.ABNORMAL
        with contextlib.suppress(OSError):
            self._socket.shutdown(sockets.SHUT_RDWR)


def _early_bytes(environ: Environ) -> bytes:
    """Return frames that came in one packet with the handshake: gunicorn's parser has read them already.

    There is no public way to ask for them; gunicorn is pinned and a test covers this. Elsewhere: nothing.
    """
    reader = getattr(environ.get("wsgi.input"), "reader", None)
    buffer = getattr(getattr(reader, "unreader", None), "buf", None)
    return buffer.getvalue() if buffer is not None else b""
