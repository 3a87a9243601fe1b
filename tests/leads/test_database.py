"""The connection, the schema and the migrations."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, Table, text

import app.leads.migrations
from app.leads.database import Database, StoreDown, database_url
from app.leads.migrations import HEAD
from app.leads.models import Base, Call
from app.leads.questions.quality import day_figures


def test_migrations_from_empty_make_the_schema_the_models_describe(empty_url: str) -> None:
    """R14: the tables come from migrations alone. The word indexes are each database's own, no model's."""
    database = Database(empty_url)
    with database.begin() as session:
        options = {"compare_type": False, "include_object": lambda _, name, *__: "words" not in name or "calls" in name}
        context = MigrationContext.configure(session.connection(), opts=options)
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_the_newest_migration_is_the_one_that_is_looked_for() -> None:
    """R14: a start with nothing to migrate is told by this name."""
    config = Config()
    config.set_main_option("script_location", str(Path(app.leads.migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_store_of_the_schema_before_keeps_its_calls(empty_url: str) -> None:
    """R14: an upgrade adds a call's figures; of a call that ended before it they are read from its turns."""
    older = Database(empty_url)
    config = Config()
    config.set_main_option("script_location", str(Path(app.leads.migrations.__file__).parent))
    at = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    Path(str(older.engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
    with older.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        times = {"started_at": at, "last_activity_at": at, "ended_at": at}
        known = {"call_sid": "CA1", "stream_sid": "", "channel": "call", "to_number": "", "turn_count": 1}
        row = {**known, **times, "from_number": "+972501234567", "outcome": "confirmed", "facts": {}}
        connection.execute(Table("calls", MetaData(), autoload_with=connection).insert().values(**row))
    older.close()
    newer = Database(empty_url)
    with newer.begin() as session:
        call = session.get_one(Call, "CA1")
        assert (call.from_number, call.turn_count, call.figures) == ("+972501234567", 1, None)
        assert day_figures(session, at.date())["calls"] == 1
    newer.close()


def test_a_program_rolled_back_uses_the_newer_schema_as_it_is(database: Database) -> None:
    """R14: a rollback does not stop the store."""
    with database.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'from-the-future'"))
    older = Database(database.engine.url.render_as_string(hide_password=False))
    with older.begin() as session:
        assert session.execute(text("SELECT count(*) FROM calls")).scalar_one() == 0
    older.close()


def test_processes_that_start_together_do_not_collide_over_the_migrations(empty_url: str) -> None:
    """R1.6: several instances start on one empty database."""
    program = (
        "import sys; from app.leads.database import Database\n"
        "from sqlalchemy import text\n"
        "with Database(sys.argv[1]).begin() as s: print(s.execute(text('select count(*) from calls')).scalar_one())"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, empty_url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=60) for process in started]
    assert [out.strip() for out, _ in answers] == [b"0"] * 3, answers


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_spelling_of_a_postgresql_url_is_understood(scheme: str) -> None:
    """R14: DATABASE_URL as platforms hand it out."""
    parsed = database_url(f"{scheme}://office:secret@db.example/leads?sslmode=require")
    assert parsed.drivername == "postgresql+psycopg"
    assert parsed.query["sslmode"] == "require"


@pytest.mark.parametrize("url", ["mysql://office:secret@db.example/leads", "not a url: secret"])
def test_another_url_is_refused_without_showing_its_password(url: str) -> None:
    """R1.3: name what is wrong, never a secret."""
    with pytest.raises(ValueError, match="DATABASE_URL") as refused:
        database_url(url)
    assert "secret" not in str(refused.value)


def test_a_database_that_cannot_be_reached_is_down_not_broken(tmp_path: Path) -> None:
    """R14: the caller can tell a state of the world from a fault."""
    (tmp_path / "file").write_text("")
    for url in ("postgresql://office@127.0.0.1:1/leads", f"sqlite:///{tmp_path}/file/agent.db"):
        with pytest.raises(StoreDown), Database(url).begin():
            pass


def test_a_sqlite_file_that_vanishes_is_made_again(tmp_path: Path) -> None:
    """R1.6: the file system may vanish."""
    database = Database(f"sqlite:///{tmp_path}/data/agent.db")
    with database.begin() as session:
        session.execute(text("SELECT count(*) FROM calls"))
    database.close()
    for path in (tmp_path / "data").iterdir():
        path.unlink()
    with pytest.raises(StoreDown), database.begin() as session:
        session.execute(text("SELECT count(*) FROM calls"))
    with database.begin() as session:
        assert session.execute(text("SELECT count(*) FROM calls")).scalar_one() == 0
