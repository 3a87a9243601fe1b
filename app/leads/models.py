"""The tables: calls, turns, interruptions, slots, leads, deliveries, message statuses, operators' actions (R14, R16).

Every time is UTC. A call's rows hang on its CallSid, the one name that all instances share (R1.6).
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
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


Backwards = String(64).with_variant(String(64, collation="C"), "postgresql")
"""A number's digits from its end: what is searched by its last digits is found by an index."""
_FALSE = text("false")


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


class LeadStatus(StrEnum):
    """What the office has to do about a lead."""

    NEW = "new"
    CALL_BACK = "call_back"
    HANDLED = "handled"


class Base(DeclarativeBase):
    """Common base; the migrations are checked against its metadata."""

    type_annotation_map: ClassVar = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[dict[str, Any]]: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
    }

    def plain(self, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the row as JSON has it; times are ISO 8601."""
        names = (column.key for column in self.__table__.columns if column.key not in leave_out)
        values = {name: getattr(self, name) for name in names}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


TO_CALL_BACK = "status = 'call_back'"
OPEN_MESSAGE = "channel = 'recording' AND status <> 'handled'"
NOT_DELIVERED = "state <> 'delivered'"
"""Conditions of partial indexes: a question is to say them in these words."""

FLAGS = {
    "interrupted": "was_interrupted",
    "fallback": "used_fallback",
    "slow": "was_slow",
    "fault": "had_fault",
}
"""What a call may be looked for by, and its column."""


def _partial(name: str, *columns: str, where: str) -> Index:
    """An index over some rows. SQLite takes it for a question that says the same word for word, and `= 1` is how."""
    sqlite = f"{where} = 1" if where.isidentifier() else where
    return Index(name, *columns, postgresql_where=text(where), sqlite_where=text(sqlite))


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
    clock0_at: Mapped[datetime | None]
    """Where every time in ms of this call's turns counts from: the stream's start."""
    instance: Mapped[str] = mapped_column(String(64), default="", server_default="")
    app_version: Mapped[str] = mapped_column(String(32), default="", server_default="")
    engines: Mapped[dict[str, Any] | None]
    end_reason: Mapped[str] = mapped_column(String(64), default="", server_default="")
    usage: Mapped[dict[str, Any] | None]
    from_backwards: Mapped[str] = mapped_column(Backwards, default="", server_default="")
    turn_count: Mapped[int | None]
    """The caller's turns; this and what follows is known once the call has ended, and null for calls not summed yet."""
    answer_p50_ms: Mapped[int | None]
    was_interrupted: Mapped[bool] = mapped_column(default=False, server_default=_FALSE)
    used_fallback: Mapped[bool] = mapped_column(default=False, server_default=_FALSE)
    was_slow: Mapped[bool] = mapped_column(default=False, server_default=_FALSE)
    had_fault: Mapped[bool] = mapped_column(default=False, server_default=_FALSE)
    figures: Mapped[dict[str, Any] | None]
    """What the call adds to its day's figures, see `measured.Figures`; null: its turns are to be read."""
    words_erased_at: Mapped[datetime | None]
    person_erased_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_calls_started_at_call_sid", "started_at", "call_sid"),
        Index("ix_calls_outcome_started_at", "outcome", "started_at", "call_sid"),
        Index("ix_calls_ended_at_last_activity_at", "ended_at", "last_activity_at"),
        Index("ix_calls_from_backwards", "from_backwards"),
        *(_partial(f"ix_calls_{column}", "started_at", "call_sid", where=column) for column in FLAGS.values()),
        _partial("ix_calls_unsummed", "ended_at", where="turn_count IS NULL"),
        _partial("ix_calls_words", "started_at", where="words_erased_at IS NULL"),
        _partial("ix_calls_person", "started_at", where="person_erased_at IS NULL"),
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
    timing: Mapped[dict[str, Any] | None]
    """See `records.Timing`."""

    __table_args__ = (Index("ix_turns_at", "at"),)


class Interruption(Base):
    """The caller spoke over the agent, and what came of it; see `records.InterruptionSaved`."""

    __tablename__ = "interruptions"

    call_sid: Mapped[str] = mapped_column(ForeignKey("calls.call_sid", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    turn: Mapped[int]
    reply: Mapped[int]
    onset_ms: Mapped[int | None]
    clear_at_ms: Mapped[int]
    heard_ms: Mapped[int]
    speech_ms: Mapped[int | None]
    words: Mapped[str] = mapped_column(Text, default="")
    verdict: Mapped[str] = mapped_column(String(16), default="")
    verdict_at_ms: Mapped[int | None]

    __table_args__ = (Index("ix_interruptions_at", "at"),)


class CallText(Base):
    """All words of an ended call, to be searched: letters alone, so that no number can be found by it.

    SQLite has a full-text index beside it, PostgreSQL an index over it (migration 0003).
    """

    __tablename__ = "call_texts"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_sid: Mapped[str] = mapped_column(ForeignKey("calls.call_sid", ondelete="CASCADE"), unique=True)
    words: Mapped[str] = mapped_column(Text)


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
    """One call's lead, as it is delivered (`lead_schema.json`); at most one a call, and one for many rings."""

    __tablename__ = "leads"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_sid: Mapped[str] = mapped_column(ForeignKey("calls.call_sid", ondelete="CASCADE"), unique=True)
    idempotency_key: Mapped[str] = mapped_column(String(96), unique=True)
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    channel: Mapped[str] = mapped_column(String(16), default="call", server_default="call")
    contact_backwards: Mapped[str | None] = mapped_column(Backwards)
    """Null: a lead from before this and what follows was kept, not looked at yet."""
    status: Mapped[str] = mapped_column(String(16), default=LeadStatus.NEW.value, server_default="new")
    call_back_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    needs_attention: Mapped[bool] = mapped_column(default=False, server_default=_FALSE)
    """Somebody has yet to hear of it: a delivery that has not arrived, none at all, or a summary that cannot go out."""
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    tries: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    """How often the caller rang, this call among them; see `ringing`."""
    other_rings: Mapped[list[str]] = mapped_column(default=list, server_default=text("'[]'"))
    """The other calls' SIDs, the newest last."""

    __table_args__ = (
        Index("ix_leads_created_at_id", "created_at", "id"),
        Index("ix_leads_status_created_at", "status", "created_at", "id"),
        Index("ix_leads_contact_backwards", "contact_backwards"),
        _partial("ix_leads_needs_attention", "created_at", "id", where="needs_attention"),
        _partial("ix_leads_call_back", "call_back_at", where=TO_CALL_BACK),
        _partial("ix_leads_messages", "created_at", where=OPEN_MESSAGE),
    )


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
    history: Mapped[list[dict[str, Any]] | None]
    """What became of it, `{at, state, error}` each, the newest last; see `deliveries.note`."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("lead_id", "channel", name="uq_deliveries_lead_id_channel"),
        Index("ix_deliveries_state_next_attempt_at", "state", "next_attempt_at"),
        Index("ix_deliveries_vendor_id", "vendor_id"),
        _partial("ix_deliveries_open", "updated_at", where=NOT_DELIVERED),
    )


class MessageReport(Base):
    """The last status callback of a Twilio message; it may come before the send that it is about was recorded."""

    __tablename__ = "message_reports"

    message_sid: Mapped[str] = mapped_column(String(64), primary_key=True)
    status: Mapped[str] = mapped_column(String(24))
    error_code: Mapped[int | None]
    at: Mapped[datetime]


class OperatorAction(Base):
    """What an operator did, to be looked at by others; `subject` holds no whole number."""

    __tablename__ = "operator_actions"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(Text, default="")
    instance: Mapped[str] = mapped_column(String(64), default="")

    __table_args__ = (Index("ix_operator_actions_at", "at"),)


class QualityDay(Base):
    """One finished day of Israel's, summed up once; see `questions.quality`."""

    __tablename__ = "quality_days"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    figures: Mapped[dict[str, Any]]


class UsedToken(Base):
    """A call token that has opened a stream; kept until it has expired."""

    __tablename__ = "used_tokens"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime]


class StockAudio(Base):
    """A stock line as a voice said it, for instances whose disk is fresh; it holds nothing of a caller."""

    __tablename__ = "stock_audio"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    ulaw: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[datetime]
