"""The one loop of a worker, on a real eventlet hub."""

import itertools
from collections.abc import Callable, Iterator

import eventlet
import pytest
from structlog.testing import capture_logs

from app.call.shell.conductor import Conductor
from app.runtime import now_ms

FULL_HOUSE, HEARD_AT_ONCE, HOLDS_MS = 80, 80, 20


class Looks:
    """A stream that goes on for so many looks, with so many pieces of audio at each."""

    def __init__(self, looks: int, seen: Callable[[], None] = lambda: None, pieces: int = 0) -> None:
        self.left = looks
        self.handed_over = 0
        self._seen, self._pieces, self._waiting = seen, pieces, 0

    @property
    def is_over(self) -> bool:
        return self.left <= 0

    @property
    def has_audio(self) -> bool:
        return self._waiting > 0

    def look(self) -> None:
        self._seen()
        self.left -= 1
        self._waiting = self._pieces

    is_pressing = False

    def ahead(self) -> None:
        """Nothing is heard of it."""

    def hand_over(self) -> None:
        self._waiting -= 1
        self.handed_over += 1


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    with eventlet.Timeout(10):
        yield


def wait_until(condition: Callable[[], object]) -> None:
    """Let the loop run until it is so."""
    while not condition():
        eventlet.sleep(0.005)


def test_streams_are_read_side_by_side_until_each_is_over() -> None:
    """Design: one greenlet for all sockets."""
    conductor = Conductor()
    short, long = Looks(2), Looks(6)
    reading = [eventlet.spawn(conductor.read, one) for one in (long, short)]
    reading[1].wait()
    assert long.left > 0
    reading[0].wait()
    assert (short.left, long.left) == (0, 0)


class Long(Looks):
    """A stream whose audio takes half of `HOLDS_MS` to be heard."""

    def hand_over(self) -> None:
        until_ms = now_ms() + HOLDS_MS // 2
        while now_ms() < until_ms:
            pass
        super().hand_over()


def test_what_engines_say_waits_for_no_whole_house() -> None:
    """R18: callers are heard for so long in one go, then whatever else is due has its turn."""
    conductor = Conductor()
    house = [Long(1, pieces=1) for _ in range(8)]
    heard_then: list[int] = []

    def engine() -> None:
        while not heard_then or heard_then[-1] < len(house):
            heard_then.append(sum(one.handed_over for one in house))
            eventlet.sleep(0)

    reading = [eventlet.spawn(conductor.read, one) for one in house]
    eventlet.spawn(engine)
    for one in reading:
        one.wait()
    turns = [heard for heard in set(heard_then) if 0 < heard < len(house)]
    assert len(turns) >= 2


class Pressing(Looks):
    """A stream whose audio is waited for."""

    is_pressing = True


def telling(order: list[str]) -> type[Looks]:
    """Streams that tell when their audio is got ready, and when it is handed over."""

    class Told(Looks):
        def ahead(self) -> None:
            order.append("other got ready")

        def hand_over(self) -> None:
            order.append("other")
            super().hand_over()

    return Told


def test_no_pass_over_a_house_is_so_long_that_frames_leave_late() -> None:
    """R9.2: between two of them whatever is due is sent."""
    conductor = Conductor()
    order: list[str] = []
    told = telling(order)
    house = [told(1, pieces=1) for _ in range(HEARD_AT_ONCE + 2)]
    for reading in [eventlet.spawn(conductor.read, one) for one in house]:
        reading.wait()
    first, rest = HEARD_AT_ONCE, 2
    assert order == [word for size in (first, rest) for word in ["other got ready"] * size + ["other"] * size]


def test_whom_something_hangs_on_is_heard_first() -> None:
    """R7.1: an interruption, or the end of a turn, waits for the pass over all, not for their verdicts."""
    conductor = Conductor()
    order: list[str] = []
    told = telling(order)

    class First(Pressing):
        def hand_over(self) -> None:
            order.append("pressing")
            super().hand_over()

    house = [*(told(1, pieces=1) for _ in range(5)), First(1, pieces=1)]
    for reading in [eventlet.spawn(conductor.read, one) for one in house]:
        reading.wait()
    assert order == [*["other got ready"] * 5, "pressing", *["other"] * 5]


