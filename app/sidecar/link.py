"""The worker's end of a child process: start it, talk to it, notice when it dies or wedges, start it again.

gRPC and heavy models freeze eventlet's hub, so they live in an un-patched child that speaks `wire` over a socketpair.
A `Link` owns one such child. It must be started after gunicorn's fork. It needs eventlet's hub but not its monkey
patches: sockets and processes are taken from the original modules, so that both worlds behave alike.

Whatever happens to the child, nothing is raised into a call: every open stream hears one ERROR `child_died`.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import eventlet
import structlog
from eventlet.greenio import GreenSocket
from eventlet.patcher import original

from app.sidecar.manners import yield_to_worker
from app.sidecar.wire import Op, Unpacker, WireError, pack

Listener = Callable[["Op", bytes], None]

_LINK_STREAM_ID = 0
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

    ping_interval_s: float = 0.4
    missed_pings: int = 4
    """Pings in a row without a sign of life before the child is killed: a frozen one is noticed within 2 s."""
    boot_pings: int = 75
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
    """One piece of work in the child. All methods return at once and are safe after the end."""

    def __init__(self, life: "_Life | None", stream_id: int, listener: Listener) -> None:
        self._life = life
        self._id = stream_id
        self._listener: Listener | None = listener

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
        try:
            listener(op, payload)
        except Exception:  # noqa: BLE001 - one call's fault must not stop the reader that serves all calls
            _log.exception("sidecar_listener_failed", op=op.name)


class Link:
    """A child process that runs `python -m <module> <fd>` and is kept alive.

    `env` is added to this process's environment for the child; secrets go there, never on the command line.
    `has_spare`: a second child stands by, imports done and clients warm, and serves the moment the first is gone: where
    starting takes seconds, a death then costs a tenth of one.
    """

    def __init__(
        self,
        module: str,
        env: Mapping[str, str] | None = None,
        name: str = "speech",
        limits: LinkLimits = LinkLimits(),
        *,
        has_spare: bool = False,
    ) -> None:
        self.name = name
        self._has_spare = has_spare
        self._command = (sys.executable, "-m", module)
        self._env = dict(env or {})
        self._limits = limits
        self._life: _Life | None = None
        self._spare: _Life | None = None
        self._keeper: Any = None
        self._stopped = False
        self._deaths = 0
        self.last_end = ""
        """Why the child had to be replaced the last time: its last words, or how it ended."""

    @property
    def ready(self) -> bool:
        """True while the child is up and has said that its clients are warm."""
        return self._life is not None and self._life.ready

    def is_warm(self, service: str) -> bool:
        """Tell whether the child could serve this service at once; some are sooner than others."""
        return self._life is not None and (self._life.ready or service in self._life.warm)

    @property
    def pid(self) -> int | None:
        """The child's process id, or None while there is no child."""
        return self._life.process.pid if self._life is not None else None

    @property
    def restarts(self) -> int:
        """How many times the child had to be replaced."""
        return self._deaths

    @property
    def open_streams(self) -> int:
        """Streams the child is working on."""
        return len(self._life.streams) if self._life is not None else 0

    @property
    def spare_pid(self) -> int | None:
        """The process id of the child that stands by, once it could serve."""
        return self._spare.process.pid if self._spare is not None and self._spare.ready else None

    def start(self) -> None:
        """Start the child, once. Call it after the fork."""
        if self._keeper is None and not self._stopped:
            self._serve_by(self._spawn())
            self._keeper = eventlet.spawn(self._keep)
            if self._has_spare:
                eventlet.spawn_n(self._keep_spare)

    def stop(self, grace_s: float = 2.0) -> None:
        """End the child for good: its socket closes, and after `grace_s` it is killed. Open streams hear an ERROR."""
        self._stopped = True
        keeper = self._keeper
        for life in (self._life, self._spare):
            if life is not None:
                life.hang_up()
        deadline = time.monotonic() + grace_s
        while keeper and time.monotonic() < deadline:
            eventlet.sleep(0.01)
        for life in (self._life, self._spare):
            if life is not None:
                life.kill("did not end after its socket was closed")

    def open(self, request: Mapping[str, object], listener: Listener) -> LinkStream:
        """Start a piece of work: `request["service"]` names the handler, the rest is for the handler.

        `listener(op, payload)` is called on the hub with EVENT and DATA, then once with END or ERROR; it must not
        block. With no child running it hears an ERROR `child_died` on the hub's next turn.
        """
        life = self._life
        if life is None:
            stream = LinkStream(None, _LINK_STREAM_ID, listener)
            eventlet.spawn_n(stream.deliver, Op.ERROR, _died(self.name, "is not running"))
            return stream
        return life.open(request, listener)

    def _spawn(self) -> "_Life | None":
        try:
            life = _Life(self.name, self._command, {**os.environ, **self._env}, self._limits)
        except OSError as exc:
            _log.warning("sidecar_not_started", name=self.name, error=str(exc))
            return None
        return life

    def _serve_by(self, life: "_Life | None") -> None:
        self._life = life
        if life is not None:
            _log.info("sidecar_started", name=self.name, pid=life.process.pid, restarts=self.restarts)

    def _keep(self) -> None:
        short_lives = 0
        while True:
            life, born = self._life, time.monotonic()
            if life is not None:
                life.ended.wait()
                self._deaths += not self._stopped
                self._serve_by(None if self._stopped else self._take_spare())
                life.bury()
                if not self._stopped:
                    self.last_end = life.why
                if self._life is not None:
                    continue
            if self._stopped:
                return
            if time.monotonic() - born >= self._limits.long_life_s:
                short_lives = 0
            pauses = self._limits.respawn_s
            eventlet.sleep(pauses[min(short_lives, len(pauses) - 1)])
            short_lives += 1
            if self._stopped:
                return
            self._serve_by(self._spawn())

    def _take_spare(self) -> "_Life | None":
        spare = self._spare
        if spare is None or not spare.ready:
            return None
        self._spare = None
        return spare

    def _keep_spare(self) -> None:
        """Have a second child stand by, from when the first is ready."""
        is_told = False
        while not self._stopped:
            eventlet.sleep(self._limits.spare_pause_s)
            spare = self._spare
            if spare is None:
                self._spare, is_told = self._spawn() if self.ready else None, False
            elif spare.ended.dead:
                spare.bury()
                self._spare = None
            elif spare.ready and not is_told:
                is_told = True
                _log.info("sidecar_stands_by", name=self.name, pid=spare.process.pid)


