"""Databases of both kinds, a clock to set, and an office's server that receives leads."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.leads.database import Database
from app.leads.store import LeadRules, Store
from tests.leads.postgres import Postgres, running
from tests.leads.receiver import Receiver


class Clock:
    """The store's clock; stands still until told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return now."""
        return self.now

    def pass_s(self, seconds: float) -> datetime:
        """Go on by `seconds`, and return the new now."""
        self.now += timedelta(seconds=seconds)
        return self.now


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for the whole run."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> str:
    """A database with the newest schema, which tests have one after the other."""
    url = postgres.database()
    _migrate(url)
    return url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema, to copy: quicker than the migrations."""
    path = tmp_path_factory.mktemp("migrated") / "agent.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """A fresh SQLite file with the newest schema."""
    shutil.copy(migrated_sqlite, tmp_path / "agent.db")
    return f"sqlite:///{tmp_path}/agent.db"


@pytest.fixture
def postgresql_url(postgres: Postgres, migrated_postgres: str) -> str:
    """The same of PostgreSQL: one for all tests, emptied, for a copy is 8 MB of files to write and to delete."""
    postgres.empty(migrated_postgres)
    return migrated_postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A database of each kind with the newest schema and nothing in it."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind that nobody has used; the SQLite file's folder does not exist either."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/agent.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """An open database of each kind."""
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    """A clock to set."""
    return Clock()


@pytest.fixture
def store(database: Database, clock: Clock) -> Store:
    """A store with a webhook and WhatsApp."""
    rules = LeadRules(webhook_url="https://office.example/leads", whatsapp_from="+972500000001")
    return Store(database, rules, clock)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The office's server."""
    with Receiver() as server:
        yield server


def _migrate(url: str) -> None:
    database = Database(url)
    with database.begin():
        pass
    database.close()
