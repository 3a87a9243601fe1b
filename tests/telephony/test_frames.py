"""The frame decoder, held against wsproto; the server's own frames, read by wsproto (RFC 6455)."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, TextMessage
from wsproto.events import Ping as WsprotoPing
from wsproto.events import Pong as WsprotoPong

from app.telephony import frames
from app.telephony.frames import FrameDecoder, PeerClosed, Ping, Violation
from tests.telephony.peer import frame

Told = list[tuple[str, object]]

OPCODES = st.sampled_from([0x0, 0x0, 0x1, 0x1, 0x1, 0x2, 0x8, 0x9, 0xA, 0x3, 0xB])
PAYLOADS = st.one_of(
    st.binary(max_size=8), st.text(max_size=200).map(str.encode), st.sampled_from([b"\x03\xe8bye", b"a" * 70000])
)
FRAMES = st.builds(
    frame,
    OPCODES,
    PAYLOADS,
    fin=st.sampled_from([True, True, False]),
    masked=st.sampled_from([True] * 15 + [False]),
    rsv=st.sampled_from([0] * 15 + [1, 4]),
)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """Cut `data` into pieces of the given sizes, and the rest."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def ours(pieces: list[bytes]) -> Told:
    """Return what our decoder makes of a byte stream."""
    decoder = FrameDecoder(max_message_bytes=1 << 20)
    told: Told = []
    for piece in pieces:
        for event in decoder.feed(piece):
            match event:
                case Ping(payload):
                    told.append(("ping", payload))
                case PeerClosed(code, reason):
                    told.append(("closed", (code, reason)))
                case Violation(code, _):
                    told.append(("violation", code))
                case _:
                    told.append(("message", event))
    return told


def wsprotos(data: bytes) -> Told:
    """Return what wsproto makes of the same, fed at once (its errors do not depend on the cutting, ours neither)."""
    connection = Connection(ConnectionType.SERVER)
    told: Told = []
    parts: list[str | bytes] = []
    connection.receive_data(data)
    for event in connection.events():
        match event:
            case WsprotoPing():
                told.append(("ping", bytes(event.payload)))
            case WsprotoPong():
                pass
            case CloseConnection():
                closed = connection.state.name == "REMOTE_CLOSING"
                told.append(("closed", (int(event.code), event.reason)) if closed else ("violation", int(event.code)))
                break
            case TextMessage() | BytesMessage():
                parts.append(event.data if isinstance(event, TextMessage) else bytes(event.data))
                if event.message_finished:
                    told.append(("message", _joined(parts)))
                    parts = []
    return told


def _joined(parts: list[str | bytes]) -> str | bytes:
    return "".join(map(str, parts)) if isinstance(parts[0], str) else b"".join(map(bytes, parts))  # type: ignore[arg-type]  # all of one kind


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAMES, max_size=6), st.lists(st.integers(0, 300), max_size=8))
def test_any_frames_in_any_pieces_mean_to_us_what_they_mean_to_wsproto(sent: list[bytes], sizes: list[int]) -> None:
    """R4: the same messages, pings and closes, and the same code for the same violation."""
    data = b"".join(sent)

    assert ours(cut(data, sizes)) == wsprotos(data)


@given(st.text(max_size=300) | st.just("ש" * 40000), st.binary(max_size=125))
def test_what_we_send_is_understood_by_wsproto(message: str, payload: bytes) -> None:
    """R4: every length form, pings, pongs, closes."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(
        frames.text_frame(message)
        + frames.ping_frame(payload)
        + frames.pong_frame(payload)
        + frames.close_frame(1008, "ש" * 100)
    )
    told = list(client.events())

    assert "".join(str(event.data) for event in told if isinstance(event, Message)) == message
    assert [bytes(event.payload) for event in told if isinstance(event, WsprotoPing | WsprotoPong)] == [payload] * 2
    assert told[-1] == CloseConnection(code=1008, reason="ש" * 61)


def test_an_end_in_good_order_is_told_as_1000() -> None:
    """RFC 6455 §7.4.1: with any other code Twilio logs an error."""
    assert frames.close_frame(frames.NORMAL) == b"\x88\x02\x03\xe8"


def test_the_codes_are_those_of_the_registry() -> None:
    """RFC 6455 §7.4.1: the peer reads them, and so does Twilio's log."""
    named = (frames.NORMAL, frames.GOING_AWAY, frames.PROTOCOL_ERROR, frames.NO_CODE, frames.ABNORMAL)
    assert (*named, frames.BAD_DATA, frames.POLICY, frames.TOO_BIG) == (1000, 1001, 1002, 1005, 1006, 1007, 1008, 1009)


def test_codes_nobody_may_send_become_an_empty_close() -> None:
    """RFC 6455 §7.4.1."""
    assert frames.close_frame(frames.NO_CODE) == frames.close_frame(frames.ABNORMAL, "x") == b"\x88\x00"


def test_a_message_may_have_the_caps_size_and_not_a_byte_more() -> None:
    """64 KiB, also over fragments; judged by the header, before anything is stored."""
    assert FrameDecoder(10).feed(frame(0x1, b"a" * 5, fin=False) + frame(0x0, b"a" * 5)) == ["a" * 10]
    too_big = FrameDecoder(10).feed(frame(0x1, b"a" * 5, fin=False) + frame(0x0, b"a" * 6)[:2])
    assert too_big == [Violation(frames.TOO_BIG, "message over 10 bytes")]


