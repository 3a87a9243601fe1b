"""What is said of a whole call in one line."""

from typing import Any

import pytest
from sqlalchemy import select

from app.leads.calls.summing import letters
from app.leads.database import Database
from app.leads.models import Call, CallText
from app.leads.records import CallEnded, InterruptionSaved, Timing, TurnSaved
from app.leads.store import LeadRules, Store
from tests.leads.conftest import Clock


@pytest.fixture
def kept(sqlite_url: str, clock: Clock) -> Store:
    """A store on SQLite: what is summed up is the same on both."""
    return Store(Database(sqlite_url), LeadRules(), clock)


def summed(
    kept: Store, clock: Clock, *timings: dict[str, Any] | None, outcome: str = "confirmed", **ended: Any
) -> Call:
    """A call of turns with these timings, the greeting before them, and what is said of it."""
    for number, timing in enumerate((None, *timings)):
        words = {"caller_text": "כן" if number else "", "agent_text": "שלום"}
        timed = None if timing is None else Timing.model_validate(timing)
        kept.apply(TurnSaved(at=clock.now, call_sid="CA1", number=number, timing=timed, **words))
    kept.apply(CallEnded(at=clock.now, call_sid="CA1", outcome=outcome, **ended))
    with kept.database.begin(read_only=True) as session:
        call = session.get_one(Call, "CA1")
        session.expunge(call)
        return call


def test_turns_are_the_callers_and_the_middle_answer_is_the_lower_of_two(kept: Store, clock: Clock) -> None:
    """R19."""
    call = summed(kept, clock, {"answer_ms": 900}, {"answer_ms": 700}, {"answer_ms": None}, {"answer_ms": 800}, None)
    assert (call.turn_count, call.answer_p50_ms) == (5, 800)
    assert not (call.was_interrupted or call.used_fallback or call.was_slow or call.had_fault)
    call = summed(kept, clock, {"answer_ms": 900}, {"answer_ms": 700}, {"answer_ms": 600}, {"answer_ms": 800}, None)
    assert call.answer_p50_ms == 700


@pytest.mark.parametrize(("slowest_ms", "is_slow"), [(2000, False), (2001, True)])
def test_one_answer_makes_a_call_slow(kept: Store, clock: Clock, slowest_ms: int, is_slow: bool) -> None:
    """R19."""
    call = summed(kept, clock, {"answer_ms": slowest_ms}, {"answer_ms": 700})
    assert call.was_slow == is_slow


@pytest.mark.parametrize(
    ("timing", "ended", "flags"),
    [
        ({"stt_source": "fallback"}, {}, (True, False)),
        ({"stt_source": "gave_up"}, {}, (True, False)),
        ({"stt_source": "final", "line_source": "late"}, {}, (True, False)),
        ({"stt_source": "interim", "line_source": "llm"}, {}, (False, False)),
        ({"faults": 1}, {}, (False, True)),
        ({}, {"outcome": "fault"}, (False, True)),
        ({}, {"reason": "fault"}, (False, True)),
        ({}, {"reason": "voice_lost"}, (False, True)),
        ({}, {"reason": "stop"}, (False, False)),
    ],
)
def test_what_stood_in_and_what_went_wrong_is_flagged(
    kept: Store, clock: Clock, timing: dict[str, Any], ended: dict[str, Any], flags: tuple[bool, bool]
) -> None:
    """R16: calls are looked for by it."""
    call = summed(kept, clock, timing, {}, **ended)
    assert (call.used_fallback, call.had_fault) == flags


def test_an_interruption_is_flagged_and_the_words_are_kept_as_they_are_searched(kept: Store, clock: Clock) -> None:
    """R16."""
    times = {"turn": 0, "reply": 0, "clear_at_ms": 5, "heard_ms": 5}
    kept.apply(InterruptionSaved.model_validate({"at": clock.now, "call_sid": "CA1", "number": 1, **times}))
    assert summed(kept, clock, {}).was_interrupted
    with kept.database.begin(read_only=True) as session:
        assert session.scalars(select(CallText.words)).all() == ["שלום כן שלום"]


@pytest.mark.parametrize(
    ("said", "searched"),
    [
        ("שָׁלוֹם, עולם!", "שלום עולם"),
        ('חדרי שינה, מ"ר 80', "חדרי שינה מר"),
        ("צ'ק 050-1234567 abc_1", "צק abc"),
        ("", ""),
        ("12 34", ""),
    ],
)
def test_words_are_searched_by_their_letters_alone(said: str, searched: str) -> None:
    """R16: no number can be found by them."""
    assert letters(said) == searched
