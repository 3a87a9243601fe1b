"""A simulated Twilio: one phone call against a voice server, exactly as Twilio would make it.

Signed webhook, TwiML, media WebSocket with connected/start/media/mark/dtmf/stop, the player at the caller's ear, and
the status callbacks (Twilio docs: "Media Streams - WebSocket messages", "TwiML <Stream>", "Security").
"""

import asyncio
import base64
import hmac
import secrets
import time
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from app.qa.player import FRAME_SAMPLES, SAMPLES_PER_MS, Player
from app.qa.wire.http_client import HttpResponse, ServerError, post
from app.qa.wire.sockets import QuickWebSocket, StrictWebSocket
from app.qa.wire.twiml_reader import StreamTwiml, check_twiml_response, parse_twiml

SUBPROTOCOL = "audio.twilio.com"
INCOMING_CALL = "/webhook/incoming_call"
STREAM_ENDED = "/webhook/stream_ended"
CALL_STATUS = "/webhook/call_status"
FRAME_S = 0.020
RATE_HZ = 8000
MAX_RECONNECTS = 3


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the simulated Twilio calls, and as whom.

    `url` is where the server is reached; `public_url` is what "the number is configured with", if that differs (the
    server sits behind a proxy or knows its PUBLIC_BASE_URL). Webhooks are signed when there is an `auth_token`.
    """

    url: str
    auth_token: str | None = None
    public_url: str | None = None
    from_number: str = "+972500000000"
    to_number: str = "+972770000000"
    offer_subprotocol: bool = True


def sign(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """Return the X-Twilio-Signature of a form POST (Twilio docs: "Validating signatures")."""
    signed = url + "".join(name + value for name, value in sorted(form.items()))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), "sha1")).decode()


@dataclass(slots=True)
class PeerEvents:
    """What the peer tells of; each is called on the event loop and must not block."""

    mark: Callable[[str], None] = lambda _name: None
    clear: Callable[[], None] = lambda: None
    warning: Callable[[str], None] = lambda _text: None
    closed: Callable[[int, str], None] = lambda _code, _reason: None
    message: Callable[[dict[str, Any], int], None] = lambda _message, _now: None
    """Every message of the server's, and the sample at which it came."""


