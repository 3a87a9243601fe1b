"""A link and its child, for real: processes, sockets, signals."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import eventlet
import pytest

from app.sidecar.child import NICENESS
from app.sidecar.life import LinkLimits
from app.sidecar.link import Link
from app.sidecar.wire import Op
from app.whose import CALL_SID, of_call
from tests.sidecar.hub import Frames, wait_until

IMPATIENT = LinkLimits(ping_interval_s=0.2)


@pytest.fixture
def link() -> Iterator[Link]:
    child = Link("tests.sidecar.echo_child", limits=IMPATIENT)
    child.start()
    wait_until(lambda: child.ready, "the child is ready")
    yield child
    child.stop()


def ask(link: Link, service: str, **request: object) -> Frames:
    frames = Frames()
    link.open({"service": service, **request}, frames)
    return frames


def test_bytes_go_there_and_back_and_the_end_carries_json(link: Link) -> None:
    frames = Frames()
    stream = link.open({"service": "echo"}, frames)
    sent = os.urandom(1_000_000)
    for start in range(0, len(sent), 320):
        stream.write(sent[start : start + 320])
    stream.finish()

    assert frames.wait() == (Op.END, {"bytes": len(sent)})
    assert frames.data == sent
    assert link.open_streams == 0


def test_results_that_take_long_to_handle_leave_others_their_turn(link: Link) -> None:
    """R9.2: a full house's frames do not wait until all that the engines said at once is understood."""
    heard: list[int] = []
    turns: list[int] = []
    begun_s: list[float] = []

    def slow(op: Op, payload: bytes) -> None:
        begun_s.append(time.monotonic())
        until_s = begun_s[-1] + 0.01
        while time.monotonic() < until_s:
            pass
        heard.append(len(payload) if op is Op.DATA else -1)

    def others() -> None:
        while -1 not in heard:
            turns.append(len(heard))
            eventlet.sleep(0)

    other = eventlet.spawn(others)
    stream = link.open({"service": "echo"}, slow)
    for _ in range(8):
        stream.write(b"word")
    stream.finish()
    other.wait()
    assert sum(heard[:-1]) == 32
    assert set(turns) == set(range(len(heard)))
    assert min(after - before for before, after in pairwise(begun_s)) < 0.5, "a turn for others is no pause"


@pytest.mark.parametrize(
    ("service", "error"),
    [
        ("refuse", {"code": "quota", "message": "no more for dana", "retriable": True}),
        ("crash", {"code": "internal", "message": "ZeroDivisionError: a bug", "retriable": True}),
        ("nosuch", {"code": "invalid_request", "message": "no such service: 'nosuch'", "retriable": False}),
    ],
)
def test_a_failure_names_its_code(link: Link, service: str, error: dict[str, object]) -> None:
    assert ask(link, service, who="dana").wait() == (Op.ERROR, error)
    assert ask(link, "released").wait()[0] is Op.END


def test_a_service_may_be_warm_before_the_child_is_ready(tmp_path: Path) -> None:
    """R18: the voice of an instance just started is not waited for longer than it takes."""
    may_be_ready = tmp_path / "now"
    child = Link("tests.sidecar.echo_child", env={"MAY_BE_READY": str(may_be_ready)}, limits=IMPATIENT)
    assert not child.is_warm("echo")
    child.start()
    try:
        wait_until(lambda: child.is_warm("echo"), "one service is warm")
        assert (child.ready, child.is_warm("refuse")) == (False, False)
        may_be_ready.touch()
        wait_until(lambda: child.ready, "the child is ready")
        assert child.is_warm("refuse")
    finally:
        child.stop()


def test_cancel_frees_the_work_and_silences_it(link: Link) -> None:
    frames = Frames()
    stream = link.open({"service": "hang"}, frames)
    wait_until(lambda: frames.frames, "the handler runs")

    stream.cancel()
    stream.cancel()
    stream.write(b"too late")
    stream.finish()

    assert ask(link, "released").wait() == (Op.END, {"count": 1})
    assert [op for op, _ in frames.frames] == [Op.EVENT]
    assert link.open_streams == 0


