"""A server-side WebSocket on the raw socket of gunicorn's eventlet worker (R4).

The protocol is in `handshake` and `frames`; here are the socket, the lock and the closing. One greenlet receives, any
number may send or close. There is no timeout around the reader: who thinks the peer is dead calls `close()`, which
wakes it.

    socket = WebSocket.accept(environ)            # may raise HandshakeError: answer with its `response`
    while (message := socket.receive()) is not None:
        ...
    raise StopIteration                           # from the WSGI callable: gunicorn then closes the connection
"""

import contextlib
import socket as sockets
from collections import deque
from collections.abc import Sequence
from typing import Any

import eventlet
import structlog
from eventlet.event import Event
from eventlet.semaphore import Semaphore

from app.telephony import frames
from app.telephony.handshake import HandshakeError, shake_hands
from app.telephony.responses import Environ, refuse

log = structlog.get_logger(__name__)

TWILIO_SUBPROTOCOL = "audio.twilio.com"
LINGER_S = 1.0
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
        self.close_reason = ""
        self.read_pause_s = 0.0
        """How long what arrives may gather before it is read: several messages in one go cost less than one by one."""
        self._socket = sock
        self._decoder = frames.FrameDecoder()
        self._events: deque[frames.Event] = deque(self._decoder.feed(early))
        self._sending = Semaphore()
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
    def has_more(self) -> bool:
        """Whether the next message is here already."""
        return bool(self._events)

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
                        if not self._closing:  # what comes after our Close is read only to keep the line polite
                            return event
                    else:
                        self._control(event)
                if not self._over:
                    self._read()
            return None
        finally:
            self._receiving = False

    def send_text(self, text: str) -> None:
        """Send one text message, whole, whatever the number of senders; waits while the peer reads slowly.

        Raises:
            WebSocketClosedError: it is closed, or was cut off while sending.
        """
        frame = frames.text_frame(text)
        with self._sending:
            if self._closing or self._over:
                raise WebSocketClosedError(f"WebSocket closed ({self.close_code})")
            self._send(frame)

    def close(self, code: int = frames.NORMAL, reason: str = "") -> None:
        """Close from our side; from any greenlet, again and again. `receive` in another greenlet then returns None.

        The peer gets `linger_s` to answer (and a blocked sender to give way); then the connection is cut.
        """
        if self._closing or self._over:
            return
        self._start_closing(code, reason)
        if not self._receiving:
            self.receive()

    def _start_closing(self, code: int, reason: str) -> None:
        self._closing = True
        self.close_code, self.close_reason = code, reason
        self._linger = eventlet.spawn_after(self._linger_s, self._cut_off)
        with self._sending, contextlib.suppress(WebSocketClosedError):
            if not self._over:
                self._send(frames.close_frame(code, reason))

    def _control(self, event: "frames.Ping | frames.PeerClosed | frames.Violation") -> None:
        match event:
            case frames.Ping(payload):
                with self._sending, contextlib.suppress(WebSocketClosedError):
                    if not self._closing:
                        self._send(frames.pong_frame(payload))
            case frames.PeerClosed(code, reason):
                if not self._closing:
                    self._start_closing(code, reason)
                self._finish()
            case frames.Violation(code, reason):
                if self._closing:  # it was told to go and talks nonsense: no use in waiting
                    self._finish()
                    return
                log.warning("websocket_violation", code=code, reason=reason)
                self._start_closing(code, reason)
                # The decoder reads no further. Close with unread bytes in the socket would be a RST, which can overtake
                # our Close frame: half-close and read to the end, as long as lingering lasts.
                with contextlib.suppress(OSError):
                    self._socket.shutdown(sockets.SHUT_WR)

    def _read(self) -> None:
        if self.read_pause_s:
            eventlet.sleep(self.read_pause_s)
        try:
            data = self._socket.recv(_READ_BYTES)
        except (OSError, EOFError):  # EOFError: eventlet's word for "closed by another greenlet"
            data = b""
        if data:
            self._events.extend(self._decoder.feed(data))
            if len(data) == _READ_BYTES:
                # More is waiting, and eventlet yields only when nothing is: a flood on one line would starve all calls.
                eventlet.sleep(0)
        else:
            self._finish()

    def _send(self, frame: bytes) -> None:
        try:
            self._socket.sendall(frame)
        except OSError as error:
            self._cut_off()
            raise WebSocketClosedError(f"WebSocket cut off: {error}") from error

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        self._ended.send()
        if self.close_code is None:
            self.close_code = frames.ABNORMAL
        if self._linger is not None:
            self._linger.cancel()

    def _cut_off(self) -> None:
        """Cut the connection: a reader gets an end of file, a blocked writer an error."""
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
