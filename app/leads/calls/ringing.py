"""A caller who rings again while nobody can take the call: one lead (R2.7, R14).

A full house asks for a message; many leave none and ring again. Of the recorded calls of one number to one number:

- A ring that brings nothing which the caller's last lead does not tell is counted there, as one more of its `tries`,
  and makes no lead. Was that lead sent already, nothing goes out: the console alone counts on.
- A ring that brings something takes over a lead that tells of no more than rings, as long as nobody was sent it: the
  same lead, its note and its deliveries go on as the newer call's, under the newer call's key. Else it makes a lead of
  its own, for no two messages are made one.

That holds for an hour from the first ring, and until somebody has handled the lead. Callers who withhold their number
cannot be told apart: each of them is a lead of its own.

Blocking, within the store's transaction. Of calls' rows only the one at hand is written, which the transaction holds
anyway: two instances with calls of one caller wait for each other in `take_turns` alone, and never crosswise.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.leads.calls.folding import backwards
from app.leads.calls.lead import caller_number
from app.leads.models import Call, Delivery, Lead, LeadStatus, Slot, Turn

TOGETHER = timedelta(hours=1)
MOST_NAMED = 100
"""Other rings that a lead names; it counts all."""
_RECORDED = "recording"
_MOST_LEADS = 20


def rings_alike(call: Call) -> bool:
    """Return whether a call is one of those that are one lead with others of their caller."""
    return call.channel == _RECORDED and caller_number(call.from_number) is not None


def says(call: Call, slots: Sequence[Slot], turns: Sequence[Turn]) -> frozenset[str]:
    """Return what a call brought beside a number: its words, its values, a message that nobody has read."""
    words = (turn.caller_text.strip() for turn in turns)
    values = (f"{slot.slot}={slot.value['value']}" for slot in slots if slot.value["value"] is not None)
    return frozenset({*words, *values, call.facts.get("recording_url") or ""} - {""})


def told(lead: Lead) -> frozenset[str]:
    """Return what a lead tells beside a number, as `says` has it."""
    payload = lead.payload
    words = (turn["caller"].strip() for turn in payload["transcript"])
    values = (f"{name}={slot['value']}" for name, slot in payload["slots"].items())
    return frozenset({*words, *values, payload["call"]["recording_url"] or ""} - {""})


def take_turns(session: Session, call: Call) -> None:
    """Let nobody else touch this caller's leads until the transaction ends; SQLite has one writer anyway."""
    if rings_alike(call) and session.get_bind().dialect.name == "postgresql":
        query = text("SELECT pg_advisory_xact_lock(hashtextextended(:line, 0))")
        session.execute(query, {"line": f"{call.from_number}>{call.to_number}"})


def own_lead(session: Session, call: Call) -> Lead | None:
    """Return the lead that is the call's own."""
    return session.scalar(select(Lead).where(Lead.call_sid == call.call_sid))


def join(session: Session, call: Call, brought: frozenset[str], now: datetime) -> Lead | None:
    """Return the lead of the caller's other rings that this one is counted in, or has taken over; None: it is alone."""
    lead = counting_lead(session, call) or _latest_lead(session, call, now)
    if lead is None:
        return None
    known, untold = told(lead), _is_untold(session, lead)
    if brought and untold and not known:
        _hand_over(lead, call.call_sid)
        return lead
    is_counted = brought <= known
    if is_counted:
        _count_in(lead, call.call_sid)
    else:
        _leave_out(lead, call.call_sid)
    if untold:
        lead.payload = {**lead.payload, "tries": lead.tries}
    return lead if is_counted else None


def counting_lead(session: Session, call: Call) -> Lead | None:
    """Return the lead in which a ring without one of its own is counted."""
    if not rings_alike(call):
        return None
    return next((lead for lead in _leads_of_caller(session, call) if call.call_sid in lead.other_rings), None)


def _leads_of_caller(session: Session, call: Call) -> Sequence[Lead]:
    """Return the latest leads of the caller's other rings, the newest first."""
    query = select(Lead).join(Call, Call.call_sid == Lead.call_sid)
    query = query.where(
        Call.from_backwards == backwards(call.from_number),
        Call.from_number == call.from_number,
        Call.to_number == call.to_number,
        Call.channel == _RECORDED,
        Call.call_sid != call.call_sid,
    )
    return session.scalars(query.order_by(Lead.id.desc()).limit(_MOST_LEADS)).all()


def _latest_lead(session: Session, call: Call, now: datetime) -> Lead | None:
    """Return the caller's last lead, if it is of late and waits for the office."""
    lead = next(iter(_leads_of_caller(session, call)), None)
    if lead is None or lead.created_at <= now - TOGETHER or lead.status == LeadStatus.HANDLED.value:
        return None
    return lead


def _is_untold(session: Session, lead: Lead) -> bool:
    """Return whether nobody was ever sent the lead; none can be until the transaction ends."""
    query = select(Delivery.attempts, Delivery.history).where(Delivery.lead_id == lead.id).with_for_update()
    return not any(attempts or history for attempts, history in session.execute(query))


def _count_in(lead: Lead, call_sid: str) -> None:
    if call_sid not in lead.other_rings:
        lead.tries += 1
        lead.other_rings = [*lead.other_rings, call_sid][-MOST_NAMED:]


def _leave_out(lead: Lead, call_sid: str) -> None:
    """Count a ring no longer: it was counted as one without a message, and that came late."""
    if call_sid in lead.other_rings:
        lead.other_rings = [sid for sid in lead.other_rings if sid != call_sid]
        lead.tries -= 1


def _hand_over(lead: Lead, call_sid: str) -> None:
    """Make the lead that of another ring; the one it was of is counted."""
    before, lead.call_sid = lead.call_sid, call_sid
    _leave_out(lead, call_sid)
    _count_in(lead, before)
