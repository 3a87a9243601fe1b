"""The connection to the store's database: SQLite by default, PostgreSQL for several instances (R14).

Blocking: used only inside the store child, never under eventlet.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from app.leads.migrations import HEAD

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x6C656164  # any number, the same for every instance
_BUSY_MS = 15_000
_ASK_EVERY_STEPS = 10_000  # of SQLite's virtual machine: some tenths of a ms
_log = logging.getLogger("leads.store")


class StoreDown(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """The database cannot be reached or used now; the same write may succeed later."""


def database_url(url: str) -> URL:
    """Return the SQLAlchemy URL for `sqlite:///path`, `postgres://…` or `postgresql://…`.

    Raises:
        ValueError: for any other scheme; the message holds no password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError("DATABASE_URL is not a URL: use postgresql://name:password@host:5432/database") from None
    backend = parsed.drivername.partition("+")[0]
    if backend in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        return parsed.set(drivername="sqlite")
    raise ValueError(f"DATABASE_URL begins with {backend}://: only postgresql:// and sqlite:/// can be used")


class Database:
    """Short transactions on one database, which is brought to the newest schema before the first of them."""

    def __init__(self, url: str, most_s: float = 10.0) -> None:
        """A transaction that reads alone is ended after `most_s`; on PostgreSQL each statement is, whatever it does."""
        self._url = database_url(url)
        self._ready = False
        self._deadlines: dict[int, float] = {}
        self._most_s = most_s
        self.is_shared = self._url.drivername != "sqlite"
        """Whether other instances may have it, too."""
        self.engine = _postgresql(self._url, most_s) if self.is_shared else _sqlite(self._url, self._is_late)

    @contextmanager
    def begin(self, *, read_only: bool = False) -> Iterator[Session]:
        """Yield a session in one transaction; commit at the end, roll back on any error.

        Raises:
            StoreDown: when the database, not the statement, is at fault.
        """
        try:
            self._prepare()
            options: dict[str, Any] = {"read_only": True} if read_only else {}
            if read_only:
                self._deadlines[threading.get_ident()] = time.monotonic() + self._most_s
            with (
                self.engine.connect().execution_options(**options) as connection,
                Session(connection, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session
        except (IntegrityError, DataError):
            raise
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            self._ready = False  # the file may have vanished or the server been rebuilt: migrate again
            self.engine.dispose()
            raise StoreDown(_reason(error)) from error
        finally:
            self._deadlines.pop(threading.get_ident(), None)

    def _is_late(self) -> bool:
        """Whether this thread's reading has taken too long; SQLite, which knows no such limit, asks while it works."""
        deadline = self._deadlines.get(threading.get_ident())
        return deadline is not None and time.monotonic() > deadline

    def _prepare(self) -> None:
        if self._ready:
            return
        try:
            upgrade(self.engine)
        except Exception as error:
            # Whatever stops a migration, records wait for its repair: they must not look like bad ones.
            self.engine.dispose()
            raise StoreDown(_reason(error)) from error
        self._ready = True

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def upgrade(engine: Engine) -> None:
    """Bring the schema up to date in one transaction; processes that start together take turns."""
    if engine.url.drivername == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # The transaction's own lock, not the session's: a pooler in front may swap sessions between statements.
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        revision = _revision(connection)
        if revision != HEAD:
            _migrate(connection, revision)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: Connection, revision: str | None) -> None:
    from alembic import command  # some 10 MB of memory, which a start without migrations does without
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        # After a rollback of the program. Migrations only add, so what this version knows is still there.
        _log.warning("the database has schema %s, newer than this program's %s: using it as it is", revision, HEAD)
        return
    command.upgrade(config, "head")


def _reason(error: Exception) -> str:
    origin = getattr(error, "orig", None) or error
    return f"{type(origin).__name__}: {' '.join(str(origin).split())}"[:300]


def _sqlite(url: URL, is_late: Callable[[], bool]) -> Engine:
    engine = create_engine(url, connect_args={"check_same_thread": False}, json_deserializer=orjson.loads)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, DDL included
        connection.set_progress_handler(is_late, _ASK_EVERY_STEPS)
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # what is erased is gone from the file, too
        connection.execute("PRAGMA synchronous=FULL")  # a lead outlives a power cut, at some ms a turn off the hub
        # An error here: another process is switching it at this moment, and the mode is the file's.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE: a transaction that reads, then writes, would otherwise fail at once when another has written.
        read_only = connection.get_execution_options().get("read_only")
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL, most_s: float) -> Engine:
    engine = create_engine(
        url,
        json_deserializer=orjson.loads,
        pool_pre_ping=True,
        pool_size=3,
        max_overflow=2,
        pool_timeout=10,
        pool_recycle=300,
        connect_args={
            "connect_timeout": 5,
            "keepalives_idle": 20,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
            "prepare_threshold": None,  # named statements break behind a transaction pooler
        },
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # SET LOCAL, not a start-up option: poolers refuse those.
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(most_s * 1000)}")
        if connection.get_execution_options().get("read_only"):
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    return engine
