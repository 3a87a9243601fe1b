"""What a lead says, against its published schema."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import app.leads.calls.lead as lead_module
from app.dialog.domain import SLOT_NAMES
from app.leads.calls.lead import caller_number, is_lead, lead_payload
from app.leads.models import Call, Slot, Turn
from app.leads.records import CallBack, FactsSaved

SCHEMA = json.loads((Path(lead_module.__file__).parents[1] / "lead_schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
VALUES = st.one_of(st.none(), st.text(max_size=5), st.integers(0), st.floats(0, 9), st.lists(st.text(max_size=5)))


def call(**given_values: object) -> Call:
    values = {
        "call_sid": "CA1",
        "channel": "call",
        "from_number": "+972500000007",
        "to_number": "+972500000001",
        "started_at": START,
        "last_activity_at": START + timedelta(seconds=61.4),
        "ended_at": None,
        "outcome": "confirmed",
        "facts": {},
    }
    return Call(**{**values, **given_values})


def slot(name: str, value: object, *, confirmed: bool = False) -> Slot:
    return Slot(slot=name, value={"value": value}, turn=2, quote="כן", confidence=None, confirmed=confirmed)


@given(
    st.dictionaries(st.sampled_from(SLOT_NAMES), VALUES),
    st.sampled_from(["", "anonymous", "+972500000007"]),
    st.fixed_dictionaries(
        {},
        optional={
            "summary": st.text(max_size=5),
            "refused": st.lists(st.sampled_from(SLOT_NAMES)),
            "call_back": st.sampled_from([{"when_text": "מחר", "day": "2026-11-23"}, {"when": START.isoformat()}]).map(
                lambda given: {"when_text": "", **given}
            ),
            "whatsapp_not_sent": st.sampled_from(["landline", "no_number"]),
            "transfer": st.sampled_from(["started", "no-answer"]),
            "summary_confirmed": st.booleans(),
            "whatsapp": st.just({"to": "+972500000007", "body": "שלום", "variables": {}}),
            "owner": st.booleans(),
        },
    ),
)
def test_every_lead_fits_the_published_schema(values: dict[str, object], caller: str, facts: dict[str, object]) -> None:
    """R14: the office's programmers may rely on lead_schema.json."""
    values = {name: str(value or "דנה") if name in ("name", "phone") else value for name, value in values.items()}
    slots = [slot(name, value) for name, value in values.items()]
    turns = [Turn(number=1, caller_text="שלום", agent_text="ערב טוב", agent_heard=None)]
    payload = lead_payload(call(from_number=caller, facts=facts), slots, turns)
    VALIDATOR.validate(json.loads(json.dumps(payload)))


def test_the_schema_is_a_schema_and_names_every_slot() -> None:
    """R14: documented schema."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]["slots"]["properties"]) == set(SLOT_NAMES)


def test_a_wish_to_be_called_is_told_with_israels_time() -> None:
    """R10.5: the call-back time is visible to the office's programs."""
    when = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Asia/Jerusalem"))
    wish = CallBack(when_text="מחר בעשר", day=when.date(), when=when)
    facts = FactsSaved(call_sid="CA1", call_back=wish).model_dump(mode="json", exclude_none=True)
    told = lead_payload(call(facts=facts), [], [])["call_back"]
    assert told == {"when_text": "מחר בעשר", "day": "2026-11-23", "when": "2026-11-23T10:00:00+02:00", "until": None}


def test_a_summary_that_was_asked_for_and_cannot_be_sent_says_why() -> None:
    """R14: what is not delivered is visible."""
    told = lead_payload(call(facts={"whatsapp_not_sent": "landline"}), [], [])
    assert (told["whatsapp_requested"], told["whatsapp_not_sent"]) == (True, "landline")


def test_the_number_the_caller_gave_comes_before_the_caller_id() -> None:
    """R10.2: contact details."""
    slots = [slot("phone", "+972521111111", confirmed=True), slot("name", "דנה")]
    contact = lead_payload(call(), slots, [])["contact"]
    assert contact == {
        "name": "דנה",
        "phone": "+972521111111",
        "phone_source": "caller",
        "phone_confirmed": True,
    }
    assert lead_payload(call(), [], [])["contact"]["phone_source"] == "caller_id"
    assert lead_payload(call(from_number=""), [], [])["contact"]["phone"] is None


def test_the_transcript_holds_what_was_heard() -> None:
    """R7.5: what was heard, not what was generated."""
    turns = [
        Turn(number=0, caller_text="", agent_text="שלום וברוכים הבאים", agent_heard="שלום"),
        Turn(number=1, caller_text="דירה", agent_text="באיזה אזור?", agent_heard=None),
    ]
    assert [turn["agent"] for turn in lead_payload(call(), [], turns)["transcript"]] == ["שלום", "באיזה אזור?"]


@pytest.mark.parametrize("number", ["", "anonymous", "+266696687", "client:browser", "sip:a@b.example", "100"])
def test_what_nobody_can_call_back_is_no_number(number: str) -> None:
    """R14: a withheld number makes no lead."""
    assert caller_number(number) is None


def test_a_number_a_word_or_a_recorded_message_make_a_lead() -> None:
    """R14, R2.7: a message from a withheld number can still be listened to."""
    withheld = call(from_number="anonymous")
    assert is_lead(call(), [])
    assert not is_lead(withheld, [])
    assert not is_lead(withheld, [slot("area", None)])
    assert is_lead(withheld, [slot("area", ["חיפה"])])
    assert is_lead(call(from_number="anonymous", facts={"recording_url": "https://api.twilio.com/x"}), [])
    assert not is_lead(call(channel="browser"), [slot("area", ["חיפה"])])
