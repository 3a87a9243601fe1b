"""`python -m tests.bench.records`: what several instances' calls are to one PostgreSQL.

Each instance is its own store child, as the worker runs it (`app.leads`), and tells it what calls tell: what a real
dialog and ledger write of a talk of four turns, its interruption, its end. The turns of all calls together come at a
rate, then at a higher one, until the children no longer keep up: a record confirmed within 250 ms in 99 of 100 is in
time, for nobody on the line waits for it. Leads go to a webhook here. Nothing here is a test.
"""

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import astuple, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ParamSpec

import click
import numpy as np
import psycopg

from app.call.shell.ledger import Ledger
from app.dialog.dialog import Dialog, DialogSettings
from app.leads.childconfig import VARIABLE, StoreChildConfig
from app.leads.records import CallServed, CallUsed, InterruptionSaved, Record
from app.sidecar.wire import Op, Unpacker, pack
from tests.bench.processes import core_busy_s, descendants, usage
from tests.emulators.http_server import Request, Response, start_http
from tests.leads.postgres import Postgres, binaries

P = ParamSpec("P")
SAID = ("אני מחפש דירה ברעננה", "שלושה חדרים", "עד שני מיליון", "תוך חודשיים")
ANSWER_S = 0.75
CALL_S = 26.0
"""A turn every 6.5 s, as in the capacity curve."""
CONFIRMED_MS = 250.0
STATEMENTS = "SELECT xact_commit, (SELECT wal_sync FROM pg_stat_wal) FROM pg_stat_database WHERE datname = %s"
Moment = tuple[float, dict[str, Any]]
"""When in a call (s), and the record."""


class Script:
    """What one call tells the store, and when; as `leads.client.LeadStore` hears it."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self._at_s = 0.0
        ledger = Ledger(self, "CA")
        dialog = Dialog(DialogSettings(), date(2026, 11, 22), "+972501234567")
        now = datetime.now(UTC)
        ledger.save("started", {"stream_sid": "MZ", "caller": "+972501234567", "callee": "+972770000000"})
        self.tell(CallServed, call_sid="CA", clock0_at=now, instance="bench", app_version="bench", engines={})
        ledger.save("planned", {"turn": 0, "plan": dialog.greet(), "state": dialog.state})
        for turn, text in enumerate(SAID, start=1):
            self._at_s = CALL_S * turn / (len(SAID) + 1)
            plan = dialog.hear(text)
            ledger.save("heard", {"turn": turn, "text": text, "plan": plan, "state": dialog.state})
            ledger.timed(turn, {"speech_from": 1000, "speech_to": 2400, "answer_ms": 730, "first_heard": 3130})
            self._at_s += ANSWER_S
            ledger.save("said", {"turn": turn, "text": plan.line, "heard": plan.line})
            if turn == 2:
                spoken_over = {"number": 1, "turn": turn, "reply": 3, "clear_at_ms": 9000, "heard_ms": 800}
                self.tell(InterruptionSaved, call_sid="CA", verdict="floor", **spoken_over)
        self._at_s = CALL_S
        ledger.save("ended", {"outcome": dialog.hung_up(), "reason": "stop"})
        self.tell(CallUsed, call_sid="CA", usage={"stt_ms": 9000, "llm_calls": 4, "tts_chars": 300})

    def tell(self, kind: Callable[P, Record], /, *args: P.args, **fields: P.kwargs) -> None:
        """Keep a record."""
        self.moments.append((self._at_s, kind(*args, **fields).model_dump(mode="json")))


@dataclass
class Child:
    """One instance's store child, and how long its records took to be confirmed (ms)."""

    process: subprocess.Popen[bytes]
    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader
    waiting: dict[int, float] = field(default_factory=dict)
    took_ms: list[float] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    refused: int = 0
    number: int = 0

    def tell(self, record: dict[str, Any]) -> None:
        """Send a record."""
        self.number += 1
        self.waiting[self.number] = time.monotonic()
        request = {"service": "store", "record": record}
        self.writer.write(pack(self.number, Op.OPEN, json.dumps(request, ensure_ascii=False).encode()))

    async def listen(self) -> None:
        """Hear what is confirmed."""
        unpacker = Unpacker()
        while data := await self.reader.read(65536):
            for number, op, payload in unpacker.feed(data):
                if number == 0:
                    self.ready.set()
                elif op in (Op.END, Op.ERROR):
                    self.took_ms.append((time.monotonic() - self.waiting.pop(number)) * 1000)
                    self.refused += op is Op.ERROR or b"journaled" in payload


async def _child(config: StoreChildConfig) -> Child:
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-m", "app.leads", str(theirs.fileno())],
        pass_fds=(theirs.fileno(),),
        env={**os.environ, VARIABLE: config.model_dump_json()},
        stderr=subprocess.DEVNULL,  # a line for each lead and each delivery
    )
    theirs.close()
    reader, writer = await asyncio.open_connection(sock=ours)
    return Child(process, writer, reader)


class Receiver:
    """The office's side of the lead webhook."""

    def __init__(self) -> None:
        self.leads = 0
        self.url = ""

    async def start(self) -> None:
        """Serve."""
        _, port = await start_http(self._take, 0)
        self.url = f"http://127.0.0.1:{port}/"

    async def _take(self, _: Request, response: Response) -> None:
        self.leads += 1
        await response.send_json({})


@dataclass(frozen=True)
class Step:
    """What one rate came to; times in ms, the others a second."""

    turns: float
    records: float
    p50_ms: float
    p99_ms: float
    waiting: int
    commits: float
    syncs: float
    leads: float
    children_percent: float
    postgres_percent: float
    connections: int
    busy_percent: float

    @property
    def is_in_time(self) -> bool:
        """Whether the store keeps up."""
        return self.p99_ms <= CONFIRMED_MS


