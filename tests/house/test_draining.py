"""A worker that is told to stop: who is waited for, and how long (R18)."""

from dataclasses import dataclass, field
from typing import Any, cast

import eventlet
import pytest

from app.house.draining import (
    CALLS_END_WITHIN_S,
    CHILDREN_END_WITHIN_S,
    STOPPING_TAKES_S,
    STORE_STOPS_WITHIN_S,
    Drain,
)


@dataclass
class Worker:
    """All that a drain ends; notes in which order."""

    calls: int = 0
    under_way: int = 0
    """Recorded messages that are being read."""
    is_closed: bool = False
    on_their_way: int = 0
    is_alive: bool = True
    leaves_when_asked: bool = True
    done: list[str] = field(default_factory=list)
    store_had_s: float = 0.0

    def __len__(self) -> int:
        return self.calls

    def close(self) -> None:
        self.done.append("calls closed")
        self.calls = 0 if self.leaves_when_asked else self.calls

    def stop(self, grace_s: float | None = None) -> None:
        if grace_s is not None:
            self.store_had_s = grace_s
        self.done.append("child" if grace_s is None else "store")

    def drain(self) -> Drain:
        part = cast("Any", self)
        return Drain(part, part, part, part, [part, part])


def told_to_stop(worker: Worker, grace_s: float) -> Drain:
    drain = worker.drain()
    drain.watch(lambda: worker.is_alive, grace_s, lambda: worker.done.append("may end"))
    worker.is_alive = False
    while not worker.is_closed:
        eventlet.sleep(0.01)
    return drain


def test_a_worker_that_was_not_told_to_stop_ends_nothing() -> None:
    """R18: gunicorn ends one that failed, too; its children see that by themselves."""
    worker = Worker(calls=1)
    worker.drain().stop()
    assert worker.done == []


def test_calls_are_let_be_until_they_end_and_then_the_store_has_the_rest_of_the_grace() -> None:
    """R14: records of a busy hour are written, not left to the next start."""
    worker = Worker(calls=1, under_way=1, on_their_way=1)
    drain = told_to_stop(worker, STOPPING_TAKES_S + 30)
    eventlet.sleep(0.3)
    assert worker.done == []
    worker.calls = 0
    eventlet.sleep(0.3)
    assert worker.done == [], "a message is being read"
    worker.under_way = 0
    eventlet.sleep(0.3)
    assert worker.done == [], "who was let in just before has not come yet"
    worker.on_their_way = 0
    drain.stop()
    assert worker.done == ["calls closed", "may end", "store", "child", "child"]
    assert worker.store_had_s == pytest.approx(STOPPING_TAKES_S + 30 - CHILDREN_END_WITHIN_S - 1.0, abs=0.5)


def test_calls_that_outlive_the_grace_are_closed_and_the_store_has_its_time_all_the_same() -> None:
    """R18: and one that does not end even then is not waited for."""
    worker = Worker(calls=1, leaves_when_asked=False)
    drain = told_to_stop(worker, 0.0)
    with eventlet.Timeout(1.0 + CALLS_END_WITHIN_S + 2.0):
        drain.stop()
    assert worker.done == ["calls closed", "may end", "store", "child", "child"]
    assert worker.store_had_s == STORE_STOPS_WITHIN_S
