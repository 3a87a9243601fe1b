"""What the doctor sees of this machine: settings, versions, models, the database and what waits in it."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.leads.database import Database
from app.leads.models import Call, Delivery, Lead, Turn
from app.qa.doctor.machine import check_versions
from tests.qa.doctor.asking import doctor, lines


def test_a_fresh_clone_gets_warnings_and_no_failure(tmp_path: Path) -> None:
    """R13.1: nothing is set, nothing runs; each warning says what to do."""
    result = doctor("--offline", data=tmp_path / "data")
    assert result.exit_code == 0, result.stdout
    assert "make run" in lines(result, "running server")[0]
    assert lines(result, "models")[0].endswith("do: run python -m app models")
    assert lines(result, "database")[0].startswith("ok")


def test_a_wrong_setting_is_named_as_at_the_start(tmp_path: Path) -> None:
    """R1.3, R13.1."""
    result = doctor("--offline", data=tmp_path, MIN_UTT_MS="5", CONSOLE_PASSWORD="short")
    assert result.exit_code == 1
    told = lines(result, "settings")
    assert any("FAIL" in line and "MIN_UTT_MS: " in line for line in told)
    assert any("CONSOLE_PASSWORD: must have 12 characters or more" in line for line in told)


def test_another_gunicorn_is_named_with_the_pair_that_works(tmp_path: Path) -> None:
    """R1.1: against requirements that pin another version."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("gunicorn==26.0.0\neventlet==0.41.3\n")
    told = [str(finding) for finding in check_versions(requirements)]
    assert told[1].startswith("FAIL gunicorn, eventlet — gunicorn 25.3.0")
    assert told[1].endswith("gunicorn 25.3.0 and eventlet 0.41.3 belong together; 26 has no eventlet worker")


def test_a_database_that_cannot_be_written_fails(tmp_path: Path) -> None:
    """R14: the folder is a file."""
    (tmp_path / "file").write_text("")
    result = doctor("--offline", data=tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/file/agent.db")
    assert result.exit_code == 1
    assert lines(result, "database")[0].endswith("do: cannot be written: DATABASE_URL, or the folder DATA_DIR")


def test_a_newer_schema_is_told(tmp_path: Path) -> None:
    """R14: after a rollback of the program."""
    doctor("--offline", data=tmp_path)
    with sqlite3.connect(tmp_path / "agent.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    told = lines(doctor("--offline", data=tmp_path), "database")[0]
    assert told.startswith("warn database — schema is newer than this program: 9999")


def test_missing_models_fail_once_some_are_there(tmp_path: Path) -> None:
    """R15: a download that broke off."""
    from app.speech.embedded.weights import WEIGHTS

    form = WEIGHTS[0].form
    file = tmp_path / "models" / form.path
    file.parent.mkdir(parents=True)
    with file.open("wb") as sparse:
        sparse.truncate(form.size_bytes)
    told = lines(doctor("--offline", data=tmp_path), "models")[0]
    assert told.startswith("FAIL")
    assert told.endswith("do: run python -m app models")


def test_undelivered_leads_are_counted_with_their_age(tmp_path: Path) -> None:
    """R14, R13.1."""
    _store(tmp_path)
    told = lines(doctor("--offline", "--symptom", "lead", data=tmp_path), "outbox")[0]
    assert "1 leads undelivered, oldest 59 min" in told or "1 leads undelivered, oldest 60 min" in told
    assert told.endswith("do: python -m app leads --undelivered")


def test_leads_without_any_delivery_are_told_of_too(tmp_path: Path) -> None:
    """R14, R13.1: no LEAD_WEBHOOK_URL was set when the caller hung up; the command that is named shows them."""
    _store(tmp_path)
    with sqlite3.connect(tmp_path / "agent.db") as database:
        database.execute("DELETE FROM deliveries")
        database.execute("UPDATE leads SET needs_attention = 1")
    told = lines(doctor("--offline", "--symptom", "lead", data=tmp_path), "outbox")[0]
    assert told.startswith("warn outbox — leads that nobody was told of: 1 — ")
    assert told.endswith("do: python -m app leads --undelivered")


def test_the_slowest_step_of_the_last_turns_is_named(tmp_path: Path) -> None:
    """R13.1, R19: `--symptom slow` without a server still shows what the store knows."""
    _store(tmp_path)
    result = doctor("--offline", "--symptom", "איטי", data=tmp_path)
    assert "the language model: p50 900 ms, p95 900 ms of 1 turns" in lines(result, "slowest step")[0]
    assert "items 8 were not tried" in lines(result, "acceptance")[0]
    assert "is the culprit" in result.stdout.splitlines()[-1]


def _store(folder: Path) -> None:
    """Write a store with one turn, and one lead that has waited for an hour."""
    database = Database(f"sqlite:///{folder}/agent.db")
    then = datetime.now(UTC) - timedelta(hours=1)
    with database.begin() as session:
        session.add(Call(call_sid="CA1", started_at=then, last_activity_at=then, ended_at=then))
        session.flush()
        session.add(
            Turn(call_sid="CA1", number=1, at=then, latencies_ms={"stt": 200, "llm": 900, "tts": 100, "own": 5})
        )
        lead = Lead(call_sid="CA1", idempotency_key="k", payload={}, created_at=then)
        session.add(lead)
        session.flush()
        session.add(Delivery(lead_id=lead.id, channel="webhook", target="x", created_at=then, updated_at=then))
    database.close()
