"""One life of a child process: the process, its socket, and the streams that live and die with it.

Sockets and processes are taken from the original modules, not from eventlet's patched ones, so that both worlds behave
alike.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import eventlet
import orjson
import structlog
from eventlet import hubs, tpool
from eventlet.greenio import GreenSocket
from eventlet.patcher import original

from app.sidecar.manners import is_idle, worked_s, yield_to_worker
from app.sidecar.wire import Op, Unpacker, WireError, pack
from app.whose import CALL_SID, of_call

Listener = Callable[["Op", bytes], None]

LINK_STREAM_ID = 0
"""PING, PONG and the child's `ready` event belong to the link, not to a stream."""
_LEAST_NICENESS = 5
"""Of a child that has just been started; each may add to it (`sidecar.manners`)."""
_TURN_S = 0.004
"""So long results are handled before others have a turn: a word may bring about a whole understanding."""
_RECV_BYTES = 64 * 1024  # from 128 KiB on, the C library would map and unmap memory for every read
_log = structlog.get_logger("sidecar")


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """How patient a link is with its child."""

    ping_interval_s: float = 0.25
    missed_pings: int = 7
    """Pings in a row without a sign of life before the child is killed, though it works."""
    starved_times: int = 4
    """So many times as long where it gets no processor: another in its place would get none either, and first load."""
    idle_pings: int = 2
    """The same where nothing in the child runs or wants to: it is frozen or locked up, and will not answer. An answer
    may be waiting for it, and so a caller.
    """
    boot_pings: int = 120
    """The same, until the child has spoken for the first time: imports take seconds on a busy machine."""
    backlog_bytes: int = 8 * 1024 * 1024
    """Unsent bytes at which the child counts as wedged; about ten seconds of fifty callers' audio."""
    coalesce_s: float = 0.01
    """How long caller audio may wait for other calls' audio, to share a system call. Other frames never wait."""
    respawn_s: tuple[float, ...] = (0.02, 0.2, 1.0, 2.0, 5.0)
    """Pause before each start in a row of short lives; the last one repeats."""
    long_life_s: float = 10.0
    """A child that lived this long starts a new row."""
    spare_pause_s: float = 1.0
    """Pause before a spare is started: it shall not compete with the child that serves."""


class LinkStream:
    """One piece of work in the child, for one call as a rule. All methods return at once and are safe after the end."""

    def __init__(self, life: "Life | None", stream_id: int, listener: Listener) -> None:
        self._life = life
        self._id = stream_id
        self._listener: Listener | None = listener
        self._call_sid = CALL_SID.get()

    def write(self, data: bytes) -> None:
        """Send raw bytes to the handler."""
        if self._life is not None and self._listener is not None:
            self._life.send(self._id, Op.DATA, data)

    def finish(self) -> None:
        """Say that no more bytes will come."""
        if self._life is not None and self._listener is not None:
            self._life.send(self._id, Op.FINISH)

    def cancel(self) -> None:
        """Stop the work; the listener hears nothing more."""
        if self._listener is None:
            return
        self._listener = None
        if self._life is not None:
            self._life.streams.pop(self._id, None)
            self._life.send(self._id, Op.CANCEL)

    def deliver(self, op: Op, payload: bytes) -> None:
        """Hand a frame of the child to the listener (for the link only)."""
        listener = self._listener
        if listener is None:
            return
        if op in (Op.END, Op.ERROR):
            self._listener = None
        with of_call(self._call_sid):
            try:
                listener(op, payload)
            except Exception:  # noqa: BLE001 - one call's fault must not stop the reader that serves all calls
                _log.exception("sidecar_listener_failed", op=op.name)


