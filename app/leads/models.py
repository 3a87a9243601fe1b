"""The tables: calls, turns, slots, leads, deliveries, message statuses (R14).

Every time is UTC. A call's rows hang on its CallSid, the one name that all instances share (R1.6).
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite, which keeps no zone, gives back what PostgreSQL does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; a naive time is a programming error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times in the store are aware: use datetime.now(UTC)")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the interface
        """Return an aware UTC time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class DeliveryState(StrEnum):
    """Where a delivery stands. `SENT`: Twilio took the message; its end is for the status callback to tell."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED_PERMANENTLY = "failed_permanently"


class Channel(StrEnum):
    """How a lead goes out."""

    WEBHOOK = "webhook"
    WHATSAPP = "whatsapp"


class Base(DeclarativeBase):
    """Common base; the migrations are checked against its metadata."""

    type_annotation_map: ClassVar = {datetime: UtcDateTime, dict[str, Any]: JSON(none_as_null=True)}


class Call(Base):
    """One phone call, browser call or recorded message."""

    __tablename__ = "calls"

    call_sid: Mapped[str] = mapped_column(String(64), primary_key=True)
    stream_sid: Mapped[str] = mapped_column(String(64), default="")
    channel: Mapped[str] = mapped_column(String(16), default="call")
    from_number: Mapped[str] = mapped_column(String(64), default="")
    to_number: Mapped[str] = mapped_column(String(64), default="")
    started_at: Mapped[datetime]
    last_activity_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(32), default="")
    state: Mapped[dict[str, Any] | None]
    state_at: Mapped[datetime | None]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    facts_at: Mapped[dict[str, Any] | None]

    __table_args__ = (
        Index("ix_calls_started_at", "started_at"),
        Index("ix_calls_ended_at_last_activity_at", "ended_at", "last_activity_at"),
    )


class Turn(Base):
    """One caller turn and the agent's answer; turn 0 is the greeting."""

    __tablename__ = "turns"

    call_sid: Mapped[str] = mapped_column(ForeignKey("calls.call_sid", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    caller_text: Mapped[str] = mapped_column(Text, default="")
    agent_text: Mapped[str] = mapped_column(Text, default="")
    agent_heard: Mapped[str | None] = mapped_column(Text)
    asked: Mapped[str] = mapped_column(String(32), default="")
    intent: Mapped[str] = mapped_column(String(32), default="")
    latencies_ms: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Slot(Base):
    """What is known of one slot, and from which words. `value` is `{"value": …}`; a withdrawn slot holds null."""

    __tablename__ = "slots"

    call_sid: Mapped[str] = mapped_column(ForeignKey("calls.call_sid", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[dict[str, Any]]
    turn: Mapped[int]
    at: Mapped[datetime]
    quote: Mapped[str] = mapped_column(Text, default="")
    confidence: Mapped[float | None]
    confirmed: Mapped[bool] = mapped_column(default=False)


class Lead(Base):
    """One call's lead, as it is delivered (`lead_schema.json`); at most one a call."""

    __tablename__ = "leads"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_sid: Mapped[str] = mapped_column(ForeignKey("calls.call_sid", ondelete="CASCADE"), unique=True)
    idempotency_key: Mapped[str] = mapped_column(String(96), unique=True)
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]

    __table_args__ = (Index("ix_leads_created_at", "created_at"),)


class Delivery(Base):
    """One lead on its way through one channel; `attempts` counts those begun."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(Text)
    message: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(24), default=DeliveryState.PENDING.value)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")
    vendor_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("lead_id", "channel", name="uq_deliveries_lead_id_channel"),
        Index("ix_deliveries_state_next_attempt_at", "state", "next_attempt_at"),
        Index("ix_deliveries_vendor_id", "vendor_id"),
    )


class MessageReport(Base):
    """The last status callback of a Twilio message; it may come before the send that it is about was recorded."""

    __tablename__ = "message_reports"

    message_sid: Mapped[str] = mapped_column(String(64), primary_key=True)
    status: Mapped[str] = mapped_column(String(24))
    error_code: Mapped[int | None]
    at: Mapped[datetime]
