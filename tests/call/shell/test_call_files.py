"""Tapes and samples on a disk that takes them, and on one that does not."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.call.shell.call_files import CallFiles
from app.runtime import sleep


def until(holds: Callable[[], bool]) -> None:
    """Let the hub run until the condition holds."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        sleep(0.01)


def test_a_tape_is_written_by_the_block_and_flushed_at_the_end(tmp_path: Path) -> None:
    """R11, R14: a call's events are all there when it is over."""
    tape = CallFiles(tmp_path / "tapes", tmp_path, tmp_path).open_tape("CA1")
    assert tape is not None
    tape(b"one\n")
    assert not (tmp_path / "tapes").exists()
    tape(b"two\n")
    tape(b"")
    kept = tmp_path / "tapes" / "CA1.jsonl"
    until(lambda: kept.exists() and kept.read_bytes() == b"one\ntwo\n")


def test_no_tape_is_kept_where_none_is_asked_for(tmp_path: Path) -> None:
    """R11: LOG_CALLS is unset by default."""
    assert CallFiles(None, tmp_path, tmp_path).open_tape("CA1") is None


def test_a_disk_that_refuses_costs_the_file_and_not_the_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R18: the call goes on without its tape; it is said once."""
    blocked = tmp_path / "file"
    blocked.touch()
    files = CallFiles(blocked, blocked, blocked)
    tape = files.open_tape("CA1")
    assert tape is not None
    for _ in range(3):
        tape(b"x" * 100_000)
    files.keep_sample("CA1", b"RIFF")
    lines: list[str] = []

    def is_said() -> bool:
        lines.append(capsys.readouterr().out)
        return "TAPE_NOT_KEPT" in "".join(lines)

    until(is_said)
    said = "".join(lines)
    assert said.count("TAPE_NOT_KEPT") == 1
    assert said.count("SAMPLE_NOT_KEPT") == 1
