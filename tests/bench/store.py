"""`python -m tests.bench.store`: how long the operators' pages take with 100,000 calls stored.

On SQLite, and on PostgreSQL where its binaries are (or on the empty database named by `--url` alone). A page is asked
for as a browser does and drawn as the server does; its question to the store is timed apart. Nothing here is a test.
"""

import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
from sqlalchemy import select, text

from app.leads.database import Database
from app.leads.models import Call, Lead
from app.leads.questions import QUESTIONS
from app.leads.upkeep.sweeping import SLICE, Keep, Sweep
from app.web import clock
from tests.bench.filling import DAYS, RARE, fill
from tests.leads.postgres import Postgres, binaries
from tests.web.clients import Visitor
from tests.web.fake_office import FakeOffice

ASKED = 20
P95_MS = 100.0
"""A page of the console may take this long altogether (C17)."""


class StoredOffice(FakeOffice):
    """An office whose store is a database, asked as the store child asks it; the time it took is kept."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.store_ms = 0.0
        self._database = database

    def question(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Ask the database."""
        started = time.perf_counter()
        with self._database.begin(read_only=True) as session:
            answer = QUESTIONS[name](session, **arguments)
        self.store_ms += (time.perf_counter() - started) * 1000
        return answer

    def today(self, since: str, until: str) -> dict[str, Any]:
        return self.question("today", since=since, until=until)

    def calls(self, *_: Any, **question: Any) -> dict[str, Any]:
        return self.question("calls", **question)

    def call(self, call_sid: str) -> dict[str, Any]:
        return self.question("call", call_sid=call_sid)

    def leads(self, *_: Any, **question: Any) -> dict[str, Any]:
        return self.question("leads", **question)

    def lead(self, lead_id: int) -> dict[str, Any]:
        return self.question("lead", lead_id=lead_id)

    def quality(self, since: str, until: str) -> dict[str, Any]:
        return self.question("quality", since=since, until=until)

    def actions(self, limit: int = 100) -> list[dict[str, Any]]:
        return list(self.question("actions", limit=limit)["actions"])

    def retention(self) -> list[dict[str, Any]]:
        oldest = self.question("retention")["oldest"]
        return [{"kind": kind, "keep": "30 days", "oldest": at, "count": None} for kind, at in oldest.items()]

    def store_status(self) -> dict[str, Any]:
        return {**self.question("store_status"), "unconfirmed": 0}


@dataclass(frozen=True, slots=True)
class Timed:
    """One page, asked for again and again: its whole time, and the store's part of it, in ms and in order."""

    label: str
    page_ms: list[float]
    store_ms: list[float]


def ask(database: Database, now: datetime, asked: int = ASKED) -> Iterator[Timed]:
    """Ask for every kind of page `asked` times, and time each."""
    month = now - timedelta(days=30)
    with database.begin(read_only=True) as session:
        sid = session.scalar(select(Call.call_sid).order_by(Call.started_at.desc()).offset(500).limit(1))
        lead_id = session.scalar(select(Lead.id).order_by(Lead.id.desc()).limit(1))
        deep = QUESTIONS["calls"](session, until=month.isoformat(), limit=50)["next"]
        deep_leads = QUESTIONS["leads"](session, until=month.isoformat(), limit=50)["next"]
    week = {"from": (month - timedelta(days=7)).date().isoformat(), "to": month.date().isoformat()}
    day = {**week, "from": week["to"]}
    calls: tuple[tuple[str, dict[str, Any]], ...] = (
        ("first page", {}),
        ("a month back", {"before": deep}),
        ("by outcome", {"outcome": "abuse"}),
        ("by flag", {"flag": "fault"}),
        ("by flag and outcome", {"flag": "fault", "outcome": "abuse"}),
        ("of a week", week),
        ("by a number's end", {"q": "4567"}),
        ("by a whole number", {"q": "050-0012345"}),
        ("by a rare word", {"q": RARE}),
        ("by a common word", {"q": "מחפש"}),
        ("by two common words", {"q": "דירה מעלית"}),
        ("by a common word in a week", {"q": "מחפש", **week}),
        ("by a common word and a flag", {"q": "מחפש", "flag": "fault"}),
    )
    leads: tuple[tuple[str, dict[str, Any]], ...] = (
        ("first page", {}),
        ("a month back", {"before": deep_leads}),
        ("undelivered", {"status": "undelivered"}),
        ("to be called back", {"status": "call_back"}),
        ("by a number's end", {"q": "4567"}),
        ("by a rare word", {"q": RARE}),
        ("by a common word", {"q": "מחפש"}),
        ("new, by a common word", {"q": "מחפש", "status": "new"}),
    )
    pages = (
        ("today", "/console"),
        *((f"calls, {label}", f"/console/calls?{urlencode(query)}") for label, query in calls),
        ("one call", f"/console/calls/{sid}"),
        *((f"leads, {label}", f"/console/leads?{urlencode(query)}") for label, query in leads),
        ("one lead", f"/console/leads/{lead_id}"),
        ("CSV of a day", f"/console/leads.csv?{urlencode(day)}"),
        ("quality, today", "/console/quality?days=1"),
        ("quality, a month", "/console/quality?days=30"),
        ("system", "/console/system"),
    )
    office = StoredOffice(database)
    visitor = Visitor(office)
    for label, path in pages:
        page_ms: list[float] = []
        store_ms: list[float] = []
        for _ in range(asked):
            office.store_ms = 0.0
            started = time.perf_counter()
            answer = visitor.get(path)
            page_ms.append((time.perf_counter() - started) * 1000)
            store_ms.append(office.store_ms)
            assert answer.status_code == 200, (path, answer.status_code)
        yield Timed(label, sorted(page_ms), sorted(store_ms))


