"""A media stream's messages become events, over a real pair of sockets."""

import json
from base64 import b64encode

import eventlet
import pytest
import structlog
from eventlet.greenio import GreenSocket
from eventlet.patcher import original
from structlog.testing import capture_logs

from app.call.events import CallerAudio, Dtmf, Event, MarkEchoed
from app.call.shell.conductor import Conductor
from app.call.shell.stream_reader import StreamReader
from app.telephony.websocket import WebSocket
from tests.telephony.peer import frame, text

MOST_BEHIND_MS, PIECE_MS = 15_000, 100


def media(ulaw: bytes, track: str | None = "inbound", timestamp: str | None = "20") -> bytes:
    """Return one message of audio as Twilio frames it."""
    payload = {"track": track, "timestamp": timestamp, "payload": b64encode(ulaw).decode()}
    return text(json.dumps({"event": "media", "sequenceNumber": "2", "media": payload}))


def read(sent: bytes, then: bytes = b"") -> tuple[list[Event], str]:
    """Send bytes and the end of the stream; return the events and why the stream ended."""
    ours, theirs = original("socket").socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    socket = WebSocket(GreenSocket(ours))
    events: list[Event] = []

    def send() -> None:
        sender = GreenSocket(theirs)
        sender.sendall(sent)
        if then:
            eventlet.sleep(0.1)
            sender.sendall(then)
        sender.shutdown(original("socket").SHUT_WR)

    eventlet.spawn(send)
    return events, StreamReader(socket, events.append, structlog.get_logger("call")).run(Conductor())


def test_frames_that_gathered_become_one_event() -> None:
    """R9.2, R5: several frames in one go, in order, the other track left out."""
    frames = [bytes([number]) * 160 for number in range(4)]
    sent = b"".join(media(frame) for frame in frames) + media(b"agent", track="outbound")

    events, reason = read(sent + text('{"event":"stop"}'))

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


def numbered(frames: int, from_ms: int = 0) -> list[bytes]:
    """Return frames of which each says its number."""
    return [(number + from_ms // 20).to_bytes(4, "big") * 40 for number in range(frames)]


@pytest.mark.parametrize("timestamps", [True, False])
def test_who_cannot_keep_up_skips_to_the_present_and_says_so(timestamps: bool) -> None:
    """Design: overflow is a logged fault with a defined loss, never silent latency; the newest is kept."""
    frames = numbered(30 * 50)
    sent = [media(frame, timestamp=str(20 * at) if timestamps else None) for at, frame in enumerate(frames)]
    with capture_logs() as logs:
        events, _ = read(b"".join(sent) + text('{"event":"mark","mark":{"name":"m:1"}}'))
    heard = b"".join(event.ulaw for event in events if isinstance(event, CallerAudio))

    assert heard == b"".join(frames[-MOST_BEHIND_MS // 20 :])
    assert max(len(event.ulaw) for event in events if isinstance(event, CallerAudio)) <= 8 * PIECE_MS
    assert MarkEchoed("m:1") in events
    lost = [entry for entry in logs if entry["event"] == "AUDIO_LOST"]
    assert sum(entry["ms"] for entry in lost) == 30_000 - MOST_BEHIND_MS


def test_a_burst_after_a_stall_is_heard_whole() -> None:
    """R6.4: seven seconds held back by the network are no backlog of ours."""
    frames = numbered(7 * 50)
    sent = b"".join(media(frame, timestamp=str(20 * at)) for at, frame in enumerate(frames))
    events, _ = read(sent)
    assert b"".join(event.ulaw for event in events if isinstance(event, CallerAudio)) == b"".join(frames)


def test_a_silence_without_frames_is_no_backlog() -> None:
    """R6.3: timestamps that jump by what the carrier suppressed cost no frame that is there."""
    frames = numbered(100)
    sent = b"".join(
        media(frame, timestamp=str(20 * at + (40_000 if at >= 50 else 0))) for at, frame in enumerate(frames)
    )
    events, _ = read(sent[: len(sent) // 2], then=sent[len(sent) // 2 :])
    assert b"".join(event.ulaw for event in events if isinstance(event, CallerAudio)) == b"".join(frames)


@pytest.mark.parametrize("answers", [True, False])
def test_a_peer_that_sends_nothing_is_alive_as_long_as_it_answers_pings(answers: bool) -> None:
    """R18: carriers suppress silence; a connection that is gone is noticed all the same."""
    ours, theirs = original("socket").socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    socket, peer = WebSocket(GreenSocket(ours), linger_s=0.05), GreenSocket(theirs)
    pings: list[bytes] = []

    def answer() -> None:
        while data := peer.recv(100):
            if data[0] == 0x89:
                pings.append(data)
                if answers:
                    peer.sendall(frame(0xA))
                if len(pings) >= 12:
                    peer.shutdown(original("socket").SHUT_WR)

    eventlet.spawn(answer)
    with capture_logs() as logs:
        StreamReader(socket, lambda _: None, structlog.get_logger("call"), dead_after_s=0.2).run(Conductor())

    assert ("STREAM_DEAD" in [entry["event"] for entry in logs]) is not answers
    assert socket.close_code == (1006 if answers else 1001)
    assert pings
