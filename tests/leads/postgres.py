"""A real PostgreSQL server for the tests, from the binaries of Debian's package."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest


def binaries() -> Path | None:
    """Return the folder of `initdb` and `postgres`, the newest version first."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    folders += [Path(found).resolve().parent] if found else []
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


class Postgres:
    """One cluster on a free loopback port, run by another user where the tests run as root (it refuses root)."""

    def __init__(self, folder: Path, *, syncs: bool = False) -> None:
        """`syncs`: what is committed lies on the disk, as in a real office; tests go without."""
        self._bin = folder
        self._fsync = "on" if syncs else "off"
        self._user = ("postgres" if _exists("postgres") else "nobody") if os.geteuid() == 0 else None
        self._home = Path(tempfile.mkdtemp(prefix="leads-postgres-"))
        if self._user:
            shutil.chown(self._home, self._user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._run("initdb", "-D", "data", "-U", "office", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
        self._databases = 0
        self.start()

    def start(self) -> None:
        """Start serving; returns when connections are accepted."""
        options = f"-p {self.port} -h 127.0.0.1 -c unix_socket_directories='' -c fsync={self._fsync}"
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")

    def pid(self) -> int:
        """Return the process that all of the server's are children of."""
        return int((self._home / "data" / "postmaster.pid").read_text().split()[0])

    def close(self) -> None:
        """Stop and remove everything."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def database(self) -> str:
        """Make an empty database and return its URL."""
        self._databases += 1
        name = f"t{self._databases}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def empty(self, url: str) -> None:
        """Leave nothing in a database but its tables and what they say of their schema's version.

        Who is still connected (children that a test killed, or left) is cut off first.
        """
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"{others} AND pid <> pg_backend_pid()")
            names = ", ".join(name for (name,) in connection.execute(tables))
            connection.execute(f"TRUNCATE {names} RESTART IDENTITY")

    @contextmanager
    def full(self, url: str) -> Iterator[None]:
        """Have a database take no more writes, as those who let servers do when its disk is full."""
        try:
            self._alter(url, "SET default_transaction_read_only = on")
            yield
        finally:
            self._alter(url, "RESET default_transaction_read_only")

    def _alter(self, url: str, setting: str) -> None:
        name = url.rpartition("/")[2]
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} {setting}")
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    def url(self, name: str) -> str:
        return f"postgresql://office@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._bin / program), *arguments],
            cwd=self._home,
            user=self._user,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )


@contextmanager
def running() -> Iterator[Postgres]:
    """Run a server; skip the test where there is none to run."""
    folder = binaries()
    if folder is None:
        pytest.skip("no PostgreSQL server binaries here: apt-get install postgresql to run these tests")
    server = Postgres(folder)
    yield server
    server.close()


def _exists(user: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
