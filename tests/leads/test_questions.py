"""What the operators' pages ask of the store; on SQLite and on PostgreSQL."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from app.leads.models import Call, Channel, DeliveryState
from app.leads.outgoing.deliveries import Change
from app.leads.questions import QUESTIONS
from app.leads.records import (
    Acted,
    CallBack,
    CallEnded,
    CallStarted,
    FactsSaved,
    InterruptionSaved,
    LeadMarked,
    LeadNoted,
    Segments,
    SendAgain,
    SlotChange,
    SlotsChanged,
    Timing,
    TurnSaved,
)
from app.leads.store import Store
from tests.leads.conftest import Clock

DAY = {"since": "2026-11-21T22:00:00+00:00", "until": "2026-11-22T22:00:00+00:00"}


def ask(store: Store, name: str, **arguments: Any) -> dict[str, Any]:
    with store.database.begin(read_only=True) as session:
        answer = QUESTIONS[name](session, **arguments)
    assert json.loads(json.dumps(answer)) == answer, "an answer travels as JSON"
    return answer


def ring(
    store: Store, clock: Clock, sid: str, words: str = "דירה בחולון", answer_ms: int | None = 900, **started: Any
) -> str:
    """A call of one turn, which began a minute after the last one and goes on."""
    store.apply(CallStarted(at=clock.pass_s(60), call_sid=sid, **{"from_number": "+972501234567", **started}))
    timing = Timing(answer_ms=answer_ms, segments=Segments(endpointing=400, asr=(answer_ms or 400) - 400))
    turn = {"number": 1, "caller_text": words, "agent_text": "מה התקציב שלכם?", "agent_heard": "מה"}
    store.apply(TurnSaved(at=clock.now, call_sid=sid, timing=timing, **turn))
    area = {"area": SlotChange(value=["חולון"], quote="בחולון")}
    store.apply(SlotsChanged(at=clock.now, call_sid=sid, turn=1, changes=area))
    return sid


def end(store: Store, clock: Clock, sid: str, outcome: str = "confirmed", **ended: Any) -> None:
    store.apply(CallEnded(at=clock.now, call_sid=sid, outcome=outcome, **ended))


def sids(answer: dict[str, Any]) -> list[str]:
    return [row["call_sid"] for row in answer["calls"]]


@pytest.fixture
def office(store: Store, clock: Clock) -> Store:
    """Seven ended calls, CA0…CA6, and a live one, CA7."""
    for number in range(7):
        end(store, clock, ring(store, clock, f"CA{number}"))
    ring(store, clock, "CA7")
    return store


def test_calls_come_newest_first_and_no_page_loses_or_repeats_one(office: Store, clock: Clock) -> None:
    """R16: calls of one moment, too, and whatever comes in meanwhile."""
    for sid in ("CB1", "CB2", "CB3"):
        office.apply(CallStarted(at=clock.now, call_sid=sid))
    seen, before = [], None
    while True:
        page = ask(office, "calls", limit=2, before=before)
        seen += sids(page)
        before = page["next"]
        if before is None:
            break
        ring(office, clock, f"CN{len(seen)}")
    assert seen == ["CB3", "CB2", "CB1", *(f"CA{number}" for number in range(7, -1, -1))][: len(seen)]
    assert len(seen) == 11


def test_a_row_says_who_what_and_how_it_went(office: Store) -> None:
    """R16, console 1."""
    live, ended = ask(office, "calls", limit=2)["calls"]
    assert (live["ended_at"], live["turns"], ended["turns"]) == (None, 1, 1)
    assert (ended["area"], ended["answer_p50_ms"], ended["from_number"]) == (["חולון"], 900, "+972501234567")


def test_calls_are_found_by_what_happened_in_them(office: Store, clock: Clock) -> None:
    """Console 1: filters by outcome and flag; a flag shows once the call has ended."""
    end(office, clock, ring(office, clock, "CS", answer_ms=2600), outcome="no_input")
    fault = ring(office, clock, "CF")
    office.apply(
        InterruptionSaved(
            at=clock.now, call_sid=fault, number=1, turn=1, reply=2, clear_at_ms=4000, heard_ms=700, verdict="floor"
        )
    )
    end(office, clock, fault, outcome="fault", reason="fault")
    assert sids(ask(office, "calls", flag="slow")) == ["CS"]
    assert sids(ask(office, "calls", flag="fault")) == sids(ask(office, "calls", flag="interrupted")) == ["CF"]
    assert sids(ask(office, "calls", outcome="no_input")) == ["CS"]
    (row,) = ask(office, "calls", flag="fault")["calls"]
    assert row["flags"] == ["interrupted", "fault"]
    with pytest.raises(ValueError, match="no such flag"):
        ask(office, "calls", flag="loud")


@pytest.mark.parametrize("spelling", ["050-1234567", "+972501234567", "972-50-123-4567", "4567", "050 123 4567"])
def test_a_number_is_found_in_any_spelling_and_by_its_end(office: Store, clock: Clock, spelling: str) -> None:
    """Console 1: the caller's and the one that was dictated."""
    end(office, clock, ring(office, clock, "CX", from_number="+972529999999"))
    said = ring(office, clock, "CY", from_number="anonymous")
    phone = {"phone": SlotChange(value="+972501234567", quote="אפס חמש…", confirmed=True)}
    office.apply(SlotsChanged(at=clock.now, call_sid=said, turn=1, changes=phone))
    end(office, clock, said)
    found = sids(ask(office, "calls", number=spelling))
    assert found == ["CY", *(f"CA{number}" for number in range(7, -1, -1))]
    leads = ask(office, "leads", number=spelling)["leads"]
    assert [lead["call_sid"] for lead in leads][:2] == ["CY", "CA6"]


