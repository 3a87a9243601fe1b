"""The child's end of a link: a small asyncio server of streams over one inherited socket.

A child is an ordinary process without eventlet. It offers *handlers* by name and knows nothing of calls or policy:

    async def echo(request, exchange):
        async for chunk in exchange:          # caller audio, until FINISH
            await exchange.send_data(chunk)   # any time, any number
        return {"bytes": 1}                   # the END frame's JSON

A handler ends its stream by returning (END), by raising `ServiceError` (ERROR), or by being cancelled (nothing: the
other side no longer listens). Work that holds the CPU belongs in `asyncio.to_thread`, or PONGs come late and the
worker kills the child.
"""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn

import orjson

from app.sidecar.manners import defer_to_worker, log_like_worker
from app.sidecar.wire import Op, Unpacker, WireError, pack
from app.whose import CALL_SID

MAX_QUEUED_BYTES = 8 * 1024 * 1024
"""Unread DATA of one stream, some eight minutes of caller audio: more means that its handler hangs."""
_DATA_FRAME_BYTES = 64 * 1024
_READ_BYTES = 256 * 1024
_FAREWELL_S = 1.0
_GATHER_S = 0.005
_log = logging.getLogger("sidecar")

NICENESS = 10
"""Where worker and child share a core, the calls' frames come first: a word late by 10 ms is not heard, a frame is.

On a full core the worker has nine tenths of it for the asking. With 5 it had seven: with 120 calls frames were late by
more and more, and it took a second to hear an interruption."""


class ServiceError(Exception):
    """A stream's failure as the worker shall see it; `code` is one of the stable codes in `speech.engines.Failed`."""

    def __init__(self, code: str, message: str, *, retriable: bool) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retriable = retriable


