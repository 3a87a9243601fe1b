"""A store as half a year of calls leaves it: what the bench of the operators' pages reads."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import insert

from app.leads.attention import bring_up_to_date
from app.leads.calls.folding import backwards
from app.leads.calls.measured import figures_of
from app.leads.calls.summing import letters
from app.leads.database import Database
from app.leads.models import Base, Call, CallText, Delivery, Interruption, Lead, Slot, Turn

DAYS = 180
TURNS = 5
SLICE_CALLS = 1000
AREAS = ("חולון", "רעננה", "תל אביב", "חיפה", "באר שבע", "מודיעין", "כפר סבא", "נתניה")
WORDS = ("אני", "מחפש", "דירה", "שלושה", "חדרים", "עד", "שני", "מיליון", "בעוד", "חודשיים", "להשקעה", "קומה", "מעלית")
RARE = "פנטהאוז"
AGENT = "תודה רבה. כמה חדרים אתם צריכים בדירה החדשה?"


def fill(database: Database, calls: int, now: datetime) -> None:
    """Store so many calls, evenly over half a year up to `now`."""
    dice = random.Random(7)
    with database.begin() as session:
        session.connection()
    for start in range(0, calls, SLICE_CALLS):
        rows: dict[type[Base], list[dict[str, Any]]] = {
            table: [] for table in (Call, Turn, Interruption, Slot, CallText, Lead, Delivery)
        }
        for number in range(start, min(start + SLICE_CALLS, calls)):
            for table, row in _call(number, calls, now, dice):
                rows[table].append(row)
        with database.begin() as session:
            for table, values in rows.items():
                if values:
                    session.execute(insert(table), values)


def _call(number: int, calls: int, now: datetime, dice: random.Random) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    sid = f"CA{number:032x}"
    at = now - timedelta(days=DAYS) * (calls - number) / calls
    caller = f"+97250{number % 10_000_000:07d}"
    answer_ms = dice.randint(500, 1800)
    said = [" ".join(dice.choices(WORDS, k=6)) for _ in range(TURNS)]
    if number % 5000 == 0:
        said[0] += f" {RARE}"
    turns = [_turn(sid, turn, words, at, answer_ms) for turn, words in enumerate(said, start=1)]
    yield from ((Turn, turn) for turn in turns)
    is_cut = number % 5 == 0
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
            "figures": {**figures_of([SimpleNamespace(**turn) for turn in turns], ["floor"] * is_cut)},
            "was_interrupted": is_cut,
            "had_fault": number % 997 == 0,
            "was_slow": number % 50 == 0,
        },
    )
    if is_cut:
        heard = {"number": 1, "turn": 2, "reply": 3, "clear_at_ms": 9000, "heard_ms": 800, "verdict": "floor"}
        yield Interruption, {"call_sid": sid, "at": at, "words": said[0], **heard}
    area = AREAS[number % len(AREAS)]
    for name, value in (("area", [area]), ("budget_max", 2_000_000), ("name", "דנה כהן")):
        yield Slot, {"call_sid": sid, "slot": name, "value": {"value": value}, "turn": 1, "at": at, "quote": said[0]}
    yield CallText, {"call_sid": sid, "words": letters(" ".join([*said, AGENT]))}
    if number % 10 < 6:
        yield from _lead(number, sid, caller, at, said)


def _turn(sid: str, number: int, words: str, at: datetime, answer_ms: int) -> dict[str, Any]:
    segments = {"endpointing": 380, "asr": 120, "llm": 200, "sentence": 20, "tts": answer_ms - 720}
    timing = {"answer_ms": answer_ms, "segments": segments, "withdrawn": 0, "stt_source": "final"}
    return {
        "call_sid": sid,
        "number": number,
        "at": at + timedelta(seconds=10 * number),
        "caller_text": words,
        "agent_text": AGENT,
        "agent_heard": AGENT,
        "latencies_ms": {"asr": 120.0, "voice_to_voice": float(answer_ms)},
        "timing": {**timing, "line_source": "llm", "speech_from": 0, "speech_to": 1500, "eou": 1880},
    }


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
