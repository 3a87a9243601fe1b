"""The first page: whom to call back, what did not get through, and today's leads."""

from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from app.leads.models import OPEN_MESSAGE, TO_CALL_BACK, Call, Lead
from app.leads.questions.leads import UNDELIVERED, with_status
from app.leads.questions.paging import time_of
from app.leads.questions.rows import lead_rows

MOST_SHOWN = 20


def today(session: Session, since: str, until: str) -> dict[str, Any]:
    """Return the first page's figures for the day from `since` to `until`; see `app.office.Records.today`."""
    start, end = time_of(since), time_of(until)
    call_backs = select(Lead).where(text(TO_CALL_BACK))
    undelivered = with_status(UNDELIVERED)
    messages = select(Lead).where(text(OPEN_MESSAGE))
    new = with_status(None).where(Lead.created_at >= start, Lead.created_at < end)
    of_today = select(Call.turn_count, Call.answer_p50_ms).where(
        Call.started_at >= start, Call.started_at < end, Call.channel.not_in(("browser", "erased"))
    )
    counted = session.execute(of_today).all()
    answers = sorted(answer for _, answer in counted if answer is not None)
    return {
        # Those with an hour first, the longest overdue on top; then those who named none, the oldest first.
        **_block(session, "call_backs", call_backs, Lead.call_back_at.is_(None), Lead.call_back_at, Lead.created_at),
        **_block(session, "undelivered", undelivered, Lead.created_at.desc()),
        **_block(session, "messages", messages, Lead.created_at.desc()),
        **_block(session, "leads", new, Lead.created_at.desc()),
        "calls": len(counted),
        "answered": sum(bool(turns) for turns, _ in counted),
        "answer_p50_ms": answers[(len(answers) - 1) // 2] if answers else None,
    }


def _block(session: Session, name: str, query: Select[Lead], *order: Any) -> dict[str, Any]:
    page = lead_rows(session, query.order_by(*order).limit(MOST_SHOWN))
    total = len(page) if len(page) < MOST_SHOWN else _count(session, query)
    return {name: page, f"{name}_total": total}


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0