def test_whom_something_hangs_on_is_read_again_once_hearing_all_took_too_long() -> None:
    """R7.1: the others wait for the tick after, so that the children have their time."""
    conductor = Conductor()
    order: list[str] = []

    class Slow(Looks):
        def hand_over(self) -> None:
            until_ms = now_ms() + 4 * conductor.tick_ms
            while now_ms() < until_ms:
                pass
            super().hand_over()

    slow = Slow(4, lambda: order.append("all"), pieces=1)
    pressing = Pressing(8, lambda: order.append("pressing"), pieces=1)
    for reading in [eventlet.spawn(conductor.read, one) for one in (slow, pressing)]:
        reading.wait()
    assert order == 4 * ["all", "pressing", "pressing"]
    assert (slow.handed_over, pressing.handed_over) == (4, 8)


@pytest.mark.parametrize(("calls", "looks"), [(FULL_HOUSE, 6), (FULL_HOUSE + 1, 3)])
def test_in_a_full_house_only_those_on_whom_something_hangs_are_read_with_each_tick(calls: int, looks: int) -> None:
    """R7.1: all others with every other one, which spares half of what a reading costs."""
    conductor = Conductor()
    conductor.pace(calls)
    seen: list[str] = []
    house = [Looks(99, lambda: seen.append("one of all")), Pressing(6, lambda: seen.append("pressing"))]
    _, pressing = (eventlet.spawn(conductor.read, one) for one in house)
    pressing.wait()
    assert (seen.count("pressing"), seen.count("one of all")) == (6, looks)


def test_a_full_house_is_read_by_halves_so_that_no_tick_is_longer_than_another() -> None:
    """R9.2: half of it with one tick, half with the next."""
    conductor = Conductor()
    conductor.pace(FULL_HOUSE + 1)
    seen: list[str] = []
    house = [Looks(3, lambda name=name: seen.append(name)) for name in ("a", "b", "c", "d")]  # type: ignore[misc]
    for reading in [eventlet.spawn(conductor.read, one) for one in house]:
        reading.wait()
    assert {"".join(seen[at : at + 2]) for at in range(0, len(seen), 2)} == {"ac", "bd"}
    assert len(seen) == 12


class Garbled(Looks):
    """A stream whose audio cannot be heard with that of others."""

    def ahead(self) -> None:
        raise ZeroDivisionError


def test_hearing_together_that_breaks_costs_nobody_their_audio() -> None:
    """R18: what was not got ready each call works out for itself, and the loop goes on."""
    conductor = Conductor()
    streams = [Garbled(2, pieces=1), Looks(2, pieces=1)]
    with capture_logs() as logs:
        for reading in [eventlet.spawn(conductor.read, one) for one in streams]:
            reading.wait()
    assert [one.handed_over for one in streams] == [2, 2]
    assert {entry["event"] for entry in logs} == {"HEARING_BROKE"}


def test_a_burst_is_handed_over_whole_within_its_tick_while_others_go_on() -> None:
    """R6.4: a stall's audio comes as soon as it is over; half a second of it, and another greenlet has its turn."""
    conductor = Conductor()
    turns: list[int] = []
    burst = Looks(1, pieces=20)

    def goes_on() -> None:
        while not burst.is_over or burst.has_audio:
            eventlet.sleep(0)
            turns.append(burst.handed_over)

    other = eventlet.spawn(goes_on)
    conductor.read(burst)
    other.wait()
    assert burst.handed_over == 20
    assert len(set(turns)) > 10


def test_the_loop_ends_with_the_last_call_and_begins_with_the_next() -> None:
    """R18: an idle worker does nothing."""
    conductor = Conductor()
    for _ in range(2):
        conductor.read(Looks(2))
        wait_until(lambda: not conductor.runs)


def test_what_breaks_in_one_stream_is_raised_there_and_the_others_go_on() -> None:
    """R18: a call's fault is its own."""

    def breaks() -> None:
        raise ZeroDivisionError

    conductor = Conductor()
    other = Looks(5)
    reading = eventlet.spawn(conductor.read, other)
    with pytest.raises(ZeroDivisionError):
        conductor.read(Looks(3, breaks))
    reading.wait()
    assert other.left == 0


class Due:
    """A call in which something is due at times."""

    def __init__(self, conductor: Conductor, *after_ms: int, breaks: bool = False) -> None:
        self._conductor, self._breaks = conductor, breaks
        self.began_ms = now_ms()
        self.due_ms = [self.began_ms + ms for ms in after_ms]
        self.done_ms: list[int] = []

    def tick(self, until_ms: int, _: int) -> None:
        if self._breaks:
            raise ZeroDivisionError
        while self.due_ms and self.due_ms[0] <= until_ms:
            self.done_ms.append(now_ms() - self.began_ms)
            del self.due_ms[0]
        if not self.due_ms:
            self._conductor.forget(self)


