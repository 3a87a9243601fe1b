"""Records the database could not take, kept on disk in order until it can (R14).

One `.jsonl` file a process, fsync'd line by line, locked while its process lives: a process that starts adopts the
files of those that died. Should the disk fail too, the lines wait in memory.
"""

import fcntl
import json
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO

_log = logging.getLogger("leads.journal")


class Journal:
    """A queue of lines that outlives its process. Not thread-safe: one thread owns it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: deque[bytes] = deque()
        self._unwritten: deque[bytes] = deque()
        self._file: IO[bytes] | None = None
        self._adopted: list[IO[bytes]] = []
        self._rejected = folder / "rejected.jsonl"
        self._is_failing = False

    def __len__(self) -> int:
        return len(self._lines)

    def append(self, line: bytes) -> None:
        """Keep one line (without its newline)."""
        self._lines.append(line)
        try:
            self._append(line)
        except OSError as fault:
            if not self._is_failing:  # said once: a full house brings a hundred records a second
                _log.error("the journal in %s cannot be written, keeping records in memory: %s", self._folder, fault)
            self._is_failing = True
        else:
            if self._is_failing:
                _log.info("the journal in %s is written again", self._folder)
            self._is_failing = False

    def reject(self, line: bytes, reason: str) -> None:
        """Put aside a line that no database will ever take, where a person can find it."""
        told = {"call_sid": _call_of(line)}
        _log.error("a record was refused and put aside in %s: %s", self._rejected, reason, extra=told)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._rejected.open("ab") as file:
                _write(file, line)
        except OSError as fault:
            _log.error("a refused record could not be kept: %s", fault)

    def adopt(self) -> int:
        """Put the lines of processes that died in front of this one's, oldest file first; return how many."""
        older: list[bytes] = []
        for path in sorted(self._folder.glob("pending-*.jsonl")):
            older += self._take(path)
        if older:
            self._lines.extendleft(reversed(older))
        return len(older)

    def replay(self, apply: Callable[[bytes], None]) -> int:
        """Hand every line to `apply` in order and forget it; what `apply` raises stops the replay at that line."""
        done = 0
        try:
            while self._lines:
                apply(self._lines[0])
                self._lines.popleft()
                done += 1
        finally:
            if done and not self._lines:
                self._forget()
        return done

    def _append(self, line: bytes) -> None:
        self._unwritten.append(line)
        if self._file is None:
            self._file = self._open()
        while self._unwritten:
            _write(self._file, self._unwritten[0])
            self._unwritten.popleft()

    def _open(self) -> IO[bytes]:
        self._folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = self._folder / f"pending-{time.time_ns()}-{os.getpid()}.jsonl"
            file = path.open("ab")
            # Between opening and locking another process may have adopted the empty file: then a new one is made.
            if _lock(file) and path.exists():
                return file
            file.close()

    def _take(self, path: Path) -> list[bytes]:
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return []
        if not _lock(file) or not path.exists():
            file.close()
            return []
        self._adopted.append(file)  # stays locked, and on disk, until all of it is in the database
        *lines, torn = file.read().split(b"\n")
        if torn:
            self.reject(torn, "its process died while writing it")
        return [line for line in lines if line]

    def _forget(self) -> None:
        self._unwritten.clear()
        for file in [*self._adopted, self._file]:
            if file is not None:
                Path(file.name).unlink(missing_ok=True)
                file.close()
        self._adopted.clear()
        self._file = None


def _lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _call_of(line: bytes) -> str:
    """Return whose record a line is, as far as it can be told."""
    try:
        told = json.loads(line)
        return str(told.get("record", told)["call_sid"])
    except (ValueError, LookupError, AttributeError, TypeError):
        return ""


def _write(file: IO[bytes], line: bytes) -> None:
    file.write(line + b"\n")
    file.flush()
    os.fsync(file.fileno())