def test_a_listener_that_fails_hurts_no_other_call(link: Link) -> None:
    def broken(op: Op, payload: bytes) -> None:
        raise RuntimeError("a bug in a call")

    link.open({"service": "echo"}, broken).finish()
    assert ask(link, "released").wait()[0] is Op.END


def test_a_fault_in_the_child_is_logged_there_as_its_calls(tmp_path: Path) -> None:
    """R11.1: the traceback of a call's recognition is found by the call; work that is no call's names none."""
    log, ours = tmp_path / "log", os.dup(2)
    with log.open("w") as file:
        os.dup2(file.fileno(), 2)
    child = Link("tests.sidecar.echo_child", limits=IMPATIENT)
    child.start()
    os.dup2(ours, 2)
    os.close(ours)
    with of_call("CA7"):
        failed = ask(child, "crash")
    assert failed.wait()[0] is Op.ERROR
    assert ask(child, "crash").wait()[0] is Op.ERROR
    child.stop()
    heads = [line for line in log.read_text().splitlines() if "handler failed" in line]
    assert [line.split()[1:] for line in heads] == [
        ["ERROR", "call_sid=CA7", "handler", "failed"],
        ["ERROR", "handler", "failed"],
    ]


def test_what_an_answer_brings_about_is_its_calls(link: Link) -> None:
    """R11.1: a sentence that is asked for again, or another engine in its place."""
    heard: list[str] = []
    with of_call("CA7"):
        link.open({"service": "released"}, lambda *_: heard.append(CALL_SID.get()))
    wait_until(lambda: heard, "the answer")
    assert heard == ["CA7"]
    assert CALL_SID.get() == ""


def test_a_killed_child_fails_every_stream_at_once_and_comes_back(link: Link) -> None:
    """R8.2: the death of the sidecar costs a call a fallback, never the call."""
    streams = [ask(link, "hang") for _ in range(20)]
    wait_until(lambda: all(frames.frames for frames in streams), "all handlers run")
    assert link.pid is not None
    os.kill(link.pid, signal.SIGKILL)

    for frames in streams:
        op, error = frames.wait()
        assert (op, error["code"], error["retriable"]) == (Op.ERROR, "child_died", True)
    wait_until(lambda: link.ready, "the next child is ready")
    assert link.restarts == 1
    assert ask(link, "released").wait() == (Op.END, {"count": 0})


def test_it_is_known_how_a_child_ended(link: Link) -> None:
    """R13.1: the doctor says it; a child that is killed can say nothing itself."""
    assert link.last_end == ""
    assert link.pid is not None
    os.kill(link.pid, signal.SIGKILL)
    wait_until(lambda: link.last_end, "the end is known")
    assert link.last_end == "killed by SIGKILL"


def test_a_child_that_cannot_start_says_why() -> None:
    """R13.1: its last words."""
    link = Link("tests.sidecar.failing_child", limits=IMPATIENT)
    link.start()
    wait_until(lambda: link.last_end, "the end is known")
    link.stop()
    assert link.last_end == "ModuleNotFoundError: No module named 'grpc'"
    assert not link.ready


@pytest.mark.parametrize(("long_life_s", "restarts"), [(0.0, 3), (60.0, 2)])
def test_a_child_that_lived_long_is_replaced_as_soon_as_the_first_that_died(long_life_s: float, restarts: int) -> None:
    """R18: only short lives in a row are waited for ever longer."""
    limits = LinkLimits(ping_interval_s=60.0, respawn_s=(0.01, 60.0), long_life_s=long_life_s)
    link = Link("tests.sidecar.failing_child", limits=limits)
    assert link.restarts == 0
    link.start()
    link.start()
    wait_until(lambda: link.restarts >= restarts, "so many deaths")
    if restarts == 2:
        eventlet.sleep(0.2)
        assert link.restarts == 2
        assert (link.pid, link.behind_ms, link.open_streams, link.is_warm("echo")) == (None, 0, 0, False)
    link.stop(grace_s=0.0)
    ended = link.restarts
    eventlet.sleep(0.05)
    assert link.restarts == ended
    link.start()
    assert not link.ready


