"""A caller who rings again at a full house; on SQLite and on PostgreSQL."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.leads.calls.ringing import says
from app.leads.database import Database
from app.leads.models import Call, Channel, DeliveryState, Lead
from app.leads.outgoing.deliveries import Change, Claim
from app.leads.questions import QUESTIONS
from app.leads.records import CallEnded, CallStarted, FactsSaved, LeadMarked, LeadNoted, TurnSaved
from app.leads.store import LeadRules, Store
from tests.leads.conftest import Clock

MOST_NAMED = 100

CALLER, OFFICE = "+972500000007", "+972500000001"
RING_S, MESSAGE_S = 30, 3
"""What a lead waits after a ring, and after a message."""


def ring(
    store: Store, clock: Clock, sid: str, words: str = "", channel: str = "recording", url: str = "", **numbers: str
) -> None:
    """A call at a full house, a second long; `words`: its message, as it was read; `url`: one that was not."""
    numbers = {"from_number": CALLER, "to_number": OFFICE, **numbers}
    store.apply(CallStarted.model_validate({"at": clock.now, "call_sid": sid, "channel": channel, **numbers}))
    clock.pass_s(1)
    if words:
        leave(store, clock, sid, words)
    if url:
        store.apply(FactsSaved(at=clock.now, call_sid=sid, recording_url=url))
    store.apply(CallEnded(at=clock.now, call_sid=sid, outcome="recording" if words or url else ""))


def leave(store: Store, clock: Clock, sid: str, words: str) -> None:
    store.apply(TurnSaved(at=clock.now, call_sid=sid, number=1, caller_text=words))


def leads(store: Store) -> list[tuple[str, int]]:
    """Return whose each lead is, and how often its caller rang."""
    with store.database.begin(read_only=True) as session:
        found = session.scalars(select(Lead).order_by(Lead.id)).all()
        return [(lead.call_sid, lead.tries) for lead in found]


def ask(store: Store, name: str, **arguments: Any) -> dict[str, Any]:
    with store.database.begin(read_only=True) as session:
        return QUESTIONS[name](session, **arguments)


def deliver(store: Store) -> Claim | None:
    """Deliver what is due, if anything is."""
    claim = store.deliveries.claim(Channel.WEBHOOK, 60)
    if claim is not None:
        store.deliveries.record(claim, Change(DeliveryState.DELIVERED, None, ""))
    return claim


def test_rings_without_a_message_are_one_lead_that_tells_how_many(store: Store, clock: Clock) -> None:
    """R14: an office that was full for ten minutes gets one lead of a caller who tried all along."""
    for number in range(1, 5):
        ring(store, clock, f"CA{number}")
    assert leads(store) == [("CA1", 4)]
    clock.pass_s(RING_S - 4)
    assert deliver(store) is None
    clock.pass_s(1)
    claim = deliver(store)
    assert claim is not None
    assert (claim.idempotency_key, claim.payload["lead_id"], claim.payload["tries"]) == ("lead-CA1", "lead-CA1", 4)
    assert deliver(store) is None


def test_a_message_takes_over_the_lead_that_tells_of_rings_alone(store: Store, clock: Clock) -> None:
    """R14: one lead, with the message, at once; what the office noted on it is still there."""
    ring(store, clock, "CA1")
    ring(store, clock, "CA2")
    lead_id = ask(store, "leads")["leads"][0]["id"]
    store.apply(LeadNoted(lead_id=lead_id, text="מכירים אותו"))
    ring(store, clock, "CA3", "אני מחפש דירה")
    assert leads(store) == [("CA3", 3)]
    clock.pass_s(MESSAGE_S)
    claim = deliver(store)
    assert claim is not None
    assert (claim.idempotency_key, claim.payload["lead_id"], claim.call_sid) == ("lead-CA3", "lead-CA3", "CA3")
    assert claim.payload["tries"] == 3
    assert [turn["caller"] for turn in claim.payload["transcript"]] == ["אני מחפש דירה"]
    shown = ask(store, "lead", lead_id=lead_id)
    assert (shown["note"], shown["tries"], shown["other_rings"]) == ("מכירים אותו", 3, ["CA2", "CA1"])


def test_after_a_lead_is_out_only_what_is_new_is_sent(store: Store, clock: Clock) -> None:
    """R14: one key names one content; the console counts on."""
    ring(store, clock, "CA1")
    clock.pass_s(RING_S)
    sent = deliver(store)
    ring(store, clock, "CA2")
    clock.pass_s(RING_S)
    assert deliver(store) is None
    assert leads(store) == [("CA1", 2)]
    assert sent is not None
    with store.database.begin(read_only=True) as session:
        assert session.scalars(select(Lead.payload)).all() == [sent.payload]
    ring(store, clock, "CA3", "תחזרו אליי")
    clock.pass_s(MESSAGE_S)
    claim = deliver(store)
    assert claim is not None
    assert (claim.call_sid, claim.payload["tries"]) == ("CA3", 1)
    ring(store, clock, "CA4")
    assert leads(store) == [("CA1", 2), ("CA3", 2)]


def test_an_attempt_under_way_keeps_its_lead(store: Store, clock: Clock) -> None:
    """R14: what a receiver may have seen is not made another's."""
    ring(store, clock, "CA1")
    clock.pass_s(RING_S)
    assert store.deliveries.claim(Channel.WEBHOOK, 60) is not None
    ring(store, clock, "CA2", "תחזרו אליי")
    assert leads(store) == [("CA1", 1), ("CA2", 1)]


