"""The child's end of a link, in this process: what it answers, frame by frame."""

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pytest

from app.sidecar.child import Exchange, Gathering, Handler, ServiceError, Tell, Warm, serve
from app.sidecar.wire import Op, Unpacker, pack
from tests.qa.virtual_time import run_virtually
from tests.sidecar.echo_child import echo

MAX_QUEUED_BYTES = 8_388_608

Frame = tuple[int, Op, bytes]


class Worker:
    """The other end: sends frames and reads them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._unpacker = Unpacker()
        self._frames: list[Frame] = []

    async def send(self, stream_id: int, op: Op, payload: bytes = b"") -> None:
        self._writer.write(pack(stream_id, op, payload))
        await self._writer.drain()

    async def open(self, stream_id: int, service: str, **request: object) -> None:
        await self.send(stream_id, Op.OPEN, json.dumps({"service": service, **request}).encode())

    async def frame(self) -> Frame:
        while not self._frames:
            data = await asyncio.wait_for(self._reader.read(65536), 20)
            assert data, "the child ended"
            self._frames += self._unpacker.feed(data)
        return self._frames.pop(0)

    async def told(self) -> tuple[int, Op, Any]:
        """The next frame, its payload read as JSON."""
        stream_id, op, payload = await self.frame()
        return stream_id, op, json.loads(payload or b"null")

    async def answers_ping(self) -> None:
        """The child has done all that was sent before, and says nothing else."""
        await self.send(9, Op.PING)
        assert await self.told() == (9, Op.PONG, None)


def talk(
    handlers: Mapping[str, Handler],
    conversation: Callable[[Worker], Coroutine[Any, Any, None]],
    warm: Warm | None = None,
) -> None:
    """Serve `handlers` while the worker's end holds a conversation, and end with it."""

    async def both() -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        child = asyncio.create_task(serve(theirs.detach(), handlers, warm))
        reader, writer = await asyncio.open_connection(sock=ours)
        worker = Worker(reader, writer)
        await conversation(worker)
        writer.close()
        await asyncio.wait_for(child, 20)

    asyncio.run(both())


READY = (0, Op.EVENT, {"ready": True})


async def deaf(_request: dict[str, Any], _exchange: Exchange) -> None:
    await asyncio.sleep(3600)


def test_streams_side_by_side_are_told_apart_and_each_ends_once() -> None:
    """R8.1: one link carries all calls."""

    async def conversation(worker: Worker) -> None:
        assert await worker.told() == READY
        await worker.open(1, "echo")
        await worker.open(2, "echo")
        await worker.send(1, Op.DATA, b"one")
        assert await worker.frame() == (1, Op.DATA, b"one")
        await worker.send(2, Op.FINISH)
        assert await worker.told() == (2, Op.END, {"bytes": 0})
        await worker.send(2, Op.DATA, b"late")
        await worker.send(2, Op.FINISH)
        await worker.send(1, Op.FINISH)
        assert await worker.told() == (1, Op.END, {"bytes": 3})
        await worker.answers_ping()

    talk({"echo": echo}, conversation)


def test_what_is_long_is_sent_in_frames_that_let_others_in_between() -> None:
    """R9.2: half a second of frames of other calls is not held up by one sentence."""
    sent = bytes(range(256)) * 1000

    async def say(_request: dict[str, Any], exchange: Exchange) -> None:
        await exchange.send_data(sent)

    async def conversation(worker: Worker) -> None:
        assert await worker.told() == READY
        await worker.open(1, "say")
        frames = [await worker.frame() for _ in range(4)]
        assert b"".join(payload for _, _, payload in frames) == sent
        assert max(len(payload) for _, _, payload in frames) == 65536
        assert await worker.told() == (1, Op.END, {})

    talk({"say": say}, conversation)


