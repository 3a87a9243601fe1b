"""How late the hub runs what is due, and who held it: the figures that say whether one process is too full.

An interval timer of the system rings while the hub is late (`signal.setitimer`), in the midst of whatever runs then: so
what holds the hub is seen at its work, and a hub that is in time pays two system calls twenty times a second.
"""

import contextlib
import gc
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from app.runtime import sleep, spawn

_APP = str(Path(__file__).parents[1])
_LOOKS_AFTER_MS, _LOOKS_EVERY_MS = 5, 5
_PLACES_TOLD = 3
_DEEPEST = 60
_NS_A_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Late:
    """One time the hub was late, and what of `lag_ms` was whose."""

    lag_ms: int
    worked_ms: int
    starved_ms: int
    """The process wanted to run, and the machine ran something else: nothing of ours is to be mended."""
    collected_ms: int
    """Spent in the garbage collector."""
    places: tuple[str, ...]
    """What ran, most often seen first: `service.py:apply<store.py:write`."""

    @property
    def held_ms(self) -> int:
        """How long this process itself held the hub: at work, or waiting for a disk, a lock, a process."""
        return self.lag_ms - self.starved_ms

    def fields(self) -> Mapping[str, object]:
        """Return it as a log line's fields."""
        return {
            "lag_ms": self.lag_ms,
            "held_ms": self.held_ms,
            "worked_ms": self.worked_ms,
            "collected_ms": self.collected_ms,
            "held_by": " ".join(self.places) or "unseen",
        }


class HubWatch:
    """Measure the hub's lag; the last minute is kept, from when the start is over."""

    def __init__(
        self,
        alarm: Callable[[Late], None],
        every_ms: int = 50,
        keep: int = 1200,
        alarm_ms: int = 200,
        note: Callable[[Late], None] = lambda _: None,
    ) -> None:
        """`alarm` is called whenever the hub was `alarm_ms` late: every call was heard as a gap then.

        `note` hears of every measurement.
        """
        self._alarm = alarm
        self._note = note
        self._alarm_ms = alarm_ms
        self._every_ms = every_ms
        self._lags_ms: deque[int] = deque(maxlen=keep)
        self._keeps = False
        self._seen = Counter[str]()
        self._seen_late: _Spent | None = None
        self._collector = _CollectorClock()
        self._thread = _ThreadClock()
        self._is_on = False

    def start(self) -> None:
        """Watch from now on (in the main thread); what is measured is kept from `judge` on."""
        signal.signal(signal.SIGALRM, self._look)
        self._collector.start()
        self._thread.start()
        self._is_on = True
        spawn(self._run)

    def stop(self) -> None:
        """Watch no more; a bell that rang while the process ends, and Python no longer hears it, would kill it."""
        if self._is_on:
            self._is_on = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            self._collector.stop()
            self._thread.stop()

    def judge(self) -> None:
        """Judge from now on: how late a start runs says nothing of how full the process is."""
        self._lags_ms.clear()
        self._keeps = True

    def p99_ms(self) -> int:
        """Return the 99th percentile of the lag over the last minute."""
        lags = sorted(self._lags_ms)
        return lags[int(len(lags) * 0.99)] if lags else 0

    def late_among_last(self, count: int, over_ms: int) -> int:
        """Return how many of the last `count` measurements were over `over_ms`."""
        return sum(lag_ms > over_ms for lag_ms in list(self._lags_ms)[-count:])

    def measured(self, late: Late) -> None:
        """Take one measurement."""
        if self._keeps:
            self._lags_ms.append(late.lag_ms)
        self._note(late)
        if late.lag_ms >= self._alarm_ms:
            self._alarm(late)

    def _run(self) -> None:
        while self._is_on:
            before, collected_ns, self._seen_late = self._thread.now(), self._collector.spent_ns, None
            signal.setitimer(signal.ITIMER_REAL, (self._every_ms + _LOOKS_AFTER_MS) / 1000, _LOOKS_EVERY_MS / 1000)
            sleep(self._every_ms / 1000)
            if not self._is_on:
                return
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.measured(self._late(before.at_ns + self._every_ms * _NS_A_MS, before, collected_ns))

    def _late(self, due_ns: int, before: "_Spent", collected_ns: int) -> Late:
        """Return how late it is now, and what the time since it was due was spent on.

        That is known exactly from the first look on; what was spent `before` that belongs to it as far as it can.
        """
        now = self._thread.now()
        seen, self._seen_late = self._seen_late or now, None
        places = tuple(f"{place}×{times}" for place, times in self._seen.most_common(_PLACES_TOLD))
        self._seen.clear()
        lag_ns, unseen_ns = max(0, now.at_ns - due_ns), max(0, seen.at_ns - due_ns)
        worked_ns = min(seen.worked_ns - before.worked_ns, unseen_ns) + now.worked_ns - seen.worked_ns
        starved_ns = min(seen.starved_ns - before.starved_ns, unseen_ns) + now.starved_ns - seen.starved_ns
        return Late(
            lag_ns // _NS_A_MS,
            min(worked_ns, lag_ns) // _NS_A_MS,
            min(starved_ns, lag_ns) // _NS_A_MS,
            (self._collector.spent_ns - collected_ns) // _NS_A_MS,
            places,
        )

    def _look(self, _: int, frame: FrameType | None) -> None:
        if self._seen_late is None:
            self._seen_late = self._thread.now()
        self._seen[_place_of(frame)] += 1


@dataclass(frozen=True, slots=True)
class _Spent:
    """What the calling thread has spent by a moment, in ns."""

    at_ns: int
    worked_ns: int
    starved_ns: int
    """It could have run and did not; 0 where the system does not tell (Linux: proc/<pid>/schedstat)."""


class _ThreadClock:
    """Tells what one thread spends its time on."""

    def __init__(self) -> None:
        self._schedule: int | None = None

    def start(self) -> None:
        """Watch the calling thread."""
        with contextlib.suppress(OSError):
            self._schedule = os.open("/proc/thread-self/schedstat", os.O_RDONLY)

    def stop(self) -> None:
        if self._schedule is not None:
            os.close(self._schedule)
            self._schedule = None

    def now(self) -> _Spent:
        """To be asked in that thread: 5 us."""
        starved_ns = 0 if self._schedule is None else int(os.pread(self._schedule, 100, 0).split()[1])
        return _Spent(time.monotonic_ns(), time.thread_time_ns(), starved_ns)


class _CollectorClock:
    """Adds up the time that the garbage collector takes."""

    def __init__(self) -> None:
        self.spent_ns = 0
        self._began_ns = 0

    def start(self) -> None:
        gc.callbacks.append(self._told)

    def stop(self) -> None:
        gc.callbacks.remove(self._told)

    def _told(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._began_ns = time.monotonic_ns()
        else:
            self.spent_ns += time.monotonic_ns() - self._began_ns


def _place_of(frame: FrameType | None) -> str:
    """Return where a frame is: its function, and those of ours that called it."""
    parts: list[str] = []
    for _ in range(_DEEPEST):
        if frame is None or len(parts) == _PLACES_TOLD:
            break
        if not parts or frame.f_code.co_filename.startswith(_APP):
            parts.append(f"{frame.f_code.co_filename.rpartition(os.sep)[2]}:{frame.f_code.co_name}")
        frame = frame.f_back
    return "<".join(parts)
