"""A media stream's messages become events, over a real pair of sockets."""

import json
from base64 import b64encode

import eventlet
import structlog
from eventlet.greenio import GreenSocket
from eventlet.patcher import original
from structlog.testing import capture_logs

from app.call.events import CallerAudio, Dtmf, Event, MarkEchoed
from app.call.stream_reader import MOST_FULL_READS, StreamReader
from app.telephony.websocket import WebSocket
from tests.telephony.peer import text


def media(ulaw: bytes, track: str = "inbound") -> bytes:
    """Return one message of audio as Twilio frames it."""
    payload = {"track": track, "timestamp": "20", "payload": b64encode(ulaw).decode()}
    return text(json.dumps({"event": "media", "sequenceNumber": "2", "media": payload}))


def read(sent: bytes, pause_s: float = 0.0) -> tuple[list[Event], str]:
    """Send bytes and the end of the stream; return the events and why the stream ended."""
    ours, theirs = original("socket").socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    socket = WebSocket(GreenSocket(ours))
    socket.read_pause_s = pause_s
    events: list[Event] = []

    def send() -> None:
        sender = GreenSocket(theirs)
        sender.sendall(sent)
        sender.shutdown(original("socket").SHUT_WR)

    eventlet.spawn(send)
    return events, StreamReader(socket, events.append, structlog.get_logger("call")).run()


def test_frames_that_gathered_become_one_event() -> None:
    """R9.2, R5: several frames in one go, in order, the other track left out."""
    frames = [bytes([number]) * 160 for number in range(4)]
    sent = b"".join(media(frame) for frame in frames) + media(b"agent", track="outbound")

    events, reason = read(sent + text('{"event":"stop"}'), pause_s=0.05)

    assert reason == "stop"
    assert b"".join(event.ulaw for event in events if isinstance(event, CallerAudio)) == b"".join(frames)
    assert len(events) < len(frames)


def test_keys_and_marks_come_between_the_frames_they_came_between() -> None:
    """R2: nothing overtakes."""
    mark = text('{"event":"mark","mark":{"name":"m:1"}}')
    key = text('{"event":"dtmf","dtmf":{"digit":"5"}}')

    events, reason = read(media(b"a" * 160) + mark + text("no JSON") + key)

    assert events == [CallerAudio(b"a" * 160), MarkEchoed("m:1"), Dtmf("5")]
    assert reason == "closed"


def test_who_cannot_keep_up_skips_to_the_present_and_says_so() -> None:
    """Design: overflow is a logged fault with a defined loss, never silent latency."""
    too_much = media(b"o" * 160) * 20 * 3 * MOST_FULL_READS
    with capture_logs() as logs:
        events, _ = read(too_much + text('{"event":"mark","mark":{"name":"m:1"}}'))
    heard_ms = sum(len(event.ulaw) for event in events if isinstance(event, CallerAudio)) // 8

    assert 10_000 < heard_ms < 25_000
    assert MarkEchoed("m:1") in events
    lost = [entry for entry in logs if entry["event"] == "AUDIO_LOST"]
    assert sum(entry["ms"] for entry in lost) + heard_ms == len(too_much) // len(media(b"o" * 160)) * 20
