"""The rows of the outbox: claimed by one instance at a time, changed by an attempt's result or a status callback."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.leads.attention import settle_attention
from app.leads.database import Database
from app.leads.models import Channel, Delivery, DeliveryState, Lead, MessageReport
from app.leads.records import MessageStatus

OUTSIDE_WINDOW = 63016
"""Twilio: free text more than 24 h after the receiver's last message; only a template may be sent."""
# Rate limits and queue overflow: the same message may pass later. Every other code is about the message or receiver.
_TRANSIENT_ERRORS = frozenset({20429, 30001, 63017, 63018})
_TRANSIENT_PAUSE_S = 60.0
_MAX_SENDS = 10
"""Sends that Twilio takes and then loses before a message is given up."""
MOST_HISTORY = 20
SENDING, IN_DOUBT = "sending", "in_doubt"
"""Steps of a delivery's history beside its states: an attempt under way, and one whose answer nobody wrote down."""
_WHY_IN_DOUBT = (
    "the process ended before it knew the answer: the receiver may have it, and is asked again by the same key"
)
_DONE = frozenset({"delivered", "read"})
_LOST = frozenset({"failed", "undelivered", "canceled"})


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt to make: what, where to, and the number of this attempt (1 is the first)."""

    delivery_id: int
    call_sid: str
    idempotency_key: str
    target: str
    message: dict[str, Any]
    payload: dict[str, Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a delivery becomes; see `outbox.after_attempt`."""

    state: DeliveryState
    next_attempt_at: datetime | None
    error: str
    vendor_id: str | None = None


class Deliveries:
    """Short transactions on the outbox."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def claim(self, channel: Channel, lease_s: float, ahead_s: float = 0.0) -> Claim | None:
        """Take the oldest due delivery and count the attempt; nobody else sees it for `lease_s`.

        The lease is the next attempt's time: should this process die, the attempt is made again then. Whether the
        receiver took the first one nobody can tell; the history says that there was one.
        """
        now = self._clock()
        with self._database.begin() as session:
            query = (
                select(Delivery, Lead)
                .join(Lead, Lead.id == Delivery.lead_id)
                .where(
                    Delivery.channel == channel.value,
                    Delivery.state == DeliveryState.PENDING.value,
                    Delivery.next_attempt_at <= now + timedelta(seconds=ahead_s),
                )
                .order_by(Delivery.next_attempt_at)
                .limit(1)
                .with_for_update(of=Delivery, skip_locked=True)
            )
            row = session.execute(query).first()
            if row is None:
                return None
            delivery, lead = row
            delivery.attempts += 1
            delivery.history = history_of(_without_attempt(delivery.history, in_doubt=True), now, SENDING, "")
            delivery.next_attempt_at = now + timedelta(seconds=lease_s)
            delivery.updated_at = now
            return Claim(
                delivery_id=delivery.id,
                call_sid=lead.call_sid,
                idempotency_key=lead.idempotency_key,
                target=delivery.target,
                message=delivery.message,
                payload=lead.payload,
                attempts=delivery.attempts,
            )

    def record(self, claim: Claim, change: Change) -> None:
        """Write an attempt's result, unless a later attempt has begun meanwhile and this one failed."""
        with self._database.begin() as session:
            delivery = session.get(Delivery, claim.delivery_id, with_for_update=True)
            if delivery is None:
                return
            failed = change.state in (DeliveryState.PENDING, DeliveryState.FAILED_PERMANENTLY)
            if failed and (delivery.attempts != claim.attempts or delivery.state != DeliveryState.PENDING.value):
                return
            delivery.state = change.state.value
            delivery.next_attempt_at = change.next_attempt_at
            delivery.last_error = change.error[:1000]
            delivery.updated_at = self._clock()
            self._note(delivery)
            if change.vendor_id:
                _lock_message(session, change.vendor_id)
                delivery.vendor_id = change.vendor_id
                report = session.get(MessageReport, change.vendor_id)
                if report is not None:
                    self._apply_report(delivery, report)
            _settle(session, delivery)

    def message_status(self, record: MessageStatus) -> None:
        """Take a status callback; one that overtakes the record of its own send is kept until that is written."""
        status = record.status.lower()
        if status not in _DONE | _LOST:
            return
        with self._database.begin() as session:
            _lock_message(session, record.message_sid)
            report = session.get(MessageReport, record.message_sid)
            if report is None:
                report = MessageReport(message_sid=record.message_sid)
                session.add(report)
            elif report.status in _DONE:
                return
            report.status, report.error_code, report.at = status, record.error_code, record.at
            for delivery in _of_message(session, record.message_sid):
                self._apply_report(delivery, report)
                _settle(session, delivery)

    def requeue(self, delivery_id: int) -> None:
        """Send a delivery that was given up on its way again, with a full set of attempts."""
        with self._database.begin() as session:
            delivery = session.get(Delivery, delivery_id, with_for_update=True)
            if delivery is not None and delivery.state == DeliveryState.FAILED_PERMANENTLY.value:
                send_now(delivery, self._clock())
                _settle(session, delivery)

    def _apply_report(self, delivery: Delivery, report: MessageReport) -> None:
        now = self._clock()
        delivery.updated_at = now
        if report.status in _DONE:
            delivery.state, delivery.next_attempt_at, delivery.last_error = DeliveryState.DELIVERED.value, None, ""
            self._note(delivery)
            return
        if delivery.state != DeliveryState.SENT.value:
            return
        code = report.error_code
        delivery.last_error = f"Twilio reported {report.status}, error {code}"
        if code == OUTSIDE_WINDOW and not delivery.message.get("by_template"):
            # The deliverer uses the template when one is set, and says so when none is.
            delivery.message = {**delivery.message, "by_template": True}
            self._again(delivery, now)
        elif code in _TRANSIENT_ERRORS and delivery.attempts < _MAX_SENDS:
            self._again(delivery, now + timedelta(seconds=_TRANSIENT_PAUSE_S))
        else:
            delivery.state = DeliveryState.FAILED_PERMANENTLY.value
        self._note(delivery)

    def _again(self, delivery: Delivery, at: datetime) -> None:
        delivery.state = DeliveryState.PENDING.value
        delivery.next_attempt_at = at
        delivery.vendor_id = None
        delivery.updated_at = self._clock()

    def _note(self, delivery: Delivery) -> None:
        steps = _without_attempt(delivery.history, in_doubt=False)
        delivery.history = history_of(steps, self._clock(), delivery.state, delivery.last_error)


