"""Questions to the store: a reconnect's, and the command line's. Answers are JSON-ready; times are ISO 8601 UTC.

What the operators' pages ask is in `questions`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.leads.models import Call, Delivery, Lead, Slot, Turn

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


def served_by(session: Session, call_sids: list[str]) -> dict[str, Any]:
    """Return which instance was the last to say that it has taken up each of these calls, and when (Unix time, s)."""
    rows = session.execute(select(Call.call_sid, Call.instance, Call.clock0_at).where(Call.call_sid.in_(call_sids)))
    return {"instances": {sid: [instance, since.timestamp()] for sid, instance, since in rows if instance and since}}


IN_ORDER: Mapping[str, Callable[..., dict[str, Any]]] = {
    question.__name__: question for question in (call_state, served_by)
}
"""Questions of calls: answered behind all that their instance has told before."""
ASKED_ALL_THE_TIME = frozenset({served_by.__name__})


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
        "call": call.plain(),
        "turns": [turn.plain() for turn in turns],
        "slots": {slot.slot: _slot(slot) for slot in slots},
        "lead": lead.plain() if lead else None,
        "deliveries": [delivery.plain() for delivery in deliveries],
    }


def recent_leads(session: Session, limit: int = 50, undelivered: bool = False) -> dict[str, Any]:
    """Return leads, newest first, each with where its deliveries stand.

    `undelivered`: those with a delivery that has not arrived, with none at all, or with a summary that cannot be sent.
    """
    query = select(Lead).where(Lead.channel != "erased").order_by(Lead.created_at.desc()).limit(min(limit, _MOST_ROWS))
    if undelivered:
        query = query.where(Lead.needs_attention)
    leads = session.scalars(query).all()
    deliveries: dict[int, list[dict[str, Any]]] = {}
    for delivery in session.scalars(select(Delivery).where(Delivery.lead_id.in_([lead.id for lead in leads]))):
        deliveries.setdefault(delivery.lead_id, []).append(delivery.plain(leave_out=("message",)))
    return {"leads": [{**lead.plain(), "deliveries": deliveries.get(lead.id, [])} for lead in leads]}


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
    rows = [{**row.plain(leave_out=("message",)), "call_sid": call_sid} for row, call_sid in undelivered]
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


def percentile(values: list[float], part: float) -> float:
    """Return the nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(part * 100) // 100) - 1)]


def _slot(slot: Slot) -> dict[str, Any]:
    return {**slot.plain(leave_out=("call_sid", "slot")), "value": slot.value["value"]}
