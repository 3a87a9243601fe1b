"""Questions to the store: reconnects and the operators' page. Answers are JSON-ready; times are ISO 8601 UTC."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from app.leads.models import Base, Call, Delivery, DeliveryState, Lead, Slot, Turn

_MOST_ROWS = 200
_LATENCY_TURNS = 2000


def call_state(session: Session, call_sid: str) -> dict[str, Any]:
    """Return what a reconnect needs: `known`, the newest state snapshot, the slots, the last turn's number."""
    call = session.get(Call, call_sid)
    if call is None:
        return {"known": False}
    last_turn = session.scalar(select(func.max(Turn.number)).where(Turn.call_sid == call_sid))
    slots = session.scalars(select(Slot).where(Slot.call_sid == call_sid))
    return {
        "known": True,
        "ended": call.ended_at is not None,
        "outcome": call.outcome,
        "state": call.state,
        "slots": {slot.slot: _slot(slot) for slot in slots},
        "last_turn": last_turn,
        "facts": call.facts,
    }


def recent_calls(session: Session, limit: int = 50, before: str | None = None, live: bool = False) -> dict[str, Any]:
    """Return calls, newest first. `before`, a `started_at` of an earlier answer, pages on; `live` drops ended ones."""
    query = select(Call).order_by(Call.started_at.desc()).limit(min(limit, _MOST_ROWS))
    if before is not None:
        query = query.where(Call.started_at < datetime.fromisoformat(before))
    if live:
        query = query.where(Call.ended_at.is_(None))
    calls = session.scalars(query).all()
    sids = [call.call_sid for call in calls]
    counts = select(Turn.call_sid, func.count()).where(Turn.call_sid.in_(sids)).group_by(Turn.call_sid)
    turns: dict[str, int] = dict(session.execute(counts).all())
    slots: dict[str, dict[str, Any]] = {}
    for slot in session.scalars(select(Slot).where(Slot.call_sid.in_(sids))):
        slots.setdefault(slot.call_sid, {})[slot.slot] = slot.value["value"]
    return {
        "calls": [
            {
                **_row(call, leave_out=("state", "state_at")),
                "turns": turns.get(call.call_sid, 0),
                "slots": slots.get(call.call_sid, {}),
            }
            for call in calls
        ]
    }


def call_timeline(session: Session, call_sid: str) -> dict[str, Any]:
    """Return one call whole: its turns, slots with provenance, lead and deliveries."""
    call = session.get(Call, call_sid)
    if call is None:
        return {"known": False}
    turns = session.scalars(select(Turn).where(Turn.call_sid == call_sid).order_by(Turn.number))
    slots = session.scalars(select(Slot).where(Slot.call_sid == call_sid).order_by(Slot.slot))
    lead = session.scalar(select(Lead).where(Lead.call_sid == call_sid))
    deliveries = session.scalars(select(Delivery).where(Delivery.lead_id == lead.id)).all() if lead else []
    return {
        "known": True,
        "call": _row(call),
        "turns": [_row(turn) for turn in turns],
        "slots": {slot.slot: _slot(slot) for slot in slots},
        "lead": _row(lead) if lead else None,
        "deliveries": [_row(delivery) for delivery in deliveries],
    }


def recent_leads(session: Session, limit: int = 50, undelivered: bool = False) -> dict[str, Any]:
    """Return leads, newest first, each with where its deliveries stand.

    `undelivered`: those with a delivery that has not arrived, with none at all, or with a summary that cannot be sent.
    """
    query = select(Lead).order_by(Lead.created_at.desc()).limit(min(limit, _MOST_ROWS))
    if undelivered:
        own = select(Delivery.id).where(Delivery.lead_id == Lead.id)
        open_ones = own.where(Delivery.state != DeliveryState.DELIVERED.value)
        not_sent = Lead.payload["whatsapp_not_sent"].as_string()
        query = query.where(or_(exists(open_ones), ~exists(own), not_sent.is_not(None)))
    leads = session.scalars(query).all()
    deliveries: dict[int, list[dict[str, Any]]] = {}
    for delivery in session.scalars(select(Delivery).where(Delivery.lead_id.in_([lead.id for lead in leads]))):
        deliveries.setdefault(delivery.lead_id, []).append(_row(delivery, leave_out=("message",)))
    return {"leads": [{**_row(lead), "deliveries": deliveries.get(lead.id, [])} for lead in leads]}


def outbox(session: Session, limit: int = 50) -> dict[str, Any]:
    """Return how many deliveries stand in each state, and those not delivered, the latest change first."""
    states = session.execute(
        select(Delivery.channel, Delivery.state, func.count()).group_by(Delivery.channel, Delivery.state)
    )
    undelivered = session.execute(
        select(Delivery, Lead.call_sid)
        .join(Lead, Lead.id == Delivery.lead_id)
        .where(Delivery.state != "delivered")
        .order_by(Delivery.updated_at.desc())
        .limit(min(limit, _MOST_ROWS))
    )
    counts: dict[str, dict[str, int]] = {}
    for channel, state, number in states:
        counts.setdefault(channel, {})[state] = number
    rows = [{**_row(row, leave_out=("message",)), "call_sid": call_sid} for row, call_sid in undelivered]
    return {"counts": counts, "undelivered": rows}


def latencies(session: Session, turns: int = 500) -> dict[str, Any]:
    """Return p50 and p95 in ms of each measured step over the newest turns (R19)."""
    query = select(Turn.latencies_ms).order_by(Turn.at.desc()).limit(min(turns, _LATENCY_TURNS))
    measured: dict[str, list[float]] = {}
    for steps in session.scalars(query):
        for step, value in steps.items():
            if value is not None:
                measured.setdefault(step, []).append(value)
    return {
        "steps": {
            step: {"count": len(values), "p50_ms": percentile(values, 0.50), "p95_ms": percentile(values, 0.95)}
            for step, values in sorted(measured.items())
        }
    }


QUERIES: Mapping[str, Callable[..., dict[str, Any]]] = {
    function.__name__: function
    for function in (call_state, recent_calls, call_timeline, recent_leads, outbox, latencies)
}


def percentile(values: list[float], part: float) -> float:
    """Return the nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(part * 100) // 100) - 1)]


def _slot(slot: Slot) -> dict[str, Any]:
    return {**_row(slot, leave_out=("call_sid", "slot")), "value": slot.value["value"]}


def _row(row: Base, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    values = {column.key: getattr(row, column.key) for column in row.__table__.columns if column.key not in leave_out}
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in values.items()}