COLUMNS = (
    *("turns/s", "records/s", "p50 ms", "p99 ms", "waiting", "commits/s", "syncs/s", "leads/s"),
    *("children %", "postgres %", "connections", "machine %"),
)


def row(step: Step) -> str:
    """Return a line of the table."""
    return "".join(f"{cell:>12.0f}" for cell in astuple(step)) + ("" if step.is_in_time else "  late")


class Load:
    """Instances and their one database."""

    def __init__(self, children: list[Child], server: Postgres, url: str, receiver: Receiver) -> None:
        self._children, self._server, self._receiver = children, server, receiver
        self._moments = Script().moments
        self._connection = psycopg.connect(url, autocommit=True)
        self._name = url.rpartition("/")[2]
        self._calls = 0
        self._postmaster = server.pid()

    async def step(self, turns_per_s: float, seconds: float) -> Step:
        """Let calls come so often that so many turns a second are told, and measure while they do."""
        started = asyncio.create_task(self._calls_at(turns_per_s / len(SAID), CALL_S + seconds))
        await asyncio.sleep(CALL_S)  # until as many calls end as begin
        for child in self._children:
            child.took_ms.clear()
        before = self._look()
        await asyncio.sleep(seconds)
        after = self._look()
        started.cancel()
        took = np.concatenate([np.asarray(child.took_ms) for child in self._children])
        each = (now - then for now, then in zip(after, before, strict=True))
        at_s, commits, syncs, leads, children_s, postgres_s, busy_s = each
        return Step(
            turns=turns_per_s,
            records=len(took) / at_s,
            p50_ms=float(np.percentile(took, 50)),
            p99_ms=float(np.percentile(took, 99)),
            waiting=sum(len(child.waiting) for child in self._children),
            commits=commits / at_s,
            syncs=syncs / at_s,
            leads=leads / at_s,
            children_percent=100 * children_s / at_s,
            postgres_percent=100 * postgres_s / at_s,
            connections=len(descendants(self._postmaster)),
            busy_percent=100 * busy_s / at_s,
        )

    def _look(self) -> tuple[float, ...]:
        found = self._connection.execute(STATEMENTS, (self._name,)).fetchone()
        assert found
        children_s = usage(child.process.pid for child in self._children).cpu_s
        postgres_s = usage([self._postmaster, *descendants(self._postmaster)]).cpu_s
        busy_s = sum(core_busy_s(core) for core in os.sched_getaffinity(0))
        return (time.monotonic(), *map(float, found), float(self._receiver.leads), children_s, postgres_s, busy_s)

    async def _calls_at(self, calls_per_s: float, seconds: float) -> None:
        """Begin calls evenly; each tells its moments in its own time."""
        began_s = time.monotonic()
        telling: set[asyncio.Task[None]] = set()
        try:
            for number in range(int(calls_per_s * seconds)):
                await asyncio.sleep(max(0.0, began_s + number / calls_per_s - time.monotonic()))
                self._calls += 1
                child = self._children[self._calls % len(self._children)]
                telling.add(asyncio.create_task(self._tell(child, self._calls)))
            await asyncio.sleep(seconds)
        finally:
            for task in telling:
                task.cancel()

    async def _tell(self, child: Child, number: int) -> None:
        began_s = time.monotonic() + random.random() * 0.01
        for at_s, record in self._moments:
            await asyncio.sleep(max(0.0, began_s + at_s - time.monotonic()))
            child.tell({**record, "call_sid": f"CA{number:032x}", "at": datetime.now(UTC).isoformat()})


def _configs(instances: int, url: str, folder: Path, webhook_url: str) -> Iterator[StoreChildConfig]:
    for number in range(instances):
        home = folder / str(number)
        yield StoreChildConfig(
            database_url=url, journal_folder=home / "journal", webhook_url=webhook_url, data_folder=home
        )


async def measure(server: Postgres, instances: int, rates: list[float], seconds: float) -> None:
    """Print a line a rate, until the store is late."""
    receiver, url = Receiver(), server.database()
    await receiver.start()
    with tempfile.TemporaryDirectory(prefix="bench-records-") as folder:
        children = [await _child(config) for config in _configs(instances, url, Path(folder), receiver.url)]
        listening = [asyncio.create_task(child.listen()) for child in children]
        try:
            for child in children:
                await child.ready.wait()
            load = Load(children, server, url, receiver)
            click.echo("".join(f"{label:>12}" for label in COLUMNS))
            for rate in rates:
                step = await load.step(rate, seconds)
                click.echo(row(step))
                if not step.is_in_time:
                    break
        finally:
            for task in listening:
                task.cancel()
            for child in children:
                child.process.kill()
                child.process.wait()
    click.echo(f"{sum(child.refused for child in children)} records had to wait in a journal or were refused")


@click.command()
@click.option("--instances", default=3, show_default=True, help="Store children on the one database.")
@click.option("--turns", default="25,50,100,150,200", show_default=True, help="Turns a second of all calls together.")
@click.option("--seconds", default=10.0, show_default=True, help="Length of each measurement.")
def main(instances: int, turns: str, seconds: float) -> None:
    """Find out how many calls' records one PostgreSQL takes."""
    programs = binaries()
    if programs is None:
        raise click.ClickException("PostgreSQL's server is not installed here: apt-get install postgresql")
    with ExitStack() as stack:
        server = Postgres(programs, syncs=True)
        stack.callback(server.close)
        asyncio.run(measure(server, instances, [float(rate) for rate in turns.split(",")], seconds))


if __name__ == "__main__":
    main()