def test_two_digits_find_nobody(office: Store) -> None:
    """Console 1: and it is said why."""
    with pytest.raises(ValueError, match="at least 3 digits"):
        ask(office, "calls", number="67")


def test_words_are_found_whoever_said_them_in_any_order(store: Store, clock: Clock) -> None:
    """Console 1: the last word may go on; vowel points and punctuation do not count; pages go on."""
    end(store, clock, ring(store, clock, "CA1", words="אני מחפש דירת גן, ברמת-גן"))
    end(store, clock, ring(store, clock, "CA2", words="מְחַפֵּשׂ משרד בחיפה"))
    end(store, clock, ring(store, clock, "CA3", words="בית פרטי"))
    assert sids(ask(store, "calls", words="גן מחפש")) == ["CA1"]
    assert sids(ask(store, "calls", words="מחפש")) == ["CA2", "CA1"]
    assert sids(ask(store, "calls", words="התקצ")) == ["CA3", "CA2", "CA1"]
    first = ask(store, "calls", words="התקציב", limit=2)
    second = ask(store, "calls", words="התקציב", limit=2, before=first["next"])
    assert (sids(first), sids(second), second["next"]) == (["CA3", "CA2"], ["CA1"], None)
    assert sids(ask(store, "calls", words='"OR* (מחפש')) == []
    with pytest.raises(ValueError, match="one word"):
        ask(store, "calls", words="'?!")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("גרים היום בחולון", "חולון"),
        ("וכשמהמרכז נוסעים לשם", "מרכז"),
        ("חשבתי על בת ים, ושבחיפה יקר", "חיפה"),
        ("עדיף ליד הים", "ים"),
        ("שבוורדייה יש דירות", "ורדייה"),
        ("מהקריות לכאן", "קריות"),
    ],
)
def test_a_word_is_found_behind_the_letters_that_hebrew_writes_onto_it(
    store: Store, clock: Clock, said: str, wanted: str
) -> None:
    """R16: one letter or several, alone or among others."""
    end(store, clock, ring(store, clock, "CA1", words=said))
    assert sids(ask(store, "calls", words=wanted)) == ["CA1"]
    assert sids(ask(store, "calls", words=f"{wanted} התקציב")) == ["CA1"]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("גרים בחולון", "לון"),
        ("רק לא בשבת", "בת"),
        ("קהילת יעלים", "אילת"),
        ("מיליון ושמונה", "שמאי"),
        ("גרים בבית שמש", "בבית ים"),
    ],
)
def test_a_word_is_not_found_behind_letters_that_are_its_neighbours_own(
    store: Store, clock: Clock, said: str, wanted: str
) -> None:
    """R16: no part of another word, no half of the question."""
    end(store, clock, ring(store, clock, "CA1", words=said))
    assert sids(ask(store, "calls", words=wanted)) == []


