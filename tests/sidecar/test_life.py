"""One life of a child: how it begins beside the worker, and what is said of its end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import eventlet
import pytest

from app.sidecar.life import Life, LinkLimits, LinkStream
from app.sidecar.link import Link
from app.sidecar.manners import is_idle, worked_s, yield_to_worker
from app.sidecar.wire import Op, Unpacker, pack
from tests.sidecar.hub import Frames, wait_until

QUICK = LinkLimits(ping_interval_s=0.1, missed_pings=3)
PATIENT = LinkLimits(ping_interval_s=60.0)
MIRROR = """
from struct import pack
while data := os.read(fd, 65536):
    os.write(fd, pack("<IIB", len(data), 1, 2) + data)
"""


def life_of(body: str, limits: LinkLimits = PATIENT) -> Life:
    """A life whose child does `body` with its end of the socket, `fd`."""
    begin = f"import os, sys, time\nfd = int(sys.argv[-1])\n{body}"
    return Life("scripted", (sys.executable, "-S", "-c", begin), dict(os.environ), limits)


def told_by_child(*frames: tuple[int, Op, bytes], limits: LinkLimits = PATIENT) -> Life:
    """A life whose child says this and waits for the end."""
    said = b"".join(pack(*frame) for frame in frames)
    return life_of(f"os.write(fd, {said!r})\nwhile os.read(fd, 65536): pass", limits)


def end(life: Life) -> None:
    """End it and see it buried."""
    life.hang_up()
    life.ended.wait()
    life.bury()
    assert life.process.poll() is not None


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
    assert life.why == "its socket ended"


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


def test_a_child_that_gets_no_processor_is_waited_for_longer_than_one_that_has_it() -> None:
    """R18: on a machine so busy, one in its place would have to load first, and so take more of what is short."""
    core = {min(os.sched_getaffinity(0))}
    limits = LinkLimits(ping_interval_s=0.1, missed_pings=3, idle_pings=40, starved_times=100)
    link = Link("tests.sidecar.echo_child", limits=limits)
    link.start()
    wait_until(lambda: link.ready, "the child is ready")
    pid, starved = link.pid, Frames()
    assert pid is not None
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), core)
    before_s = worked_s(pid)
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        os.sched_setaffinity(other.pid, core)
        link.open({"service": "work", "seconds": 0.7}, starved)
        told = starved.wait()
        other.kill()
    assert (told[0], link.pid) == (Op.END, pid)
    assert 0 < worked_s(pid) - before_s < 0.5
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


def test_how_patient_a_link_is() -> None:
    """R18, R8.2: a caller who waits for a frozen child waits half a second; a loaded machine has time to start one."""
    limits = LinkLimits()
    assert limits.idle_pings * limits.ping_interval_s == 0.5
    assert 1.5 <= limits.missed_pings * limits.ping_interval_s <= 2.0
    assert limits.starved_times == 4
    assert limits.boot_pings * limits.ping_interval_s == 30.0
    assert limits.backlog_bytes == 50 * 10 * 16_000 + 388_608, "ten seconds of fifty callers, in whole MiB"
    assert limits.coalesce_s <= 0.01, "half a frame"
    assert limits.respawn_s == (0.02, 0.2, 1.0, 2.0, 5.0)
    assert (limits.long_life_s, limits.spare_pause_s) == (10.0, 1.0)


def test_audio_waits_for_company_and_goes_with_the_next_frame_that_may_not_wait() -> None:
    """R9.2: in the order in which it was given, whatever it waited for."""
    life, mirrored = life_of(MIRROR, LinkLimits(ping_interval_s=60.0, coalesce_s=60.0)), Frames()
    stream = life.open({"service": "any"}, mirrored)
    unpacker, seen = Unpacker(), list[tuple[Op, bytes]]()

    def came(op: Op) -> bool:
        seen.extend((kind, payload) for kind, payload in mirrored.frames if kind is Op.DATA)
        mirrored.frames.clear()
        frames = [frame for _, data in seen for frame in unpacker.feed(data)]
        seen.clear()
        got.extend(frames)
        return any(kind is op for _, kind, _ in got)

    got: list[tuple[int, Op, bytes]] = []
    wait_until(lambda: came(Op.OPEN), "the beginning")
    before = len(got)
    stream.write(b"one")
    stream.write(b"two")
    stream.finish()
    wait_until(lambda: came(Op.FINISH), "the end")
    assert got[before:] == [(1, Op.DATA, b"one"), (1, Op.DATA, b"two"), (1, Op.FINISH, b"")]
    end(life)


def test_audio_goes_by_itself_when_nothing_comes_after_it() -> None:
    """R9.2: within the time it may wait."""
    life, mirrored = life_of(MIRROR, LinkLimits(ping_interval_s=60.0, coalesce_s=0.001)), Frames()
    stream = life.open({"service": "any"}, mirrored)
    for word in (b"first", b"second"):
        stream.write(word)
        wait_until(lambda: word in mirrored.data, "the word")  # noqa: B023 - waited for within the loop
    end(life)


def test_what_a_child_says_of_itself_is_known() -> None:
    """R18, R13.1: what is warm, what a person should mend; and that all is, which a fault takes back."""
    said = [b'{"warm": "voice"}', b'{"trouble": "model_gone", "what": "it is retired"}', b'{"ready": true}']
    life = told_by_child(*((0, Op.EVENT, line) for line in said))
    wait_until(lambda: life.ready, "it is ready")
    assert (life.warm, life.troubles, life.why) == ({"voice"}, {"model_gone": "it is retired"}, "")
    end(life)
    assert not life.ready
    faulty = told_by_child((0, Op.EVENT, b'{"ready": true}'), (0, Op.EVENT, b'{"fault": "no memory"}'))
    wait_until(lambda: faulty.why, "its last words")
    assert not faulty.ready
    end(faulty)
    assert faulty.why == "no memory", "its last words say more than its status"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("os._exit(3)", "ended with status 3"),
        ("os._exit(0)", "ended with status 0"),
        ("os.kill(os.getpid(), 15)", "killed by SIGTERM"),
        ("os.kill(os.getpid(), 40)", "killed by signal 40"),
        ("os.write(fd, bytes(9)); os.read(fd, 1); time.sleep(60)", "not a frame: length=0 op=0"),
    ],
)
def test_how_a_child_ended_is_told(body: str, why: str) -> None:
    """R13.1: its status, the signal that killed it, or the nonsense for which it was killed."""
    life = life_of(body)
    life.ended.wait()
    life.bury()
    assert life.why == why


def test_a_frame_for_nobody_is_passed_over_and_a_stream_that_ended_is_over() -> None:
    """R7: what a cancelled stream still says; what one says behind its end."""
    heard = Frames()
    life = told_by_child((7, Op.DATA, b"nobody's"), (1, Op.DATA, b"ours"), (1, Op.END, b"{}"), (1, Op.DATA, b"late"))
    life.open({"service": "any"}, heard)
    assert heard.wait() == (Op.END, {})
    assert life.streams == {}
    eventlet.sleep(0)
    assert [op for op, _ in heard.frames] == [Op.DATA, Op.END]
    end(life)


def test_a_stream_says_nothing_behind_its_end() -> None:
    """R8.2: the end is heard once."""
    for last in (Op.END, Op.ERROR):
        heard = Frames()
        stream = LinkStream(None, 1, heard)
        for op in (Op.EVENT, last, Op.DATA, Op.ERROR):
            stream.deliver(op, b"{}")
        assert [op for op, _ in heard.frames] == [Op.EVENT, last]


@pytest.mark.parametrize(("boot_pings", "lives"), [(10_000, True), (3, False)])
def test_a_child_that_starts_is_given_time_until_it_has_spoken(boot_pings: int, lives: bool) -> None:
    """R18: while its imports wait for a busy disk it looks frozen; but not for ever."""
    limits = LinkLimits(ping_interval_s=0.02, missed_pings=2, idle_pings=2, boot_pings=boot_pings)
    event = pack(0, Op.EVENT, b'{"ready": true}')
    wait_s = 0.3 if lives else 60.0
    life = life_of(f"time.sleep({wait_s})\nos.write(fd, {event!r})\nos._exit(4)", limits)
    life.ended.wait()
    life.bury()
    assert life.why == ("ended with status 4" if lives else "no sign of life for 3 pings")


def test_a_childs_start_leaves_nothing_in_the_native_thread_it_is_made_in() -> None:
    """R11: with what a worker patches: else each of twenty threads keeps a hub of its own, one more with each death."""
    program = """
import eventlet
eventlet.monkey_patch()
import os, sys
from app.sidecar.life import Life, LinkLimits

def lived():
    life = Life("brief", (sys.executable, "-S", "-c", ""), dict(os.environ), LinkLimits())
    life.ended.wait()
    life.bury()
    return len(os.listdir("/proc/self/fd"))

print(lived(), [lived() for _ in range(4)][-1])
"""
    told = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    at_first, at_last = told.stdout.splitlines()[-1].split()
    assert at_last == at_first