def test_what_is_due_is_done_within_a_tick_of_its_time() -> None:
    """Design: the machine's timer."""
    conductor = Conductor()
    call = Due(conductor, 20, 60)
    conductor.watch(call)
    wait_until(lambda: not conductor.runs)
    assert [at >= due - conductor.tick_ms for at, due in zip(call.done_ms, (20, 60), strict=True)] == [True, True]


def test_what_is_due_does_not_wait_until_a_full_house_is_heard() -> None:
    """R9.2: hearing all callers may take longer than a tick; frames go out in even steps all the same."""
    conductor = Conductor()
    call = Due(conductor, 0, 60)
    done: list[int] = []

    class Slow(Looks):
        def hand_over(self) -> None:
            done.append(len(call.done_ms))
            while now_ms() < call.began_ms + 100:
                pass
            super().hand_over()

    conductor.watch(call)
    reading = [eventlet.spawn(conductor.read, one) for one in (Slow(1, pieces=1), Slow(1, pieces=1))]
    for one in reading:
        one.wait()
    assert done == [1, 2]


def test_a_tick_that_was_kept_in_the_middle_is_kept_once() -> None:
    """What is due is done once; whoever was late does not catch up tick by tick."""
    conductor = Conductor()
    told: list[int] = []

    class Told:
        def tick(self, until_ms: int, _: int) -> None:
            told.append(until_ms)

    class Slow(Looks):
        def hand_over(self) -> None:
            until_ms = now_ms() + 10 * conductor.tick_ms
            while now_ms() < until_ms:
                pass
            super().hand_over()

    call = Told()
    conductor.watch(call)
    conductor.read(Slow(1, pieces=3))
    conductor.forget(call)
    assert 3 <= len(told) <= 5
    assert told == sorted(set(told))


def test_a_call_that_breaks_costs_no_other_its_time() -> None:
    """R18: one call's fault must not stop the loop of all."""
    conductor = Conductor()
    good = Due(conductor, 30)
    with capture_logs() as logs:
        for call in (Due(conductor, 10, breaks=True), good):
            conductor.watch(call)
        wait_until(lambda: not conductor.runs)
    assert len(good.done_ms) == 1
    assert [entry["event"] for entry in logs] == ["TICK_BROKE"]


def test_a_full_house_ticks_slower_and_sends_ahead_what_falls_between() -> None:
    """R9.2: no frame waits for longer than a tick; with few calls none is sent before its time."""
    conductor = Conductor()
    ahead_ms: list[int] = []

    class Told:
        def tick(self, _: int, sends_until_ms: int) -> None:
            ahead_ms.append(sends_until_ms and sends_until_ms - now_ms())

    call, ticks = Told(), []
    for calls in (0, 1, 10, 11, 25, 40, 41, 200):
        conductor.pace(calls)
        ticks.append(conductor.tick_ms)
        conductor.watch(call)
        wait_until(lambda: ahead_ms)
        conductor.forget(call)
        assert all(0 <= ms <= conductor.tick_ms for ms in ahead_ms)
        assert conductor.tick_ms > 10 or not any(ahead_ms)
        wait_until(lambda: not conductor.runs)
        ahead_ms.clear()
    assert ticks == [5, 5, 5, 10, 20, 20, 40, 40]


def test_a_tick_that_is_late_sends_no_more_frames_than_it_would_have_in_time() -> None:
    """R9.2: a frame that leaves earlier than its schedule makes all those behind it late."""
    conductor = Conductor()
    conductor.pace(200)
    until_ms: list[int] = []

    class Told:
        def tick(self, _: int, sends_until_ms: int) -> None:
            until_ms.append(sends_until_ms)

    class Slow(Looks):
        def look(self) -> None:
            late_ms = now_ms() + 15 + 10 * (self.left % 2)
            while now_ms() < late_ms:
                pass
            super().look()

    call = Told()
    conductor.watch(call)
    conductor.read(Slow(6))
    conductor.forget(call)
    steps = {after - before for before, after in itertools.pairwise(until_ms)}
    assert len(until_ms) >= 4
    assert min(steps) == conductor.tick_ms


def test_calls_come_and_go_in_the_middle_of_a_tick() -> None:
    """R18: a stream begins, and a call is watched, while the loop looks."""
    conductor = Conductor()
    call, later = Due(conductor, 0), Looks(2)

    def begins() -> None:
        conductor.watch(call)
        eventlet.spawn(conductor.read, later)

    conductor.read(Looks(1, begins))
    wait_until(lambda: not conductor.runs)
    assert call.done_ms
    assert later.left <= 0