def settle(database: Database, now: datetime) -> None:
    """Do what the store child's sweep has done long ago in such a store."""
    sweep = Sweep(database, Keep(), lambda: now)
    while sweep.sum_up_day() >= SLICE:
        pass


def measure(url: str, calls: int) -> None:
    """Fill a store, and print a line a page."""
    # The worst there is: today's calls are all there, up to midnight, and neither yesterday nor today is summed up.
    midnight, now = clock.bounds(datetime.now(UTC).astimezone(clock.ISRAEL).date())
    database = Database(url, 60.0)
    started = time.perf_counter()
    fill(database, calls, now)
    filled_s = time.perf_counter() - started
    started = time.perf_counter()
    settle(database, midnight)
    with database.begin() as session:
        session.execute(text("ANALYZE"))
    kind = database.engine.dialect.name
    settled_s = time.perf_counter() - started
    click.echo(f"{kind}: {calls} calls filled in {filled_s:.0f} s; {DAYS} days settled in {settled_s:.1f} s")
    click.echo(f"{'page':36} {'p50 ms':>8} {'p95 ms':>8} {'store p50':>10} {'p95':>8}   (a page: p95 ≤ {P95_MS:g} ms)")
    gc.collect()
    gc.freeze()  # as worker and store child do: this process's imports are not what a page is to be stopped for
    for timed in ask(database, now):
        p50, p95 = (timed.page_ms[_rank(part)] for part in (0.5, 0.95))
        store_p50, store_p95 = (timed.store_ms[_rank(part)] for part in (0.5, 0.95))
        late = "  !" if p95 > P95_MS else ""
        click.echo(f"{timed.label:36} {p50:8.1f} {p95:8.1f} {store_p50:10.1f} {store_p95:8.1f}{late}")
    database.close()


def _rank(part: float) -> int:
    return max(0, -(-ASKED * round(part * 100) // 100) - 1)


@click.command()
@click.option("--calls", default=100_000, show_default=True)
@click.option("--url", default="", help="An empty PostgreSQL database, to be measured alone.")
@click.option("--only", type=click.Choice(["sqlite", "postgresql"]), help="Measure one of the two.")
def main(calls: int, url: str, only: str | None) -> None:
    """Fill a store of each kind, and time the pages."""
    if url:
        measure(url, calls)
        return
    with ExitStack() as stack:
        if only != "postgresql":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-store-"))
            measure(f"sqlite:///{Path(folder)}/agent.db", calls)
        if only == "sqlite":
            return
        programs = binaries()
        if programs is None:
            click.echo("postgresql: not measured, its server is not installed here: apt-get install postgresql")
            return
        server = Postgres(programs)
        stack.callback(server.close)
        measure(server.database(), calls)


if __name__ == "__main__":
    main()
