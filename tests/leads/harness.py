"""The store child as the worker starts it, spoken to over its real socket."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.leads.childconfig import VARIABLE, StoreChildConfig
from app.leads.records import Record
from app.sidecar.wire import Op, Unpacker, pack

PATIENCE_S = 30.0


def wait_until(true: Callable[[], object], what: str) -> None:
    """Poll until `true()`; fail after a while that no healthy machine needs."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


class Child:
    """One store child. As a context: killed at the end if it still lives."""

    def __init__(self, url: str, folder: Path, **config: Any) -> None:
        settings = {"settle_s": 0.0, **config}
        told = StoreChildConfig(database_url=url, journal_folder=folder / "journal", **settings)
        self._socket, theirs = socket.socketpair()
        theirs.setblocking(False)  # as eventlet leaves it
        self._log = (folder / "child.log").open("ab")
        self.log_path = folder / "child.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.leads", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            env={**os.environ, VARIABLE: told.model_dump_json()},
            stderr=self._log,
        )
        theirs.close()
        self._socket.settimeout(PATIENCE_S)
        self._unpacker = Unpacker()
        self._answers: dict[int, tuple[Op, dict[str, Any]]] = {}
        self._next = 0

    def tell(self, record: Record | dict[str, Any]) -> int:
        """Send a record without waiting; return its stream's number."""
        self._next += 1
        content = record if isinstance(record, dict) else record.model_dump(mode="json")
        request = {"service": "store", "record": content}
        self._socket.sendall(pack(self._next, Op.OPEN, json.dumps(request).encode()))
        return self._next

    def answer(self, number: int) -> tuple[Op, dict[str, Any]]:
        """Wait for the answer to request `number`."""
        while number not in self._answers:
            data = self._socket.recv(65536)
            assert data, f"the child ended: {self.log()}"
            for stream_id, op, payload in self._unpacker.feed(data):
                self._answers[stream_id] = (op, json.loads(payload or b"{}"))
        return self._answers[number]

    def do(self, *records: Record) -> list[dict[str, Any]]:
        """Send records and wait until each is safe."""
        answers = [self.answer(number) for number in [self.tell(record) for record in records]]
        assert all(op is Op.END for op, _ in answers), answers
        return [answer for _, answer in answers]

    def query(self, name: str, **arguments: Any) -> tuple[Op, dict[str, Any]]:
        """Ask, and wait for the answer."""
        return self.answer(self.tell({"op": "query", "name": name, "arguments": arguments}))

    def timeline(self, call_sid: str) -> dict[str, Any]:
        """Return a call's timeline."""
        op, answer = self.query("call_timeline", call_sid=call_sid)
        assert op is Op.END, answer
        return answer

    def ping(self) -> None:
        """Send a PING and wait for its PONG."""
        self._next += 1
        self._socket.sendall(pack(self._next, Op.PING))
        assert self.answer(self._next)[0] is Op.PONG

    def kill(self) -> None:
        """Kill the child as the kernel would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def lose_worker(self) -> None:
        """Close the socket, as the kernel does when the worker is killed, and wait for the child's end."""
        self._socket.close()
        assert self.process.wait(PATIENCE_S) == 0, self.log()

    def log(self) -> str:
        """Return what the child logged."""
        return self.log_path.read_text()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()
        self._socket.close()
        self._log.close()