def test_every_code_that_is_registered_is_taken_from_a_peer_and_no_other_below_3000() -> None:
    """RFC 6455 §7.4.1 and the registry of IANA: 1004 to 1006 and 1015 never stand in a frame."""
    taken = [
        code
        for code in range(1000, 3000)
        if FrameDecoder().feed(frame(0x8, code.to_bytes(2))) == [PeerClosed(code, "")]
    ]
    assert taken == [*range(1000, 1004), *range(1007, 1014)]


def test_a_whole_text_amid_the_fragments_of_another_is_a_violation() -> None:
    """RFC 6455 §5.4: also where it comes by itself, as long as a call's messages, which are read a shorter way."""
    decoder = FrameDecoder()
    assert decoder.feed(frame(0x1, b"a", fin=False)) == []
    (broken,) = decoder.feed(frame(0x1, b"b" * 200))
    assert isinstance(broken, Violation)
    assert broken.code == frames.PROTOCOL_ERROR


def test_nothing_is_read_after_the_end() -> None:
    """RFC 6455 §7.1.7."""
    decoder = FrameDecoder()
    assert decoder.feed(frame(0x8) + frame(0x1, b"late")) == [PeerClosed(frames.NO_CODE, "")]
    assert decoder.feed(frame(0x1, b"later")) == []


@pytest.mark.parametrize(
    ("length", "head"),
    [(0, 2), (125, 2), (126, 4), (127, 4), (65_535, 4), (65_536, 10)],
)
def test_every_length_has_its_shortest_form_both_ways(length: int, head: int) -> None:
    """RFC 6455 §5.2."""
    text = "a" * length
    made = frames.text_frame(text)
    assert len(made) == head + length
    masked = frame(0x1, text.encode())
    assert len(masked) == head + 4 + length
    assert FrameDecoder(1 << 20).feed(masked + masked) == [text, text]
    decoder, told = FrameDecoder(1 << 20), list[object]()
    for piece in cut(masked + frame(0x9, b"p") + masked, [1] * 20 + [length, 7]):
        told += decoder.feed(piece)
    assert told == [text, Ping(b"p"), text]


@pytest.mark.parametrize(
    ("head", "is_good"),
    [
        (b"\x81\xfe\x00\x7d", False),
        (b"\x81\xfe\x00\x7e", True),
        (b"\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff", False),
        (b"\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00", True),
    ],
)
def test_a_length_in_a_longer_form_than_it_needs_is_a_violation(head: bytes, is_good: bool) -> None:
    """RFC 6455 §5.2: told by the head alone."""
    told = FrameDecoder(1 << 20).feed(head + bytes(4))
    assert told == ([] if is_good else [Violation(frames.PROTOCOL_ERROR, "length not in its shortest form")])


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (frame(0x9, b"a" * 126), "over 125"),
        (frame(0x9, b"a", fin=False), "fragmented"),
        (frame(0x1, b"a", masked=False), "not masked"),
        (frame(0x1, b"a", rsv=1), "reserved bit"),
        (frame(0x3, b"a"), "unknown opcode 0x3"),
        (frame(0x0, b"a"), "continuation of nothing"),
        (frame(0x8, b"a"), "Close with a code"),
        (frame(0x8, (2999).to_bytes(2)), "Close with a code"),
        (frame(0x8, (5000).to_bytes(2)), "Close with a code"),
        (frame(0x8, (1000).to_bytes(2) + b"\xff"), "not UTF-8"),
        (frame(0x1, b"\xff"), "not UTF-8"),
    ],
    ids=count(),  # the masks of frames are drawn anew in each process: no names
)
def test_a_violation_says_what_is_wrong_and_ends_the_reading(sent: bytes, why: str) -> None:
    """RFC 6455 §5.1, §5.5, §7.4, §8.1."""
    decoder = FrameDecoder()
    first, *more = decoder.feed(frame(0x1, b"before") + sent + frame(0x1, b"after"))
    assert first == "before"
    (violation,) = more
    assert isinstance(violation, Violation)
    assert why in violation.reason
    assert violation.code == (frames.BAD_DATA if why == "not UTF-8" else frames.PROTOCOL_ERROR)
    assert decoder.feed(frame(0x1, b"later")) == []


def test_what_stands_at_a_bound_is_good() -> None:
    """RFC 6455 §5.5, §7.4.2."""
    assert FrameDecoder().feed(frame(0x9, b"a" * 125)) == [Ping(b"a" * 125)]
    assert frames.ping_frame(b"a" * 200) == b"\x89\x7d" + b"a" * 125
    for code in (3000, 4999):
        assert FrameDecoder().feed(frame(0x8, code.to_bytes(2) + b"bye")) == [PeerClosed(code, "bye")]


def test_each_message_is_measured_by_itself() -> None:
    """64 KiB: what the last one held no longer counts, and what comes between fragments does not."""
    decoder = FrameDecoder(10)
    fragments = frame(0x1, b"a" * 9, fin=False) + frame(0x9, b"b" * 100) + frame(0x0, b"a")
    for _ in range(3):
        assert decoder.feed(fragments) == [Ping(b"b" * 100), "a" * 10]
        assert decoder.feed(frame(0x2, b"c" * 10)) == [b"c" * 10]
    assert len(FrameDecoder().feed(frame(0x1, b"a" * 65_536))[0]) == 65_536  # type: ignore[arg-type]  # a text
    assert FrameDecoder().feed(frame(0x1, b"a" * 65_537)) == [Violation(frames.TOO_BIG, "message over 65536 bytes")]
