"""The journal on a real disk, across processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.leads.journal import Journal


def replayed(journal: Journal) -> list[bytes]:
    lines: list[bytes] = []
    journal.replay(lines.append)
    return lines


def files(folder: Path) -> list[str]:
    return sorted(path.name.split("-")[0] for path in folder.glob("*"))


def test_lines_come_back_in_order_and_the_file_goes_when_they_are_done(tmp_path: Path) -> None:
    """R14: nothing lost, order kept."""
    journal = Journal(tmp_path / "journal")
    for line in (b"1", b"2", b"3"):
        journal.append(line)
    assert files(tmp_path / "journal") == ["pending"]
    assert replayed(journal) == [b"1", b"2", b"3"]
    assert files(tmp_path / "journal") == []
    journal.append(b"4")
    assert replayed(journal) == [b"4"]


def test_who_has_nothing_of_one_s_own_can_write_what_another_left(tmp_path: Path) -> None:
    """R14: a child that starts after a killed one has not appended a line yet."""
    (tmp_path / "pending-1-999999.jsonl").write_bytes(b"1\n2\n")
    journal = Journal(tmp_path)
    assert journal.adopt() == 2
    assert replayed(journal) == [b"1", b"2"]
    assert files(tmp_path) == []
    assert journal.adopt() == 0


def test_a_replay_that_stops_goes_on_at_the_same_line(tmp_path: Path) -> None:
    """R14: the database may go down again in mid-replay."""
    journal = Journal(tmp_path)
    for line in (b"1", b"2", b"3"):
        journal.append(line)

    def fail_at_2(line: bytes) -> None:
        if line == b"2":
            raise ConnectionError

    with pytest.raises(ConnectionError):
        journal.replay(fail_at_2)
    journal.append(b"4")
    assert replayed(journal) == [b"2", b"3", b"4"]


def test_the_lines_of_a_killed_process_are_adopted_before_one_s_own(tmp_path: Path) -> None:
    """R14: across restarts; a line that was half written is put aside, not lost in silence."""
    program = (
        "import os, sys; from pathlib import Path; from app.leads.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "for line in (b'1', b'2'): journal.append(line)\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=30)
    (left,) = tmp_path.glob("pending-*.jsonl")
    with left.open("ab") as file:
        file.write(b'{"op":"tu')
    journal = Journal(tmp_path)
    journal.append(b"3")
    assert journal.adopt() == 2
    assert journal.adopt() == 0
    assert replayed(journal) == [b"1", b"2", b"3"]
    assert files(tmp_path) == ["rejected.jsonl"]
    assert (tmp_path / "rejected.jsonl").read_bytes() == b'{"op":"tu\n'


@pytest.mark.parametrize(
    ("line", "call_sid"),
    [
        (b'{"op": "turn", "call_sid": "CA7"}', "CA7"),
        (b'{"service": "store", "record": {"call_sid": "CA7"}}', "CA7"),
        (b'{"service": "store", "record": 7}', ""),
        (b'{"op":"tu', ""),
        (b"[]", ""),
    ],
)
def test_a_record_that_is_put_aside_is_told_as_its_calls(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, line: bytes, call_sid: str
) -> None:
    """R11.1: as far as it can be told whose it is."""
    Journal(tmp_path).reject(line, "too large")
    assert [getattr(told, "call_sid", None) for told in caplog.records] == [call_sid]


def test_a_record_that_no_disk_takes_either_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """R14: nothing is lost in silence."""
    folder = tmp_path / "journal"
    folder.write_text("a file where a folder should be")
    Journal(folder).reject(b"{}", "too large")
    refused, lost = (record.getMessage() for record in caplog.records)
    assert refused.endswith(": too large")
    assert lost.startswith("a refused record could not be kept: ")


def test_a_living_process_s_file_is_not_adopted(tmp_path: Path) -> None:
    """R1.6: instances on one disk keep out of each other's journal."""
    living = Journal(tmp_path)
    living.append(b"1")
    other = Journal(tmp_path)
    assert other.adopt() == 0
    assert replayed(living) == [b"1"]


def test_a_disk_that_cannot_be_written_leaves_the_lines_in_memory(tmp_path: Path) -> None:
    """R14: the worst day: no database and no disk; the lines reach the disk once it is back."""
    (tmp_path / "journal").write_text("in the way")
    journal = Journal(tmp_path / "journal")
    journal.append(b"1")
    (tmp_path / "journal").unlink()
    journal.append(b"2")
    (left,) = (tmp_path / "journal").glob("pending-*.jsonl")
    assert left.read_bytes() == b"1\n2\n"
    assert replayed(journal) == [b"1", b"2"]


def test_that_a_disk_takes_no_records_is_said_once_and_so_is_that_it_does_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """R14, R11: a full house brings a hundred records a second; and what had waited in memory is written then."""
    caplog.set_level("INFO", "leads")
    folder = tmp_path / "journal"
    folder.write_text("a file where a folder should be")
    journal = Journal(folder)
    for line in (b"1", b"2", b"3"):
        journal.append(line)
    folder.unlink()
    for line in (b"4", b"5"):
        journal.append(line)
    told = [record.getMessage().removeprefix(f"the journal in {folder} ") for record in caplog.records]
    assert [one.partition(",")[0] for one in told] == ["cannot be written", "is written again"]
    (written,) = folder.glob("pending-*.jsonl")
    assert written.read_bytes().split() == [b"1", b"2", b"3", b"4", b"5"]