def test_with_no_child_an_open_fails_through_the_listener() -> None:
    link = Link("tests.sidecar.echo_child")
    frames = Frames()
    stream = link.open({"service": "echo"}, frames)
    assert frames.frames == []

    assert frames.wait()[1]["code"] == "child_died"
    stream.write(b"ignored")
    stream.finish()
    stream.cancel()

    silenced = Frames()
    link.open({"service": "echo"}, silenced).cancel()
    eventlet.sleep(0.02)
    assert silenced.frames == []


@pytest.mark.parametrize("how", ["stopped", "busy"])
def test_a_wedged_child_is_killed_and_replaced(link: Link, how: str) -> None:
    frames = ask(link, "hang")
    wait_until(lambda: frames.frames, "the handler runs")
    assert link.pid is not None
    if how == "stopped":
        os.kill(link.pid, signal.SIGSTOP)
    else:
        ask(link, "block")

    assert frames.wait()[1]["code"] == "child_died"
    wait_until(lambda: link.ready, "the next child is ready")


def test_a_child_that_reads_nothing_is_killed_by_its_backlog() -> None:
    link = Link("tests.sidecar.echo_child", limits=LinkLimits(ping_interval_s=60, backlog_bytes=1_000_000))
    link.start()
    wait_until(lambda: link.ready, "the child is ready")
    assert link.pid is not None
    os.kill(link.pid, signal.SIGSTOP)
    frames = Frames()
    stream = link.open({"service": "echo"}, frames)
    for _ in range(100):
        stream.write(bytes(32_000))
        eventlet.sleep(0)

    assert frames.wait()[1]["code"] == "child_died"
    link.stop()


def test_a_stall_of_the_hub_itself_kills_nobody() -> None:
    """R18: it stands still more often than pings may be missed."""
    limits = LinkLimits(ping_interval_s=0.2, missed_pings=3)
    link = Link("tests.sidecar.echo_child", limits=limits)
    link.start()
    wait_until(lambda: link.ready, "the child is ready")
    pid = link.pid
    for _ in range(limits.missed_pings + 1):
        time.sleep(2 * limits.ping_interval_s)  # as under a burst of calls
        eventlet.sleep(0)

    assert ask(link, "released").wait()[0] is Op.END
    assert link.pid == pid
    link.stop()


def test_the_child_ignores_signals_meant_for_the_worker_and_ends_with_the_link(link: Link) -> None:
    pid = link.pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGINT)
    assert ask(link, "released").wait()[0] is Op.END
    frames = ask(link, "hang")

    link.stop()

    assert frames.wait()[1]["code"] == "child_died"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_child_lets_the_worker_go_first(link: Link) -> None:
    """R1.5: on a shared core the calls' frames come before the child's work."""
    pid = link.pid
    assert pid
    assert os.getsid(pid) == os.getsid(0)  # niceness counts within a session only
    assert os.getpgid(pid) == pid
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
    assert os.sched_getscheduler(pid) == os.SCHED_BATCH


def test_the_child_holds_no_socket_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.set_inheritable(True)
        link = Link("tests.sidecar.echo_child")
        link.start()
        inode = str(Path(f"/proc/self/fd/{listening.fileno()}").readlink())
        _, answer = ask(link, "descriptors").wait()
        link.stop()

    assert answer["sockets"]
    assert inode not in answer["sockets"]


