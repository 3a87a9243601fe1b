"""A call's records made into its rows. Applying one twice changes nothing; of two about one fact the later one wins.

Blocking, within the store's transaction.
"""

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.leads.calls.rows import is_newer, write
from app.leads.models import Call
from app.leads.records import (
    ABANDONED,
    LOST,
    MOVED,
    CallEnded,
    CallRecord,
    CallServed,
    CallStarted,
    CallUsed,
    FactsSaved,
    InterruptionSaved,
    SlotsChanged,
    TurnSaved,
)


def backwards(number: str) -> str:
    """Return a number's digits from the last to the first, as they are searched; empty for what is no number."""
    return "".join(digit for digit in reversed(number) if digit.isascii() and digit.isdigit())


def fold(session: Session, call: Call, record: CallRecord) -> None:
    """Write what `record` says of `call`."""
    match record:
        case CallStarted():
            call.started_at = min(call.started_at, record.at)
            call.channel = record.channel
            call.stream_sid = record.stream_sid[:64] or call.stream_sid
            call.from_number = record.from_number[:64] or call.from_number
            call.from_backwards = backwards(call.from_number)
            call.to_number = record.to_number[:64] or call.to_number
        case CallServed():
            call.clock0_at, call.instance, call.app_version = record.clock0_at, record.instance, record.app_version
            call.engines = record.engines
        case TurnSaved() | InterruptionSaved() | SlotsChanged():
            if isinstance(record, TurnSaved) and record.state is not None and is_newer(record.at, call.state_at):
                call.state, call.state_at = record.state, record.at
            write(session.connection(), record)
        case FactsSaved():
            _fold_facts(call, record)
        case CallUsed():
            call.usage = record.usage
        case CallEnded():
            _fold_end(call, record)


def _fold_end(call: Call, record: CallEnded) -> None:
    """Close the call, unless it moved; one whose line was lost is given up, until it shows that it goes on."""
    if record.reason == MOVED:
        return
    is_doubtful = record.reason == LOST and (call.ended_at is None or call.outcome == ABANDONED)
    if is_doubtful and record.at < call.last_activity_at:
        return  # it has gone on elsewhere
    call.ended_at = call.ended_at or record.at
    call.end_reason = call.end_reason or record.reason[:64]
    outcome = ABANDONED if is_doubtful else record.outcome
    if outcome and call.outcome in ("", ABANDONED):
        call.outcome = outcome[:32]


def _fold_facts(call: Call, record: FactsSaved) -> None:
    news = record.model_dump(mode="json", exclude_none=True, exclude={"op", "at", "call_sid", "withdrawn"})
    facts, times = dict(call.facts), dict(call.facts_at or {})
    for name in (*record.withdrawn, *news):
        if name in times and datetime.fromisoformat(times[name]) > record.at:
            continue
        times[name] = record.at.isoformat()
        facts.pop(name, None)
        if name in news:
            facts[name] = news[name]
    call.facts, call.facts_at = facts, times


def locked_call(session: Session, call_sid: str, at: datetime) -> Call:
    """Return the call's row, made if it is new, locked so that writers of one call take turns."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"call_sid": call_sid, "started_at": at, "last_activity_at": at}
    session.execute(insert(Call).values(values).on_conflict_do_nothing())
    return session.get_one(Call, call_sid, with_for_update=True)
