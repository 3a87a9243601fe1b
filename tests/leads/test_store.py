"""Records in, rows and leads out; on SQLite and on PostgreSQL."""

import json
import re
import threading
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select

from app.leads.models import Channel, Delivery, Lead, Turn
from app.leads.queries import call_state, call_timeline, served_by
from app.leads.records import (
    CallBack,
    CallEnded,
    CallRecord,
    CallServed,
    CallStarted,
    CallUsed,
    FactsSaved,
    InterruptionSaved,
    Record,
    SlotChange,
    SlotsChanged,
    TurnSaved,
    WhatsAppRequest,
)
from app.leads.store import LeadRules, Store
from app.leads.upkeep.sweeping import AUDIT_KEEP, ERASED_KEEP, REPORTS_KEEP, STOCK_KEEP, Keep
from tests.leads.conftest import Clock

SID = "CA" + "1" * 32
CALLER = "+972500000007"


def started(clock: Clock, sid: str = SID, caller: str = CALLER) -> CallStarted:
    return CallStarted(at=clock.now, call_sid=sid, stream_sid="MZ1", from_number=caller, to_number="+972500000001")


def slot(clock: Clock, sid: str = SID, turn: int = 1, **values: Any) -> SlotsChanged:
    changes = {name: SlotChange(value=value, quote="כן", confidence=0.9) for name, value in values.items()}
    return SlotsChanged(at=clock.now, call_sid=sid, turn=turn, changes=changes)


def timeline(store: Store, sid: str = SID) -> dict[str, Any]:
    with store.database.begin(read_only=True) as session:
        return call_timeline(session, sid)


def leads(store: Store) -> int:
    with store.database.begin(read_only=True) as session:
        return session.scalar(select(func.count()).select_from(Lead)) or 0


def test_a_call_is_there_as_it_happened(store: Store, clock: Clock) -> None:
    """R14: the call, its turns and its slots are stored as they happen."""
    store.apply(started(clock))
    store.apply(
        TurnSaved(
            at=clock.pass_s(4),
            call_sid=SID,
            number=1,
            caller_text="דירה בחיפה",
            agent_text="כמה חדרים אתם מחפשים?",
            agent_heard="כמה חדרים",
            asked="rooms",
            intent="provide_info",
            latencies_ms={"asr": 120.5, "voice_to_voice": 900},
            state={"asked": "rooms"},
        )
    )
    store.apply(slot(clock, area=["חיפה"], property_type="apartment"))
    told = timeline(store)
    assert told["call"]["from_number"] == CALLER
    assert told["call"]["ended_at"] is None
    assert told["lead"] is None
    assert told["turns"][0]["agent_heard"] == "כמה חדרים"
    assert told["turns"][0]["latencies_ms"] == {"asr": 120.5, "voice_to_voice": 900}
    assert told["slots"]["area"]["value"] == ["חיפה"]
    assert (told["slots"]["area"]["quote"], told["slots"]["area"]["turn"]) == ("כן", 1)


def test_the_same_records_twice_change_nothing(store: Store, clock: Clock) -> None:
    """R14: a record may be sent again after a crash."""
    records: list[Record] = [
        started(clock),
        TurnSaved(at=clock.pass_s(1), call_sid=SID, number=1, caller_text="שלום"),
        slot(clock, deal="rent"),
        FactsSaved(at=clock.pass_s(1), call_sid=SID, summary="דירה להשכרה", refused=["budget_max"]),
        CallEnded(at=clock.pass_s(1), call_sid=SID, outcome="confirmed"),
    ]
    for record in records:
        store.apply(record)
    once = timeline(store)
    for record in records + records:
        store.apply(record)
    assert timeline(store) == once
    assert leads(store) == 1


def call_of(clock: Clock, sid: str) -> list[CallRecord]:
    """Return what a call tells, the same for each SID."""
    clock.now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    whatsapp = WhatsAppRequest(to="+972500000007", body="סיכום")
    return [
        started(clock, sid),
        TurnSaved(at=clock.pass_s(1), call_sid=sid, number=1, caller_text="שלום", state={"turn": 1}),
        slot(clock, sid, deal="rent"),
        FactsSaved(at=clock.pass_s(1), call_sid=sid, summary="דירה להשכרה", whatsapp=whatsapp),
        TurnSaved(at=clock.pass_s(1), call_sid=sid, number=1, caller_text="שלום", agent_text="כמה?", state={"turn": 2}),
        InterruptionSaved(at=clock.pass_s(1), call_sid=sid, number=1, turn=1, reply=1, clear_at_ms=900, heard_ms=400),
        CallEnded(at=clock.pass_s(1), call_sid=sid, outcome="confirmed"),
        TurnSaved(at=clock.pass_s(1), call_sid=sid, number=2, caller_text="תודה", agent_text="להתראות"),
        slot(clock, sid, deal="buy"),
    ]


