"""How well the agent did, by Israel's day. A day that is over is summed up once and kept."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from heapq import nlargest
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.leads.calls.measured import Figures, figures_of
from app.leads.models import Call, Interruption, QualityDay, Turn
from app.leads.queries import percentile
from app.leads.questions.paging import time_of

ISRAEL = ZoneInfo("Asia/Jerusalem")
MOST_DAYS = 400
SETTLED_AFTER = timedelta(hours=3)
"""After its midnight a day's last calls may still be going on, or come late from a journal."""
_WORST = 20


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
    said = select(Turn.call_sid, Turn.number, Turn.caller_text).where(Turn.call_sid.in_(sids))
    words = {(sid, number): text for sid, number, text in session.execute(said)}
    return {
        "days": shown,
        "worst": [
            {**turn, "caller_text": words[turn["call_sid"], turn["number"]]}
            for turn in worst
            if (turn["call_sid"], turn["number"]) in words  # erased since
        ],
    }


def day_figures(session: Session, day: date) -> dict[str, Any]:
    """Return the figures of the calls that began on a day; tests are not counted."""
    start, end = _bounds(day)
    is_of_it = and_(Call.started_at >= start, Call.started_at < end, Call.channel == "call")
    query = select(Call.call_sid, Call.figures).where(is_of_it)
    calls: dict[str, Any] = dict(session.execute(query).all())
    calls |= _read(session, [sid for sid, figures in calls.items() if figures is None])
    steps: dict[str, list[float]] = {}
    verdicts: Counter[str] = Counter()
    for figures in calls.values():
        for step, values in figures["steps"].items():
            steps.setdefault(step, []).extend(values)
        verdicts.update(figures["verdicts"])
    return {
        "calls": len(calls),
        "turns": sum(figures["turns"] for figures in calls.values()),
        "steps": {
            step: {"count": len(values), "p50_ms": percentile(values, 0.5), "p95_ms": percentile(values, 0.95)}
            for step, values in steps.items()
        },
        "verdicts": dict(verdicts),
        "fallbacks": sum(figures["fallbacks"] for figures in calls.values()),
        "withdrawn": sum(figures["withdrawn"] for figures in calls.values()),
        "worst": _slowest(calls),
    }


def _slowest(calls: Mapping[str, Figures]) -> list[dict[str, Any]]:
    """Return the slowest answers; they are in as many calls at most, those whose slowest is."""
    slowest = {sid: max((answer["answer_ms"] for answer in one["answers"]), default=0) for sid, one in calls.items()}
    sids = nlargest(_WORST, slowest, key=slowest.__getitem__)
    answers = ({"call_sid": sid, **answer} for sid in sids for answer in calls[sid]["answers"])
    return nlargest(_WORST, answers, key=itemgetter("answer_ms"))


def _read(session: Session, sids: list[str]) -> dict[str, Figures]:
    """Return the figures of calls that are not summed up, which go on or ended under an older version."""
    if not sids:
        return {}
    columns = (Turn.call_sid, Turn.number, Turn.at, Turn.latencies_ms, Turn.timing)
    turns: dict[str, list[Any]] = {}
    for turn in session.execute(select(*columns).where(Turn.call_sid.in_(sids)).order_by(Turn.number)):
        turns.setdefault(turn.call_sid, []).append(turn)
    verdicts: dict[str, list[str]] = {}
    cut = select(Interruption.call_sid, Interruption.verdict).where(Interruption.call_sid.in_(sids))
    for sid, verdict in session.execute(cut):
        verdicts.setdefault(sid, []).append(verdict)
    return {sid: figures_of(turns.get(sid, ()), verdicts.get(sid, ())) for sid in sids}


def next_unsettled(session: Session, now: datetime) -> date | None:
    """Return the oldest day with calls that is over and not summed up yet."""
    last = (now - SETTLED_AFTER).astimezone(ISRAEL).date() - timedelta(days=1)
    newest = session.scalar(select(func.max(QualityDay.day)))
    first_call = select(func.min(Call.started_at))
    if newest:
        first_call = first_call.where(Call.started_at >= _bounds(date.fromisoformat(newest))[1])
    oldest = session.scalar(first_call)
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
