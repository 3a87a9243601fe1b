"""What a record may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.leads.records import (
    RECORD,
    InterruptionSaved,
    Timing,
    TurnSaved,
    WhatsAppRequest,
    storable,
    transfer_result,
)


@pytest.mark.parametrize(
    ("given_", "stored"),
    [
        ("של\x00ום", "שלום"),
        ("a\ud800b", "a?b"),
        (float("nan"), None),
        (float("-inf"), None),
        (1.5, 1.5),
        (True, True),
        (None, None),
        (("a\x00", [float("inf")]), ["a", [None]]),
        ({"k\x00": {"v": "\x00"}}, {"k": {"v": ""}}),
    ],
)
def test_what_no_database_can_hold_is_left_out_wherever_it_stands(given_: object, stored: object) -> None:
    """R14: one odd character does not cost the record."""
    assert storable(given_) == stored


@given(st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists, max_leaves=8))
def test_what_is_storable_stays_as_it_is(value: object) -> None:
    """R14: applying it twice changes nothing."""
    once = storable(value)
    assert storable(once) == once


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("completed", "completed"),
        ("no-answer", "no-answer"),
        ("canceled", "canceled"),
        ("", "failed"),
        ("new", "failed"),
    ],
)
def test_how_a_transfer_went_is_one_of_what_the_office_knows(told: str, kept: str) -> None:
    """R17: a word of Twilio's that is not known is a failure."""
    assert transfer_result(told) == kept


def test_a_record_comes_out_of_the_journal_as_what_it_was() -> None:
    """R14: its own time included; a turn's text without what no database holds."""
    record = TurnSaved(call_sid="CA1", number=0, caller_text="א\x00ב", latencies_ms={"asr": float("nan")})
    again = RECORD.validate_json(record.model_dump_json())
    assert again == record
    assert (record.caller_text, record.latencies_ms) == ("אב", {"asr": None})
    assert record.at.utcoffset() is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"op": "turn", "call_sid": "", "number": 1},
        {"op": "turn", "call_sid": "x" * 65, "number": 1},
        {"op": "turn", "call_sid": "CA1", "number": -1},
        {"op": "turn", "call_sid": "CA1", "number": 1, "more": 1},
        {"op": "turn", "call_sid": "CA1", "number": 1, "at": "2026-11-22T10:00:00"},
        {"op": "facts", "call_sid": "CA1", "transfer": "ringing"},
        {"op": "lead_noted", "lead_id": 1, "text": "x" * 4001},
        {"op": "acted", "action": ""},
        {"op": "slots", "call_sid": "CA1", "turn": 1, "changes": {"s" * 33: {"value": 1}}},
    ],
)
def test_what_is_no_record_is_refused(wrong: dict[str, object]) -> None:
    """R14: by name, before any database sees it; a time without its zone is none."""
    with pytest.raises(ValidationError):
        RECORD.validate_python(wrong)


def test_an_interruption_has_a_number_from_one_on_and_a_summary_a_number_to_go_to() -> None:
    """R14."""
    values = {"call_sid": "CA1", "turn": 0, "reply": 0, "clear_at_ms": 0, "heard_ms": 0}
    assert InterruptionSaved.model_validate({**values, "number": 1}).verdict == ""
    with pytest.raises(ValidationError):
        InterruptionSaved.model_validate({**values, "number": 0})
    with pytest.raises(ValidationError):
        InterruptionSaved.model_validate({**values, "number": 1, "turn": -1})
    for to in ("0501234567", "+1234567", "+1234567890123456"):
        with pytest.raises(ValidationError):
            WhatsAppRequest(to=to, body="")
    assert WhatsAppRequest(to="+12345678", body="x" * 1600).variables == {}


def test_of_a_turn_that_nobody_measured_nothing_is_counted() -> None:
    """R14: nor made up."""
    told = Timing().model_dump(exclude={"segments", "moments"})
    assert {value for value in told.values() if value is not None} == {0}, "0 and False"
