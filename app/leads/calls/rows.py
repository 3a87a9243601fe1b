"""The rows that every turn of a call brings, written by statements that are put together once.

The mapper reads a row, compares it and writes what has changed: three times the work, and this is most of what the
store does. Applying a record twice changes nothing; of two about one fact the later one wins. Blocking.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.leads.models import Base, Call, Interruption, Slot, Turn
from app.leads.records import ABANDONED, InterruptionSaved, SlotsChanged, TurnSaved

TurnRecord = TurnSaved | InterruptionSaved | SlotsChanged
Row = Mapping[str, Any]


def _table(model: type[Base]) -> Table:
    """Return the table itself: statements on it do without the mapper."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


_CALLS = _table(Call)
_NEW_CALL: Mapping[str, Executable] = {
    "sqlite": sqlite.insert(_CALLS).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_CALLS).on_conflict_do_nothing(),
}
_THIS = _CALLS.c.call_sid == bindparam("sid")
_CALL = (
    select(_CALLS.c.last_activity_at, _CALLS.c.outcome, _CALLS.c.ended_at, _CALLS.c.state_at)
    .where(_THIS)
    .with_for_update()
)
_SEEN = update(_CALLS).where(_THIS).values(last_activity_at=bindparam("seen"))
_STATE = _SEEN.values(state=bindparam("now"), state_at=bindparam("since"))


def _upserts(model: type[Base]) -> Mapping[str, Executable]:
    """Return, by dialect, what writes a row unless there is a later one of its key."""
    table = _table(model)
    keys = [column.name for column in table.primary_key]
    made: dict[str, Executable] = {}
    for name, statement in (("sqlite", sqlite.insert(table)), ("postgresql", postgresql.insert(table))):
        rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
        made[name] = statement.on_conflict_do_update(
            index_elements=keys, set_=rest, where=statement.excluded.at >= table.c.at
        )
    return made


_UPSERTS: Mapping[type[Base], Mapping[str, Executable]] = {one: _upserts(one) for one in (Turn, Interruption, Slot)}


def note_activity(connection: Connection, record: TurnRecord) -> bool:
    """Note in the call's row, made if it is new and locked, what a record says of the call itself.

    False where the call has ended or was given up: then more depends on it than its own rows.
    """
    call = connection.execute(_CALL, {"sid": record.call_sid}).first()
    if call is None:
        new = {"call_sid": record.call_sid, "started_at": record.at, "last_activity_at": record.at}
        connection.execute(_NEW_CALL[connection.dialect.name], new)
        call = connection.execute(_CALL, {"sid": record.call_sid}).one()
    if call.ended_at is not None or call.outcome == ABANDONED:
        return False
    seen = {"sid": record.call_sid, "seen": max(call.last_activity_at, record.at)}
    state = record.state if isinstance(record, TurnSaved) else None
    if state is not None and is_newer(record.at, call.state_at):
        connection.execute(_STATE, {**seen, "now": state, "since": record.at})
    else:
        connection.execute(_SEEN, seen)
    return True


def is_newer(at: datetime, than: datetime | None) -> bool:
    """Whether what was so at one time counts beside what was so at another."""
    return than is None or than <= at


def write(connection: Connection, record: TurnRecord) -> None:
    """Write the rows of a record; the call's own must be there."""
    model, rows = _rows_of(record)
    if rows:
        connection.execute(_UPSERTS[model][connection.dialect.name], rows)


def _rows_of(record: TurnRecord) -> tuple[type[Base], Sequence[Row]]:
    match record:
        case TurnSaved():
            turn = record.model_dump(exclude={"op", "state"})
            return Turn, [{**turn, "asked": record.asked[:32], "intent": record.intent[:32]}]
        case InterruptionSaved():
            return Interruption, [record.model_dump(exclude={"op"})]
        case SlotsChanged():
            shared = {"call_sid": record.call_sid, "turn": record.turn, "at": record.at}
            return Slot, [
                {**shared, "slot": name, **change.model_dump(), "value": {"value": change.value}}
                for name, change in record.changes.items()
            ]
