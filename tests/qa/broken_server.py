"""A small voice server that keeps the whole acceptance list, and can be broken in one way at a time.

It speaks HTTP and Twilio's stream over real sockets, in the test's own loop. It understands nothing: it hears where
voice begins and ends, and plays the sample dialog's questions in order. `Server(fault=…)` names what is wrong with it.
"""

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import h11
import numpy as np
import wsproto
from wsproto.events import CloseConnection, TextMessage

from app.media.codec import decode_ulaw, encode_ulaw
from app.qa.wire.twilio_peer import sign

PUBLIC = "https://voice.example"
PASSWORD = "a password of this console"
FRAME_S = 0.020
LEAD_FRAMES = 8
TALK_MS, TAIL_MS = 1600, 200
EOU_MS, HEARS_MS, ANSWERS_MS = 400, 150, 300
BARGE_IN_MS, GRACE_MS = 120, 200
SHORTEST_MS = 80
FLOOR_DBFS, ABOVE_NOISE_DB = -52.0, 6.0
VOICED = 0.4
LINE = "שמחה שהתקשרתם אלינו היום רשמתי את הדברים שלכם אז מה עוד כדאי שנדע?"
TALK = encode_ulaw((8000 * np.cos(2 * np.pi * 400 * np.arange(TALK_MS * 8) / 8000)).astype(np.int16))
DIALOG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("area", {"deal": "buy", "property_type": "apartment"}),
    ("rooms", {"area": ["חולון"]}),
    ("anything_else", {"rooms_min": 3, "rooms_max": 4}),
)


