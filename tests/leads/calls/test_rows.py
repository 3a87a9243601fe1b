"""The rows that every turn brings, on SQLite and on PostgreSQL."""

import itertools
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.leads.models import Call, Interruption, Lead, Slot, Turn
from app.leads.records import (
    CallEnded,
    CallStarted,
    InterruptionSaved,
    Record,
    SlotChange,
    SlotsChanged,
    Timing,
    TurnSaved,
)
from app.leads.store import Store
from tests.leads.conftest import Clock

SID = "CA" + "2" * 32


def turn(clock: Clock, after_s: float, heard: str | None, state: int) -> TurnSaved:
    return TurnSaved(
        at=clock.now + timedelta(seconds=after_s), call_sid=SID, number=1, caller_text="דירה", agent_text="באיזה אזור?",
        agent_heard=heard, asked="a" * 40, intent="provide_info", latencies_ms={"asr": 120.0, "llm_first_token": None},
        timing=Timing(eou=360), state={"turns": state},
    )  # fmt: skip


def interruption(clock: Clock, after_s: float, verdict: Any) -> InterruptionSaved:
    at = clock.now + timedelta(seconds=after_s)
    return InterruptionSaved(
        at=at, call_sid=SID, number=1, turn=1, reply=2, clear_at_ms=900, heard_ms=400, verdict=verdict
    )


def slots(clock: Clock, after_s: float, **values: Any) -> SlotsChanged:
    changes = {name: SlotChange(value=value, quote="כן") for name, value in values.items()}
    return SlotsChanged(at=clock.now + timedelta(seconds=after_s), call_sid=SID, turn=1, changes=changes)


def stored(store: Store) -> list[Any]:
    """Return all rows of the call, as plain values."""
    with store.database.begin(read_only=True) as session:
        kept: list[Any] = []
        for model in (Call, Turn, Interruption, Slot):
            rows = session.scalars(select(model).where(model.call_sid == SID)).all()
            kept += sorted((row.plain(leave_out=("started_at",)) for row in rows), key=str)
        return kept


def test_the_latest_of_each_fact_stands_in_whatever_order_and_however_often_it_is_told(
    store: Store, clock: Clock
) -> None:
    """R14: records come late from a journal, twice after a restart, and from another instance."""
    records: list[Record] = [
        turn(clock, 1, None, 1),
        turn(clock, 4, "באיזה", 2),
        interruption(clock, 2, ""),
        interruption(clock, 3, "floor"),
        slots(clock, 2, area="חולון", rooms=3),
        slots(clock, 5, area="בת ים"),
    ]
    for record in records:
        store.apply(record)
    once = stored(store)
    call, kept, cut_off, area, rooms = once
    assert (kept["agent_heard"], kept["asked"], kept["timing"]["eou"]) == ("באיזה", "a" * 32, 360)
    assert (cut_off["verdict"], area["value"], rooms["value"]) == ("floor", {"value": "בת ים"}, {"value": 3})
    assert call["state"] == {"turns": 2}
    for order in itertools.islice(itertools.permutations(records), 0, 720, 240):
        for record in order:
            store.apply(record)
        assert stored(store) == once
    with store.database.begin() as session:
        session.delete(session.get_one(Call, SID))
    for record in reversed(records):
        store.apply(record)
    assert stored(store) == once


def test_a_turn_that_comes_after_the_end_still_counts_in_the_lead(store: Store, clock: Clock) -> None:
    """R14: the last words of a call may reach the store after its end."""
    store.apply(CallStarted(at=clock.now, call_sid=SID, from_number="+972500000007"))
    store.apply(slots(clock, 1, area="חולון"))
    store.apply(CallEnded(at=clock.now + timedelta(seconds=6), call_sid=SID, outcome="hung_up"))
    store.apply(slots(clock, 5, rooms=3))
    with store.database.begin(read_only=True) as session:
        lead = session.scalars(select(Lead).where(Lead.call_sid == SID)).one()
    assert lead.payload["slots"]["rooms"]["value"] == 3


def test_what_has_no_rows_of_its_own_is_activity_all_the_same(store: Store, clock: Clock) -> None:
    """R14: a call in which something happens is not given up."""
    store.apply(slots(clock, 0, area="חולון"))
    store.apply(slots(clock, 9))
    (call, *_) = stored(store)
    assert call["last_activity_at"] == (clock.now + timedelta(seconds=9)).isoformat()