@pytest.mark.parametrize("cuts", [(0, 9), (0, 1, 9), (0, 3, 5, 9), (0, 2, 7, 9), (0, 6, 8, 9)])
def test_records_written_together_come_to_the_same_as_one_by_one(
    store: Store, clock: Clock, cuts: tuple[int, ...]
) -> None:
    """R14: how many share a transaction is a matter of speed alone."""
    apart, together = "CA" + "a" * 32, "CA" + "b" * 32
    for record in call_of(clock, apart):
        store.apply(record)
    records = call_of(clock, together)
    for start, end in pairwise(cuts):
        store.apply_together(records[start:end])
    text = json.dumps(timeline(store, apart), default=str).replace(apart, together)
    ids = re.compile(r'"(lead_)?id": \d+')
    assert ids.sub("", json.dumps(timeline(store, together), default=str)) == ids.sub("", text)
    assert leads(store) == 2


def test_of_records_written_together_all_are_there_or_none(store: Store, clock: Clock) -> None:
    """R14: who wrote them tries one by one then."""
    first, *rest = call_of(clock, SID)
    store.apply(first)
    bad = slot(clock, turn=2**70, deal="rent")
    with pytest.raises(Exception, match=r"(?i)int|out of range"):
        store.apply_together([rest[0], bad, rest[1]])
    assert timeline(store)["turns"] == []


def test_a_turn_saved_again_tells_what_was_heard_and_an_older_one_does_not_undo_it(store: Store, clock: Clock) -> None:
    """R7.5: only what was heard counts, whatever order the records come in."""
    generated = TurnSaved(at=clock.pass_s(1), call_sid=SID, number=1, agent_text="שלום וברוכים הבאים", state={"n": 1})
    heard = TurnSaved(
        at=clock.pass_s(1), call_sid=SID, number=1, agent_text="שלום וברוכים הבאים", agent_heard="שלום", state={"n": 2}
    )
    for record in (heard, generated):
        store.apply(record)
    assert timeline(store)["turns"][0]["agent_heard"] == "שלום"
    with store.database.begin(read_only=True) as session:
        assert call_state(session, SID)["state"] == {"n": 2}


def test_a_correction_replaces_and_a_withdrawal_empties_a_slot(store: Store, clock: Clock) -> None:
    """R10.2: corrections replace."""
    early = slot(clock, budget_max=2_000_000)
    clock.pass_s(5)
    store.apply(slot(clock, turn=2, budget_max=2_500_000, area=["חיפה"]))
    store.apply(early)
    clock.pass_s(5)
    store.apply(slot(clock, turn=3, area=None))
    slots = timeline(store)["slots"]
    assert slots["budget_max"]["value"] == 2_500_000
    assert slots["area"]["value"] is None


@pytest.mark.parametrize(
    ("caller", "value", "expected"),
    [
        (CALLER, None, 1),
        ("anonymous", None, 0),
        ("+266696687", None, 0),
        ("anonymous", "rent", 1),
        ("client:browser", None, 0),
    ],
)
def test_a_number_or_one_slot_makes_a_lead(
    store: Store, clock: Clock, caller: str, value: str | None, expected: int
) -> None:
    """R14: each finished call with at least a phone or one slot is one lead."""
    store.apply(started(clock, caller=caller))
    store.apply(slot(clock, deal=value))
    store.apply(CallEnded(at=clock.pass_s(9), call_sid=SID, outcome="goodbye"))
    assert leads(store) == expected


def test_an_ended_call_is_delivered_after_it_has_settled(store: Store, clock: Clock) -> None:
    """R3.3, R14: the status webhook may overtake the call's last words; they still reach the lead."""
    store.apply(started(clock))
    store.apply(CallEnded(at=clock.pass_s(10), call_sid=SID))
    assert store.deliveries.claim(Channel.WEBHOOK, 60) is None
    store.apply(slot(clock, area=["חיפה"]))
    store.apply(CallEnded(at=clock.pass_s(1), call_sid=SID, outcome="confirmed"))
    clock.pass_s(3)
    claim = store.deliveries.claim(Channel.WEBHOOK, 60)
    assert claim is not None
    assert claim.payload["slots"]["area"]["value"] == ["חיפה"]
    assert claim.payload["call"]["outcome"] == "confirmed"
    assert claim.payload["call"]["duration_s"] == 10
    assert claim.idempotency_key == f"lead-{SID}"