def test_no_number_is_found_by_words(store: Store, clock: Clock) -> None:
    """Console 8: what is erased leaves nothing behind in an index."""
    end(store, clock, ring(store, clock, "CA1", words="המספר שלי 0501234567 תודה"))
    assert sids(ask(store, "calls", words="תודה")) == ["CA1"]
    with pytest.raises(ValueError, match="one word"):
        ask(store, "calls", words="0501234567")


def test_a_softphone_call_is_in_no_list_and_no_count_unless_asked_for(office: Store, clock: Clock) -> None:
    """Console 2, C29."""
    end(office, clock, ring(office, clock, "BR1", channel="browser"))
    assert "BR1" not in sids(ask(office, "calls"))
    assert sids(ask(office, "calls", tests=True, limit=1)) == ["BR1"]
    told = ask(office, "today", **DAY)
    assert (told["calls"], told["answered"], told["leads_total"]) == (8, 7, 7)
    assert ask(office, "quality", **DAY)["days"][0]["turns"] == 8


def test_the_first_page_puts_first_who_waits(office: Store, clock: Clock) -> None:
    """Console 1: call-backs, overdue first; recorded messages; what nobody has heard of."""
    for sid, hour in (("CL", 15), ("CE", 9)):
        when = datetime(2026, 11, 22, hour, tzinfo=UTC)
        wish = CallBack(when_text="מחר בבוקר", day=when.date(), when=when)
        office.apply(FactsSaved(at=clock.now, call_sid=ring(office, clock, sid), call_back=wish))
        end(office, clock, sid)
    end(office, clock, ring(office, clock, "CR", channel="recording"), outcome="recording")
    told = ask(office, "today", **DAY)
    assert [lead["call_sid"] for lead in told["call_backs"]] == ["CE", "CL"]
    assert [lead["call_sid"] for lead in told["messages"]] == ["CR"]
    assert told["undelivered_total"] == told["leads_total"] == 10
    assert told["answer_p50_ms"] == 900
    handled = told["call_backs"][0]["id"]
    office.apply(LeadMarked(at=clock.now, lead_id=handled, status="handled", instance="here"))
    told = ask(office, "today", **DAY)
    assert [lead["call_sid"] for lead in told["call_backs"]] == ["CL"]
    assert told["undelivered_total"] == 9
    assert ask(office, "lead", lead_id=handled)["handled_at"] == clock.now.isoformat()


def test_what_an_operator_does_is_kept_and_noted_once(office: Store, clock: Clock) -> None:
    """Console 1, R14: a record told twice changes nothing twice."""
    lead = ask(office, "leads", limit=1)["leads"][0]["id"]
    for record in (
        LeadNoted(at=clock.now, lead_id=lead, text="ביקש להתקשר בערב", instance="here"),
        Acted(at=clock.now, action="number_shown", subject="lead 7", instance="here"),
    ):
        office.apply(record)
        office.apply(record)
    told = ask(office, "lead", lead_id=lead)
    assert (told["note"], told["slots_detail"]["area"]["quote"]) == ("ביקש להתקשר בערב", "בחולון")
    assert sorted(row["action"] for row in ask(office, "actions")["actions"]) == ["lead_noted", "number_shown"]
    with pytest.raises(ValueError, match="no lead 999"):
        office.apply(LeadMarked(at=clock.now, lead_id=999, status="handled"))
    assert ask(office, "lead", lead_id=999) == {"known": False}


