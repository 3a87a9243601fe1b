"""The one loop of a worker: with every tick all timers ring that are due, all sockets are read, all callers heard.

A greenlet woken for every frame and another for every timer cost a full house half of its core. What an engine says
does not wait for a tick: it is handled as it comes. Nor does what is to be sent wait for what is to be heard: a tick
that begins while a full house is still being heard is kept between two callers.
"""

import time
from collections.abc import Callable, Iterable
from itertools import count
from typing import NamedTuple, Protocol

import structlog
from eventlet.event import Event

from app.call.hearing.together import Caller, hear_ahead
from app.runtime import now_ms, sleep, spawn

TICK_MS = ((10, 5), (20, 10), (40, 20))
"""Up to so many calls, a tick of so many ms: with few calls nothing waits, with many a tick finds several frames."""
CROWDED_TICK_MS = 40
FULL_HOUSE = 80
"""With more calls each is read with every other tick, half of them with one and half with the next, and those on whom
something hangs with each: half of what a reading costs beside the frames it brings, and nothing decided comes later."""
BUNCHED_FROM_MS = 20
"""From such a tick on frames that are due before the next one go out with this one."""
HEARD_AT_ONCE = 80
"""Callers in one pass, at most: with 80 ms of each it holds whatever else is due for some 6 ms."""
HOLDS_MS = 20
"""So long callers are heard in one go: what engines have said meanwhile is then taken in before the next caller."""


class Reader(Protocol):
    """Reads one stream; see `stream_reader.StreamReader`."""

    @property
    def is_over(self) -> bool:
        """Whether the stream has ended."""

    @property
    def has_audio(self) -> bool:
        """Whether audio waits to be handed over."""

    @property
    def is_pressing(self) -> bool:
        """Whether something hangs on the audio that is next, and others may be heard after it."""

    def look(self) -> None:
        """Take what has come, without waiting for more, and hand over what came before its audio."""

    def ahead(self) -> Caller | None:
        """Return how the audio that is next may be heard with other calls'."""

    def hand_over(self) -> None:
        """Hand over the audio that is next."""


class Clocked(Protocol):
    """Has a timer; see `session.Session`."""

    def tick(self, until_ms: int, sends_until_ms: int) -> None:
        """Do what is due by `until_ms` (of `now_ms`), without waiting; frames due by `sends_until_ms` go along."""


class _Stream(NamedTuple):
    """Whom its end is told, and with which half of a full house it is read."""

    over: Event
    half: int


class Conductor:
    """Reads the streams of a worker, and tells its calls the time."""

    def __init__(self) -> None:
        self.tick_ms = TICK_MS[0][1]
        self._due_ms = self._held_from_ms = 0
        self._is_full = False
        self._readers: dict[Reader, _Stream] = {}
        self._streams = count()
        self._clocked: dict[Clocked, None] = {}
        self.runs = False
        """Whether there is anything to look after."""
        self._log = structlog.get_logger("server")

    def pace(self, calls: int) -> None:
        """Take it that there are so many calls."""
        self.tick_ms = next((tick_ms for most, tick_ms in TICK_MS if calls <= most), CROWDED_TICK_MS)
        self._is_full = calls > FULL_HOUSE

    def read(self, reader: Reader) -> None:
        """Let `reader` look with every tick until its stream ends (blocks its greenlet); raises what breaks in it."""
        stream = self._readers[reader] = _Stream(Event(), next(self._streams) % 2)
        self._begin()
        stream.over.wait()

    def watch(self, call: Clocked) -> None:
        """Tell a call the time with every tick, until `forget`."""
        self._clocked[call] = None
        self._begin()

    def forget(self, call: Clocked) -> None:
        """Its time is over."""
        self._clocked.pop(call, None)

    def _begin(self) -> None:
        if not self.runs:
            self.runs = True
            spawn(self._run)

    def _run(self) -> None:
        reads_ms, ticks = now_ms(), 0
        self._due_ms = reads_ms
        while self._readers or self._clocked:
            sleep(max(0.0, reads_ms / 1000 - time.monotonic()))
            self._keep_time()  # first: what that sends goes out in even steps, whatever hearing the callers takes
            reads_ms, ticks = self._due_ms, ticks + 1
            self._read(self._whose_turn_it_is(ticks % 2))
            if now_ms() >= reads_ms:
                # Hearing took longer than a tick: reading all at once again would starve the children, who yield to us.
                reads_ms = self._due_ms
                self._read(self._pressing())
        self.runs = False

    def _whose_turn_it_is(self, half: int) -> list[Reader]:
        if not self._is_full:
            return list(self._readers)
        return [reader for reader, stream in self._readers.items() if stream.half == half or reader.is_pressing]

    def _pressing(self) -> list[Reader]:
        return [reader for reader in self._readers if reader.is_pressing]

    def _keep_time(self) -> None:
        """Tell all calls the time if a tick has begun; one that was missed is not made up for."""
        at_ms, due_ms = now_ms(), self._due_ms
        if at_ms >= due_ms:
            due_ms = due_ms if at_ms < due_ms + self.tick_ms else at_ms
            self._due_ms = due_ms + self.tick_ms
            self._tell_time(due_ms)

    def _read(self, readers: list[Reader]) -> None:
        """Take what has come on these streams, hear it in as few passes as may be, and hand it over."""
        self._held_from_ms = now_ms()
        self._each(readers, lambda reader: reader.look())
        while waiting := [reader for reader in readers if reader in self._readers and reader.has_audio]:
            # In a full house the last is heard 30 ms after the first: some wait for nobody, only for the pass over all.
            waiting.sort(key=lambda reader: not reader.is_pressing)
            for at in range(0, len(waiting), HEARD_AT_ONCE):
                part = waiting[at : at + HEARD_AT_ONCE]
                self._keep_time()
                self._hear_ahead(part)
                self._each(part, self._hand_over)
            if any(reader.has_audio for reader in waiting):
                self._let_others()  # much audio each, and more of it
        for reader in readers:
            if reader.is_over and (stream := self._readers.pop(reader, None)):
                stream.over.send(None)

    def _hand_over(self, reader: Reader) -> None:
        self._keep_time()
        if now_ms() >= self._held_from_ms + HOLDS_MS:
            self._let_others()
        reader.hand_over()

    def _let_others(self) -> None:
        """Let everything else that is due have its turn."""
        sleep(0)
        self._held_from_ms = now_ms()

    def _hear_ahead(self, waiting: Iterable[Reader]) -> None:
        try:
            hear_ahead([caller for reader in waiting if (caller := reader.ahead()) is not None])
        except Exception:  # noqa: BLE001 - each call hears for itself what was not got ready
            self._log.exception("HEARING_BROKE")

    def _each(self, readers: Iterable[Reader], work: Callable[[Reader], None]) -> None:
        for reader in readers:
            try:
                work(reader)
            except Exception as broken:  # noqa: BLE001 - one stream's fault is its own
                self._readers.pop(reader).over.send_exception(broken)

    def _tell_time(self, due_ms: int) -> None:
        """Tell it as of when the tick was due: a tick that is late sends no more frames than it would have in time."""
        # What is due before the middle of the next tick is nearer to this one.
        until_ms = max(now_ms(), due_ms + self.tick_ms // 2)
        sends_until_ms = due_ms + self.tick_ms if self.tick_ms >= BUNCHED_FROM_MS else 0
        for call in list(self._clocked):
            try:
                call.tick(until_ms, sends_until_ms)
            except Exception:  # noqa: BLE001 - one call's fault must not stop the loop of all
                self._log.exception("TICK_BROKE")
                self.forget(call)
