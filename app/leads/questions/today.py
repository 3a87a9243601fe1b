"""The first page: whom to call back, what did not get through, and today's leads."""

from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from app.leads.models import OPEN_MESSAGE, TO_CALL_BACK, Call, Lead
from app.leads.questions.leads import UNDELIVERED, with_status
from app.leads.questions.paging import time_of
from app.leads.questions.rows import lead_rows

MOST_SHOWN = 50


def today(session: Session, since: str, until: str) -> dict[str, Any]:
    """Return the first page's figures for the day from `since` to `until`; see `app.office.Records.today`."""
    start, end = time_of(since), time_of(until)
    call_backs = select(Lead).where(text(TO_CALL_BACK))
    undelivered = with_status(UNDELIVERED)
    messages = select(Lead).where(text(OPEN_MESSAGE))
    new = with_status(None).where(Lead.created_at >= start, Lead.created_at < end)
    of_today = select(Call).where(
        Call.started_at >= start, Call.started_at < end, Call.channel.not_in(("browser", "erased"))
    )
    answered = of_today.where(Call.turn_count > 0)
    return {
        # Those with an hour first, the longest overdue on top; then those who named none, the oldest first.
        **_block(session, "call_backs", call_backs, Lead.call_back_at.is_(None), Lead.call_back_at, Lead.created_at),
        **_block(session, "undelivered", undelivered, Lead.created_at.desc()),
        **_block(session, "messages", messages, Lead.created_at.desc()),
        **_block(session, "leads", new, Lead.created_at.desc()),
        "calls": _count(session, of_today),
        "answered": _count(session, answered),
        "answer_p50_ms": _median(session, of_today),
    }


def _block(session: Session, name: str, query: Select[Lead], *order: Any) -> dict[str, Any]:
    page = session.scalars(query.order_by(*order).limit(MOST_SHOWN)).all()
    total = len(page) if len(page) < MOST_SHOWN else _count(session, query)
    return {name: lead_rows(session, page), f"{name}_total": total}


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0


def _median(session: Session, query: Select[Call]) -> int | None:
    only = query.with_only_columns(Call.answer_p50_ms).where(Call.answer_p50_ms.is_not(None))
    answers = sorted(answer for answer in session.scalars(only) if answer is not None)
    return answers[(len(answers) - 1) // 2] if answers else None