def test_a_lead_on_its_way_is_left_as_it_was_sent(store: Store, clock: Clock) -> None:
    """R14: one idempotency key names one content."""
    store.apply(started(clock))
    store.apply(CallEnded(at=clock.pass_s(10), call_sid=SID, outcome="goodbye"))
    clock.pass_s(5)
    claim = store.deliveries.claim(Channel.WEBHOOK, 60)
    store.apply(slot(clock, area=["חיפה"]))
    assert claim is not None
    assert timeline(store)["lead"]["payload"] == claim.payload
    assert timeline(store)["slots"]["area"]["value"] == ["חיפה"]
    assert leads(store) == 1


@pytest.mark.parametrize("later", ["fault", "", "abandoned"])
def test_a_second_end_does_not_undo_the_first(store: Store, clock: Clock, later: str) -> None:
    """R14: the session's own end and Twilio's status come in any order; what the session knew stays."""
    store.apply(started(clock))
    store.apply(CallEnded(at=clock.pass_s(5), call_sid=SID, outcome="confirmed"))
    ended = timeline(store)["call"]["ended_at"]
    store.apply(CallEnded(at=clock.pass_s(1), call_sid=SID, outcome=later))
    call = timeline(store)["call"]
    assert (call["outcome"], call["ended_at"]) == ("confirmed", ended)


def test_a_silent_call_is_abandoned_and_becomes_a_lead(store: Store, clock: Clock) -> None:
    """R14: an abandoned call is a lead too, also found at the next start."""
    store.apply(started(clock))
    store.apply(slot(clock, area=["חיפה"]))
    clock.pass_s(500)
    store.apply(started(clock, sid="CA2"))
    assert store.sweep() == 0
    clock.pass_s(200)
    assert store.sweep() == 1
    assert store.sweep() == 0
    told = timeline(store)
    assert told["call"]["outcome"] == "abandoned"
    assert told["lead"]["payload"]["slots"]["area"]["value"] == ["חיפה"]


def test_an_abandoned_call_that_goes_on_elsewhere_is_open_again(store: Store, clock: Clock) -> None:
    """R18: the media socket is reconnected at another instance; the call is still one lead."""
    store.apply(started(clock))
    assert store.abandon({SID, "CA-unknown"}) == 1
    assert leads(store) == 1
    clock.pass_s(5)
    store.apply(started(clock))
    assert timeline(store)["call"]["ended_at"] is None
    assert leads(store) == 0
    store.apply(slot(clock, deal="rent"))
    store.apply(CallEnded(at=clock.pass_s(5), call_sid=SID, outcome="confirmed"))
    assert timeline(store)["lead"]["payload"]["call"]["outcome"] == "confirmed"
    assert leads(store) == 1


def lost(clock: Clock, outcome: str = "goodbye_incomplete") -> CallEnded:
    return CallEnded(at=clock.pass_s(1), call_sid=SID, outcome=outcome, reason="lost")


def test_a_call_whose_line_was_lost_is_given_up_and_open_again_once_it_goes_on_elsewhere(
    store: Store, clock: Clock
) -> None:
    """R18: what its session tells behind its end is no sign of life, and telling it twice changes nothing."""
    store.apply(started(clock))
    last_wish, end = slot(clock, deal="rent"), lost(clock)
    used = CallUsed(at=clock.pass_s(1), call_sid=SID, usage={"llm_calls": 3})
    for record in (end, used, end, last_wish, used):
        store.apply(record)
        told = timeline(store)["call"]
        assert (told["outcome"], told["ended_at"] is not None) == ("abandoned", True)
    assert store.deliveries.claim(Channel.WEBHOOK, 60, ahead_s=60) is None
    store.apply(TurnSaved(at=clock.pass_s(5), call_sid=SID, number=2, caller_text="לקנות"))
    assert (timeline(store)["call"]["ended_at"], leads(store)) == (None, 0)
    store.apply(CallEnded(at=clock.pass_s(5), call_sid=SID, outcome="confirmed", reason="agent_done"))
    told = timeline(store)
    assert (told["call"]["outcome"], told["call"]["end_reason"], leads(store)) == ("confirmed", "agent_done", 1)


