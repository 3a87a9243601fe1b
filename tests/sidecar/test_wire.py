"""The language of links, as bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sidecar.wire import HEADER, Op, Unpacker, WireError, pack

MAX_PAYLOAD_BYTES = 4_194_304

FRAMES = st.lists(st.tuples(st.integers(0, 2**32 - 1), st.sampled_from(Op), st.binary(max_size=50)), max_size=10)


@given(FRAMES, st.lists(st.integers(1, 40), min_size=1))
def test_frames_come_out_as_they_went_in_whatever_the_pieces(
    frames: list[tuple[int, Op, bytes]], sizes: list[int]
) -> None:
    sent = b"".join(pack(*frame) for frame in frames)
    unpacker = Unpacker()
    received = []
    position = 0
    while position < len(sent):
        size = sizes[position % len(sizes)]
        received += list(unpacker.feed(sent[position : position + size]))
        position += size

    assert received == frames


@pytest.mark.parametrize(
    "header", [HEADER.pack(MAX_PAYLOAD_BYTES + 1, 1, Op.DATA), HEADER.pack(0, 1, 0), HEADER.pack(0, 1, 99)]
)
def test_what_is_no_frame_is_refused(header: bytes) -> None:
    with pytest.raises(WireError, match="not a frame"):
        list(Unpacker().feed(header))


def test_what_a_frame_may_hold_and_how_its_head_is_laid_out() -> None:
    """R8.1: both ends are built at once, but a recording of a link is read later."""
    assert pack(0x01020304, Op.DATA, b"abc") == b"\3\0\0\0" + b"\4\3\2\1" + b"\2" + b"abc"
    assert [(op.name, op.value) for op in Op] == [
        *(("OPEN", 1), ("DATA", 2), ("FINISH", 3), ("CANCEL", 4), ("PING", 5)),
        *(("EVENT", 6), ("END", 7), ("ERROR", 8), ("PONG", 9)),
    ]
    assert list(Unpacker().feed(HEADER.pack(MAX_PAYLOAD_BYTES, 1, Op.DATA))) == []
