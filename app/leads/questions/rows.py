"""Rows of calls and leads as pages list them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Row, Select, Text, cast, func, literal, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, defer

from app.leads.models import FLAGS, Call, Delivery, Lead, Slot, Turn
from app.leads.questions.paging import iso

_LISTED_SLOTS = ("name", "area", "budget_max")
_LEAD: tuple[Any, ...] = (
    *(Lead.id, Lead.call_sid, Lead.channel, Lead.created_at, Lead.status),
    *(Lead.call_back_at, Lead.handled_at, Lead.needs_attention, Lead.note, Lead.tries),
)
_DELIVERY: tuple[Any, ...] = (
    *(Delivery.id, Delivery.channel, Delivery.state, Delivery.attempts),
    *(Delivery.next_attempt_at, Delivery.last_error, Delivery.updated_at),
)


HEAVY = tuple(defer(column) for column in (Call.state, Call.facts, Call.facts_at, Call.usage, Call.engines))
"""What no list shows of a call, and what is most of it."""


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


def lead_rows(session: Session, query: Select[Lead], *, history: bool = False) -> list[dict[str, Any]]:
    """Return what a list shows of each lead that `query` finds, with where its deliveries stand.

    Columns, not objects, and the payload without its transcript: a page has many leads and shows no call's words.
    """
    columns: tuple[Any, ...] = (*_LEAD, _shown_payload(session))
    found = session.execute(query.with_only_columns(*columns, maintain_column_froms=True)).all()
    deliveries: dict[int, list[dict[str, Any]]] = {}
    if found:
        sent = select(Delivery.lead_id, *(_DELIVERY if not history else (*_DELIVERY, Delivery.history)))
        for row in session.execute(sent.where(Delivery.lead_id.in_([lead.id for lead in found])).order_by(Delivery.id)):
            deliveries.setdefault(row.lead_id, []).append(_delivery_row(row, history=history))
    return [{**_lead_row(lead), "deliveries": deliveries.get(lead.id, [])} for lead in found]


def delivery_rows(session: Session, lead_id: int) -> list[dict[str, Any]]:
    """Return where a lead's deliveries stand, and what became of each so far."""
    columns: tuple[Any, ...] = (*_DELIVERY, Delivery.history)
    query = select(*columns).where(Delivery.lead_id == lead_id).order_by(Delivery.id)
    return [_delivery_row(row, history=True) for row in session.execute(query)]


def _shown_payload(session: Session) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "postgresql":
        taken = cast(Lead.payload, JSONB).op("-", return_type=JSONB())(cast(literal("transcript"), Text))
        return taken.label("payload")
    return type_coerce(func.json_remove(Lead.payload, "$.transcript"), JSON()).label("payload")


def _delivery_row(row: Row[Any], *, history: bool) -> dict[str, Any]:
    shown = {
        "id": row.id,
        "channel": row.channel,
        "state": row.state,
        "attempts": row.attempts,
        "next_attempt_at": iso(row.next_attempt_at),
        "last_error": row.last_error,
        "updated_at": iso(row.updated_at),
    }
    return {**shown, "history": row.history or []} if history else shown


def _lead_row(lead: Row[Any]) -> dict[str, Any]:
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
        "tries": lead.tries,
        "summary": payload["summary"],
        "whatsapp_requested": payload["whatsapp_requested"],
        "whatsapp_not_sent": payload["whatsapp_not_sent"],
        "recording_url": call["recording_url"],
        "outcome": call["outcome"],
    }