@dataclass(slots=True)
class TwilioPeer:
    """One call. `ring()`, `connect()`, then `send_frame()` every 20 ms, then `hang_up()`.

    `strict` chooses the WebSocket that checks the server's bytes; `keep_audio` what the player keeps.
    """

    account: Account
    events: PeerEvents = field(default_factory=PeerEvents)
    strict: bool = True
    keep_audio: bool = True
    call_sid: str = field(default_factory=lambda: "CA" + secrets.token_hex(16))
    account_sid: str = field(default_factory=lambda: "AC" + secrets.token_hex(16))
    stream_sid: str = field(default_factory=lambda: "MZ" + secrets.token_hex(16))
    player: Player = field(init=False)
    warnings: list[str] = field(default_factory=list)
    closed: tuple[int, str] | None = None
    started_epoch_ms: float = 0.0
    callback_statuses: list[tuple[str, int]] = field(default_factory=list)
    _twiml: StreamTwiml | None = None
    _socket: StrictWebSocket | QuickWebSocket | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _started_s: float = 0.0
    _sequence: int = 1
    _frames: int = 0
    _mark_timer: asyncio.TimerHandle | None = None
    _callbacks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Give the call its ear."""
        self.player = Player(keep_audio=self.keep_audio)

    @property
    def open(self) -> bool:
        """Tell whether the media socket stands."""
        return self._socket is not None and self.closed is None

    @property
    def subprotocol(self) -> str | None:
        """Return what the server chose."""
        return self._socket.subprotocol if self._socket else None

    def now(self) -> int:
        """Return the sample of the stream's clock that is passing."""
        assert self._loop is not None
        return int((self._loop.time() - self._started_s) * RATE_HZ)

    def frame_due_s(self, number: int) -> float:
        """Return the loop's time at which frame `number` (from 1) has been spoken and leaves for the server."""
        return self._started_s + number * FRAME_S

    async def ring(self) -> HttpResponse:
        """Post the incoming call and read the TwiML it is answered with.

        Raises:
            ServerError: whatever would make Twilio give up the call here.
        """
        return await self._ask(INCOMING_CALL, "ringing")

    async def ask_again(self) -> HttpResponse:
        """Post the `action` of a stream that is over while the call is not, and read the TwiML it is answered with.

        Raises:
            ServerError: the call is to end, or whatever would make Twilio give it up.
        """
        return await self._ask(STREAM_ENDED, "in-progress")

    async def _ask(self, path: str, status: str) -> HttpResponse:
        response = await self._webhook(path, {"CallStatus": status})
        where = self.account.url.rstrip("/") + path
        check_twiml_response(response, where, signed=bool(self.account.auth_token))
        try:
            self._twiml = parse_twiml(response.body)
        except ServerError as exc:
            raise ServerError(f"{where}: {exc}") from exc
        return response

    async def connect(self) -> None:
        """Open the media WebSocket and say `connected` and `start`.

        Raises:
            ServerError: the handshake failed.
        """
        assert self._twiml is not None, "ring() comes first"
        self._loop = asyncio.get_running_loop()
        written = urlsplit(self._twiml.url)
        here = urlsplit(self.account.url)
        scheme = "wss" if here.scheme == "https" else "ws"
        headers = {"User-Agent": "Twilio.TmeWs/1.0", **self._proxy_headers()}
        if self.account.auth_token:
            headers["X-Twilio-Signature"] = sign(self.account.auth_token, self._twiml.url, {})
        kind = StrictWebSocket if self.strict else QuickWebSocket
        socket = kind(
            SplitResult(scheme, here.netloc, written.path, "", ""),
            headers,
            (SUBPROTOCOL,) if self.account.offer_subprotocol else (),
            self._receive,
            self._receive_binary,
            self._receive_close,
        )
        self._socket = socket
        await socket.open()
        socket.send(orjson.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        start = {
            "accountSid": self.account_sid,
            "streamSid": self.stream_sid,
            "callSid": self.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": self._twiml.parameters,
        }
        self._say({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": self.stream_sid})
        self._started_s = self._loop.time()
        self.started_epoch_ms = time.time() * 1000.0
        self._tell_stream("stream-started")

    def send_frame(self, ulaw: bytes | None) -> None:
        """Send the next frame of the caller's line (160 mu-law bytes); None: its time passes without one."""
        if not self.open:
            return
        assert self._socket is not None
        self._frames += 1
        if ulaw is None:
            return
        self._sequence += 1
        self._socket.send(
            b'{"event":"media","sequenceNumber":"%d","media":{"track":"inbound","chunk":"%d","timestamp":"%d",'
            b'"payload":"%s"},"streamSid":"%s"}'
            % (
                self._sequence,
                self._frames,
                self._frames * FRAME_SAMPLES // SAMPLES_PER_MS,
                b2a_base64(ulaw, newline=False),
                self.stream_sid.encode(),
            )
        )

    def press(self, digit: str) -> None:
        """Press a key of the caller's telephone."""
        self._sequence += 1
        dtmf = {"track": "inbound_track", "digit": digit}
        number = str(self._sequence)
        self._say({"event": "dtmf", "streamSid": self.stream_sid, "sequenceNumber": number, "dtmf": dtmf})

    async def hang_up(self) -> None:
        """End the call: `stop`, closing handshake, and the callbacks that Twilio posts behind a call."""
        if self.open:
            assert self._socket is not None
            self._sequence += 1
            stop = {"accountSid": self.account_sid, "callSid": self.call_sid}
            number = str(self._sequence)
            self._say({"event": "stop", "sequenceNumber": number, "stop": stop, "streamSid": self.stream_sid})
            self._socket.close()
        self._tell_stream("stream-stopped")
        seconds = round(self._frames * FRAME_S)
        ended = {"CallStatus": "completed", "CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
        self._spawn(self._post_callback(self._public(CALL_STATUS), ended))
        if self._mark_timer:
            self._mark_timer.cancel()
        await asyncio.gather(*self._callbacks)

    def _receive(self, text: str | bytes, age_s: float) -> None:
        try:
            fault = self._obey(orjson.loads(text), self.now() - int(age_s * RATE_HZ))
        except (ValueError, KeyError, TypeError, Base64Error) as exc:
            fault = f"{type(exc).__name__} {exc}"
        if fault:
            self._warn(f"31951 a message was dropped, {fault}: {text[:80]!r}")

    def _obey(self, message: dict[str, Any], now: int) -> str | None:
        """Do what a message asks; return what is wrong with it, if anything is."""
        event = message["event"]
        self.events.message(message, now)
        if message["streamSid"] != self.stream_sid:
            return "its streamSid is another stream's"
        if event == "media":
            self.player.receive_media(a2b_base64(message["media"]["payload"]), now)
        elif event == "mark":
            self.player.receive_mark(str(message["mark"]["name"]), now)
            self._echo_marks()
        elif event == "clear":
            self.player.receive_clear(now)
            self.events.clear()
            self._echo_marks()
        else:
            return f"its event {event!r} is unknown"
        return None

    def _receive_binary(self, length: int) -> None:
        self._warn(f"31950 a binary message of {length} bytes was dropped: Twilio wants text")

    def _receive_close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)
        self.events.closed(code, reason)

    def _echo_marks(self) -> None:
        """Return the marks that are due, and wake up for the next."""
        if self._mark_timer:
            self._mark_timer.cancel()
            self._mark_timer = None
        if not self.open:
            return
        for name in self.player.due_marks(self.now()):
            self._sequence += 1
            number = str(self._sequence)
            self._say({"event": "mark", "sequenceNumber": number, "mark": {"name": name}, "streamSid": self.stream_sid})
            self.events.mark(name)
        due = self.player.timer()
        if due is not None:
            assert self._loop is not None
            # One sample later than due: the clock must have passed it when the timer rings.
            self._mark_timer = self._loop.call_at(self._started_s + (due + 1) / RATE_HZ, self._echo_marks)

    def _say(self, message: Mapping[str, Any]) -> None:
        if self._socket is not None and self.closed is None:
            self._socket.send(orjson.dumps(message))

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        self.events.warning(text)

    def _public(self, path: str) -> str:
        return (self.account.public_url or self.account.url).rstrip("/") + path

    def _proxy_headers(self) -> dict[str, str]:
        """Return what the proxy in front of the server would add."""
        if not self.account.public_url:
            return {}
        public = urlsplit(self.account.public_url)
        return {"X-Forwarded-Proto": public.scheme, "X-Forwarded-Host": public.netloc}

    def _form(self, extra: Mapping[str, str]) -> dict[str, str]:
        account = self.account
        return {
            "CallSid": self.call_sid,
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "Direction": "inbound",
            "From": account.from_number,
            "Caller": account.from_number,
            "To": account.to_number,
            "Called": account.to_number,
            "CallerName": "",
            "CallStatus": "in-progress",
            **extra,
        }

    async def _webhook(self, path: str, extra: Mapping[str, str]) -> HttpResponse:
        return await self._post(self._public(path), self._form(extra))

    async def _post(self, url: str, form: Mapping[str, str]) -> HttpResponse:
        """Post to a URL as it was written, at the host under test."""
        written, here = urlsplit(url), urlsplit(self.account.url)
        headers = self._proxy_headers()
        if self.account.auth_token:
            headers["X-Twilio-Signature"] = sign(self.account.auth_token, url, form)
        target = SplitResult(here.scheme, here.netloc, written.path, "", "")
        return await post(target, form, headers)

    def _tell_stream(self, event: str) -> None:
        if self._twiml is None or self._twiml.status_callback is None or self._socket is None:
            return
        form = {
            "AccountSid": self.account_sid,
            "CallSid": self.call_sid,
            "StreamSid": self.stream_sid,
            "StreamName": self.stream_sid,
            "StreamEvent": event,
            "Timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        self._spawn(self._post_callback(self._twiml.status_callback, form, whole=True))

    async def _post_callback(self, url: str, extra: Mapping[str, str], *, whole: bool = False) -> None:
        path = urlsplit(url).path
        try:
            response = await self._post(url, extra if whole else self._form(extra))
            self.callback_statuses.append((path, response.status))
        except ServerError as exc:
            self._warn(f"a callback failed: {exc}")

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._callbacks.add(task)
        task.add_done_callback(self._callbacks.discard)
