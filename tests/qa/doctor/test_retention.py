"""The doctor sees what is kept of callers without their being told, and what is kept too long."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.leads.database import Database
from app.leads.models import Call
from tests.qa.doctor.asking import doctor, lines

DAY_S = 86_400


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "ok   recording — nobody's voice is kept"),
        ({"RECORD_CALLS": "on"}, "ok   recording — calls' sound is kept for 30 days, and the greeting says so"),
        ({"SAMPLE_EVERY_CALLS": "5"}, "warn recording — callers' voices are kept by SAMPLE_EVERY_CALLS, and"),
        ({"LOG_CALLS": "calls"}, "warn recording — callers' voices are kept by LOG_CALLS, and"),
        ({"RECORD_CALLS": "on", "SAMPLE_EVERY_CALLS": "5"}, "ok   recording"),
    ],
)
def test_a_voice_that_is_kept_without_a_word_is_told(tmp_path: Path, settings: dict[str, str], told: str) -> None:
    """Console 8: the notice belongs to RECORD_CALLS."""
    if "LOG_CALLS" in settings:
        settings = {"LOG_CALLS": str(tmp_path / "calls")}
    (line,) = lines(doctor("--offline", data=tmp_path, **settings), "recording")
    assert line.startswith(told)


def test_what_is_past_its_time_fails_with_its_age(tmp_path: Path) -> None:
    """C44: nobody sweeps where no server runs, and files that may not be deleted stay."""
    (line,) = lines(doctor("--offline", data=tmp_path), "retention")
    assert line == "ok   retention — nothing is kept yet"
    _leave(tmp_path, age_days=29)
    (line,) = lines(doctor("--offline", data=tmp_path), "retention")
    assert line == "ok   retention — the oldest: audio 29 days of 30 days, words 29 days of 180 days"
    _leave(tmp_path, age_days=31)
    told = lines(doctor("--offline", data=tmp_path, TRANSCRIPT_KEEP_DAYS="10"), "retention")
    assert [line.partition(" old and")[0] for line in told] == [
        "FAIL retention — the oldest audio are 31 days",
        "FAIL retention — the oldest words are 31 days",
    ]
    assert "delete in DATA_DIR/audio" in told[0]


def _leave(folder: Path, age_days: int) -> None:
    """Leave a call of that age, and its sound."""
    sound = folder / "audio" / f"CA{age_days}.wav"
    sound.parent.mkdir(exist_ok=True)
    sound.write_bytes(b"RIFF")
    os.utime(sound, (time.time() - age_days * DAY_S,) * 2)
    then = datetime.now(UTC) - timedelta(days=age_days)
    database = Database(f"sqlite:///{folder}/agent.db")
    with database.begin() as session:
        session.add(Call(call_sid=f"CA{age_days}", started_at=then, last_activity_at=then, ended_at=then))
    database.close()