class Life:
    """One life of the child: its process, its socket, and the streams that live and die with it."""

    def __init__(self, name: str, command: tuple[str, ...], env: dict[str, str], limits: LinkLimits) -> None:
        subprocess = original("subprocess")
        subprocess.os = original("os")  # eventlet's would wait by a hub of its own, and leave it in each native thread
        ours, theirs = original("socket").socketpair()
        try:
            # In a native thread: until the new process has begun, which takes 0.4 ms to 0.25 s, who starts it waits.
            self.process = tpool.execute(
                subprocess.Popen,
                [*command, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),  # and nothing else: no listening socket outlives us in the child
                # Ctrl-C passes it by; but a session of its own would undo its niceness: Linux weighs sessions alike.
                process_group=0,
                stdin=subprocess.DEVNULL,
                stdout=2,
                env=env,
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        yield_to_worker(self.process.pid, os.getpid(), _LEAST_NICENESS)
        self.streams: dict[int, LinkStream] = {}
        self.ready = False
        self.why = ""
        self.warm: set[str] = set()
        self.troubles: dict[str, str] = {}
        self._name = name
        self._limits = limits
        self._socket = GreenSocket(ours)
        self._next_id = LINK_STREAM_ID
        self._unsent = bytearray()
        self._in_flight_bytes = 0
        self._flushing = False
        self._flush_is_due = self._flushes_now = False
        self._dead = False
        self._spoke = False
        self._heard_since_ping = False
        self._pinged_s: float | None = None
        self._answered_in_s = 0.0
        self.ended: Any = eventlet.spawn(self._run)
        """To be waited for: the child's socket has ended."""

    @property
    def behind_ms(self) -> int:
        """How long the child took for its latest PONG, or takes for the one that is due."""
        waited_s = 0.0 if self._pinged_s is None else time.monotonic() - self._pinged_s
        return int(1000 * max(waited_s, self._answered_in_s))

    def open(self, request: Mapping[str, object], listener: Listener) -> LinkStream:
        """Start a piece of work; see `Link.open`."""
        self._next_id = self._next_id % 0xFFFFFFFF + 1
        stream = self.streams[self._next_id] = LinkStream(self, self._next_id, listener)
        told = {**request, "call_sid": CALL_SID.get()}
        self.send(self._next_id, Op.OPEN, orjson.dumps(told))
        return stream

    def send(self, stream_id: int, op: Op, payload: bytes = b"") -> None:
        """Queue a frame. Never blocks and never switches greenlets."""
        if self._dead:
            return
        if len(self._unsent) + self._in_flight_bytes > self._limits.backlog_bytes:
            self.kill("does not read what it is sent")
            return
        self._unsent += pack(stream_id, op, payload)
        if op is not Op.DATA and not self._flushes_now:
            self._flushes_now = True
            hubs.get_hub().schedule_call_global(0, self._send_ready)
        elif not (self._flush_is_due or self._flushes_now):
            self._flush_is_due = True
            hubs.get_hub().schedule_call_global(self._limits.coalesce_s, self._send_ready)

    def _run(self) -> None:
        """Read and dispatch until the child is gone."""
        eventlet.spawn_n(self._watch)
        unpacker = Unpacker()
        try:
            while data := self._socket.recv(_RECV_BYTES):
                self._spoke = self._heard_since_ping = True
                turn_ends_s = time.monotonic() + _TURN_S
                for stream_id, op, payload in unpacker.feed(data):
                    self._receive(stream_id, op, payload)
                    if time.monotonic() > turn_ends_s:
                        eventlet.sleep(0)
                        turn_ends_s = time.monotonic() + _TURN_S
        except OSError as exc:
            _log.info("sidecar_socket_ended", name=self._name, error=str(exc))
        except WireError as exc:
            self.kill(str(exc))
        self._dead, self.ready = True, False

    def bury(self) -> None:
        """Tell every open stream, then make sure that nothing is left of the process."""
        streams, self.streams = self.streams, {}
        for stream in streams.values():
            stream.deliver(Op.ERROR, died(self._name, "died"))
        self._socket.close()
        if not self.why:
            self.why = self._how_it_ended()
        self.kill("its socket ended")
        _log.warning("sidecar_ended", name=self._name, pid=self.process.pid, streams=len(streams), why=self.why)
        for _ in range(200):
            if self.process.poll() is not None:
                return
            eventlet.sleep(0.01)

    def _how_it_ended(self) -> str:
        """Return what its status tells; a process whose socket has ended is gone within moments."""
        for _ in range(20):
            status = self.process.poll()
            if status is not None:
                return f"ended with status {status}" if status >= 0 else f"killed by {_signal_name(-status)}"
            eventlet.sleep(0.01)
        return "its socket ended"

    def hang_up(self) -> None:
        """Close the conversation; the child ends when it reads the end of it."""
        try:
            self._socket.shutdown(original("socket").SHUT_RDWR)
        except OSError:
            self.kill("its socket cannot be shut down")

    def kill(self, why: str) -> None:
        """End the process at once, unless it has ended."""
        if self.process.poll() is None:
            if not self._dead:
                _log.error("sidecar_killed", name=self._name, pid=self.process.pid, why=why)
                self.why = why
            self.process.kill()

    def _receive(self, stream_id: int, op: Op, payload: bytes) -> None:
        if stream_id == LINK_STREAM_ID:
            if op is Op.EVENT:
                told = orjson.loads(payload)
                if "warm" in told:
                    self.warm.add(told["warm"])
                elif "trouble" in told:
                    self.troubles[told["trouble"]] = told["what"]
                else:
                    self.why = told.get("fault", "")
                    self.ready = not self.why
            elif op is Op.PONG and self._pinged_s is not None:
                self._answered_in_s, self._pinged_s = time.monotonic() - self._pinged_s, None
            return
        stream = self.streams.get(stream_id)
        if stream is None:
            return
        if op in (Op.END, Op.ERROR):
            del self.streams[stream_id]
        stream.deliver(op, payload)

    def _send_ready(self) -> None:
        """Send what the socket takes at once: on the hub itself, for a green thread costs as much as all of it."""
        self._flush_is_due = self._flushes_now = False
        if self._flushing or self._dead or not self._unsent:
            return
        with contextlib.suppress(OSError):  # it takes nothing, or is at its end: `_flush` sees which
            del self._unsent[: self._socket.fd.send(self._unsent)]
        if self._unsent:
            eventlet.spawn_n(self._flush)

    def _flush(self) -> None:
        if self._flushing:
            return
        self._flushing = True
        try:
            while self._unsent and not self._dead:
                sending, self._unsent = self._unsent, bytearray()
                self._in_flight_bytes = len(sending)
                self._socket.sendall(sending)
        except OSError:
            # The reader sees the same end and reports it once, for all streams.
            self._unsent.clear()
        finally:
            self._in_flight_bytes = 0
            self._flushing = False

    def _watch(self) -> None:
        interval_s = self._limits.ping_interval_s
        missed = idle = has_worked_s = 0.0
        while not self._dead:
            self._heard_since_ping = False
            sent_at = time.monotonic()
            if self._pinged_s is None:
                self._pinged_s = sent_at
            self.send(LINK_STREAM_ID, Op.PING)
            eventlet.sleep(interval_s)
            if self._heard_since_ping:
                missed = idle = 0
            elif time.monotonic() - sent_at < 1.5 * interval_s:
                # Counted only when we ourselves woke on time: after a stall of the hub the answer may lie unread.
                lies_still = is_idle(self.process.pid)
                before_s, has_worked_s = has_worked_s, worked_s(self.process.pid)
                is_starved = missed > 0 and not lies_still and has_worked_s - before_s < interval_s / 2
                missed += 1 / self._limits.starved_times if is_starved else 1
                idle = idle + 1 if self._spoke and lies_still else 0
            most = self._limits.missed_pings if self._spoke else self._limits.boot_pings
            if missed >= most or idle >= self._limits.idle_pings:
                self.kill(f"no sign of life for {round(missed)} pings")
                return


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def died(name: str, how: str) -> bytes:
    """Return the ERROR that a stream hears when its child is gone."""
    return orjson.dumps({"code": "child_died", "message": f"the {name} child process {how}", "retriable": True})
