"""Everything eventlet: the clock, green threads, their queues and timers, work off the hub."""

import ctypes
import gc
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import eventlet
import structlog
from eventlet import hubs, patcher, tpool
from eventlet.event import Event
from greenlet import getcurrent, greenlet

T = TypeVar("T")
_SELDOM = 200
"""The collector would search all that lives every eight million objects, within minutes of a full house; so ten times
as seldom."""
_log = structlog.get_logger("runtime")

task = eventlet.spawn
sleep = eventlet.sleep


def spawn(work: Callable[..., Any], *args: Any) -> None:
    """Run `work` in a green thread of its own; what breaks there is in the log, and ends nothing else."""
    eventlet.spawn_n(_told, work, args)


def _told(work: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        work(*args)
    except Exception:  # noqa: BLE001 - nobody waits for it
        _log.exception("GREEN_THREAD_BROKE", work=getattr(work, "__qualname__", repr(work)))


def now_ms() -> int:
    """Return monotonic time in ms; only differences mean anything."""
    return time.monotonic_ns() // 1_000_000


def spawn_after(delay_s: float, work: Callable[..., Any], *args: Any) -> Any:
    """Run `work` in a greenlet of its own after `delay_s`; `cancel()` of what is returned takes it back.

    A timer of the hub, and so cancelled without a switch. A green thread that has not begun is not: `cancel()` lets
    every other greenlet run before it returns, in the middle of a call's handling.
    """
    return hubs.get_hub().schedule_call_global(delay_s, spawn, work, *args)


def settle(*, thoroughly: bool = False) -> None:
    """Tell the garbage collector that what lives now lives for good, and to collect from now on.

    Modules, places and names are hundreds of thousands of objects; searching them over and over would stop every call
    for tens of ms each time. `thoroughly` searches them once more (80 ms): only while nobody is on the line. Nor is all
    that calls have in hand searched by chance: that takes 25 ms with a full house, and is for `tidy`.
    """
    if thoroughly:
        gc.unfreeze()
        gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, _SELDOM)
    gc.enable()


def tidy() -> None:
    """Free what only the collector finds: 2 ms with ten calls alive, 25 with 120; what lives for good is not searched.

    An ended call needs none of it (`call.shell.session`); left to itself, the collector would come by once in thousands
    of calls.
    """
    gc.collect()


def give_back() -> None:
    """Give the system back the memory that is free in whole pages, wherever it lies.

    The C library gives back what lies at the end of its heap alone: what a moment's need has left in between would
    stay with this process for good. 2 to 15 ms in a native thread, in which whoever wants memory may have to wait: so
    only while nobody is on the line. Elsewhere than with glibc there is nothing to be done.
    """
    if _trim is not None:
        tpool.execute(_trim, 0)


def _malloc_trim() -> Callable[[int], int] | None:
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return None
    trim.argtypes, trim.restype = (ctypes.c_size_t,), ctypes.c_int
    found: Callable[[int], int] = trim
    return found


_trim = _malloc_trim()


def census() -> dict[str, int]:
    """Count what the hub has in hand: green threads begun and not ended, timers, sockets waited for."""
    hub = hubs.get_hub()
    green_threads = sum(isinstance(one, greenlet) and bool(one) for one in gc.get_objects())
    sockets = sum(len(listeners) for listeners in hub.listeners.values())
    return {"green_threads": green_threads, "timers": hub.get_timers_count(), "sockets": sockets}


def resolve_names_off_the_hub() -> None:
    """Have names of hosts resolved in native threads, by the C library.

    eventlet's own resolver (EVENTLET_NO_GREENDNS turns it off) takes 100 ms to load; the plain one holds the hub.
    """
    resolve = patcher.original("socket").getaddrinfo

    def getaddrinfo(*args: Any, **options: Any) -> Any:
        return tpool.execute(resolve, *args, **options)

    socket.getaddrinfo = getaddrinfo


def offload(work: Callable[..., T], *args: Any) -> T:
    """Run blocking `work` in a native thread while the hub goes on.

    `work` must neither log nor take a lock: eventlet's patched locks are not safe across native threads.
    """
    result: T = tpool.execute(work, *args)
    return result


class OneByOne:
    """Hand items to one handler, in order and never two at a time, in whichever greenlet brings them.

    What is brought while the handler is busy (by the handler itself, as a rule) follows at once, in the same greenlet.
    A queue and a greenlet of its own would do the same for several times the cost: fifty calls wake thousands of times
    a second. So the handler must not wait.
    """

    def __init__(self, handle: Callable[[Any, int], None]) -> None:
        """`handle(item, waited_ms)` is told how long the item had to wait for the ones before it."""
        self._handle = handle
        self._items: deque[tuple[Any, int]] = deque()
        self._busy = False

    def put(self, item: Any) -> None:
        """Have an item handled: now, or after those before it."""
        if self._busy:
            self._items.append((item, now_ms()))
            return
        self._busy = True
        try:
            self._handle(item, 0)
            while self._items:
                item, put_at_ms = self._items.popleft()
                self._handle(item, now_ms() - put_at_ms)
        finally:
            self._busy = False

    def close(self) -> None:
        """Drop what is still brought, and let go of the handler: nobody is held by what may still bring something."""
        self._handle = _drop
        self._items.clear()


def _drop(_item: Any, _waited_ms: int) -> None:
    """Take it that nobody wants it any more."""


class Latch:
    """Opens once; any number may wait for it."""

    def __init__(self) -> None:
        self._event = Event()

    @property
    def is_open(self) -> bool:
        """Whether nobody has to wait any longer."""
        return bool(self._event.ready())

    def open(self) -> None:
        """Let everybody through, from now on."""
        if not self._event.ready():
            self._event.send()

    def wait(self, timeout_s: float | None = None) -> None:
        """Return once it is open, or after `timeout_s`."""
        self._event.wait(timeout=timeout_s)


class Inbox:
    """A queue: many may put, one greenlet gets.

    Bounded: past `limit`, the oldest item for which `may_drop` is true makes room, counted in `dropped`.
    """

    def __init__(self, limit: int, may_drop: Callable[[Any], bool]) -> None:
        self.dropped = 0
        self._limit = limit
        self._may_drop = may_drop
        self._items: deque[tuple[Any, int]] = deque()
        self._waiter: Any = None
        self._wakes = False

    def put(self, item: Any) -> None:
        """Add an item and wake whoever waits; never blocks."""
        if len(self._items) >= self._limit:
            self._make_room()
        self._items.append((item, now_ms()))
        if self._waiter is not None and not self._wakes:
            self._wakes = True
            hubs.get_hub().schedule_call_global(0, self._wake)

    def get(self, until_ms: int | None) -> tuple[Any, int] | None:
        """Return the oldest item and the ms it has waited; None when `until_ms` comes first."""
        if not self._items:
            delay_ms = None if until_ms is None else until_ms - now_ms()
            if delay_ms is not None and delay_ms <= 0:
                return None
            self._wait(delay_ms)
            if not self._items:
                return None
        item, put_at_ms = self._items.popleft()
        return item, now_ms() - put_at_ms

    def _wait(self, delay_ms: int | None) -> None:
        hub = hubs.get_hub()
        timer = None if delay_ms is None else hub.schedule_call_global(delay_ms / 1000, self._wake)
        self._waiter = getcurrent()
        try:
            hub.switch()
        finally:
            self._waiter = None
            self._wakes = False
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter is not None:
            self._waiter.switch()

    def _make_room(self) -> None:
        for index, (item, _) in enumerate(self._items):
            if self._may_drop(item):
                del self._items[index]
                self.dropped += 1
                return