@dataclass
class Server:
    """The server; `log` is what it would have written to its log."""

    fault: str = ""
    auth_token: str | None = None
    url: str = ""
    log: list[str] = field(default_factory=list)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tokens: dict[str, bool] = field(default_factory=dict)
    """Each token, and whether it may still be used."""
    live: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            http = h11.Connection(h11.SERVER)
            http.receive_data(head)
            request = http.next_event()
            assert isinstance(request, h11.Request)
            headers = {name.decode(): value.decode() for name, value in request.headers}
            target, method = request.target.decode(), request.method.decode()
            if "upgrade" in headers:
                await self.media(reader, writer, target, headers)
                return
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            status, kind, answer = await self.answer(method, target, headers, body)
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
                + answer
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        """Return status, content type and body."""
        path, fault = urlsplit(target).path, self.fault
        name = path.removesuffix("/").rpartition("/")[2]
        if path == "/version":
            return await self.version()
        if path == "/":
            return (404 if fault == "no root" else 200), "text/plain", b"ok"
        if path == "/incoming_call_preview":
            body = self.twiml("preview")
            kind = "text/html" if fault == "preview as a page" else "application/xml; charset=utf-8"
            return 200, kind, (b"\xef\xbb\xbf" if fault == "BOM before XML" else b"") + body
        if path.startswith(("/console/", "/phone/")):
            return self.console(method, path, headers, body)
        if path == "/ws/twilio-media":
            return 426, "text/plain", b""
        if path.startswith("/calls/"):
            told = self.events.get(path.split("/")[2])
            if told is None or fault == "tells nothing":
                return 404, "text/plain", b""
            return 200, "application/x-ndjson", b"".join(json.dumps(event).encode() + b"\n" for event in told)
        if name in ("stream_status", "stream_ended", "call_status"):
            return await self.callback(method, name)
        if name in ("incoming_call", "handle_recording"):
            if not self.trusts(target, headers, body):
                return 403, "text/plain", b"not signed"
            if path.endswith("/") and fault == "slash redirects":
                return 301, "text/plain", b""
            return 200, "application/xml; charset=utf-8", self.twiml("call")
        return 404, "text/plain", b""

    def console(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        """Answer as the console's login and the softphone's events do."""
        if path == "/console/login":
            if method == "GET":
                return 200, "text/html\r\nSet-Cookie: console=new; Path=/", b'<input name="csrf" value="c1">'
            form = dict(parse_qsl(body.decode()))
            right = form.get("password") == PASSWORD and form.get("csrf") == "c1" and headers["cookie"] == "console=new"
            return (303 if right else 401), "text/html\r\nSet-Cookie: console=in; Path=/", b""
        is_known = headers.get("cookie") == "console=in" if self.auth_token else "x-forwarded-for" not in headers
        if not is_known:
            return 303, "text/html", b""
        told = self.events.get(path.split("/")[3], [])
        if path.endswith("/trace.json"):
            is_over = any(event["event"] == "CALL_ENDED" for event in told) and self.fault != "never stores the end"
            return 200, "application/json", json.dumps({"call": {"ended_at": "now" if is_over else None}}).encode()
        return 200, "application/json", json.dumps({"events": told, "next": 1}).encode()

    async def version(self) -> tuple[int, str, bytes]:
        """Say what this is."""
        about = {"version": "1", "commit": "c", "started_at": "now"}
        if self.fault == "slow version":
            await asyncio.sleep(0.15)
        if self.fault == "version without commit":
            del about["commit"]
        return 200, "application/json", json.dumps(about).encode()

    async def callback(self, method: str, name: str) -> tuple[int, str, bytes]:
        """Answer one of the three callbacks."""
        fault = self.fault
        if method == "GET":
            return (200 if fault == "GET on call_status" and name == "call_status" else 405), "text/plain", b""
        slow = fault == "slow stream_status" and name == "stream_status"
        if slow or (fault == "slow callbacks during calls" and self.live):
            await asyncio.sleep(0.15)
        return (200 if fault == "stream_ended 200" and name == "stream_ended" else 204), "text/plain", b""

    def trusts(self, target: str, headers: dict[str, str], body: bytes) -> bool:
        """Tell whether a webhook is Twilio's, or in development mode this machine's."""
        if self.fault == "trusts strangers":
            return True
        if self.auth_token is None:
            return "x-forwarded-for" not in headers
        written = PUBLIC + (target.partition("?")[0] if self.fault == "query breaks signature" else target)
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        return sign(self.auth_token, written, form) == headers.get("x-twilio-signature")

    def twiml(self, purpose: str) -> bytes:
        """Return TwiML with a fresh token."""
        token = f"{purpose}-{secrets.token_hex(8)}"
        self.tokens[token] = purpose == "call"
        base = "http://voice.example" if self.fault == "callback without https" else PUBLIC
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><Response><Connect action="{PUBLIC}/webhook/stream_ended">'
            f'<Stream url="wss://voice.example/ws/twilio-media" statusCallback="{base}/webhook/stream_status">'
            f'<Parameter name="token" value="{token}"/></Stream></Connect></Response>'
        ).encode()

    def admits(self, token: str) -> bool:
        """Take a token, once."""
        if self.fault == "open socket":
            return True
        good = self.tokens.get(token, False)
        self.tokens[token] = self.fault == "tokens again and again" and good
        return good

    async def media(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str, headers: dict[str, str]
    ) -> None:
        """Shake hands and hold a call."""
        key = headers.get("sec-websocket-key", "")
        if len(key) != 24:  # 16 bytes in base64
            writer.write(b"HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n")
            return
        if target.endswith("/") and self.fault == "no slash":
            writer.write(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")
            return
        suffix = b"" if self.fault == "wrong accept" else b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode() + suffix).digest()).decode()
        lines = ["HTTP/1.1 101 X", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"]
        if "audio.twilio.com" in headers.get("sec-websocket-protocol", "") and self.fault != "no subprotocol":
            lines.append("Sec-WebSocket-Protocol: audio.twilio.com")
        writer.write("\r\n".join([*lines, "", ""]).encode())
        self.live += 1
        try:
            await Call(self, reader, writer).run()
        finally:
            self.live -= 1


class Call:
    """One media stream, as the server has it."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer, self.fault = server, reader, writer, server.fault
        self.wire = wsproto.connection.Connection(wsproto.ConnectionType.SERVER)
        self.sid = self.stream_sid = ""
        self.tasks: set[asyncio.Task[None]] = set()
        self.speaking: asyncio.Task[None] | None = None
        self.spoke_from_s = 0.0
        self.reply = self.turn = 0
        self.floor_dbfs = FLOOR_DBFS
        self.frames = 0
        self.voice_ms = self.quiet_ms = self.length_ms = self.noise_ms = self.clear_ms = 0

    async def run(self) -> None:
        """Talk until the peer closes; who says nothing for 5 s is sent away."""
        late = asyncio.get_running_loop().call_later(5.0, self.refuse)  # whoever has not said `start`
        try:
            while True:
                for event in self.wire.events():
                    if isinstance(event, CloseConnection):
                        if self.wire.state is wsproto.connection.ConnectionState.REMOTE_CLOSING:
                            self.writer.write(self.wire.send(event.response()))
                        return
                    if isinstance(event, TextMessage) and not self.take(json.loads(event.data)):
                        return
                data = await self.reader.read(65536)
                if not data:
                    return
                self.wire.receive_data(data)
        finally:
            late.cancel()
            for task in self.tasks:
                task.cancel()
            if self.sid and self.fault != "never notes the end":
                self.tell("CALL_ENDED")

    def refuse(self) -> None:
        """Send a stranger away."""
        if not self.sid and self.wire.state is wsproto.connection.ConnectionState.OPEN:
            self.writer.write(self.wire.send(CloseConnection(1008, "not admitted")))

    def take(self, message: dict[str, Any]) -> bool:
        """Take one message; return whether to go on."""
        if message["event"] == "start":
            if not self.server.admits(message["start"]["customParameters"].get("token", "")):
                self.refuse()
                return True
            self.sid, self.stream_sid = message["start"]["callSid"], message["streamSid"]
            self.server.events.setdefault(self.sid, [])
            self.ask("greeting")
            if self.fault != "no greeting":
                self.later(3.0 if self.fault == "late greeting" else 0.1, self.speak)
        elif message["event"] == "media":
            self.hear(decode_ulaw(base64.b64decode(message["media"]["payload"])))
        elif message["event"] == "mark":
            self.write_log(f"MARK_ACK | mark={message['mark']['name']}")
            self.write_log("STATE→LISTENING | on=mark")
        return True

    # -- hearing --------------------------------------------------------------------------------------------------

    def hear(self, frame: np.ndarray[Any, np.dtype[np.int16]]) -> None:
        """Notice where voice begins and ends. White noise is loud, but its neighbours have nothing in common."""
        samples = frame.astype(np.float64)
        samples -= samples.mean()
        power = float(samples @ samples) + 1e-9
        level_dbfs = 10 * np.log10(power / len(samples) / 32768**2 + 1e-12)
        self.frames += 1
        if self.frames <= 20:
            self.floor_dbfs = max(self.floor_dbfs, level_dbfs + ABOVE_NOISE_DB)
            return
        loud = level_dbfs > (-30.0 if self.fault == "deaf to weak lines" else self.floor_dbfs)
        voiced = loud and float(samples[1:] @ samples[:-1]) / power > VOICED
        if self.fault == "deaf in noise" and self.floor_dbfs > -40:
            voiced = False
        self.noise_ms = self.noise_ms + 20 if loud and not voiced else 0
        self.voice_ms += 20 if voiced else 0
        if voiced:
            self.length_ms += self.quiet_ms + 20
            self.quiet_ms = 0
        elif loud and self.voice_ms:
            self.quiet_ms = 0
        elif self.voice_ms:
            self.quiet_ms += 20
            self.end_turn()
        if self.fault == "cuts at 5 s" and self.voice_ms and self.length_ms > 5000:
            self.answer_turn(0)
        self.interrupt()

    def interrupt(self) -> None:
        """Stop when the caller speaks."""
        fault, spoken_ms = self.fault, (self.now() - self.spoke_from_s) * 1000
        if fault == "stops for any noise" and self.floor_dbfs > -40 and self.frames % 100 == 0:
            self.send("clear")
        if not self.is_speaking:
            return
        stops = self.voice_ms >= BARGE_IN_MS and spoken_ms > GRACE_MS and fault != "no clear"
        early = fault == "no grace" and self.noise_ms >= 60 and spoken_ms < 300
        cough = fault == "coughed away" and self.noise_ms >= 220
        if stops or early or cough:
            assert self.speaking is not None
            self.speaking.cancel()
            self.send("clear")
            if fault == "frames after clear":
                self.later(0.08, self.send_frame, b"\xff" * 160)

    def end_turn(self) -> None:
        """The caller fell silent: answer, if that was long enough."""
        wanted_ms = {"hasty": 200, "late end of turn": 700}.get(self.fault, EOU_MS)
        if self.quiet_ms < wanted_ms:
            return
        ignored = self.length_ms < (600 if self.fault == "ignores short answers" else SHORTEST_MS)
        if ignored or self.fault == "silent agent":
            self.voice_ms = self.length_ms = self.quiet_ms = 0
            return
        self.answer_turn(self.quiet_ms)

    def answer_turn(self, silence_ms: int) -> None:
        """Understand what was said, as far as this server can, and answer."""
        length_ms, self.voice_ms, self.length_ms, self.quiet_ms = self.length_ms, 0, 0, 0
        silence = {"silence_ms": silence_ms} if silence_ms else {}
        self.tell("STATE→PROCESSING", **silence, len=length_ms)
        hears_s = (900 if self.fault == "late text" else HEARS_MS) / 1000
        answers_s = {"hasty": 0.02, "slow answers": 3.0, "late text": 1.0}.get(self.fault, ANSWERS_MS / 1000)
        self.later(min(hears_s, answers_s), self.understand)
        self.later(answers_s, self.speak)

    def understand(self) -> None:
        """Say that a text came, and what is known now."""
        self.tell("ASR_TEXT", text="…")
        self.turn += 1
        self.ask(DIALOG[min(self.turn, len(DIALOG)) - 1][0])

    def ask(self, asked: str) -> None:
        """Tell what the next line asks."""
        slots: dict[str, Any] = {}
        for _, filled in DIALOG[: self.turn]:
            slots |= filled
        if self.fault == "loses slots" and self.turn == 2:
            del slots["deal"]
        self.server.events[self.sid].append(
            {"at_ms": self.now() * 1000, "event": "QUESTION", "asked": asked, "confirms": {}, "slots": slots}
        )

    # -- speaking -------------------------------------------------------------------------------------------------

    @property
    def is_speaking(self) -> bool:
        """Whether a line is being said."""
        return self.speaking is not None and not self.speaking.done()

    def speak(self) -> None:
        """Begin a line."""
        if self.is_speaking:
            assert self.speaking is not None
            self.speaking.cancel()
        self.reply += 1
        self.spoke_from_s = self.now()
        self.speaking = asyncio.create_task(self.play())
        self.tasks.add(self.speaking)

    async def play(self) -> None:
        """Send a line at a steady pace with some lead, silence, and the end mark."""
        fault = self.fault
        self.write_log("TTS_START | reply=1")
        text = LINE[:-1] + LINE if fault == "long lines" else LINE
        self.tell("SAID", text=text)
        tail = b"" if fault == "no tail" else b"\xff" * (TAIL_MS * 8)
        audio = TALK + tail
        started_s = self.now()
        crowded = fault == "chokes in a crowd" and self.server.live > 2
        for index in range(len(audio) // 160):
            lead = 10_000 if fault == "sends all at once" else LEAD_FRAMES
            stall_s = 0.4 if index >= 40 and self.reply == 2 and (fault == "stalls" or crowded) else 0.0
            if fault == "late frames" and index % 10 == 9:
                stall_s = 0.1
            due_s = started_s + (index - lead) * FRAME_S + stall_s
            await asyncio.sleep(max(0.0, due_s - self.now()))
            self.send_frame(audio[index * 160 : index * 160 + 160])
        await asyncio.sleep(max(0.0, started_s + len(audio) / 8000 - LEAD_FRAMES * FRAME_S - self.now()))
        for _ in range({"no marks": 0, "two marks": 2}.get(fault, 1)):
            self.send("mark", mark={"name": f"assistant_tts_end:{self.reply}"})

    def send_frame(self, ulaw: bytes) -> None:
        """Send 20 ms of audio."""
        media = {"payload": base64.b64encode(ulaw).decode()}
        if self.fault == "extra keys":
            media["track"] = "outbound"
        self.send("media", media=media)

    def send(self, event: str, **content: Any) -> None:
        """Send one message of the stream."""
        text = json.dumps({"event": event, "streamSid": self.stream_sid, **content})
        kind = wsproto.events.BytesMessage(b"123") if self.fault == "binary marks" and event == "mark" else None
        self.writer.write(self.wire.send(kind or TextMessage(text)))

    # -- telling --------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Return the loop's time."""
        return asyncio.get_running_loop().time()

    def later(self, delay_s: float, act: Any, *arguments: Any) -> None:
        """Do something after a while, unless the call is over."""

        async def wait() -> None:
            await asyncio.sleep(delay_s)
            act(*arguments)

        self.tasks.add(asyncio.create_task(wait()))

    def tell(self, event: str, **fields: Any) -> None:
        """Note an event for developers' tools and in the log."""
        self.server.events[self.sid].append({"at_ms": self.now() * 1000, "event": event, **fields})
        if event in ("STATE→PROCESSING", "ASR_TEXT"):
            self.write_log(" | ".join([event, *(f"{name}={value}" for name, value in fields.items())]))

    def write_log(self, text: str) -> None:
        """Write a line of the log."""
        sid = "" if self.fault == "log without SIDs" else f"call_sid={self.sid} "
        self.server.log.append(f"2026-11-22T19:04:12Z INFO {sid}{text}")


@asynccontextmanager
async def broken_server(fault: str = "", auth_token: str | None = None) -> AsyncIterator[Server]:
    """Run the server on a free port."""
    server = Server(fault, auth_token)
    server.log.append("2026-11-22T19:04:10Z INFO Composite WSGI ready / WebSocketWSGI / blueprints")
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server