def test_a_handler_that_reads_nothing_is_ended_once_too_much_waits_and_not_before() -> None:
    """R18: eight minutes of one caller's audio; the others' streams go on."""
    piece = bytes(1024 * 1024)

    async def conversation(worker: Worker) -> None:
        assert await worker.told() == READY
        await worker.open(1, "deaf")
        for _ in range(MAX_QUEUED_BYTES // len(piece)):
            await worker.send(1, Op.DATA, piece)
        await worker.answers_ping()
        await worker.send(1, Op.DATA, b"x")
        fault = {"code": "internal", "message": "the handler does not read its data", "retriable": True}
        assert await worker.told() == (1, Op.ERROR, fault)
        await worker.send(1, Op.DATA, piece)
        await worker.answers_ping()

    talk({"deaf": deaf}, conversation)


def test_what_was_read_counts_no_longer_as_waiting() -> None:
    """R18: a turn may bring more than that in all."""
    piece = bytes(1024 * 1024)

    async def count(_request: dict[str, Any], exchange: Exchange) -> dict[str, object]:
        size = 0
        async for data in exchange:
            size += len(data)
            await exchange.send_event({"size": size})
        return {}

    async def conversation(worker: Worker) -> None:
        assert await worker.told() == READY
        await worker.open(1, "count")
        for number in range(1, 2 + 2 * MAX_QUEUED_BYTES // len(piece)):
            await worker.send(1, Op.DATA, piece)
            assert await worker.told() == (1, Op.EVENT, {"size": number * len(piece)})

    talk({"count": count}, conversation)


def test_a_cancelled_stream_is_released_and_says_nothing_more() -> None:
    """R7: nobody listens any more."""
    released: list[str] = []

    async def hang(_request: dict[str, Any], exchange: Exchange) -> None:
        await exchange.send_event({"hangs": True})
        try:
            await asyncio.sleep(3600)
        finally:
            released.append("hang")

    async def conversation(worker: Worker) -> None:
        assert await worker.told() == READY
        await worker.open(1, "hang")
        assert await worker.told() == (1, Op.EVENT, {"hangs": True})
        await worker.send(1, Op.CANCEL)
        await worker.answers_ping()
        assert released == ["hang"]
        await worker.open(2, "hang")
        assert await worker.told() == (2, Op.EVENT, {"hangs": True})

    talk({"hang": hang}, conversation)
    assert released == ["hang", "hang"], "and what is open when the worker goes is released, too"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (ServiceError("quota", "no more", retriable=True), {"code": "quota", "message": "no more", "retriable": True}),
        (
            ConnectionResetError("gone"),
            {"code": "unavailable", "message": "gone", "retriable": True},
        ),
        (
            KeyError("a bug"),
            {"code": "internal", "message": "KeyError: 'a bug'", "retriable": True},
        ),
    ],
)
def test_a_fault_is_its_streams_alone(fault: Exception, error: dict[str, object]) -> None:
    """R8.2: with a code that the worker knows."""

    async def fail(_request: dict[str, Any], _exchange: Exchange) -> None:
        raise fault

    async def conversation(worker: Worker) -> None:
        assert await worker.told() == READY
        await worker.open(1, "fail")
        assert await worker.told() == (1, Op.ERROR, error)
        await worker.open(2, "nowhere")
        wrong = {"code": "invalid_request", "message": "no such service: 'nowhere'", "retriable": False}
        assert await worker.told() == (2, Op.ERROR, wrong)
        await worker.send(3, Op.OPEN, b"not json")
        assert (await worker.told())[2]["code"] == "internal"

    talk({"fail": fail}, conversation)


def test_what_is_warm_is_told_at_once_and_all_is_ready_at_the_end() -> None:
    """R18: a child that starts serves what it can; a fault in what it prepares does not end it."""
    go_on = asyncio.Event()

    async def warm(tell: Tell) -> None:
        tell("voice")
        await go_on.wait()
        raise ServiceError("unavailable", "no vendor", retriable=True)

    async def trouble(_request: dict[str, Any], exchange: Exchange) -> None:
        await exchange.tell_trouble("model_gone", "it is retired")

    async def conversation(worker: Worker) -> None:
        assert await worker.told() == (0, Op.EVENT, {"warm": "voice"})
        await worker.open(1, "trouble")
        assert await worker.told() == (0, Op.EVENT, {"trouble": "model_gone", "what": "it is retired"})
        assert await worker.told() == (1, Op.END, {})
        go_on.set()
        assert await worker.told() == READY

    talk({"trouble": trouble}, conversation, warm)


class Socket:
    """Notes what is written in one go."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)


def test_what_comes_at_once_wakes_the_worker_twice_and_what_comes_alone_waits_for_nothing() -> None:
    """R18: each write costs the worker of a full house a turn of its hub."""
    socket_ = Socket()

    async def say() -> None:
        gathering = Gathering(socket_)  # type: ignore[arg-type]  # the part of a writer that is used
        await asyncio.sleep(1.0)
        for word in (b"a", b"b", b"c", b"d"):
            gathering.write(word)
        assert socket_.writes == [b"a"]
        await asyncio.sleep(0.004)
        assert socket_.writes == [b"a"]
        await asyncio.sleep(0.002)
        assert socket_.writes == [b"a", b"bcd"]
        await asyncio.sleep(0.05)
        gathering.write(b"e")
        assert socket_.writes[2:] == [b"e"]
        gathering.write(b"f")
        gathering.flush()
        gathering.flush()
        assert socket_.writes[2:] == [b"e", b"f"]

    run_virtually(say())


def test_what_was_flushed_has_begun_the_next_wait() -> None:
    """R18: one write in 5 ms, whoever asked for the one before."""
    socket_ = Socket()

    async def say() -> None:
        gathering = Gathering(socket_)  # type: ignore[arg-type]  # the part of a writer that is used
        await asyncio.sleep(1.0)
        gathering.write(b"a")
        gathering.write(b"b")
        await asyncio.sleep(0.003)
        gathering.flush()
        gathering.write(b"c")
        await asyncio.sleep(0.003)
        assert socket_.writes == [b"a", b"b"]
        await asyncio.sleep(0.003)
        assert socket_.writes == [b"a", b"b", b"c"]

    run_virtually(say())


def test_a_handler_that_will_not_end_holds_up_the_childs_end_by_a_second_at_most() -> None:
    """R18: the worker has gone; nobody waits for its answer."""
    begun: list[str] = []
    may_end = asyncio.Event()

    async def stubborn(_request: dict[str, Any], _exchange: Exchange) -> None:
        begun.append("stubborn")
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            begun.append("told to end")
            await may_end.wait()

    async def life() -> float:
        ours, theirs = socket.socketpair()
        child = asyncio.create_task(serve(theirs.detach(), {"stubborn": stubborn}))
        ours.sendall(pack(1, Op.OPEN, b'{"service": "stubborn"}'))
        while not begun:
            await asyncio.sleep(0.01)
        ours.close()
        closed_s = asyncio.get_running_loop().time()
        await child
        took_s = asyncio.get_running_loop().time() - closed_s
        may_end.set()
        await asyncio.sleep(0.01)
        return took_s

    assert 0.5 < run_virtually(life()) < 2.0
    assert begun == ["stubborn", "told to end"]