def test_no_message_is_lost_in_another(store: Store, clock: Clock) -> None:
    """R14: two messages are two leads, and the same words twice are one."""
    ring(store, clock, "CA1", "אני מחפש דירה")
    ring(store, clock, "CA2", " אני מחפש דירה ")
    assert leads(store) == [("CA1", 2)]
    ring(store, clock, "CA3", "גם חניה")
    assert leads(store) == [("CA1", 2), ("CA3", 1)]


def test_a_message_that_nobody_has_read_is_a_message(store: Store, clock: Clock) -> None:
    """R2.7: its address is all that the office has of it."""
    ring(store, clock, "CA1")
    ring(store, clock, "CA2", url="https://api.twilio.com/2")
    ring(store, clock, "CA3", url="https://api.twilio.com/3")
    assert leads(store) == [("CA2", 2), ("CA3", 1)]


@pytest.mark.parametrize("words", ["אני מחפש דירה", ""])
def test_a_message_that_comes_late_finds_its_place(store: Store, clock: Clock, words: str) -> None:
    """R14: a ring was counted as mute, then its message was read: nothing of it is lost, nor counted twice."""
    ring(store, clock, "CA1")
    ring(store, clock, "CA2", words)
    ring(store, clock, "CA3")
    last = "CA2" if words else "CA1"
    assert leads(store) == [(last, 3)]
    leave(store, clock, "CA3", "תחזרו אליי")
    assert leads(store) == ([("CA2", 2), ("CA3", 1)] if words else [("CA3", 3)])
    store.apply(CallEnded(at=clock.now, call_sid="CA3", outcome="recording"))
    store.apply(CallEnded(at=clock.now, call_sid="CA1"))
    assert sum(tries for _, tries in leads(store)) == 3


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"from_number": ""}, {"from_number": ""}),
        ({"from_number": "anonymous"}, {"from_number": "anonymous"}),
        ({"from_number": "+266696687"}, {"from_number": "+266696687"}),
        ({}, {"from_number": "+972500000008"}),
        ({}, {"to_number": "+972500000002"}),
        ({"channel": "call"}, {}),
        ({}, {"channel": "call"}),
    ],
)
def test_others_calls_are_leads_of_their_own(
    store: Store, clock: Clock, first: dict[str, str], then: dict[str, str]
) -> None:
    """R14: nobody knows that two who withhold their number are one; and who was served is no ring."""
    ring(store, clock, "CA1", url="https://api.twilio.com/1", **first)
    ring(store, clock, "CA2", url="https://api.twilio.com/1", **then)
    assert leads(store) == [("CA1", 1), ("CA2", 1)]


def test_an_hour_later_or_once_it_is_handled_a_ring_is_news(store: Store, clock: Clock) -> None:
    """R14: who rings again the next day, or after the office has called, waits for another call."""
    ring(store, clock, "CA1")
    clock.pass_s(3600 - 2)
    ring(store, clock, "CA2")
    ring(store, clock, "CA3")
    assert leads(store) == [("CA1", 2), ("CA3", 1)]
    store.apply(LeadMarked(lead_id=ask(store, "leads")["leads"][0]["id"], status="handled"))
    ring(store, clock, "CA4")
    assert leads(store) == [("CA1", 2), ("CA3", 1), ("CA4", 1)]


def test_a_counted_rings_page_shows_the_lead_it_is_counted_in(store: Store, clock: Clock) -> None:
    """R16: nobody has to look for it."""
    ring(store, clock, "CA1")
    ring(store, clock, "CA2", "אני מחפש דירה")
    assert ask(store, "call", call_sid="CA1")["lead"]["call_sid"] == "CA2"
    assert ask(store, "call", call_sid="CA2")["lead"]["tries"] == 2
    assert [delivery["channel"] for delivery in ask(store, "call", call_sid="CA1")["deliveries"]] == ["webhook"]
    ring(store, clock, "CA3", channel="browser")
    assert ask(store, "call", call_sid="CA3")["lead"] is None


