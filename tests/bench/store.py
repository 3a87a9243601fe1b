"""`python -m tests.bench.store`: how long the operators' questions take with 100,000 calls stored.

On SQLite, or on the PostgreSQL named by `--url` (an empty database). Each question is asked twenty times, as the store
child asks it; nothing here is a test.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import insert, select, text

from app.leads.attention import bring_up_to_date
from app.leads.database import Database
from app.leads.folding import backwards
from app.leads.models import Base, Call, CallText, Delivery, Interruption, Lead, Slot, Turn
from app.leads.questions import QUESTIONS
from app.leads.summing import letters
from app.leads.upkeep.sweeping import SLICE, Keep, Sweep

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
DAYS = 180
TURNS = 5
SLICE_CALLS = 1000
AREAS = ("חולון", "רעננה", "תל אביב", "חיפה", "באר שבע", "מודיעין", "כפר סבא", "נתניה")
WORDS = ("אני", "מחפש", "דירה", "שלושה", "חדרים", "עד", "שני", "מיליון", "בעוד", "חודשיים", "להשקעה", "קומה", "מעלית")
AGENT = "תודה רבה. כמה חדרים אתם צריכים בדירה החדשה?"
ASKED = 20
P95_MS = 100.0
"""A page of the console may take this long altogether."""


def fill(database: Database, calls: int) -> None:
    """Store so many calls, evenly over half a year up to `NOW`."""
    dice = random.Random(7)
    with database.begin() as session:
        session.connection()
    for start in range(0, calls, SLICE_CALLS):
        rows: dict[type[Base], list[dict[str, Any]]] = {
            table: [] for table in (Call, Turn, Interruption, Slot, CallText, Lead, Delivery)
        }
        for number in range(start, min(start + SLICE_CALLS, calls)):
            for table, row in _call(number, calls, dice):
                rows[table].append(row)
        with database.begin() as session:
            for table, values in rows.items():
                if values:
                    session.execute(insert(table), values)


def ask(database: Database, day: datetime) -> Iterator[tuple[str, list[float], list[float]]]:
    """Ask everything; yield each question's name, its times in ms, and this thread's own share of each.

    The share tells what a question costs on a machine that is busy with other things; of PostgreSQL's work it is none.
    """
    since, until = (day - timedelta(days=1)).isoformat(), day.isoformat()
    month = (day - timedelta(days=30)).isoformat()
    with database.begin(read_only=True) as session:
        sid = session.scalar(select(Call.call_sid).order_by(Call.started_at.desc()).offset(500).limit(1))
        lead_id = session.scalar(select(Lead.id).order_by(Lead.id.desc()).limit(1))
        deep = QUESTIONS["calls"](session, until=month, limit=50)["next"]
    questions: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("today", "today", {"since": since, "until": until}),
        ("calls, first page", "calls", {}),
        ("calls, a page a month back", "calls", {"before": deep}),
        ("calls by outcome", "calls", {"outcome": "abuse"}),
        ("calls by flag", "calls", {"flag": "fault"}),
        ("calls by a number's end", "calls", {"number": "4567"}),
        ("calls by a whole number", "calls", {"number": "050-0012345"}),
        ("calls by a rare word", "calls", {"words": "פנטהאוז"}),
        ("calls by a common word", "calls", {"words": "מחפש"}),
        ("one call", "call", {"call_sid": sid}),
        ("leads, first page", "leads", {}),
        ("leads, undelivered", "leads", {"status": "undelivered"}),
        ("leads, to be called back", "leads", {"status": "call_back"}),
        ("leads, a page of the CSV", "leads", {"limit": 200}),
        ("one lead", "lead", {"lead_id": lead_id}),
        ("quality, a month", "quality", {"since": month, "until": until}),
        ("store status", "store_status", {}),
        ("retention", "retention", {}),
        ("latencies (command line)", "latencies", {}),
    )
    for label, name, arguments in questions:
        took: list[float] = []
        own: list[float] = []
        for _ in range(ASKED):
            started, own_started = time.perf_counter(), time.thread_time()
            with database.begin(read_only=True) as session:
                QUESTIONS[name](session, **arguments)
            took.append((time.perf_counter() - started) * 1000)
            own.append((time.thread_time() - own_started) * 1000)
        yield label, sorted(took), sorted(own)


@click.command()
@click.option("--calls", default=100_000, show_default=True)
@click.option("--url", default="", help="An empty PostgreSQL database; else a SQLite file is made.")
def main(calls: int, url: str) -> None:
    """Fill a store, and print a line a question."""
    with tempfile.TemporaryDirectory(prefix="bench-store-") as folder:
        database = Database(url or f"sqlite:///{Path(folder)}/agent.db", 60.0)
        started = time.perf_counter()
        fill(database, calls)
        filled_s = time.perf_counter() - started
        sweep = Sweep(database, Keep(), lambda: NOW)
        started = time.perf_counter()
        while sweep.sum_up_day() >= SLICE:
            pass
        days_s = time.perf_counter() - started
        with database.begin() as session:
            session.execute(text("ANALYZE"))
        kind = database.engine.dialect.name
        click.echo(f"{kind}: {calls} calls filled in {filled_s:.0f} s; {DAYS} days summed up in {days_s:.1f} s")
        click.echo(f"{'question':30} {'p50 ms':>8} {'p95 ms':>8} {'own p50':>8}   (a whole page: p95 ≤ {P95_MS:g} ms)")
        for label, took, own in ask(database, NOW):
            p50, p95, own_p50 = took[ASKED // 2 - 1], took[ASKED * 95 // 100 - 1], own[ASKED // 2 - 1]
            click.echo(f"{label:30} {p50:8.1f} {p95:8.1f} {own_p50:8.1f}{'  !' if p95 > P95_MS else ''}")
        database.close()


def _call(number: int, calls: int, dice: random.Random) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    sid = f"CA{number:032x}"
    at = NOW - timedelta(days=DAYS) * (calls - number) / calls
    caller = f"+97250{number % 10_000_000:07d}"
    answer_ms = dice.randint(500, 1800)
    is_fault = number % 997 == 0
    yield (
        Call,
        {
            "call_sid": sid,
            "from_number": caller,
            "from_backwards": backwards(caller),
            "to_number": "+972770000000",
            "started_at": at,
            "last_activity_at": at,
            "ended_at": at,
            "outcome": "abuse" if number % 499 == 0 else "confirmed",
            "facts": {"summary": "דירה"},
            "state": {"slots": {"area": [AREAS[number % len(AREAS)]]}, "history": [AGENT] * TURNS},
            "turn_count": TURNS,
            "answer_p50_ms": answer_ms,
            "was_interrupted": number % 5 == 0,
            "had_fault": is_fault,
            "was_slow": number % 50 == 0,
        },
    )
    said = [" ".join(dice.choices(WORDS, k=6)) for _ in range(TURNS)]
    if number % 5000 == 0:
        said[0] += " פנטהאוז"
    for turn, words in enumerate(said, start=1):
        segments = {"endpointing": 380, "asr": 120, "llm": 200, "sentence": 20, "tts": answer_ms - 720}
        timing = {"answer_ms": answer_ms, "segments": segments, "withdrawn": 0, "stt_source": "final"}
        yield (
            Turn,
            {
                "call_sid": sid,
                "number": turn,
                "at": at + timedelta(seconds=10 * turn),
                "caller_text": words,
                "agent_text": AGENT,
                "agent_heard": AGENT,
                "latencies_ms": {"asr": 120.0, "voice_to_voice": float(answer_ms)},
                "timing": {**timing, "line_source": "llm", "speech_from": 0, "speech_to": 1500, "eou": 1880},
            },
        )
    if number % 5 == 0:
        heard = {"number": 1, "turn": 2, "reply": 3, "clear_at_ms": 9000, "heard_ms": 800, "verdict": "floor"}
        yield Interruption, {"call_sid": sid, "at": at, "words": said[0], **heard}
    area = AREAS[number % len(AREAS)]
    for name, value in (("area", [area]), ("budget_max", 2_000_000), ("name", "דנה כהן")):
        yield Slot, {"call_sid": sid, "slot": name, "value": {"value": value}, "turn": 1, "at": at, "quote": said[0]}
    yield CallText, {"call_sid": sid, "words": letters(" ".join([*said, AGENT]))}
    if number % 10 < 6:
        yield from _lead(number, sid, caller, at, said)


def _lead(
    number: int, sid: str, caller: str, at: datetime, said: list[str]
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    slots = {"area": {"value": [AREAS[number % len(AREAS)]], "quote": said[0], "turn": 1, "confirmed": False}}
    payload = {
        "call": {"sid": sid, "channel": "call", "outcome": "confirmed", "recording_url": None},
        "contact": {"name": "דנה כהן", "phone": caller, "phone_confirmed": True},
        "slots": slots,
        "owner": False,
        "wants_human": number % 100 == 0,
        "transfer": None,
        "call_back": None,
        "whatsapp_requested": False,
        "whatsapp_not_sent": None,
        "summary": "דירה",
        "transcript": [{"turn": turn, "caller": words, "agent": AGENT} for turn, words in enumerate(said, start=1)],
    }
    lead = Lead(payload=payload, status="handled" if number % 200 else "new")
    bring_up_to_date(lead)
    is_stuck = number % 1000 == 0
    yield (
        Lead,
        {
            "id": number + 1,
            "call_sid": sid,
            "idempotency_key": f"lead-{sid}",
            "payload": payload,
            "created_at": at,
            "channel": lead.channel,
            "contact_backwards": lead.contact_backwards,
            "status": lead.status,
            "needs_attention": is_stuck,
        },
    )
    yield (
        Delivery,
        {
            "lead_id": number + 1,
            "channel": "webhook",
            "target": "https://office.example",
            "state": "failed_permanently" if is_stuck else "delivered",
            "attempts": 1,
            "created_at": at,
            "updated_at": at,
        },
    )


if __name__ == "__main__":
    main()
