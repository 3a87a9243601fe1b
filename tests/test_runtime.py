"""Queues and timers, on a real eventlet hub."""

import os
import platform
import subprocess
import sys

import eventlet
import pytest
from structlog.testing import capture_logs

from app.runtime import Inbox, Latch, OneByOne, now_ms, offload, spawn, spawn_after
from tests.servers import ROOT


def test_a_latch_that_stays_shut_is_not_waited_for_for_ever() -> None:
    """R18: a voice that does not come in time is not waited for; once it is there, nobody waits."""
    latch, began_ms = Latch(), now_ms()
    latch.wait(0.03)
    assert now_ms() - began_ms >= 30
    assert not latch.is_open
    latch.open()
    latch.wait()
    assert latch.is_open


def test_others_go_on_while_a_name_is_resolved() -> None:
    """R3.1: in a process of its own, patched as the worker is; what is found is what the C library finds."""
    code = """
import eventlet
eventlet.monkey_patch()
import socket
from app.runtime import resolve_names_off_the_hub
plain = socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
resolve_names_off_the_hub()
went_on = []
eventlet.spawn(went_on.append, True)
found = socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
print(found == plain, went_on)
try:
    socket.getaddrinfo("nowhere.invalid", 80)
except socket.gaierror:
    print("no such host")
"""
    command = [sys.executable, "-W", "ignore", "-c", code]
    env = os.environ | {"EVENTLET_NO_GREENDNS": "yes"}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=env, cwd=ROOT)
    assert ended.stdout.split("\n")[:2] == ["True [True]", "no such host"]


def test_what_breaks_in_a_green_thread_is_one_event_of_the_log() -> None:
    """R11.1: and the hub goes on with the others."""
    went_on: list[int] = []

    def broken() -> None:
        raise RuntimeError("a bug")

    with capture_logs() as logs:
        spawn(broken)
        spawn(went_on.append, 1)
        eventlet.sleep(0.01)
    assert [(line["event"], line["work"].rpartition(".")[2]) for line in logs] == [("GREEN_THREAD_BROKE", "broken")]
    assert went_on == [1]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked to")
def test_memory_that_is_free_goes_back_to_the_system_and_the_hub_runs_on() -> None:
    """R18: whatever small thing lies behind it; in a process of its own, whose heap is known."""
    code = """
import eventlet
from app.runtime import give_back

def resident_mb():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4 / 1024

kept = [[bytes(50_000), bytes(100)] for _ in range(800)]
for pair in kept:
    pair[0] = None
before, went_on = resident_mb(), []
eventlet.spawn(went_on.append, True)
give_back()
print(round(before - resident_mb()), went_on)
"""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    given_mb, went_on = ended.stdout.split()
    assert int(given_mb) > 25
    assert went_on == "[True]"


def test_what_a_handler_brings_about_follows_it() -> None:
    """Design, "One owner": one event at a time, in the order in which they came."""
    handled: list[str] = []

    def handle(item: str, _waited_ms: int) -> None:
        handled.append(f"{item} begins")
        if item == "one":
            events.put("two")
            events.put("three")
        handled.append(f"{item} ends")

    events = OneByOne(handle)
    events.put("one")
    assert handled == [f"{item} {part}" for item in ("one", "two", "three") for part in ("begins", "ends")]


def test_items_come_out_in_order_with_the_time_they_waited() -> None:
    """Design, "One owner": one queue feeds a call."""
    inbox = Inbox(10, lambda _: True)
    for number in range(3):
        inbox.put(number)
    eventlet.sleep(0.02)
    taken = [item for _ in range(3) if (item := inbox.get(None))]
    assert [number for number, _ in taken] == [0, 1, 2]
    assert all(waited_ms >= 20 for _, waited_ms in taken)


def test_the_timer_wins_when_nothing_comes() -> None:
    """Design: the shell waits for an event or the machine's timer."""
    inbox = Inbox(10, lambda _: True)
    began_ms = now_ms()
    assert inbox.get(began_ms + 30) is None
    assert now_ms() - began_ms >= 30
    assert inbox.get(began_ms) is None


def test_a_waiting_owner_is_woken_by_another_greenlet() -> None:
    """Design: readers and engines put, the owner gets."""
    inbox = Inbox(10, lambda _: True)
    eventlet.spawn_after(0.02, inbox.put, "frame")
    item = inbox.get(now_ms() + 5000)
    assert item is not None
    assert item[0] == "frame"


def test_a_full_inbox_loses_its_oldest_droppable_item_and_counts_it() -> None:
    """Design: overflow is a logged fault with a defined loss, never silent latency."""
    inbox = Inbox(3, lambda item: str(item).startswith("audio"))
    for item in ("start", "audio 1", "audio 2", "mark", "audio 3"):
        inbox.put(item)
    left = [one for _ in range(3) if (one := inbox.get(None))]
    assert [name for name, _ in left] == ["start", "mark", "audio 3"]
    assert inbox.dropped == 2


def test_offloaded_work_lets_the_hub_go_on() -> None:
    """Design: the hub is never blocked by a file."""
    ticks: list[int] = []

    def ticker() -> None:
        while True:
            ticks.append(now_ms())
            eventlet.sleep(0.01)

    running = eventlet.spawn(ticker)
    sleep = eventlet.patcher.original("time").sleep
    assert offload(lambda: (sleep(0.2), "done")[1]) == "done"
    running.kill()
    assert len(ticks) > 5


def test_what_is_to_run_later_runs_where_it_may_wait_and_is_taken_back_without_a_switch() -> None:
    """R18: nobody else runs in the middle of a handling that cancels a timer."""
    ran: list[str] = []

    def work(name: str) -> None:
        eventlet.sleep(0)
        ran.append(name)

    spawn_after(0.01, work, "kept")
    eventlet.spawn_n(ran.append, "another")
    spawn_after(0, work, "taken back").cancel()
    spawn_after(10, work, "taken back, too").cancel()
    assert ran == []
    eventlet.sleep(0.05)
    assert ran == ["another", "kept"]