def test_a_lost_line_told_of_late_neither_closes_a_call_that_goes_on_nor_undoes_its_end(
    store: Store, clock: Clock
) -> None:
    """R18: the first instance's last word comes behind what the second has told."""
    store.apply(started(clock))
    end = lost(clock)
    store.apply(TurnSaved(at=clock.pass_s(5), call_sid=SID, number=2, caller_text="לקנות"))
    store.apply(end)
    assert timeline(store)["call"]["ended_at"] is None
    store.apply(CallEnded(at=clock.pass_s(5), call_sid=SID, outcome="confirmed", reason="agent_done"))
    store.apply(lost(clock))
    assert timeline(store)["call"]["outcome"] == "confirmed"


def test_a_call_that_moved_to_another_instance_goes_on(store: Store, clock: Clock) -> None:
    """R18: the older stream's end is none, whenever it is told; and the last to serve it is known."""
    store.apply(started(clock))
    since = {instance: clock.pass_s(1) for instance in ("one", "two")}
    for instance, at in since.items():
        store.apply(CallServed(at=at, call_sid=SID, clock0_at=at, instance=instance))
    moved = CallEnded(at=clock.pass_s(1), call_sid=SID, outcome="goodbye_incomplete", reason="moved")
    store.apply(moved)
    assert (timeline(store)["call"]["ended_at"], leads(store)) == (None, 0)
    with store.database.begin(read_only=True) as session:
        told = served_by(session, [SID, "CA9"])["instances"]
    assert told == {SID: ["two", since["two"].timestamp()]}
    store.apply(CallEnded(at=clock.pass_s(5), call_sid=SID, outcome="confirmed", reason="agent_done"))
    store.apply(moved)
    assert timeline(store)["call"]["end_reason"] == "agent_done"


def test_an_abandoned_call_whose_lead_is_out_stays_one_lead(store: Store, clock: Clock) -> None:
    """R14: once per lead."""
    store.apply(started(clock))
    store.abandon({SID})
    clock.pass_s(100)
    claim = store.deliveries.claim(Channel.WEBHOOK, 60)
    assert claim is not None
    store.apply(slot(clock, deal="rent"))
    store.apply(CallEnded(at=clock.pass_s(5), call_sid=SID, outcome="confirmed"))
    told = timeline(store)
    assert leads(store) == 1
    assert told["call"]["outcome"] == "confirmed"
    assert [(one["id"], one["attempts"]) for one in told["deliveries"]] == [(claim.delivery_id, 1)]
    assert store.deliveries.claim(Channel.WEBHOOK, 60) is None


def test_whatsapp_goes_out_once_and_only_when_asked_for(store: Store, clock: Clock) -> None:
    """R10.5: WhatsApp when asked for and confirmed; a call-back time is recorded."""
    store.apply(started(clock))
    wish = WhatsAppRequest(to=CALLER, body="דירה בחיפה", variables={"1": "דירה בחיפה"})
    call_back = CallBack(when_text="מחר בבוקר")
    store.apply(FactsSaved(at=clock.pass_s(1), call_sid=SID, whatsapp=wish, call_back=call_back))
    store.apply(CallEnded(at=clock.pass_s(1), call_sid=SID, outcome="whatsapp"))
    clock.pass_s(4)
    claim = store.deliveries.claim(Channel.WHATSAPP, 60)
    assert claim is not None
    assert (claim.target, claim.message["body"]) == (CALLER, "דירה בחיפה")
    assert claim.payload["call_back"] == {"when_text": "מחר בבוקר", "day": None, "when": None, "until": None}
    assert store.deliveries.claim(Channel.WHATSAPP, 60) is None


def test_a_fact_taken_back_is_gone_and_an_older_one_does_not_bring_it_back(store: Store, clock: Clock) -> None:
    """R14: half a sentence that was answered too early leaves no wish behind, whatever order the records come in."""
    wish = WhatsAppRequest(to=CALLER, body="דירה בחיפה")
    asked = FactsSaved(at=clock.pass_s(1), call_sid=SID, whatsapp=wish, wants_human=True)
    store.apply(started(clock))
    store.apply(asked)
    store.apply(FactsSaved(at=clock.pass_s(1), call_sid=SID, withdrawn=["whatsapp"]))
    store.apply(asked)
    store.apply(CallEnded(at=clock.pass_s(1), call_sid=SID, outcome="goodbye"))
    told = timeline(store)
    assert told["call"]["facts"] == {"wants_human": True}
    assert [row["channel"] for row in told["deliveries"]] == ["webhook"]


