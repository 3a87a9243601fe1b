"""The language between the voice server and its child processes.

gRPC and heavy models must never touch eventlet's hub (see ARCHITECTURE.md), so they live in un-patched child processes.
Each child is reached over one socketpair that carries many *streams* at once: one stream is one recognition, one
synthesis, one chat completion or one REST call. A frame is `length:u32 stream_id:u32 op:u8` (little-endian), then
`length` bytes. Pure: bytes in, frames out.

    worker -> child                          child -> worker
    OPEN    JSON: what to do, with what      EVENT  JSON: a result (transcript, progress)
    DATA    raw bytes (caller audio)         DATA   raw bytes (mu-law audio, UTF-8 reply text)
    FINISH  no more DATA will come           END    JSON: the stream is done, all went well
    CANCEL  nobody listens any more          ERROR  JSON {"code", "message", "retriable"}: done, it failed
    PING    are you alive                    PONG   yes
"""

import struct
from collections.abc import Iterator
from enum import IntEnum

HEADER = struct.Struct("<IIB")
MAX_PAYLOAD_BYTES = 4 * 1024 * 1024


class Op(IntEnum):
    """What a frame means; the direction is in the module's table."""

    OPEN = 1
    DATA = 2
    FINISH = 3
    CANCEL = 4
    PING = 5
    EVENT = 6
    END = 7
    ERROR = 8
    PONG = 9


class WireError(Exception):
    """The peer sent bytes that are no frame; the link cannot be trusted any further."""


def pack(stream_id: int, op: Op, payload: bytes = b"") -> bytes:
    """Return one frame as bytes."""
    return HEADER.pack(len(payload), stream_id, op) + payload


class Unpacker:
    """Cut a byte stream into frames, whatever the sizes in which it arrives."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, Op, bytes]]:
        """Yield `(stream_id, op, payload)` for every frame completed by `data`.

        Raises:
            WireError: on an unknown op or a payload over `MAX_PAYLOAD_BYTES`.
        """
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            length, stream_id, op = HEADER.unpack_from(self._buffer)
            if length > MAX_PAYLOAD_BYTES or op not in Op._value2member_map_:
                raise WireError(f"not a frame: length={length} op={op}")
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[HEADER.size : end])
            del self._buffer[:end]
            yield stream_id, Op(op), payload