def test_a_lead_names_the_latest_rings_and_counts_all(store: Store, clock: Clock) -> None:
    """R18: who rings by machine fills no row."""
    ring(store, clock, "CA1")
    with store.database.begin() as session:
        lead = session.scalars(select(Lead)).one()
        lead.tries, lead.other_rings = 1 + MOST_NAMED, [f"CA-{number}" for number in range(MOST_NAMED)]
    ring(store, clock, "CA2")
    (row,) = ask(store, "leads")["leads"]
    assert row["tries"] == 2 + MOST_NAMED
    named = ask(store, "lead", lead_id=row["id"])["other_rings"]
    assert (named[0], named[-1], len(named)) == ("CA-1", "CA2", MOST_NAMED)


def test_rings_that_end_at_once_at_several_instances_are_one_lead(store: Store, clock: Clock) -> None:
    """R1.6: whoever writes first, and whatever is written twice."""
    faults: list[Exception] = []
    sids = [f"CA{number}" for number in range(6)]

    def write(sid: str) -> None:
        try:
            store.apply(CallStarted(at=clock.now, call_sid=sid, channel="recording", from_number=CALLER))
            if sid == "CA3":
                leave(store, clock, sid, "אני מחפש דירה")
            for other in (sid, *sids):
                store.apply(CallEnded(at=clock.now + timedelta(seconds=1), call_sid=other))
        except Exception as fault:  # noqa: BLE001 - told by the assertion below
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(sid,)) for sid in sids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert leads(store) == [("CA3", len(sids))]
    (row,) = ask(store, "leads")["leads"]
    assert len(row["deliveries"]) == 1


def test_a_ring_that_was_given_up_and_goes_on_takes_no_others_lead_away(store: Store, clock: Clock) -> None:
    """R14: its lead has become another ring's meanwhile."""
    store.apply(CallStarted(at=clock.now, call_sid="CA1", channel="recording", from_number=CALLER, to_number=OFFICE))
    assert store.abandon({"CA1"}) == 1
    ring(store, clock, "CA2", "אני מחפש דירה")
    store.apply(CallEnded(at=clock.pass_s(1), call_sid="CA1"))
    assert leads(store) == [("CA2", 2)]


def test_what_a_call_brought_is_its_words_values_and_unread_message() -> None:
    """R14: a number alone is nothing that was said."""
    assert says(Call(facts={}), [], []) == frozenset()
    assert "u" in says(Call(facts={"recording_url": "u"}), [], [])


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(("ring", "message", "late", "deliver", "settle", "handle")), st.integers(0, 3)),
    min_size=1,
    max_size=12,
)


@given(steps=STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_in_whatever_order_no_message_is_lost_and_each_ring_counts_once(
    sqlite_url: str, clock: Clock, steps: list[Step]
) -> None:
    """R14: and what was sent under a key stays what it was."""
    database = Database(sqlite_url)
    store = Store(database, LeadRules(webhook_url="https://office.example/leads"), clock)
    with database.begin() as session:
        for table in (Lead, Call):
            session.execute(delete(table))
    mute, said, sent = list[str](), set[str](), dict[str, dict[str, Any]]()
    rings = 0
    for number, (step, which) in enumerate(steps):
        match step:
            case "ring" | "message":
                words = f"מילים {which}" if step == "message" else ""
                ring(store, clock, f"CA{number}", words)
                rings += 1
                said |= {words} - {""}
                mute += [f"CA{number}"] * (not words)
            case "late" if mute:
                sid = mute.pop(which % len(mute))
                if sid not in {sent_["call"]["sid"] for sent_ in sent.values()}:
                    leave(store, clock, sid, f"מילים {which}")
                    said.add(f"מילים {which}")
            case "settle":
                clock.pass_s(RING_S)
            case "deliver" if claim := deliver(store):
                assert claim.idempotency_key not in sent
                sent[claim.idempotency_key] = claim.payload
            case "handle" if rows := ask(store, "leads")["leads"]:
                store.apply(LeadMarked(lead_id=rows[which % len(rows)]["id"], status="handled"))
    with database.begin(read_only=True) as session:
        kept = session.scalars(select(Lead)).all()
        assert sum(lead.tries for lead in kept) == rings
        assert said <= {turn["caller"] for lead in kept for turn in lead.payload["transcript"]}
        assert all(lead.payload["lead_id"] == lead.idempotency_key == f"lead-{lead.call_sid}" for lead in kept)
        assert sent.items() <= {lead.idempotency_key: lead.payload for lead in kept}.items()
    database.close()
