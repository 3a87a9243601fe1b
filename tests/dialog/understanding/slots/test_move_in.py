"""Move-in times and the holidays they are told by."""

from datetime import date
from typing import Any

import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.times.holidays import HOLIDAYS, holiday_span
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.slots.move_in import understand_timing


def timing(text: str, today: date = date(2026, 11, 22), asked: Asked = Asked.TIMING) -> dict[str, Any] | None:
    found = understand_timing(normalise(text), asked, today, frozenset())
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("פסח", date(2027, 4, 22)),
        ("פורימ", date(2027, 3, 23)),
        ("שבועות", date(2027, 6, 11)),
        ("ראש השנה", date(2027, 10, 2)),
        ("סוכות", date(2027, 10, 16)),
        ("חנוכה", date(2026, 12, 5)),
        ("תשעה באב", date(2027, 8, 12)),
    ],
)
def test_holidays_fall_where_the_calendar_says(name: str, first: date) -> None:
    """R10.2: 5787 is a leap year, so Purim is in the second Adar."""
    assert holiday_span(name, date(2026, 11, 22))[0] == first


@pytest.mark.parametrize("name", HOLIDAYS)
def test_every_holiday_is_found_for_any_year(name: str) -> None:
    """R10.2: the next one, on or after the day."""
    for year in range(2026, 2046):
        assert date(year, 1, 1) <= holiday_span(name, date(year, 1, 1))[1] <= date(year + 1, 1, 31)


@pytest.mark.parametrize(
    ("today", "said", "month"),
    [
        (date(2026, 11, 22), "ינואר", "2027-01"),
        (date(2027, 1, 10), "ינואר", "2027-01"),
        (date(2027, 1, 10), "1.1", "2028-01"),
        (date(2027, 5, 1), "אחרי פסח", "2028-04"),
        (date(2027, 12, 30), "סוף השנה", "2027-12"),
        (date(2027, 12, 30), "חודש הבא", "2028-01"),
        (date(2027, 9, 15), "שנת הלימודים", "2028-09"),
    ],
)
def test_the_next_occurrence_counts(today: date, said: str, month: str) -> None:
    """R10.2: never a month gone by."""
    assert timing(said, today) == {"type": "month", "month": month}


@pytest.mark.parametrize(
    "said", ["מכרנו לפני חצי שנה", "אני כבר שנה מחפש", "חוזה לשנה", "חמשת אלפים לחודש", "הבת שלי בת שלושה חודשים"]
)
def test_other_times_are_no_move_in(said: str) -> None:
    """R10.2: the past, leases, rates and ages."""
    assert timing(said, asked=Asked.GREETING) is None


def test_a_span_needs_a_cue_unless_timing_was_asked() -> None:
    """R10.2: "שנה" alone answers only that question."""
    assert timing("שנה", asked=Asked.BUDGET) is None
    assert timing("שנה") == {"type": "within", "months_max": 12}
    assert timing("כניסה תוך שנה", asked=Asked.GREETING) == {"type": "within", "months_max": 12}