class _Life:
    """One life of the child: its process, its socket, and the streams that live and die with it."""

    def __init__(self, name: str, command: tuple[str, ...], env: dict[str, str], limits: LinkLimits) -> None:
        subprocess = original("subprocess")
        ours, theirs = original("socket").socketpair()
        try:
            self.process = subprocess.Popen(
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
        self._name = name
        self._limits = limits
        self._socket = GreenSocket(ours)
        self._next_id = _LINK_STREAM_ID
        self._unsent = bytearray()
        self._in_flight_bytes = 0
        self._flushing = False
        self._flush_is_due = False
        self._dead = False
        self._spoke = False
        self._heard_since_ping = False
        self.ended: Any = eventlet.spawn(self._run)
        """To be waited for: the child's socket has ended."""

    def open(self, request: Mapping[str, object], listener: Listener) -> LinkStream:
        self._next_id = self._next_id % 0xFFFFFFFF + 1
        stream = self.streams[self._next_id] = LinkStream(self, self._next_id, listener)
        self.send(self._next_id, Op.OPEN, json.dumps(request, ensure_ascii=False).encode())
        return stream

    def send(self, stream_id: int, op: Op, payload: bytes = b"") -> None:
        """Queue a frame. Never blocks and never switches greenlets."""
        if self._dead:
            return
        if len(self._unsent) + self._in_flight_bytes > self._limits.backlog_bytes:
            self.kill("does not read what it is sent")
            return
        self._unsent += pack(stream_id, op, payload)
        if self._flushing:
            return
        if op is not Op.DATA:
            eventlet.spawn_n(self._flush)
        elif not self._flush_is_due:
            self._flush_is_due = True
            eventlet.spawn_after(self._limits.coalesce_s, self._flush)

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
            stream.deliver(Op.ERROR, _died(self._name, "died"))
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
        if self.process.poll() is None:
            if not self._dead:
                _log.error("sidecar_killed", name=self._name, pid=self.process.pid, why=why)
                self.why = why
            self.process.kill()

    def _receive(self, stream_id: int, op: Op, payload: bytes) -> None:
        if stream_id == _LINK_STREAM_ID:
            if op is Op.EVENT:
                told = json.loads(payload)
                if "warm" in told:
                    self.warm.add(told["warm"])
                else:
                    self.why = told.get("fault", "")
                    self.ready = not self.why
            return
        stream = self.streams.get(stream_id)
        if stream is None:
            return
        if op in (Op.END, Op.ERROR):
            del self.streams[stream_id]
        stream.deliver(op, payload)

    def _flush(self) -> None:
        self._flush_is_due = False
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
        missed = 0
        while not self._dead:
            self._heard_since_ping = False
            sent_at = time.monotonic()
            self.send(_LINK_STREAM_ID, Op.PING)
            eventlet.sleep(interval_s)
            if self._heard_since_ping:
                missed = 0
            elif time.monotonic() - sent_at < 1.5 * interval_s:
                # Counted only when we ourselves woke on time: after a stall of the hub the answer may lie unread.
                missed += 1
            if missed >= (self._limits.missed_pings if self._spoke else self._limits.boot_pings):
                self.kill(f"no sign of life for {missed} pings")
                return


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _died(name: str, how: str) -> bytes:
    return json.dumps({"code": "child_died", "message": f"the {name} child process {how}", "retriable": True}).encode()
