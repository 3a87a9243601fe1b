"""A small voice agent that speaks Twilio's protocol over real sockets, for testing the simulated caller.

It greets with a tone, replies with a tone 300 ms after the caller falls silent, and clears when the caller speaks
into its talk. `Habits` makes it misbehave.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import h11
import numpy as np
import wsproto
from wsproto.events import AcceptConnection, CloseConnection, Request, TextMessage

from app.media.codec import decode_ulaw, encode_ulaw

FRAME_MS = 20
LEAD_FRAMES = 8
QUIET_FRAMES_TO_REPLY = 15
VOICED_PEAK = 1000


def tone(duration_ms: int, frequency_hz: int = 400) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Return a tone at 8 kHz, audible from its first sample to its last."""
    time = np.arange(duration_ms * 8) / 8000
    return (8000 * np.cos(2 * np.pi * frequency_hz * time)).astype(np.int16)


@dataclass
class Habits:
    """How the agent behaves."""

    status: int = 200
    content_type: str = "application/xml; charset=utf-8"
    twiml: str | None = None
    greets: bool = True
    replies: bool = True
    reply_ms: int = 600
    close_after_start: int | None = None
    extra_messages: list[str] = field(default_factory=list)
    binary: bool = False
    stall_at_frame: int | None = None
    events: list[dict[str, Any]] | None = None
    """What it tells of the call; it is told before the greeting, as a question is known before it is spoken."""


@dataclass
class FakeAgent:
    """The server: `requests` holds (target, headers, form bytes) of all HTTP, `messages` all stream messages."""

    habits: Habits
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    told: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        http = h11.Connection(h11.SERVER)
        http.receive_data(head)
        request = http.next_event()
        assert isinstance(request, h11.Request)
        headers = {name.decode(): value.decode() for name, value in request.headers}
        try:
            if "upgrade" in headers:
                self.requests.append((request.target.decode(), headers, b""))
                await Conversation(self, reader, writer, head).run()
            else:
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.requests.append((request.target.decode(), headers, body))
                writer.write(self._answer(request.target.decode()))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _answer(self, target: str) -> bytes:
        habits = self.habits
        status, kind, body = 204, "text/plain", b""
        if target == "/webhook/incoming_call":
            status, kind = habits.status, habits.content_type
            body = (habits.twiml or TWIML).encode()
        elif target.startswith("/calls/"):
            status, kind = (404, "text/plain") if habits.events is None else (200, "application/x-ndjson")
            self.told.set()
            body = b"".join(json.dumps(event).encode() + b"\n" for event in habits.events or [])
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


TWIML = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Connect action="https://voice.example/webhook/stream_ended">'
    '<Stream url="wss://voice.example/ws/twilio-media" statusCallback="https://voice.example/webhook/stream_status">'
    '<Parameter name="token" value="a&amp;b"/><Parameter name="from" value="+972500000000"/></Stream>'
    "</Connect></Response>"
)


class Conversation:
    """One media stream."""

    def __init__(
        self, agent: FakeAgent, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes
    ) -> None:
        self.agent, self.reader, self.writer = agent, reader, writer
        self.wire = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        self.wire.receive_data(head)
        self.stream_sid = ""
        self.speaking: asyncio.Task[None] | None = None
        self.playing = False
        self.voiced = False
        self.quiet = 0
        self.reply_number = 0

    async def run(self) -> None:
        """Conversation until the peer closes."""
        try:
            while True:
                for event in self.wire.events():
                    if not self.handle(event):
                        return
                data = await self.reader.read(65536)
                if not data:
                    return
                self.wire.receive_data(data)
        finally:
            if self.speaking:
                self.speaking.cancel()

    def handle(self, event: wsproto.events.Event) -> bool:
        """Handle one WebSocket event; return whether to go on."""
        if isinstance(event, Request):
            wanted = "audio.twilio.com"
            chosen = wanted if wanted in event.subprotocols else None
            self.writer.write(self.wire.send(AcceptConnection(subprotocol=chosen)))
        elif isinstance(event, CloseConnection):
            self.writer.write(self.wire.send(event.response()))
            return False
        elif isinstance(event, TextMessage):
            message = json.loads(event.data)
            self.agent.messages.append(message)
            return self.hear(message)
        return True

    def hear(self, message: dict[str, Any]) -> bool:
        """React to one stream message."""
        habits = self.agent.habits
        if message["event"] == "start":
            self.stream_sid = message["streamSid"]
            for text in habits.extra_messages:
                self.write_text(text)
            if habits.binary:
                self.writer.write(self.wire.send(wsproto.events.BytesMessage(b"123")))
            if habits.close_after_start:
                self.writer.write(self.wire.send(CloseConnection(habits.close_after_start, "stranger")))
                return False
            if habits.greets:
                self.speak(400)
        elif message["event"] == "media":
            samples = decode_ulaw(base64.b64decode(message["media"]["payload"]))
            if np.abs(samples.astype(int)).max() > VOICED_PEAK:
                self.voiced, self.quiet = True, 0
                if self.playing:
                    self.stop()
            else:
                self.quiet += 1
                if self.voiced and self.quiet == QUIET_FRAMES_TO_REPLY:
                    self.voiced = False
                    if habits.replies:
                        self.speak(habits.reply_ms)
        elif message["event"] == "mark" and message["mark"]["name"].endswith(str(self.reply_number)):
            self.playing = False
        return True

    def send(self, event: str, **content: Any) -> None:
        """Send one message of the stream."""
        self.write_text(json.dumps({"event": event, "streamSid": self.stream_sid, **content}))

    def write_text(self, text: str) -> None:
        """Send one text message."""
        self.writer.write(self.wire.send(TextMessage(text)))

    def speak(self, duration_ms: int) -> None:
        """Start to play a tone."""
        self.reply_number += 1
        self.playing = True
        self.speaking = asyncio.create_task(self.play(duration_ms, self.reply_number))

    def stop(self) -> None:
        """Stop playing, at once."""
        if self.speaking:
            self.speaking.cancel()
        self.playing = False
        self.send("clear")

    async def play(self, duration_ms: int, number: int) -> None:
        """Send a tone at a steady pace with some lead, then the end mark."""
        if self.agent.habits.events is not None:
            await self.agent.told.wait()
        ulaw = encode_ulaw(tone(duration_ms))
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        for index in range(len(ulaw) // 160):
            due_s = started_s + (index - LEAD_FRAMES) * FRAME_MS / 1000
            if index == self.agent.habits.stall_at_frame:
                await asyncio.sleep(0.4)
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            payload = base64.b64encode(ulaw[index * 160 : index * 160 + 160]).decode()
            self.send("media", media={"payload": payload})
        self.send("mark", mark={"name": f"assistant_tts_end:{number}"})


@asynccontextmanager
async def fake_agent(habits: Habits | None = None) -> AsyncIterator[FakeAgent]:
    """Run the agent on a free port."""
    agent = FakeAgent(habits or Habits())
    server = await asyncio.start_server(agent.serve, "127.0.0.1", 0)
    agent.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield agent
