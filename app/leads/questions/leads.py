"""Leads: a page of them, and one whole."""

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.leads.models import Lead, LeadStatus
from app.leads.questions.by_words import Listed, page_by_words
from app.leads.questions.paging import before_cursor, bounded, cursor, time_of
from app.leads.questions.rows import lead_rows
from app.leads.questions.searching import sids_by_number

UNDELIVERED = "undelivered"
_LISTED = Listed(Lead.created_at, Lead.id, Lead.call_sid, int)


def leads(
    session: Session,
    status: str | None = None,
    since: str | None = None,
    until: str | None = None,
    number: str | None = None,
    words: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """Return a page of leads, newest first; see `app.office.Records.leads`."""
    limit = bounded(limit)
    query = with_status(status)
    if since:
        query = query.where(Lead.created_at >= time_of(since))
    if until:
        query = query.where(Lead.created_at < time_of(until))
    if number:
        query = query.where(Lead.call_sid.in_(sids_by_number(session, number)))
    if words:
        keys, following = page_by_words(session, words, query, _LISTED, before, limit)
        found = lead_rows(session, _newest_first(select(Lead).where(Lead.id.in_(keys))))
        return {"leads": found, "next": following}
    if before:
        query = query.where(before_cursor(before, Lead.created_at, Lead.id, int))
    rows = lead_rows(session, _newest_first(query).limit(limit + 1))
    page = rows[:limit]
    goes_on = len(rows) > limit
    return {
        "leads": page,
        "next": cursor(time_of(page[-1]["created_at"]), page[-1]["id"]) if goes_on else None,
    }


def _newest_first(query: Select[Lead]) -> Select[Lead]:
    return query.order_by(Lead.created_at.desc(), Lead.id.desc())


def lead(session: Session, lead_id: int) -> dict[str, Any]:
    """Return one lead whole; see `app.office.Records.lead`."""
    found = session.get(Lead, lead_id)
    if found is None or not is_shown(found):
        return {"known": False}
    details = {name: {**slot} for name, slot in found.payload["slots"].items()}
    (row,) = lead_rows(session, select(Lead).where(Lead.id == lead_id), history=True)
    return {"known": True, **row, "slots_detail": details, "other_rings": found.other_rings}


def is_shown(found: Lead) -> bool:
    """Whether a lead is one, and not the notice that one was erased."""
    return "contact" in found.payload


def with_status(status: str | None) -> Select[Lead]:
    """Return the leads of a status.

    Raises:
        ValueError: there is no such status.
    """
    query = select(Lead).where(Lead.channel != "erased")
    if status is None:
        return query
    if status == UNDELIVERED:
        return query.where(Lead.needs_attention, Lead.status != LeadStatus.HANDLED.value)
    return query.where(Lead.status == LeadStatus(status).value)