def test_the_child_does_not_outlive_a_worker_that_is_killed() -> None:
    script = (
        "import os, signal, eventlet\n"
        "from app.sidecar.link import Link\n"
        "link = Link('tests.sidecar.echo_child')\n"
        "link.start()\n"
        "while not link.ready: eventlet.sleep(0.01)\n"
        "print(link.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    worker = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    pid = int(worker.stdout.split()[-1])

    wait_until(
        lambda: not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes(), "gone"
    )


@pytest.fixture
def spared() -> Iterator[Link]:
    limits = LinkLimits(ping_interval_s=0.2, spare_pause_s=0.05, respawn_s=(30.0,))
    child = Link("tests.sidecar.echo_child", limits=limits, has_spare=True)
    child.start()
    wait_until(lambda: child.spare_pid, "a second child stands by")
    yield child
    child.stop()


def test_a_child_that_stands_by_serves_the_moment_the_first_is_gone(spared: Link) -> None:
    """R18: what hears of the death may ask again at once, and is heard."""
    first, second = spared.pid, spared.spare_pid
    again = Frames()

    class AsksAgain(Frames):
        def __call__(self, op: Op, payload: bytes) -> None:
            super().__call__(op, payload)
            if op is Op.ERROR:
                spared.open({"service": "released"}, again)

    asking = AsksAgain()
    spared.open({"service": "hang"}, asking)
    wait_until(lambda: asking.frames, "the handler runs")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert again.wait() == (Op.END, {"count": 0})
    assert (spared.pid, spared.restarts) == (second, 1)
    wait_until(lambda: spared.spare_pid, "another one stands by")
    assert spared.spare_pid not in (first, second)


def test_no_second_child_is_started_where_none_was_asked_for(spared: Link) -> None:
    """R20: it is memory; the store's child has none."""
    alone = Link("tests.sidecar.echo_child", limits=LinkLimits(ping_interval_s=0.2, spare_pause_s=0.05))
    alone.start()
    wait_until(lambda: alone.ready, "it is ready")
    assert spared.spare_pid is not None
    os.kill(spared.spare_pid, signal.SIGKILL)
    wait_until(lambda: not spared.spare_pid, "it is gone")
    wait_until(lambda: spared.spare_pid, "another one stands by")
    assert alone.spare_pid is None
    alone.stop()


def test_a_child_that_dies_while_it_stands_by_is_replaced_and_nobody_notices(spared: Link) -> None:
    """R18."""
    first, second = spared.pid, spared.spare_pid
    assert second is not None
    os.kill(second, signal.SIGKILL)
    wait_until(lambda: spared.spare_pid not in (None, second), "another one stands by")
    assert (spared.pid, spared.restarts) == (first, 0)
    assert ask(spared, "released").wait()[0] is Op.END


def children() -> set[int]:
    """The processes that this one has started and that live."""
    threads = Path("/proc/self/task").iterdir()
    return {int(pid) for one in threads for pid in (one / "children").read_text().split()}


def test_a_child_that_is_not_ready_yet_does_not_serve_in_place_of_one_that_died(tmp_path: Path) -> None:
    """R18: who asks a child that still loads waits for all of it; a fresh one is told apart as one that starts."""
    may_be_ready = tmp_path / "ready"
    may_be_ready.touch()
    limits = LinkLimits(ping_interval_s=0.2, spare_pause_s=0.05, respawn_s=(0.05,))
    others = children()
    link = Link("tests.sidecar.echo_child", env={"MAY_BE_READY": str(may_be_ready)}, limits=limits, has_spare=True)
    link.start()
    wait_until(lambda: link.ready, "the first child is ready")
    may_be_ready.unlink()
    first = link.pid
    assert first is not None
    wait_until(lambda: len(children() - others) == 2, "a second one loads")
    (loading,) = children() - others - {first}
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: link.pid not in (None, first), "another one serves")
    assert link.pid != loading
    link.stop()


def test_both_children_end_with_the_link(spared: Link) -> None:
    pids = [spared.pid, spared.spare_pid]
    spared.stop()
    for pid in pids:
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
