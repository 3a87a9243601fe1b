"""The log: one line an event, `call_sid` on every line of a call, nothing per frame (R11).

2026-11-22T19:04:12.350Z INFO call_sid=CA… STATE→PROCESSING | silence_ms=360 | len=1240

Writing never waits: lines go to a thread of their own, so a reader that stalls, a full disk or a broken pipe costs
lines and never a call. How many were lost is said by the next line that gets through.
"""

import atexit
import errno
import logging
import re
import sys
from collections import deque
from collections.abc import MutableMapping
from itertools import accumulate
from typing import Any

import structlog
from eventlet import patcher

from app.whose import CALL_SID

LONGEST_FIELD = 1000
MOST_WAITING_LINES = 5000
_FLUSH_WITHIN_S = 1.0
_LOOKS_EVERY_S = 0.05
_MOST_AT_ONCE = 100
_RETRY_AFTER_S = 0.5

# What could end a line, move a cursor, or turn the reading direction: none of it may come from a caller or a stranger.
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_NOT_OF_A_SID = re.compile(r"[^A-Za-z0-9]+")
_LONGEST_SID = 64

# Not the patched ones: a green thread that writes would hold all calls.
_threading: Any = patcher.original("threading")
_os: Any = patcher.original("os")


class LogWriter:
    """Write lines to a file descriptor from a native thread; at most `most_waiting` of them wait."""

    def __init__(self, descriptor: int, most_waiting: int = MOST_WAITING_LINES) -> None:
        self._descriptor = descriptor
        self._most_waiting = most_waiting
        self._lines: deque[str] = deque()
        self._stopping = _threading.Event()
        self.lost = 0
        """How many lines could not be written so far."""
        self._lost_told = 0
        self._thread: Any = _threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def msg(self, line: str) -> None:
        """Take one event's text; never waits, never raises."""
        if len(self._lines) >= self._most_waiting:
            self.lost += 1
            return
        self._lines.append(line)

    debug = info = warning = error = critical = exception = log = msg

    def close(self) -> None:
        """Write what waits, for a second at most."""
        self._stopping.set()
        self._thread.join(_FLUSH_WITHIN_S)

    def _run(self) -> None:
        # A thread that each line wakes takes the core from the calls as often: it looks by itself.
        stopping = False
        while not stopping:
            stopping = self._stopping.wait(_LOOKS_EVERY_S)
            while self._lines:
                self._write([self._lines.popleft() for _ in range(min(len(self._lines), _MOST_AT_ONCE))])

    def _write(self, lines: list[str]) -> None:
        told, lost = self._lost_told, self.lost
        texts = [(line + "\n").encode(errors="replace") for line in lines]
        if lost != told:
            texts[0] = f"LOG_LINES_LOST | count={lost - told}\n".encode() + texts[0]
        data = b"".join(texts)
        while data:
            try:
                data = data[_os.write(self._descriptor, data) :]
            except OSError as error:
                if error.errno in (errno.EAGAIN, errno.ENOSPC) and not self._stopping.wait(_RETRY_AFTER_S):
                    continue  # a reader that is slow, a disk that may be cleared: the lines behind this one wait
                self.lost += _lines_in_tail(texts, len(data))
                return
        self._lost_told = lost


def _lines_in_tail(texts: list[bytes], length: int) -> int:
    """Return how many of these lines end in the last `length` bytes."""
    ends = accumulate(len(text) for text in reversed(texts))
    return 1 + sum(end < length for end in ends)


def configure(level: str) -> LogWriter:
    """Send the log to standard output from `level` on; call it once, in the process that logs."""
    writer = LogWriter(sys.stdout.fileno())
    atexit.register(writer.close)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            one_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )
    return writer


def one_line(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    """Render an event: time, level, call, what happened, then its fields; a traceback follows, indented.

    Whatever a field holds, it stays a field of this line.
    """
    head = [str(event.pop("timestamp")), str(event.pop("level")).upper()]
    call_sid = str(event.pop("call_sid", None) or CALL_SID.get())
    if not (call_sid.isalnum() and call_sid.isascii()):
        call_sid = _NOT_OF_A_SID.sub("_", call_sid)
    call_sid = call_sid[:_LONGEST_SID]
    if call_sid:
        head.append(f"call_sid={call_sid}")
    trace = event.pop("exception", None)
    parts = [" ".join([*head, _flat(event.pop("event"))])]
    parts += [f"{name}={_flat(value)}" for name, value in event.items()]
    line = " | ".join(parts)
    return line + "".join(f"\n    {_flat(row)}" for row in str(trace).splitlines()) if trace else line


def _flat(value: object) -> str:
    text = str(value)
    # Nearly all of it is seen as it is, which is quick to tell: a full house writes three hundred fields a second.
    if not text.isprintable() or "  " in text or text[:1] == " " or text[-1:] == " ":
        text = _UNSEEN.sub(" ", text).strip()
    text = text.replace("|", "¦")
    if len(text) > LONGEST_FIELD:
        text = f"{text[:LONGEST_FIELD]}… ({len(text)} characters)"
    return text or '""'
