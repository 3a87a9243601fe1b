"""What happened in a call, written as it happens, and the lead that comes of it (R14).

Blocking, for the store child alone. Each record is one short transaction; applying it twice changes nothing, and
records of one call may come late (journal, another instance): a fact's own time (`callclock`) decides which is newer.
What waits together (a turn's words, slots and facts as a rule) is one transaction.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.leads.attention import bring_up_to_date, settle_attention
from app.leads.calls.folding import fold, locked_call
from app.leads.calls.lead import is_lead, lead_payload
from app.leads.calls.ringing import join, own_lead, rings_alike, says, take_turns, told
from app.leads.calls.rows import note_activity, write
from app.leads.calls.summing import sum_up
from app.leads.database import Database
from app.leads.models import Call, Channel, Delivery, DeliveryState, Lead, Slot, Turn
from app.leads.operators import Operators
from app.leads.outgoing.deliveries import Deliveries, history_of
from app.leads.records import (
    ABANDONED,
    Acted,
    CallRecord,
    CallUsed,
    InterruptionSaved,
    LeadMarked,
    LeadNoted,
    MessageStatus,
    Record,
    Requeue,
    SendAgain,
    SlotsChanged,
    TurnSaved,
)
from app.telephony.numbers import mask_number

_SWEEP_CALLS = 100
_log = logging.getLogger("leads.store")


@dataclass(frozen=True, slots=True)
class LeadRules:
    """Where leads go, and how long the store waits before it takes a call for finished."""

    webhook_url: str | None = None
    whatsapp_from: str | None = None
    settle_s: float = 3.0
    """From a call's end to its first delivery: the last words of a call may reach the store after its end."""
    abandoned_settle_s: float = 90.0
    """The same for an abandoned call, which may be going on at another worker or instance."""
    transfer_settle_s: float = 60.0
    """The same for a caller who is being put through: whether somebody answers belongs into the lead."""
    ring_settle_s: float = 30.0
    """The same for a ring at a full house without a message: the caller may ring again at once, see `ringing`."""
    idle_s: float = 600.0
    """Silence in the store after which an open call counts as abandoned."""


