"""What every vendor emulator shares: scripts that say how to behave, a log of what it was sent, a control port.

Run one as `python -m tests.emulators.google_speech --port 0`: it prints `{"port": …, "control_port": …}` and serves
until its standard input ends. `EmulatorProcess` does that from a test.

Control port: `GET /__log__` gives `{"entries", "violations"}`; `POST /__script__` takes
`{"default": {…}, "next": [{…}]}` (`default` is merged over the emulator's own, `next` holds one override for each
request to come); `POST /__reset__` forgets all.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Self

from tests.emulators.http_server import Request, Response, start_http

Script = dict[str, Any]


class Emulator:
    """Behaviour and memory of one emulated service."""

    defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.violations: list[str] = []
        self._default: Script = {}
        self._next: deque[Script] = deque()

    def take_script(self) -> Script:
        """Return how to behave for the request that has just come."""
        return {**self.defaults, **self._default, **(self._next.popleft() if self._next else {})}

    def expect(self, holds: object, otherwise: str) -> None:
        """Record a violation unless the condition holds."""
        if not holds:
            self.violations.append(otherwise)

    async def control(self, request: Request, response: Response) -> None:
        """Answer a request on the control port."""
        match request.path:
            case "/__log__":
                await response.send_json({"entries": self.entries, "violations": self.violations})
            case "/__script__":
                body: dict[str, Any] = request.json()
                unknown = {*body.get("default", {}), *(key for script in body.get("next", ()) for key in script)}
                unknown -= set(self.defaults)
                if unknown:
                    await response.send_json({"error": f"no such script keys: {sorted(unknown)}"}, 400)
                    return
                self._default.update(body.get("default", {}))
                self._next.extend(body.get("next", ()))
                await response.send_json({})
            case "/__reset__":
                self.entries, self.violations = [], []
                self._default, self._next = {}, deque()
                await response.send_json({})
            case _:
                await response.send_json({"error": "no such path"}, 404)


async def sleep_ms(duration_ms: float) -> None:
    """Wait, or not at all for zero and less."""
    if duration_ms > 0:
        await asyncio.sleep(duration_ms / 1000)


def main(emulator: Emulator, start: Callable[[int], Awaitable[int]]) -> None:
    """Be the process of an emulator; `start(port)` begins to serve and returns the port."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--script", default="{}", help="JSON merged over the default script")
    options = parser.parse_args()
    emulator._default.update(json.loads(options.script))

    async def serve() -> None:
        port = await start(options.port)
        _, control_port = await start_http(emulator.control, options.control_port)
        print(json.dumps({"port": port, "control_port": control_port}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        os._exit(0)  # nothing to save; a scripted hang must not hold up the end

    asyncio.run(serve())


class EmulatorProcess:
    """An emulator in a process of its own, for the length of a `with` block."""

    def __init__(self, module: str, script: Script | None = None) -> None:
        self._command = [sys.executable, "-m", module, "--script", json.dumps(script or {})]
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self.control_port = 0

    def __enter__(self) -> Self:
        process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"{self._command} did not start"
        self._process = process
        self.port, self.control_port = (json.loads(line)[key] for key in ("port", "control_port"))
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()

    @property
    def address(self) -> str:
        """`host:port` of the service."""
        return f"127.0.0.1:{self.port}"

    @property
    def entries(self) -> list[dict[str, Any]]:
        """What was asked of the service so far."""
        return list(self._control("/__log__")["entries"])

    @property
    def violations(self) -> list[str]:
        """What was wrong with it."""
        return list(self._control("/__log__")["violations"])

    def script(self, *following: Script, **default: Any) -> None:
        """Set how to behave from now on, and how for each of the requests to come."""
        self._control("/__script__", {"default": default, "next": list(following)})

    def reset(self) -> None:
        """Forget scripts and log."""
        self._control("/__reset__", {})

    def _control(self, path: str, body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.control_port}{path}", data, timeout=10) as answer:
            value = json.load(answer)
        assert isinstance(value, dict)
        return value