def test_sent_again_a_lead_goes_out_once_more_and_its_history_tells(office: Store, clock: Clock) -> None:
    """C36: failed, then pending, then delivered; told twice, sent once."""
    claim = office.deliveries.claim(Channel.WEBHOOK, 60, ahead_s=60)
    assert claim is not None
    office.deliveries.record(claim, Change(DeliveryState.FAILED_PERMANENTLY, None, "HTTP 410"))
    (lead,) = [one for one in ask(office, "leads")["leads"] if one["call_sid"] == claim.call_sid]
    assert lead["deliveries"][0]["last_error"] == "HTTP 410"
    again = SendAgain(at=clock.pass_s(10), lead_id=lead["id"])
    office.apply(again)
    for other in range(6):  # those that are due before it
        due = office.deliveries.claim(Channel.WEBHOOK, 60)
        assert due is not None, other
        office.deliveries.record(due, Change(DeliveryState.DELIVERED, None, ""))
    last = office.deliveries.claim(Channel.WEBHOOK, 60)
    assert last is not None
    office.deliveries.record(last, Change(DeliveryState.DELIVERED, None, ""))
    office.apply(again)
    assert office.deliveries.claim(Channel.WEBHOOK, 60, ahead_s=3600) is None
    told = ask(office, "lead", lead_id=lead["id"])
    assert [entry["state"] for entry in told["deliveries"][0]["history"]] == [
        "failed_permanently",
        "pending",
        "delivered",
    ]
    assert not told["needs_attention"]
    assert ask(office, "leads", status="undelivered")["leads"] == []


def test_a_call_whole_holds_its_timings_and_interruptions(office: Store, clock: Clock) -> None:
    """Console 1 and 3."""
    office.apply(
        InterruptionSaved(at=clock.now, call_sid="CA7", number=1, turn=1, reply=2, clear_at_ms=4000, heard_ms=700)
    )
    told = ask(office, "call", call_sid="CA7")
    (turn,) = told["turns"]
    assert (turn["timing"]["answer_ms"], turn["timing"]["segments"]["endpointing"]) == (900, 400)
    assert turn["timing"]["first_heard"] is None
    assert told["interruptions"][0]["clear_at_ms"] == 4000
    assert (told["lead"], told["deliveries"]) == (None, [])
    assert ask(office, "call", call_sid="CA9") == {"known": False}


def test_quality_counts_only_answers_that_were_heard(office: Store, clock: Clock) -> None:
    """Console 0: a reply taken back is no answer time; days are Israel's."""
    ring(office, clock, "CW", answer_ms=None)
    (day,) = ask(office, "quality", **DAY)["days"]
    assert (day["day"], day["turns"], day["steps"]["answer"]["count"]) == ("2026-11-22", 9, 8)
    assert day["steps"]["asr"] == {"count": 8, "p50_ms": 500, "p95_ms": 500}
    worst = ask(office, "quality", **DAY)["worst"]
    assert (len(worst), worst[0]["answer_ms"], worst[0]["caller_text"]) == (8, 900, "דירה בחולון")


def test_a_day_is_the_same_whether_its_calls_are_summed_up_or_read(office: Store, clock: Clock) -> None:
    """C17, R14: calls that go on, and those that ended under an older version, are read turn by turn."""
    office.apply(
        InterruptionSaved(
            at=clock.now, call_sid="CA7", number=1, turn=1, reply=2, clear_at_ms=9, heard_ms=7, verdict="floor"
        )
    )
    end(office, clock, "CA7")
    summed = ask(office, "quality", **DAY)
    assert summed["days"][0]["verdicts"] == {"floor": 1}
    with office.database.begin() as session:
        session.execute(update(Call).values(figures=None))
    assert ask(office, "quality", **DAY) == summed


def test_the_outbox_tells_how_long_the_oldest_has_waited(office: Store) -> None:
    """Console 7: what an alert looks at."""
    told = ask(office, "store_status")
    assert told["outbox"] == {"webhook": {"pending": 7}}
    assert told["outbox_oldest_s"] > 0
