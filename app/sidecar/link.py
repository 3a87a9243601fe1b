"""The worker's end of a child process: start it, talk to it, notice when it dies or wedges, start it again.

gRPC and heavy models freeze eventlet's hub, so they live in an un-patched child that speaks `wire` over a socketpair.
A `Link` owns one such child, one `Life` after another. It must be started after gunicorn's fork. It needs eventlet's
hub but not its monkey patches.

Whatever happens to the child, nothing is raised into a call: every open stream hears one ERROR `child_died`.
"""

import os
import sys
import time
from collections.abc import Mapping
from typing import Any

import eventlet
import structlog

from app.sidecar.life import LINK_STREAM_ID, Life, LinkLimits, LinkStream, Listener, died
from app.sidecar.wire import Op

_LIMITS = LinkLimits()
_log = structlog.get_logger("sidecar")


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
        limits: LinkLimits = _LIMITS,
        *,
        has_spare: bool = False,
    ) -> None:
        self.name = name
        self._has_spare = has_spare
        self._command = (sys.executable, "-m", module)
        self._env = dict(env or {})
        self._limits = limits
        self._life: Life | None = None
        self._spare: Life | None = None
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
    def troubles(self) -> Mapping[str, str]:
        """What a person should mend though calls go on: the kind, and what it is, as this child has met it."""
        return self._life.troubles if self._life is not None else {}

    @property
    def behind_ms(self) -> int:
        """How long the child takes to answer, by the latest that it was asked for: four times a second."""
        return self._life.behind_ms if self._life is not None else 0

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
            stream = LinkStream(None, LINK_STREAM_ID, listener)
            eventlet.spawn_n(stream.deliver, Op.ERROR, died(self.name, "is not running"))
            return stream
        return life.open(request, listener)

    def _spawn(self) -> Life | None:
        try:
            life = Life(self.name, self._command, {**os.environ, **self._env}, self._limits)
        except OSError as exc:
            _log.warning("sidecar_not_started", name=self.name, error=str(exc))
            return None
        return life

    def _serve_by(self, life: Life | None) -> None:
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

    def _take_spare(self) -> Life | None:
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