def test_a_wish_that_changes_after_the_end_changes_the_message_until_it_is_sent(store: Store, clock: Clock) -> None:
    """R3.3, R14: the status webhook may overtake the call's last words."""
    store.apply(started(clock))
    store.apply(FactsSaved(at=clock.pass_s(1), call_sid=SID, whatsapp=WhatsAppRequest(to=CALLER, body="דירה")))
    store.apply(CallEnded(at=clock.pass_s(1), call_sid=SID))
    store.apply(FactsSaved(at=clock.pass_s(1), call_sid=SID, whatsapp=WhatsAppRequest(to=CALLER, body="דירה בחיפה")))
    clock.pass_s(4)
    claim = store.deliveries.claim(Channel.WHATSAPP, 60)
    assert claim is not None
    assert claim.message["body"] == "דירה בחיפה"
    store.apply(FactsSaved(at=clock.pass_s(1), call_sid=SID, withdrawn=["whatsapp"]))
    assert [row["channel"] for row in timeline(store)["deliveries"]] == ["webhook", "whatsapp"]


def test_a_lead_waits_for_a_person_to_answer_and_then_says_whether_one_did(store: Store, clock: Clock) -> None:
    """R17, R14: the office must know whom nobody answered."""
    store.apply(started(clock))
    store.apply(FactsSaved(at=clock.pass_s(1), call_sid=SID, transfer="started", wants_human=True))
    store.apply(CallEnded(at=clock.pass_s(1), call_sid=SID, outcome="human"))
    clock.pass_s(30)
    assert store.deliveries.claim(Channel.WEBHOOK, 60) is None
    store.apply(FactsSaved(at=clock.now, call_sid=SID, transfer="no-answer"))
    clock.pass_s(4)
    claim = store.deliveries.claim(Channel.WEBHOOK, 60)
    assert claim is not None
    assert (claim.payload["transfer"], claim.payload["wants_human"]) == ("no-answer", True)


def test_a_lead_whose_transfer_nobody_tells_the_end_of_goes_out_too(store: Store, clock: Clock) -> None:
    """R14: two people who talk for an hour, or a lost webhook, hold no lead back."""
    store.apply(started(clock))
    store.apply(FactsSaved(at=clock.pass_s(1), call_sid=SID, transfer="started"))
    store.apply(CallEnded(at=clock.pass_s(1), call_sid=SID, outcome="human"))
    clock.pass_s(61)
    claim = store.deliveries.claim(Channel.WEBHOOK, 60)
    assert claim is not None
    assert claim.payload["transfer"] == "started"


def test_instances_that_write_one_call_at_once_make_one_lead(store: Store, clock: Clock) -> None:
    """R1.6: the webhook and the media socket of one call may be at different instances."""
    faults: list[Exception] = []

    def write(number: int) -> None:
        try:
            store.apply(TurnSaved(at=clock.now, call_sid=SID, number=number, caller_text="כן"))
            store.apply(slot(clock, deal="rent"))
            store.apply(CallEnded(at=clock.now, call_sid=SID, outcome="confirmed"))
        except Exception as fault:  # noqa: BLE001 - told by the assertion below
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with store.database.begin(read_only=True) as session:
        assert session.scalar(select(func.count()).select_from(Turn)) == 8
        assert session.scalar(select(func.count()).select_from(Delivery)) == 1
    assert len(timeline(store)["lead"]["payload"]["transcript"]) == 8


def test_text_that_no_database_can_hold_is_stored_without_it(store: Store, clock: Clock) -> None:
    """R14: one odd character does not cost the turn."""
    store.apply(
        TurnSaved(at=clock.now, call_sid=SID, number=1, caller_text="של\x00ום \ud800", state={"a\x00": ["\x00", 1e999]})
    )
    assert timeline(store)["turns"][0]["caller_text"] == "שלום ?"
    assert timeline(store)["call"]["state"] == {"a": ["", None]}


def test_how_long_the_office_waits_and_keeps_where_nothing_is_set() -> None:
    """R14, R16: seconds, days, and the bounds of one pass."""
    assert asdict(LeadRules()) == {
        "webhook_url": None,
        "whatsapp_from": None,
        "settle_s": 3.0,
        "abandoned_settle_s": 90.0,
        "transfer_settle_s": 60.0,
        "ring_settle_s": 30.0,
        "idle_s": 600.0,
    }
    assert asdict(Keep()) == {"words": timedelta(days=180), "leads": timedelta(days=730)}
    kept_days = [kept.days for kept in (AUDIT_KEEP, REPORTS_KEEP, STOCK_KEEP, ERASED_KEEP)]
    assert kept_days == [365, 30, 180, 7]