def history_of(history: list[dict[str, Any]] | None, at: datetime, state: str, error: str) -> list[dict[str, Any]]:
    """Return a delivery's history with one more entry; the oldest go."""
    return [*(history or []), {"at": at.isoformat(), "state": state, "error": error}][-MOST_HISTORY:]


def _without_attempt(history: list[dict[str, Any]] | None, *, in_doubt: bool) -> list[dict[str, Any]]:
    """Return a history in which no attempt is under way: its answer is known, or (`in_doubt`) never will be."""
    if not history or history[-1]["state"] != SENDING:
        return history or []
    return [*history[:-1], *([{**history[-1], "state": IN_DOUBT, "error": _WHY_IN_DOUBT}] if in_doubt else [])]


def send_now(delivery: Delivery, at: datetime) -> None:
    """Send a delivery on its way, whatever became of it before, with a full set of attempts."""
    delivery.attempts = 0
    delivery.state, delivery.next_attempt_at, delivery.vendor_id = DeliveryState.PENDING.value, at, None
    delivery.updated_at = at
    delivery.history = history_of(delivery.history, at, DeliveryState.PENDING.value, "")


def _settle(session: Session, delivery: Delivery) -> None:
    session.flush()
    settle_attention(session, session.get_one(Lead, delivery.lead_id))


def _of_message(session: Session, message_sid: str) -> list[Delivery]:
    return list(session.scalars(select(Delivery).where(Delivery.vendor_id == message_sid).with_for_update()))


def _lock_message(session: Session, message_sid: str) -> None:
    """Let a send's record and its status callback take turns, so that the later one sees the other."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:sid))"), {"sid": message_sid})
