"""The Hebrew of what the store knows by codes."""

from typing import Any

import pytest

from app.web.words import fix, known_slots, label, slot_value, wish


def slot(value: Any, quote: str = "") -> dict[str, Any]:
    return {"value": value, "quote": quote, "turn": 1, "confirmed": False}


@pytest.mark.parametrize(
    ("slots", "shown"),
    [
        ({"rooms_min": 4, "rooms_max": 4}, ["rooms"]),
        ({"rooms_min": 3, "rooms_max": 4}, ["rooms_min", "rooms_max"]),
        ({"budget_max": 2_000_000}, ["budget_max"]),
        ({"budget_min": 5000, "budget_max": 5000, "area": ["חולון"]}, ["budget", "area"]),
        ({"area": [], "name": None}, []),
        ({"rooms_min": None, "rooms_max": 3}, ["rooms_max"]),
    ],
)
def test_both_ends_of_one_number_are_one_line(slots: dict[str, Any], shown: list[str]) -> None:
    """R16: an office reads "rooms 4", not "at least 4" and "at most 4"; what is not known has no line."""
    assert list(known_slots({name: slot(value) for name, value in slots.items()})) == shown


def test_every_line_has_its_words_and_its_value() -> None:
    """R16."""
    for name in ("rooms", "rooms_min", "budget", "budget_max", "area"):
        assert label(name, "slot") != name
    assert slot_value(3.5, "rooms") == '<bdi dir="ltr">3.5</bdi>'
    assert slot_value(5000, "budget") == slot_value(5000, "budget_max")


def test_a_wish_is_one_line_whose_numbers_do_not_break() -> None:
    """R16."""
    line = wish({"property_type": "apartment", "deal": "buy", "rooms_max": 4, "budget_max": 2_000_000})
    assert line.startswith("דירה לקנייה")
    assert line.count('<span class="nowrap">') == 2
    assert wish({}) == ""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("HTTP 401 Unauthorized", "LEAD_WEBHOOK_SECRET"),
        ("HTTP 503", "תקלה אצל הנמען"),
        ("ReadTimeout: timed out", "לא ענה בזמן"),
        ("ConnectionError: refused", "אין חיבור"),
        ("Twilio error 63016", "WHATSAPP_TEMPLATE_SID"),
        ("something else", ""),
    ],
)
def test_an_error_says_what_to_do(error: str, said: str) -> None:
    """R16, C36."""
    assert said in fix(error) if said else fix(error) == ""
