"""The benches' own arithmetic; what they measure is no test."""

import asyncio
import os
from pathlib import Path

from app.qa.load import LoadOptions, run_load
from tests.bench.__main__ import ROWS, table
from tests.bench.bare import BareServer
from tests.bench.cold import cold_table
from tests.bench.curve import heading, line, misses
from tests.bench.measuring import SAMPLES, load_cues
from tests.bench.processes import descendants, usage
from tests.bench.server import BenchServer


def test_the_table_marks_missed_targets_and_ratios() -> None:
    """A figure stands beside its target and beside the earlier one."""
    text = table({1: {"own_ms_p95": 25.0, "turns": 4.0}, 50: {"own_ms_p95": 30.0}}, {1: {"own_ms_p95": 50.0}})
    row = next(line for line in text.splitlines() if line.startswith("own part of a turn, p95"))

    assert "!25.0 (≤ 20) ×0.50" in row
    assert " 30.0 (≤ 40)" in row
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_turns_are_read_from_the_servers_log_once(tmp_path: Path) -> None:
    """The server's own part of a turn comes from its TURN lines."""
    log = tmp_path / "server.log"
    log.write_text("x INFO call_sid=CA1 TURN | turn=1 | own_ms=12 | stt_ms=150.5\nx INFO STATE→SPEAKING | on=reply\n")
    server = BenchServer(None, log)

    assert server.turns() == [{"turn": 1.0, "own_ms": 12.0, "stt_ms": 150.5}]
    assert server.turns() == []


def test_processes_are_weighed() -> None:
    """R1.5: resident memory and CPU time of a process and its children."""
    own = usage([os.getpid()])
    assert own.rss_mb > 10
    assert own.cpu_s > 0
    assert own.cpu_by_role_s == {"worker": own.cpu_s}
    assert os.getpid() in descendants(os.getppid())
    assert usage([2**22 + 1]).rss_mb == 0


def test_a_cold_start_stands_beside_its_targets() -> None:
    """R18: from the exec to the first word."""
    slow = {"version": 2.5, "answered": 3.0, "greeting": 3.5, "after_start": 0.1}
    lines = cold_table({"cloud": slow}).splitlines()
    assert [line.split("s ")[-1].strip() for line in lines[1:]] == ["!2.50 (≤ 2)", "3.00", "3.50 (≤ 5)", "0.10 (≤ 0.3)"]


def test_a_curve_ends_where_calls_are_no_longer_usable() -> None:
    """R18: what a caller would notice decides, not the processor's load."""
    good = {"failures": 0.0, "underrun_percent": 0.2, "frame_late_ms_p99": 40.0, "barge_in_ms_p95": 299.0}
    assert misses(good) == []
    assert misses({**good, "failures": 1.0, "frame_late_ms_p99": 41.0}) == ["failures", "frame_late_ms_p99"]
    assert line("agent", 140, {**good, "cpu_percent": 88.4}).startswith("agent               140          0")
    assert "usable" in line("agent", 140, good)
    assert len(heading().split("  ")) > 10


def test_the_bare_loop_is_heard() -> None:
    """The floor is a call like any other, as far as the callers can tell."""
    with BareServer(None) as bare:
        options = LoadOptions(2, load_cues(SAMPLES), bare.url, seconds=1.5, ramp_s=0.2)
        report = asyncio.run(run_load(options))
        assert bare.usage().rss_mb > 5
    assert report.failures == []
    assert report.summary()["frames"] > 100
