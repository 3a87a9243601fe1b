"""How well the agent did, by Israel's day. A day that is over is summed up once and kept."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.leads.models import Call, Interruption, QualityDay, Turn
from app.leads.queries import percentile
from app.leads.questions.paging import time_of
from app.leads.summing import answer_ms

ISRAEL = ZoneInfo("Asia/Jerusalem")
MOST_DAYS = 400
SETTLED_AFTER = timedelta(hours=3)
"""After its midnight a day's last calls may still be going on, or come late from a journal."""
_WORST = 20
_OLD_STEPS = {"endpointing": "endpointing", "asr": "asr", "llm_first_token": "sentence", "tts_first_byte": "tts"}


def quality(session: Session, since: str, until: str) -> dict[str, Any]:
    """Return each day's figures and the worst turns; see `app.office.Records.quality`."""
    first, last = time_of(since), time_of(until)
    days = list(_days(first, last))[-MOST_DAYS:]
    kept = select(QualityDay).where(QualityDay.day.between(days[0].isoformat(), days[-1].isoformat())) if days else None
    known = {row.day: row.figures for row in session.scalars(kept)} if kept is not None else {}
    shown = []
    for day in days:
        figures = known.get(day.isoformat()) or day_figures(session, day)
        if figures["turns"] or figures["calls"]:
            shown.append({"day": day.isoformat(), **figures})
    worst = sorted((turn for day in shown for turn in day.pop("worst")), key=lambda turn: -turn["answer_ms"])[:_WORST]
    sids = [turn["call_sid"] for turn in worst]
    words = {
        (turn.call_sid, turn.number): turn.caller_text
        for turn in session.scalars(select(Turn).where(Turn.call_sid.in_(sids)))
    }
    return {
        "days": shown,
        "worst": [
            {**turn, "caller_text": words[turn["call_sid"], turn["number"]]}
            for turn in worst
            if (turn["call_sid"], turn["number"]) in words  # erased since
        ],
    }


def day_figures(session: Session, day: date) -> dict[str, Any]:
    """Return one day's figures, from its turns; tests are not counted."""
    start, end = _bounds(day)
    query = (
        select(Turn.call_sid, Turn.number, Turn.at, Turn.latencies_ms, Turn.timing)
        .join(Call, Call.call_sid == Turn.call_sid)
        .where(Turn.at >= start, Turn.at < end, Turn.number > 0, Call.channel == "call")
    )
    steps: dict[str, list[float]] = {}
    worst: list[dict[str, Any]] = []
    turns = fallbacks = withdrawn = 0
    for sid, number, at, latencies, timing in session.execute(query):
        turns += 1
        answer = answer_ms(timing, latencies)
        if timing is not None:
            withdrawn += timing["withdrawn"]
            fallbacks += timing["stt_source"] == "fallback" or timing["line_source"] == "late"
        if answer is None:
            continue  # nobody heard it: no answer
        worst.append({"call_sid": sid, "number": number, "at": at, "answer_ms": answer})
        measured = timing["segments"] if timing else {new: latencies.get(old) for old, new in _OLD_STEPS.items()}
        for step, value in {**measured, "answer": answer}.items():
            if value is not None:
                steps.setdefault(step, []).append(value)
    verdicts = session.execute(
        select(Interruption.verdict, func.count())
        .join(Call, Call.call_sid == Interruption.call_sid)
        .where(Interruption.at >= start, Interruption.at < end, Call.channel == "call")
        .group_by(Interruption.verdict)
    )
    calls = select(func.count()).where(Call.started_at >= start, Call.started_at < end, Call.channel == "call")
    worst.sort(key=lambda turn: -turn["answer_ms"])
    return {
        "calls": session.scalar(calls) or 0,
        "turns": turns,
        "steps": {
            step: {"count": len(values), "p50_ms": percentile(values, 0.5), "p95_ms": percentile(values, 0.95)}
            for step, values in steps.items()
        },
        "verdicts": {verdict or "none": count for verdict, count in verdicts},
        "fallbacks": fallbacks,
        "withdrawn": withdrawn,
        "worst": [{**turn, "at": turn["at"].isoformat()} for turn in worst[:_WORST]],
    }


def next_unsettled(session: Session, now: datetime) -> date | None:
    """Return the oldest day with turns that is over and not summed up yet."""
    last = (now - SETTLED_AFTER).astimezone(ISRAEL).date() - timedelta(days=1)
    newest = session.scalar(select(func.max(QualityDay.day)))
    first_turn = select(func.min(Turn.at))
    if newest:
        first_turn = first_turn.where(Turn.at >= _bounds(date.fromisoformat(newest))[1])
    oldest = session.scalar(first_turn)
    day = oldest.astimezone(ISRAEL).date() if oldest else None
    return day if day and day <= last else None


def _days(first: datetime, last: datetime) -> Iterator[date]:
    day = first.astimezone(ISRAEL).date()
    while _bounds(day)[0] < last:
        yield day
        day += timedelta(days=1)


def _bounds(day: date) -> tuple[datetime, datetime]:
    """Return where a day of Israel's begins and ends; it has 23 or 25 hours twice a year."""
    start = datetime.combine(day, time(), ISRAEL).astimezone(UTC)
    return start, datetime.combine(day + timedelta(days=1), time(), ISRAEL).astimezone(UTC)
