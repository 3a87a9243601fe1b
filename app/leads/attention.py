"""What an office must know of a lead to find it: whom to call back and when, and whether anybody has heard of it."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.leads.calls.folding import backwards
from app.leads.models import Delivery, DeliveryState, Lead, LeadStatus

ISRAEL = ZoneInfo("Asia/Jerusalem")
_TALKED_TO = frozenset({"completed", "answered"})


def bring_up_to_date(lead: Lead) -> None:
    """Set what is looked for from the lead's payload; what an operator has marked as handled stays so."""
    payload = lead.payload
    lead.channel = payload["call"]["channel"]
    lead.contact_backwards = backwards(payload["contact"]["phone"] or "")
    lead.call_back_at = call_back_at(payload)
    if lead.status != LeadStatus.HANDLED.value:
        lead.status = (LeadStatus.CALL_BACK if wants_call(payload) else LeadStatus.NEW).value


def wants_call(payload: dict[str, Any]) -> bool:
    """Return whether the caller waits for the office's call: asked for one, or for a person and reached nobody."""
    return bool(payload.get("call_back") or (payload.get("wants_human") and payload.get("transfer") not in _TALKED_TO))


def call_back_at(payload: dict[str, Any]) -> datetime | None:
    """Return when the caller is to be called: the hour, or the morning of the day where no hour was named."""
    wish = payload.get("call_back") or {}
    if wish.get("when"):
        return datetime.fromisoformat(wish["when"])
    if wish.get("day"):
        return datetime.combine(date.fromisoformat(wish["day"]), time(), ISRAEL)
    return None


def settle_attention(session: Session, lead: Lead) -> None:
    """Note whether somebody has yet to hear of the lead; after every change of its deliveries."""
    states = session.scalars(select(Delivery.state).where(Delivery.lead_id == lead.id)).all()
    is_heard = bool(states) and all(state == DeliveryState.DELIVERED.value for state in states)
    lead.needs_attention = not is_heard or lead.payload.get("whatsapp_not_sent") is not None
