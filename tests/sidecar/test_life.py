"""One life of a child: how it begins beside the worker, and what is said of its end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import eventlet
import pytest

from app.sidecar.life import Life, LinkLimits
from app.sidecar.link import Link
from app.sidecar.manners import is_idle, yield_to_worker
from app.sidecar.wire import Op
from tests.sidecar.hub import Frames, wait_until

QUICK = LinkLimits(ping_interval_s=0.1, missed_pings=3)


@pytest.fixture
def frozen() -> Link:
    """A link whose child was frozen once it had spoken, and is killed for it."""
    link = Link("tests.sidecar.echo_child", limits=QUICK)
    assert (link.open_streams, dict(link.troubles)) == (0, {})
    link.start()
    wait_until(lambda: link.ready, "the child is ready")
    return link


def test_a_child_killed_for_its_silence_is_said_to_be(frozen: Link) -> None:
    """R18: doctor tells it; a child that died by itself is told from it."""
    frames, pid = Frames(), frozen.pid
    assert pid is not None
    frozen.open({"service": "hang"}, frames)
    assert frozen.open_streams == 1
    os.kill(pid, signal.SIGSTOP)
    assert frames.wait()[0] is Op.ERROR
    wait_until(lambda: frozen.last_end, "what is said of its end")
    assert frozen.last_end == "no sign of life for 2 pings"
    assert frozen.restarts == 1
    frozen.stop()
    assert frozen.open_streams == 0


def test_nothing_is_left_of_a_child_that_is_buried() -> None:
    """R18: of one that closed its socket and lives on, not even an entry in the process table."""
    silent = "import os, sys, time; os.close(int(sys.argv[-1])); time.sleep(60)"
    life = Life("silent", (sys.executable, "-c", silent), dict(os.environ), QUICK)
    life.ended.wait()
    life.bury()
    assert not Path(f"/proc/{life.process.pid}").exists()


def test_a_child_that_was_only_slow_lives(frozen: Link) -> None:
    """R18: silences count in a row; an answer in between begins anew."""
    pid = frozen.pid
    assert pid is not None
    for _ in range(3):
        os.kill(pid, signal.SIGSTOP)
        eventlet.sleep(0.15)
        os.kill(pid, signal.SIGCONT)
        eventlet.sleep(0.25)
    assert (frozen.pid, frozen.restarts) == (pid, 0)
    frozen.stop()


def test_how_far_behind_a_child_is_shows_while_it_is_and_no_longer() -> None:
    """R18: what nobody waits for is not asked of it meanwhile."""
    link = Link("tests.sidecar.echo_child", limits=LinkLimits(ping_interval_s=0.05, missed_pings=400, idle_pings=400))
    assert link.behind_ms == 0
    link.start()
    wait_until(lambda: link.ready, "the child is ready")
    pid = link.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: link.behind_ms >= 400, "it is seen to be behind")
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: link.behind_ms < 400, "it is seen to have caught up")
    assert link.pid == pid
    link.stop()


def test_a_child_that_works_and_cannot_answer_is_given_more_time_than_one_that_lies_still() -> None:
    """R18: one starved of the processor would answer, and to replace it takes more of what is short."""
    link = Link("tests.sidecar.echo_child", limits=LinkLimits(ping_interval_s=0.1, missed_pings=12, idle_pings=2))
    link.start()
    wait_until(lambda: link.ready, "the child is ready")
    pid, worked, hung = link.pid, Frames(), Frames()
    link.open({"service": "work", "seconds": 0.6}, worked)
    assert worked.wait()[0] is Op.END
    assert (link.pid, link.restarts) == (pid, 0)
    link.open({"service": "block"}, hung)
    assert hung.wait()[1]["code"] == "child_died"
    wait_until(lambda: link.last_end, "what is said of its end")
    assert link.last_end == "no sign of life for 2 pings"
    link.stop()


def test_it_is_told_who_works_from_who_waits_for_what_never_comes() -> None:
    """R18: stopped, or waiting, it is idle; at work it is not, nor is one of which nothing is known."""
    endless = "print(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", endless], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert not is_idle(child.pid)
        os.kill(child.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
        assert is_idle(child.pid)
        child.kill()
    assert not is_idle(child.pid)
    with subprocess.Popen([sys.executable, "-c", "print(flush=True); input()"], stdin=-1, stdout=-1) as child:
        assert child.stdout is not None
        child.stdout.readline()
        wait_until(lambda: is_idle(child.pid), "it waits for its input")
        child.kill()


def test_no_child_yields_more_than_there_is_to_yield() -> None:
    """R9.2: by so much more than the worker, at most 19."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        own = os.getpriority(os.PRIO_PROCESS, 0)
        yield_to_worker(child.pid, os.getpid(), 2)
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == min(19, own + 2)
        yield_to_worker(child.pid, os.getpid(), 40)
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == 19
        child.kill()


def test_a_child_that_dies_again_and_again_is_started_again_each_time() -> None:
    """R18: after the pause for so many short lives; the last one repeats."""
    link = Link("tests.sidecar.echo_child", limits=LinkLimits(respawn_s=(0.01, 0.02), long_life_s=60.0))
    link.start()
    for deaths in range(3):
        wait_until(lambda: link.ready, f"a child after {deaths} deaths")
        pid = link.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: link.restarts > deaths, "its end")  # noqa: B023 - waited for within the loop
    wait_until(lambda: link.ready, "a child after them all")
    link.stop()
