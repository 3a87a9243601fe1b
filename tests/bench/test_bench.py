"""The benches' own arithmetic; what they measure is no test."""

import os
from pathlib import Path

from tests.bench.__main__ import ROWS, table
from tests.bench.cold import cold_table
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
