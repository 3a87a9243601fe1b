"""The floor of the capacity curve: a loop that does nothing but what every such server must.

`python -m tests.bench.bare`: one asyncio process takes the calls, reads each frame, tells voice from silence by its
energy, answers with a recorded sound 350 ms after the voice has ended, paces it frame by frame, and clears it when
spoken over. No recogniser, no model, no dialog, no store, no log: what a core could carry if there were no product.
"""

import asyncio
import audioop
import base64
import contextlib
import hashlib
import sys
import time

import orjson

from app.telephony import frames, messages
from app.telephony.websocket import TWILIO_SUBPROTOCOL
from tests.bench.started import StartedServer
from tests.emulators.sounds import voice_sound

ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONNECT = '<Response><Connect action="/webhook/stream_ended"><Stream url="wss://bare/ws"/></Connect></Response>'
VOICE_RMS = 300
BEGUN_FRAMES, OVER_FRAMES, STOPPED_BY_FRAMES, GAP_FRAMES = 3, 17, 9, 5
LEAD_S, FRAME_S = 0.18, 0.02
ANSWER_MS = 3000


class BareCall:
    """One stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
        self._reader, self._writer, self._answer = reader, writer, answer
        self._decoder = frames.FrameDecoder()
        self._loud = self._quiet = 0
        self._has_spoken = False
        self._saying: asyncio.Task[None] | None = None
        self._stream_sid = ""

    async def run(self) -> None:
        """Serve it to its end."""
        try:
            while data := await self._reader.read(8192):
                for event in self._decoder.feed(data):
                    if isinstance(event, frames.PeerClosed):
                        self._writer.write(frames.close_frame(event.code))
                    elif isinstance(event, str):
                        self._take(orjson.loads(event))
        finally:
            self._silence()

    def _take(self, message: dict[str, dict[str, str]]) -> None:
        if "media" in message:
            self._hear(base64.b64decode(message["media"]["payload"]))
        elif "start" in message:
            self._stream_sid = message["start"]["streamSid"]
            self._say()

    def _send(self, text: str) -> None:
        self._writer.write(frames.text_frame(text))

    def _hear(self, ulaw: bytes) -> None:
        if audioop.rms(audioop.ulaw2lin(ulaw, 2), 2) > VOICE_RMS:
            self._loud, self._quiet = self._loud + 1, 0
        else:
            self._quiet += 1
            self._loud = self._loud if self._quiet < GAP_FRAMES else 0
        self._has_spoken = self._has_spoken or self._loud >= BEGUN_FRAMES
        if self._saying is not None and self._loud == STOPPED_BY_FRAMES:
            self._silence()
            self._send(messages.clear(self._stream_sid))
        if self._has_spoken and self._quiet >= OVER_FRAMES:
            self._has_spoken = False
            self._say()

    def _say(self) -> None:
        self._silence()
        self._saying = asyncio.create_task(self._play())

    def _silence(self) -> None:
        if self._saying is not None:
            self._saying.cancel()
            self._saying = None

    async def _play(self) -> None:
        due_s = time.monotonic() - LEAD_S
        for start in range(0, len(self._answer), 160):
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            self._send(messages.media(self._stream_sid, self._answer[start : start + 160]))
            due_s += FRAME_S
        self._send(messages.mark(self._stream_sid, "assistant_tts_end"))


async def _serve() -> None:
    answer = audioop.lin2ulaw(voice_sound(ANSWER_MS, 8000), 2)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                fields = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
                if "sec-websocket-key" in fields:
                    key = next(line.split(": ", 1)[1] for line in head if line.lower().startswith("sec-websocket-key"))
                    writer.write(_accepted(key))
                    await BareCall(reader, writer, answer).run()
                    break
                await reader.readexactly(int(fields.get("content-length", 0)))
                writer.write(_answered(head[0].split()[1]))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _accepted(key: str) -> bytes:
    accept = base64.b64encode(hashlib.sha1(key.encode() + ACCEPT_GUID).digest()).decode()
    lines = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}")
    protocol = f"Sec-WebSocket-Protocol: {TWILIO_SUBPROTOCOL}"
    return "\r\n".join(("HTTP/1.1 101 Switching Protocols", *lines, protocol, "", "")).encode()


def _answered(path: str) -> bytes:
    if path != "/webhook/incoming_call":
        return b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(CONNECT)}\r\n\r\n"
    return (head + CONNECT).encode()


class BareServer(StartedServer):
    """The bare loop on `core`, for the length of a `with` block."""

    def __init__(self, core: int | None) -> None:
        super().__init__("bare loop", [sys.executable, "-m", "tests.bench.bare"], core)


if __name__ == "__main__":
    asyncio.run(_serve())
