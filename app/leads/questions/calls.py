"""Calls: a page of them, and one whole."""

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.leads.calls.ringing import counting_lead
from app.leads.models import FLAGS, Call, Interruption, Lead, Slot, Turn
from app.leads.questions.by_words import Listed, page_by_words
from app.leads.questions.paging import before_cursor, bounded, cursor, iso, time_of
from app.leads.questions.rows import HEAVY, call_rows, delivery_rows, head, lead_rows
from app.leads.questions.searching import sids_by_number

_TEST = "browser"
_ERASED = "erased"
_LISTED = Listed(Call.started_at, Call.call_sid, Call.call_sid, str)


def calls(
    session: Session,
    since: str | None = None,
    until: str | None = None,
    outcome: str | None = None,
    flag: str | None = None,
    number: str | None = None,
    words: str | None = None,
    tests: bool = False,
    before: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """Return a page of calls, newest first; see `app.office.Records.calls`."""
    limit = bounded(limit)
    query = _filtered(since, until, outcome, flag, tests=tests)
    if number:
        query = query.where(Call.call_sid.in_(sids_by_number(session, number)))
    if words:
        sids, following = page_by_words(session, words, query, _LISTED, before, limit)
        page = session.scalars(_newest_first(select(Call).options(*HEAVY).where(Call.call_sid.in_(sids)))).all()
        return {"calls": call_rows(session, page), "next": following}
    if before:
        query = query.where(before_cursor(before, Call.started_at, Call.call_sid))
    found = session.scalars(_newest_first(query).limit(limit + 1)).all()
    page = found[:limit]
    goes_on = len(found) > limit
    return {
        "calls": call_rows(session, page),
        "next": cursor(page[-1].started_at, page[-1].call_sid) if goes_on else None,
    }


def call(session: Session, call_sid: str) -> dict[str, Any]:
    """Return one call whole; see `app.office.Records.call`."""
    found = session.get(Call, call_sid)
    if found is None or found.channel == _ERASED:
        return {"known": False}
    turns = session.scalars(select(Turn).where(Turn.call_sid == call_sid).order_by(Turn.number))
    interruptions = session.scalars(
        select(Interruption).where(Interruption.call_sid == call_sid).order_by(Interruption.number)
    )
    slots = session.scalars(select(Slot).where(Slot.call_sid == call_sid).order_by(Slot.slot))
    leads = lead_rows(session, select(Lead).where(Lead.call_sid == call_sid))
    if not leads and (counting := counting_lead(session, found)) is not None:
        leads = lead_rows(session, select(Lead).where(Lead.id == counting.id))
    return {
        "known": True,
        "call": {
            **head(found),
            "to_number": found.to_number,
            "clock0_at": iso(found.clock0_at),
            "app_version": found.app_version,
            "engines": found.engines,
            "usage": found.usage,
            "facts": found.facts,
            "words_erased_at": iso(found.words_erased_at),
        },
        "turns": [turn.plain(leave_out=("call_sid",)) for turn in turns],
        "interruptions": [one.plain(leave_out=("call_sid",)) for one in interruptions],
        "slots": {
            slot.slot: {**slot.plain(leave_out=("call_sid", "slot")), "value": slot.value["value"]} for slot in slots
        },
        "lead": leads[0] if leads else None,
        "deliveries": delivery_rows(session, leads[0]["id"]) if leads else [],
    }


def _newest_first(query: Select[Call]) -> Select[Call]:
    return query.order_by(Call.started_at.desc(), Call.call_sid.desc())


def _filtered(
    since: str | None, until: str | None, outcome: str | None, flag: str | None, *, tests: bool
) -> Select[Call]:
    query = select(Call).options(*HEAVY).where(Call.channel != _ERASED)
    if not tests:
        query = query.where(Call.channel != _TEST)
    if since:
        query = query.where(Call.started_at >= time_of(since))
    if until:
        query = query.where(Call.started_at < time_of(until))
    if outcome:
        query = query.where(Call.outcome == outcome)
    if flag:
        if flag not in FLAGS:
            raise ValueError(f"no such flag: {flag[:30]!r}; there are {', '.join(FLAGS)}")
        query = query.where(getattr(Call, FLAGS[flag]))
    return query