class Store:
    """Applies records to the database; every method raises `StoreDown` when that cannot be reached."""

    def __init__(
        self, database: Database, rules: LeadRules, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.database = database
        self.deliveries = Deliveries(database, clock)
        self._operators = Operators(database, rules.webhook_url)
        self._rules = rules
        self._clock = clock

    def apply(self, record: Record) -> None:
        """Write one record. Idempotent."""
        try:
            self._apply(record)
        except IntegrityError:
            self._apply(record)  # another instance wrote the same row at the same moment: now it is there

    def _apply(self, record: Record) -> None:
        match record:
            case MessageStatus():
                self.deliveries.message_status(record)
            case Requeue():
                self.deliveries.requeue(record.delivery_id)
            case SendAgain() | LeadMarked() | LeadNoted() | Acted():
                self._operators.apply(record)
            case _:
                self.apply_together([record])

    def apply_together(self, records: Sequence[CallRecord]) -> None:
        """Write records of calls in one transaction, all of them or none. Idempotent.

        Raises:
            IntegrityError: another instance wrote one of its rows at the same moment.
        """
        with self.database.begin() as session:
            for record in records:
                self._write(session, record)

    def _write(self, session: Session, record: CallRecord) -> None:
        if isinstance(record, TurnSaved | InterruptionSaved | SlotsChanged):
            session.flush()
            connection = session.connection()
            if note_activity(connection, record):
                write(connection, record)
                session.expire_all()  # what the mapper knows of the call is older now
                return
        call = locked_call(session, record.call_sid, record.at)
        if not isinstance(record, CallUsed):  # told behind the end, too: no sign that the call goes on
            self._touch(session, call, record.at)
        fold(session, call, record)
        if call.ended_at is not None:
            session.flush()
            sum_up(session, call)
            self._make_lead(session, call)

    def abandon(self, call_sids: set[str]) -> int:
        """Close these calls as abandoned unless they have ended; return how many were open."""
        with self.database.begin() as session:
            query = select(Call).where(Call.call_sid.in_(call_sids), Call.ended_at.is_(None)).with_for_update()
            return self._abandon(session, list(session.scalars(query)))

    def sweep(self) -> int:
        """Close calls in which nothing has happened for `idle_s`, whoever served them; return how many."""
        idle_since = self._clock() - timedelta(seconds=self._rules.idle_s)
        with self.database.begin() as session:
            query = (
                select(Call)
                .where(Call.ended_at.is_(None), Call.last_activity_at < idle_since)
                .limit(_SWEEP_CALLS)
                .with_for_update(skip_locked=True)
            )
            return self._abandon(session, list(session.scalars(query)))

    def _abandon(self, session: Session, calls: list[Call]) -> int:
        for call in calls:
            call.ended_at, call.outcome = call.last_activity_at, ABANDONED
            sum_up(session, call)
            self._make_lead(session, call)
        return len(calls)

    def _touch(self, session: Session, call: Call, at: datetime) -> None:
        """Note activity. A call that was given up and goes on is open again, its lead taken back if still here."""
        if at <= call.last_activity_at:
            return
        call.last_activity_at = at
        if call.outcome != ABANDONED:
            return
        call.ended_at, call.outcome, call.end_reason, call.turn_count, call.figures = None, "", "", None, None
        take_turns(session, call)
        lead = own_lead(session, call)
        if lead is not None and not _on_its_way(session, lead):
            session.execute(delete(Delivery).where(Delivery.lead_id == lead.id))
            session.delete(lead)
            session.flush()

    def _make_lead(self, session: Session, call: Call) -> None:
        """Make the call's lead, or bring it up to date while nobody has been sent it."""
        slots = session.scalars(select(Slot).where(Slot.call_sid == call.call_sid).order_by(Slot.slot)).all()
        if not is_lead(call, slots):
            return
        turns = session.scalars(select(Turn).where(Turn.call_sid == call.call_sid).order_by(Turn.number)).all()
        lead = self._lead_of(session, call, says(call, slots, turns))
        if lead is None:
            lead = Lead(call_sid=call.call_sid, created_at=self._clock(), tries=1, other_rings=[])
            _bring_up_to_date(lead, lead_payload(call, slots, turns))
            session.add(lead)
            session.flush()
            _log.info(
                "LEAD | caller=%s | slots=%d | outcome=%s",
                mask_number(call.from_number),
                len(lead.payload["slots"]),
                call.outcome or "unknown",
                extra={"call_sid": call.call_sid},
            )
        elif lead.call_sid != call.call_sid:
            return
        elif not _on_its_way(session, lead):
            _bring_up_to_date(lead, lead_payload(call, slots, turns, lead.tries))
        self._add_deliveries(session, call, lead)
        session.flush()
        settle_attention(session, lead)

    def _lead_of(self, session: Session, call: Call, brought: frozenset[str]) -> Lead | None:
        """Return the call's lead, or that of the caller's earlier rings, which it is counted in or takes over."""
        if not rings_alike(call):
            return own_lead(session, call)
        take_turns(session, call)
        lead = own_lead(session, call)
        if lead is None and (lead := join(session, call, brought, self._clock())) is not None:
            _log.info(
                "RANG_AGAIN | tries=%d | lead_of=%s", lead.tries, lead.call_sid, extra={"call_sid": call.call_sid}
            )
        return lead

    def _add_deliveries(self, session: Session, call: Call, lead: Lead) -> None:
        whatsapp = call.facts.get("whatsapp")
        present = {row.channel: row for row in session.scalars(select(Delivery).where(Delivery.lead_id == lead.id))}
        waiting = present.get(Channel.WHATSAPP)
        if waiting is not None and waiting.attempts == 0:
            if whatsapp is None:
                session.delete(waiting)
            else:
                waiting.target, waiting.message = whatsapp["to"], whatsapp
        now = self._clock()
        due = now + timedelta(seconds=self._settle_s(call, lead))
        for row in present.values():
            if row.attempts == 0 and row.next_attempt_at is not None:
                row.next_attempt_at = min(row.next_attempt_at, due)

        def add(channel: Channel, target: str, message: dict[str, Any], fault: str = "") -> None:
            if channel in present:
                return
            session.add(
                Delivery(
                    lead_id=lead.id,
                    channel=channel.value,
                    target=target,
                    message=message,
                    state=(DeliveryState.FAILED_PERMANENTLY if fault else DeliveryState.PENDING).value,
                    next_attempt_at=None if fault else due,
                    last_error=fault,
                    history=history_of(None, now, DeliveryState.FAILED_PERMANENTLY.value, fault) if fault else None,
                    created_at=now,
                    updated_at=now,
                )
            )

        if self._rules.webhook_url:
            add(Channel.WEBHOOK, self._rules.webhook_url, {})
        if whatsapp is not None:
            fault = "" if self._rules.whatsapp_from else "WHATSAPP_FROM is not set: the summary could not be sent"
            add(Channel.WHATSAPP, whatsapp["to"], whatsapp, fault)

    def _settle_s(self, call: Call, lead: Lead) -> float:
        if call.outcome == ABANDONED:
            return self._rules.abandoned_settle_s
        if call.facts.get("transfer") == "started":
            return self._rules.transfer_settle_s
        if rings_alike(call) and not told(lead):
            return self._rules.ring_settle_s
        return self._rules.settle_s


def _bring_up_to_date(lead: Lead, payload: dict[str, Any]) -> None:
    lead.payload, lead.idempotency_key = payload, payload["lead_id"]
    bring_up_to_date(lead)


def _on_its_way(session: Session, lead: Lead) -> bool:
    """Return whether a receiver may have seen the lead; until the transaction ends no delivery of it can start."""
    deliveries = session.scalars(select(Delivery).where(Delivery.lead_id == lead.id).with_for_update())
    return any(delivery.attempts > 0 for delivery in deliveries)
