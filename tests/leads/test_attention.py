"""Whom the office is to call, and when."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.leads.attention import bring_up_to_date, call_back_at, wants_call
from app.leads.models import Lead


def payload(**values: Any) -> dict[str, Any]:
    base = {"call": {"channel": "recording"}, "contact": {"phone": "+972500000007"}, "call_back": None}
    return base | {"wants_human": False, "transfer": None} | values


@pytest.mark.parametrize(
    ("values", "waits"),
    [
        ({}, False),
        ({"call_back": {"when_text": ""}}, True),
        ({"wants_human": True}, True),
        ({"wants_human": True, "transfer": "started"}, True),
        ({"wants_human": True, "transfer": "no-answer"}, True),
        ({"wants_human": True, "transfer": "completed"}, False),
        ({"wants_human": True, "transfer": "answered"}, False),
        ({"call_back": {"when_text": "מחר"}, "wants_human": True, "transfer": "answered"}, True),
        ({"transfer": "no-answer"}, False),
    ],
)
def test_who_asked_for_a_person_and_reached_nobody_waits_for_a_call(values: dict[str, Any], waits: bool) -> None:
    """R16: on top of what an office sees first."""
    assert wants_call(payload(**values)) == waits


@pytest.mark.parametrize(
    ("wish", "at"),
    [
        (None, None),
        ({"when_text": "בהקדם"}, None),
        ({"day": "2026-11-23", "when": None}, datetime(2026, 11, 22, 22, 0, tzinfo=UTC)),
        ({"day": "2026-07-01", "when": None}, datetime(2026, 6, 30, 21, 0, tzinfo=UTC)),
        ({"day": "2026-11-23", "when": "2026-11-23T10:00:00+02:00"}, datetime(2026, 11, 23, 8, 0, tzinfo=UTC)),
    ],
)
def test_a_day_without_an_hour_is_that_morning_in_israel(wish: dict[str, Any] | None, at: datetime | None) -> None:
    """R10.5: in winter and in summer."""
    assert call_back_at(payload(call_back=wish)) == at


@pytest.mark.parametrize(
    ("status", "values", "then"),
    [
        (None, {}, "new"),
        ("new", {"call_back": {"when_text": ""}}, "call_back"),
        ("call_back", {}, "new"),
        ("handled", {"call_back": {"when_text": ""}}, "handled"),
    ],
)
def test_a_lead_is_looked_for_by_what_it_says_and_what_the_office_has_done(
    status: str | None, values: dict[str, Any], then: str
) -> None:
    """R16: what is handled stays handled."""
    lead = Lead(payload=payload(**values), status=status)
    bring_up_to_date(lead)
    assert (lead.status, lead.channel, lead.contact_backwards) == (then, "recording", "700000005279")
    lead.payload = payload(contact={"phone": None})
    bring_up_to_date(lead)
    assert lead.contact_backwards == ""
