"""Numbers in Hebrew words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialog.hebrew.spelling import (
    budget_words,
    clock_words,
    months_words,
    number_words,
    phone_words,
    price_words,
    rooms_words,
    timing_words,
)
from app.dialog.lines.facts import claims


@pytest.mark.parametrize(
    ("shekels", "said"),
    [
        (800_000, "שמונה מאות אלף שקל"),
        (1_000_000, "מיליון שקל"),
        (1_500_000, "מיליון וחצי שקל"),
        (2_500_000, "שניים וחצי מיליון שקל"),
        (2_100_000, "שני מיליון ומאה אלף שקל"),
        (12_000_000, "שנים עשר מיליון שקל"),
        (4_200, "ארבעת אלפים ומאתיים שקל"),
        (12_000, "שנים עשר אלף שקל"),
        (2_800, "אלפיים ושמונה מאות שקל"),
        (2, "שני שקלים"),
        (7, "שבעה שקלים"),
    ],
)
def test_prices_are_said_as_people_say_them(shekels: int, said: str) -> None:
    """R9.6: prices in words, שקל in the singular after a round figure."""
    assert price_words(shekels) == said


@given(st.integers(3, 10**9))
def test_every_number_is_read_back_as_itself(number: int) -> None:
    """R9.6: what the speller writes, the reader of agent lines takes for the same number."""
    assert any(float(number) in readings for readings in claims(number_words(number) + " שקל").numbers)


@pytest.mark.parametrize(
    ("lowest", "highest", "said"),
    [
        (1, 1, "חדר אחד"),
        (1.5, 1.5, "חדר וחצי"),
        (2, 2, "שני חדרים"),
        (2.5, 2.5, "שניים וחצי חדרים"),
        (3.5, 3.5, "שלושה וחצי חדרים"),
        (3, 4, "שלושה עד ארבעה חדרים"),
        (4, None, "לפחות ארבעה חדרים"),
        (None, 3, "עד שלושה חדרים"),
        (None, None, ""),
    ],
)
def test_room_counts(lowest: float | None, highest: float | None, said: str) -> None:
    """R9.6: rooms with halves, ranges and open ends."""
    assert rooms_words(lowest, highest) == said


def test_a_phone_is_read_in_groups() -> None:
    """R9.6: three, three and four digits; a landline two, three and four."""
    assert phone_words("+972527364519") == "אפס חמש שתיים, שבע שלוש שש, ארבע חמש אחת תשע"
    assert phone_words("+97236492083") == "אפס שלוש, שש ארבע תשע, שתיים אפס שמונה שלוש"


def test_budgets_times_and_months() -> None:
    """R9.6: ranges, months and clock times."""
    assert budget_words(2_000_000, 2_500_000) == "בין שני מיליון לשניים וחצי מיליון שקל"
    assert budget_words(None, 7000) == "עד שבעת אלפים שקל"
    assert budget_words(7000, None) == "מעל שבעת אלפים שקל"
    assert months_words(18) == "שנה וחצי"
    assert timing_words({"type": "month", "month": "2027-03"}, 2026) == "כניסה במרץ"
    assert timing_words({"type": "month", "month": "2028-07"}, 2026) == "כניסה ביולי אלפיים עשרים ושמונה"
    assert timing_words({"type": "within", "months_max": 5}, 2026) == "כניסה תוך חמישה חודשים"
    assert clock_words(8, 15) == "שמונה ורבע"
