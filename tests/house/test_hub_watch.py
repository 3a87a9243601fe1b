"""The watch on the hub, on a real eventlet hub."""

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import eventlet
import pytest

from app.house.hub_watch import HubWatch, Late


def hold(seconds: float) -> None:
    spent_s = eventlet.patcher.original("time").process_time
    until_s = spent_s() + seconds
    while spent_s() < until_s:
        pass


def watched(work: object, *args: object) -> list[Late]:
    """Return when the hub was late because of `work`."""
    alarms: list[Late] = []
    notes: list[Late] = []
    watch = HubWatch(alarms.append, every_ms=10, alarm_ms=60, note=notes.append)
    watch.judge()
    watch.start()
    eventlet.sleep(0.05)
    work(*args)  # type: ignore[operator]
    eventlet.sleep(0.05)
    assert watch.p99_ms() >= 60
    assert set(alarms) <= set(notes)
    watch.stop()
    return alarms


def test_a_hub_that_is_held_says_by_what_and_for_how_long() -> None:
    """R19: the lag is a number, and whoever held the hub is named: at work, by those of ours that called it."""
    late = max(watched(hold, 0.15), key=lambda one: one.held_ms)
    assert late.lag_ms >= 100
    assert late.worked_ms >= 100
    assert late.places[0].startswith("test_hub_watch.py:hold×")
    assert late.fields()["held_by"] == " ".join(late.places)


def test_a_wait_is_told_from_work() -> None:
    """R19: who waits for a disk holds the hub as well, and with less to be seen for it."""
    late = max(watched(eventlet.patcher.original("time").sleep, 0.15), key=lambda one: one.held_ms)
    assert late.held_ms >= 100
    assert late.worked_ms < 60


def test_a_machine_that_runs_something_else_is_told_from_both() -> None:
    """R19: the process wanted to run and could not; nothing of ours is to be mended then."""
    if not Path("/proc/thread-self/schedstat").exists():
        pytest.skip("this system does not tell who had to wait for the processor")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
            try:
                late = max(watched(hold, 0.15), key=lambda one: one.lag_ms)
            finally:
                other.kill()
    finally:
        os.sched_setaffinity(0, cores)
    assert late.lag_ms - late.held_ms == late.starved_ms
    assert late.starved_ms >= 30


def test_what_the_collector_takes_is_told() -> None:
    """R19: it stops whoever runs, and would be taken for that."""

    def collect() -> None:
        clock_s = eventlet.patcher.original("time").monotonic
        until_s = clock_s() + 0.1
        while clock_s() < until_s:
            gc.collect()

    late = max(watched(collect), key=lambda one: one.lag_ms)
    assert late.collected_ms >= late.worked_ms // 2


def test_once_stopped_it_rings_no_more_and_a_late_bell_is_not_heard() -> None:
    """R18: a process that ends must not be killed by it: its exit status would be a fault's."""
    watch = HubWatch(lambda _: None, every_ms=10)
    watch.stop()  # before it was started, too
    watch.start()
    eventlet.sleep(0.03)
    watch.stop()
    eventlet.sleep(0.03)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    signal.raise_signal(signal.SIGALRM)
