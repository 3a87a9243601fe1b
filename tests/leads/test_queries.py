"""What reconnects and the command line ask; on SQLite and on PostgreSQL."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.leads.queries import call_state, percentile
from app.leads.questions import QUESTIONS
from app.leads.records import CallEnded, CallStarted, SlotChange, SlotsChanged, TurnSaved
from app.leads.store import Store
from tests.leads.conftest import Clock


def ask(store: Store, name: str, **arguments: Any) -> dict[str, Any]:
    with store.database.begin(read_only=True) as session:
        answer = {**QUESTIONS, "call_state": call_state}[name](session, **arguments)
    assert json.loads(json.dumps(answer)) == answer, "an answer travels as JSON"
    return answer


@pytest.fixture
def office(store: Store, clock: Clock) -> Store:
    """A store with five calls, a minute apart, of which the last goes on."""
    for number in range(5):
        sid = f"CA{number}"
        store.apply(CallStarted(at=clock.pass_s(60), call_sid=sid, from_number="+972500000007"))
        store.apply(
            TurnSaved(at=clock.now, call_sid=sid, number=1, latencies_ms={"asr": 100 * (number + 1), "tts": None})
        )
        changes = {"area": SlotChange(value=["חיפה"], quote="בחיפה", confidence=0.8)}
        store.apply(SlotsChanged(at=clock.now, call_sid=sid, turn=1, changes=changes))
        if number < 4:
            store.apply(CallEnded(at=clock.now, call_sid=sid, outcome="confirmed"))
    return store


def test_a_reconnect_finds_where_the_call_was(office: Store) -> None:
    """R18: the talk goes on at the same slot, by CallSid."""
    told = ask(office, "call_state", call_sid="CA4")
    assert (told["known"], told["ended"], told["last_turn"]) == (True, False, 1)
    assert told["slots"]["area"]["quote"] == "בחיפה"
    assert ask(office, "call_state", call_sid="CA9") == {"known": False}
    assert ask(office, "call_timeline", call_sid="CA9") == {"known": False}


def test_leads_come_with_where_their_deliveries_stand(office: Store) -> None:
    """R16, R14."""
    told = ask(office, "recent_leads", limit=3)["leads"]
    assert [lead["call_sid"] for lead in told] == ["CA3", "CA2", "CA1"]
    assert told[0]["deliveries"][0]["state"] == "pending"
    assert ask(office, "outbox")["counts"] == {"webhook": {"pending": 4}}


def test_latencies_are_summed_up_aspercentiles(office: Store) -> None:
    """R19: p50 and p95 of every step."""
    assert ask(office, "latencies")["steps"] == {"asr": {"count": 5, "p50_ms": 300.0, "p95_ms": 500.0}}


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.95]))
def test_apercentile_is_a_measured_value_that_enough_others_do_not_exceed(values: list[float], part: float) -> None:
    """R19: nearest rank."""
    found = percentile(values, part)
    assert found in values
    assert sum(value <= found for value in values) >= part * len(values) - 1e-9
