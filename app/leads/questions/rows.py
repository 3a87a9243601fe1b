"""Rows of calls and leads as pages list them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.leads.models import FLAGS, Call, Delivery, Lead, Slot, Turn
from app.leads.questions.paging import iso

_LISTED_SLOTS = ("name", "area", "budget_max")


def call_rows(session: Session, calls: Sequence[Call]) -> list[dict[str, Any]]:
    """Return what a list of calls shows of each."""
    sids = [call.call_sid for call in calls]
    slots: dict[str, dict[str, Any]] = {}
    wanted = select(Slot.call_sid, Slot.slot, Slot.value).where(Slot.call_sid.in_(sids), Slot.slot.in_(_LISTED_SLOTS))
    for sid, name, value in session.execute(wanted):
        slots.setdefault(sid, {})[name] = value["value"]
    open_ones = [call.call_sid for call in calls if call.turn_count is None]
    counts = dict(
        session.execute(
            select(Turn.call_sid, func.count())
            .where(Turn.call_sid.in_(open_ones), Turn.caller_text != "")
            .group_by(Turn.call_sid)
        ).all()
        if open_ones
        else ()
    )
    return [
        {
            **head(call),
            **{name: slots.get(call.call_sid, {}).get(name) for name in _LISTED_SLOTS},
            "turns": counts.get(call.call_sid, 0) if call.turn_count is None else call.turn_count,
        }
        for call in calls
    ]


def head(call: Call) -> dict[str, Any]:
    """Return what every view of a call begins with."""
    return {
        "call_sid": call.call_sid,
        "channel": call.channel,
        "started_at": iso(call.started_at),
        "ended_at": iso(call.ended_at),
        "from_number": call.from_number,
        "outcome": call.outcome,
        "end_reason": call.end_reason,
        "answer_p50_ms": call.answer_p50_ms,
        "flags": [name for name, column in FLAGS.items() if getattr(call, column)],
        "instance": call.instance,
    }


def lead_rows(session: Session, leads: Sequence[Lead], *, history: bool = False) -> list[dict[str, Any]]:
    """Return what a list of leads shows of each, with where its deliveries stand."""
    deliveries: dict[int, list[dict[str, Any]]] = {}
    query = select(Delivery).where(Delivery.lead_id.in_([lead.id for lead in leads])).order_by(Delivery.id)
    for delivery in session.scalars(query):
        deliveries.setdefault(delivery.lead_id, []).append(delivery_row(delivery, history=history))
    return [{**_lead_row(lead), "deliveries": deliveries.get(lead.id, [])} for lead in leads]


def delivery_row(delivery: Delivery, *, history: bool = False) -> dict[str, Any]:
    """Return where a delivery stands."""
    row = delivery.plain(leave_out=("lead_id", "message", "target", "vendor_id", "history", "created_at"))
    return {**row, "history": delivery.history or []} if history else row


def _lead_row(lead: Lead) -> dict[str, Any]:
    payload = lead.payload
    contact, call = payload["contact"], payload["call"]
    return {
        "id": lead.id,
        "call_sid": lead.call_sid,
        "channel": lead.channel,
        "created_at": iso(lead.created_at),
        "status": lead.status,
        "name": contact["name"],
        "phone": contact["phone"],
        "phone_confirmed": contact["phone_confirmed"],
        "slots": {name: slot["value"] for name, slot in payload["slots"].items()},
        "owner": payload["owner"],
        "wants_human": payload["wants_human"],
        "transfer": payload["transfer"],
        "call_back": payload["call_back"],
        "call_back_at": iso(lead.call_back_at),
        "handled_at": iso(lead.handled_at),
        "needs_attention": lead.needs_attention,
        "note": lead.note,
        "summary": payload["summary"],
        "whatsapp_requested": payload["whatsapp_requested"],
        "whatsapp_not_sent": payload["whatsapp_not_sent"],
        "recording_url": call["recording_url"],
        "outcome": call["outcome"],
    }
