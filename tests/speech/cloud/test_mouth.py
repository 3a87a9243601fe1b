"""A vendor's voice on its way to the worker."""

import asyncio
import struct
from collections.abc import Sequence

import numpy as np
import pytest

from app.media.codec import encode_ulaw
from app.sidecar.child import Exchange
from app.sidecar.wire import Op, Unpacker
from app.speech.cloud.mouth import Mouth
from tests.qa.virtual_time import run_virtually

GATHER_S = 0.1

VOICE = struct.pack("<8000h", *(round(9000 * np.sin(number / 5)) for number in range(8000)))


class Worker:
    """The other end of the child's writer."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._unpacker = Unpacker()

    def write(self, data: bytes) -> None:
        self.pieces += [payload for _, op, payload in self._unpacker.feed(data) if op is Op.DATA]

    async def drain(self) -> None:
        """Nothing is ever behind here."""


async def say(worker: Worker, pieces: Sequence[bytes], fault: BaseException | None = None) -> None:
    async with Mouth(Exchange(1, worker), 8000) as mouth:  # type: ignore[arg-type]  # the part of a writer that is used
        for piece in pieces:
            await mouth.add(piece)
        if fault is not None:
            raise fault


def cut(size: int) -> list[bytes]:
    return [VOICE[start : start + size] for start in range(0, len(VOICE), size)]


@pytest.mark.parametrize("size", [1, 1600, 1601, 20_000])
def test_whatever_the_pieces_the_voice_is_the_same(size: int) -> None:
    """R9.1: half a sample at a piece's end loses none."""
    worker = Worker()
    asyncio.run(say(worker, cut(size)))
    assert b"".join(worker.pieces) == encode_ulaw(np.frombuffer(VOICE, "<i2"))


def test_a_voice_made_faster_than_it_is_said_comes_in_fewer_pieces() -> None:
    worker = Worker()
    asyncio.run(say(worker, cut(1600)))
    assert len(worker.pieces) < 6
    assert worker.pieces[0] == encode_ulaw(np.frombuffer(VOICE[:1600], "<i2"))


def test_what_is_held_when_the_vendor_stalls_goes_on_by_itself() -> None:
    worker = Worker()

    async def stall() -> None:
        async with Mouth(Exchange(1, worker), 8000) as mouth:  # type: ignore[arg-type]  # as above
            for piece in cut(1600):
                await mouth.add(piece)
            while len(b"".join(worker.pieces)) < len(VOICE) // 2:
                await asyncio.sleep(GATHER_S / 10)

    asyncio.run(asyncio.wait_for(stall(), 20 * GATHER_S))


def test_a_fault_of_the_vendors_costs_none_of_what_came_before_it() -> None:
    worker = Worker()
    with pytest.raises(ConnectionError):
        asyncio.run(say(worker, cut(1600), ConnectionError("reset")))
    assert len(b"".join(worker.pieces)) == len(VOICE) // 2


def test_where_nobody_listens_any_more_nothing_is_passed_on() -> None:
    worker = Worker()

    async def cancelled() -> None:
        task = asyncio.create_task(say(worker, cut(1600), asyncio.CancelledError()))
        await asyncio.wait([task])
        passed = len(worker.pieces)
        await asyncio.sleep(2 * GATHER_S)
        assert len(worker.pieces) == passed

    asyncio.run(cancelled())
    assert len(b"".join(worker.pieces)) < len(VOICE) // 2


def test_a_piece_of_nothing_does_not_begin_the_voice() -> None:
    """R9.1: what comes after a vendor's empty answer is gathered as from the beginning."""
    worker = Worker()

    async def late() -> None:
        async with Mouth(Exchange(1, worker), 8000) as mouth:  # type: ignore[arg-type]  # as above
            await mouth.add(b"")
            await mouth.add(VOICE[:1])
            await asyncio.sleep(2.0)
            for piece in [VOICE[1:1600], *cut(1600)[1:]]:
                await mouth.add(piece)

    run_virtually(late())
    assert b"".join(worker.pieces) == encode_ulaw(np.frombuffer(VOICE, "<i2"))
    assert len([piece for piece in worker.pieces if piece]) < 6


def test_a_voice_is_held_back_once_three_tenths_of_a_second_of_it_are_ahead() -> None:
    """R9.1: what is with the worker is counted as it will be played, at 8 bytes a millisecond."""
    worker = Worker()
    run_virtually(say(worker, cut(1600)))
    assert [len(piece) for piece in worker.pieces] == [800, 800, 800, 800, 4800]