class Gathering:
    """Writes to the worker, whom each write wakes: what comes within 5 ms of the latest goes with what follows it.

    With a call or two hardly anything waits, with a hundred most of it shares a write.
    """

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes] = []
        self._written_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def write(self, frame: bytes) -> None:
        """Write a frame, behind those before it."""
        self._waiting.append(frame)
        if self._timer is None:
            wait_s = self._written_s + _GATHER_S - self._loop.time()
            if wait_s <= 0.0:
                self.flush()
            else:
                self._timer = self._loop.call_later(wait_s, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._writer.write(b"".join(self._waiting))
            self._waiting.clear()
            self._written_s = self._loop.time()

    async def drain(self) -> None:
        """Wait for a worker that is behind."""
        await self._writer.drain()


class Exchange:
    """A handler's side of one stream: iterate over what comes in, send what goes out."""

    def __init__(self, stream_id: int, writer: Gathering) -> None:
        self._id = stream_id
        self._writer = writer
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._queued_bytes = 0
        self._ended = False

    def __aiter__(self) -> "Exchange":
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        chunk = await self._queue.get()
        if not chunk:
            self._ended = True
            raise StopAsyncIteration
        self._queued_bytes -= len(chunk)
        return chunk

    async def send_event(self, event: Mapping[str, object]) -> None:
        """Send a result as JSON."""
        await self._send(Op.EVENT, _json(event))

    async def send_data(self, data: bytes) -> None:
        """Send raw bytes, cut into frames of bounded size."""
        self.put_data(data)
        await self._writer.drain()

    def put_data(self, data: bytes) -> None:
        """Do so without waiting for a worker that is behind: for a little at a time."""
        for start in range(0, len(data), _DATA_FRAME_BYTES):
            self._writer.write(pack(self._id, Op.DATA, data[start : start + _DATA_FRAME_BYTES]))

    async def tell_trouble(self, kind: str, what: str) -> None:
        """Tell the worker what a person should mend though calls go on: `Link.troubles` holds it from then on."""
        self._writer.write(pack(0, Op.EVENT, _json({"trouble": kind, "what": what})))
        await self._writer.drain()

    async def close(self, op: Op, result: Mapping[str, object]) -> None:
        """Send the stream's last frame (for the server only)."""
        await self._send(op, _json(result))

    def feed(self, data: bytes) -> bool:
        """Take in DATA (for the server only). False when the handler is too far behind."""
        if data:
            self._queued_bytes += len(data)
            self._queue.put_nowait(data)
        return self._queued_bytes <= MAX_QUEUED_BYTES

    def feed_end(self) -> None:
        """Take in FINISH (for the server only)."""
        self._queue.put_nowait(b"")

    async def _send(self, op: Op, payload: bytes) -> None:
        self._writer.write(pack(self._id, op, payload))
        await self._writer.drain()


Handler = Callable[[dict[str, Any], Exchange], Awaitable[Mapping[str, object] | None]]
Tell = Callable[[str], None]
Warm = Callable[[Tell], Awaitable[None]]


class _Server:
    def __init__(self, handlers: Mapping[str, Handler], writer: Gathering) -> None:
        self._handlers = handlers
        self._writer = writer
        self._streams: dict[int, tuple[Exchange, asyncio.Task[None]]] = {}

    def receive(self, stream_id: int, op: Op, payload: bytes) -> None:
        if op is Op.OPEN:
            exchange = Exchange(stream_id, self._writer)
            task = asyncio.create_task(self._run(stream_id, payload, exchange))
            self._streams[stream_id] = exchange, task
        elif op is Op.PING:
            self._writer.write(pack(stream_id, Op.PONG))
        elif stream_id in self._streams:
            exchange, task = self._streams[stream_id]
            if op is Op.DATA and not exchange.feed(payload):
                self._drop(stream_id)
                error = {"code": "internal", "message": "the handler does not read its data", "retriable": True}
                self._writer.write(pack(stream_id, Op.ERROR, _json(error)))
            elif op is Op.FINISH:
                exchange.feed_end()
            elif op is Op.CANCEL:
                self._drop(stream_id)

    async def close(self) -> None:
        tasks = [task for _, task in self._streams.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_FAREWELL_S)

    def _drop(self, stream_id: int) -> None:
        _, task = self._streams.pop(stream_id)
        task.cancel()

    async def _run(self, stream_id: int, payload: bytes, exchange: Exchange) -> None:
        op, result = await self._answer(payload, exchange)
        # A dropped stream has had its last frame.
        if self._streams.pop(stream_id, None) is not None:
            with contextlib.suppress(ConnectionError):
                await exchange.close(op, result)

    async def _answer(self, payload: bytes, exchange: Exchange) -> tuple[Op, Mapping[str, object]]:
        try:
            request = orjson.loads(payload)
            CALL_SID.set(request.pop("call_sid", ""))
            handler = self._handlers.get(request.get("service"))
            if handler is None:
                return _error("invalid_request", f"no such service: {request.get('service')!r}", retriable=False)
            return Op.END, await handler(request, exchange) or {}
        except ServiceError as exc:
            return _error(exc.code, exc.message, retriable=exc.retriable)
        except ConnectionError as exc:
            return _error("unavailable", str(exc), retriable=True)
        except Exception as exc:  # noqa: BLE001 - any fault of one handler becomes that stream's ERROR, the others go on
            _log.exception("handler failed")
            return _error("internal", f"{type(exc).__name__}: {exc}", retriable=True)


async def serve(fd: int, handlers: Mapping[str, Handler], warm: Warm | None = None) -> None:
    """Serve streams on the inherited socket `fd` until the worker closes it.

    `warm(tell)` prepares clients or models while streams are already accepted, and may tell the worker of each service
    that is; when it is done (or failed: a stream will then say why) the worker is told that the child is ready.
    """
    connection = socket.socket(fileno=fd)
    # The worker's eventlet may have left O_NONBLOCK either way on the shared description; asyncio needs it set.
    connection.setblocking(False)  # noqa: FBT003 - the socket API
    reader, writer = await asyncio.open_connection(sock=connection)
    gathering = Gathering(writer)
    server = _Server(handlers, gathering)
    warming = asyncio.create_task(_warm(warm, gathering))
    unpacker = Unpacker()
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_READ_BYTES):
            for stream_id, op, payload in unpacker.feed(data):
                server.receive(stream_id, op, payload)
    warming.cancel()
    await server.close()
    gathering.flush()
    writer.close()


def run(handlers: Mapping[str, Handler], warm: Warm | None = None) -> NoReturn:
    """Be a child process: `python -m <module> <fd>` calls this with its handlers. Ends with the worker's socket."""
    defer_to_worker(NICENESS)
    log_like_worker()
    status = 1
    try:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(serve(int(sys.argv[-1]), handlers, warm))
        status = 0
    except WireError:
        _log.exception("the worker sent nonsense")
    except Exception as fault:  # noqa: BLE001 - told before the end, which waits for nothing
        sys.excepthook(type(fault), fault, fault.__traceback__)
    finally:
        sys.stderr.flush()
        os._exit(status)  # at once: threads still busy with a model must not hold up the end


async def _warm(warm: Warm | None, writer: Gathering) -> None:
    def tell(service: str) -> None:
        writer.write(pack(0, Op.EVENT, _json({"warm": service})))

    try:
        if warm is not None:
            await warm(tell)
    except ServiceError as fault:
        _log.error("NOT_READY | why=%s", fault)
    except Exception:  # noqa: BLE001 - a stream will meet the same fault and report it
        _log.exception("warm-up failed")
    writer.write(pack(0, Op.EVENT, _json({"ready": True})))


def _error(code: str, message: str, *, retriable: bool) -> tuple[Op, Mapping[str, object]]:
    return Op.ERROR, {"code": code, "message": message, "retriable": retriable}


def _json(value: Mapping[str, object]) -> bytes:
    return orjson.dumps(value)
