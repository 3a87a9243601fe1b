"""What the system's page shows of the store itself: the outbox, what is kept and since when, operators' actions."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.leads.models import NOT_DELIVERED, Call, Delivery, DeliveryState, Lead, OperatorAction
from app.leads.questions.paging import bounded, iso


def actions(session: Session, limit: int = 100) -> dict[str, Any]:
    """Return operators' latest actions, newest first."""
    query = select(OperatorAction).order_by(OperatorAction.at.desc(), OperatorAction.id.desc()).limit(bounded(limit))
    return {"actions": [row.plain(leave_out=("id",)) for row in session.scalars(query)]}


def store_status(session: Session) -> dict[str, Any]:
    """Return where undelivered leads stand, and how long the oldest has waited."""
    waiting = select(Delivery.channel, Delivery.state, func.count()).where(text(NOT_DELIVERED))
    outbox: dict[str, dict[str, int]] = {}
    for channel, state, count in session.execute(waiting.group_by(Delivery.channel, Delivery.state)):
        outbox.setdefault(channel, {})[state] = count
    pending = select(func.min(Delivery.created_at)).where(
        text(NOT_DELIVERED), Delivery.state == DeliveryState.PENDING.value
    )
    oldest = session.scalar(pending)
    return {
        "outbox": outbox,
        "outbox_oldest_s": round((datetime.now(UTC) - oldest).total_seconds()) if oldest else 0,
    }


def retention(session: Session) -> dict[str, Any]:
    """Return the oldest of what the database keeps for a time, by kind."""
    return {
        "oldest": {
            "words": iso(session.scalar(select(func.min(Call.started_at)).where(Call.words_erased_at.is_(None)))),
            "leads": iso(session.scalar(select(func.min(Lead.created_at)))),
            "audit": iso(session.scalar(select(func.min(OperatorAction.at)))),
        }
    }
