"""What a call leaves behind for whoever has to understand it: a tape that replays, a sample to listen to."""

import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.phones import Phone, sample, until
from tests.e2e.town import Town
from tests.servers import ROOT


@pytest.fixture(scope="module")
def taped(house: Town) -> Iterator[tuple[Town, Phone]]:
    """A call of one turn, of nearly four seconds, broken off by the caller in mid-reply."""
    house.vendors.reset()
    house.vendors.ears.script(texts=["שלום אני רוצה לשכור דירה"])
    phone = house.greeted()
    phone.say(sample("v022"))
    until(lambda: sum(line.startswith("TTS_START") for line in house.log(phone)) == 2, "the reply's first sound")
    phone.hang_up()
    house.wait_for_log(phone, "CALL_ENDED")
    yield house, phone


def replay(tape: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app", "replay", str(tape)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_tape_replays_to_the_same_decisions(taped: tuple[Town, Phone]) -> None:
    """R11: the pure core, fed what it was fed, decides what it decided."""
    town, phone = taped
    played = replay(town.data / "tapes" / f"{phone.call_sid}.jsonl")
    assert played.returncode == 0, played.stdout + played.stderr
    decisions = [line.split(" ", 1)[1] for line in played.stdout.splitlines()]
    logged = [
        line for line in town.log(phone) if line.partition(" | ")[0].startswith(("STATE→", "ASR_TEXT", "TTS_", "MARK"))
    ]
    assert [line for line in decisions if line in logged] == logged
    assert "DIFFERS" not in played.stdout


def test_a_changed_tape_is_found_out(taped: tuple[Town, Phone], tmp_path: Path) -> None:
    """R11: a decision that the core does not take any more is named, with exit status 1."""
    town, phone = taped
    tape = (town.data / "tapes" / f"{phone.call_sid}.jsonl").read_text()
    changed = tmp_path / "changed.jsonl"
    changed.write_text(tape.replace('"decision":"STATE→SPEAKING"', '"decision":"STATE→ENDED"', 1))
    played = replay(changed)
    assert played.returncode == 1
    assert "DIFFERS STATE→SPEAKING" in played.stdout
    assert "1 decisions differ" in played.stderr


def test_a_file_that_is_no_tape_is_called_so(tmp_path: Path) -> None:
    """R13.1: one line, no traceback."""
    note = tmp_path / "note.txt"
    note.write_text("buy milk\n")
    played = replay(note)
    assert played.returncode == 1
    assert "line 1 is not JSON" in played.stderr
    assert "Traceback" not in played.stderr


def test_the_sample_is_what_the_recogniser_was_given(taped: tuple[Town, Phone]) -> None:
    """R5.3: the first 2 to 3 s of the caller's turn, 8 kHz mono 16 bit; its log line says where it lies."""
    town, phone = taped
    path = town.data / "samples" / f"{phone.call_sid}.wav"
    assert str(path) in town.wait_for_log(phone, "SAMPLE_KEPT")
    with wave.open(str(path)) as kept:
        assert (kept.getframerate(), kept.getnchannels(), kept.getsampwidth()) == (8000, 1, 2)
        assert 2 * 8000 <= kept.getnframes() <= 3 * 8000
        assert any(kept.readframes(8000))
