"""A server that is measured beside ours: a process of its own, which prints its port once it serves."""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Self

from app.qa.wire.http_client import ServerError
from tests.bench.processes import Usage, core_busy_s, descendants, usage


class StartedServer:
    """`command` on `core` (None: any), for the length of a `with` block."""

    def __init__(
        self, name: str, command: Sequence[str], core: int | None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.url = ""
        self.stack = ExitStack()
        """What ends with it."""
        self._command = [*(() if core is None else ("taskset", "-c", str(core))), *command]
        self._core = core
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.stack:  # what was begun ends, should the rest not begin
            self._process = self.stack.enter_context(
                subprocess.Popen(self._command, stdout=subprocess.PIPE, env=self._environment)
            )
            assert self._process.stdout
            port = self._process.stdout.readline().strip()
            if not port:
                raise ServerError(f"{self.name} did not start")
            self.url = f"http://127.0.0.1:{int(port)}"
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process
        self._process.kill()
        self.stack.close()

    def usage(self) -> Usage:
        """Return what it uses."""
        assert self._process
        return usage([self._process.pid, *descendants(self._process.pid)])

    def core_busy_s(self) -> float | None:
        """Return for how long its core was busy."""
        return None if self._core is None else core_busy_s(self._core)

    def turns(self) -> list[dict[str, float]]:
        """It tells nothing."""
        return []

    def uncached_ms(self) -> list[float]:
        """It tells nothing."""
        return []
