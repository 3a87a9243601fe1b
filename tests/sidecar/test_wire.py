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
