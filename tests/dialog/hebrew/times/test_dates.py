"""Dates by number, parts of the year and Hebrew months, always the next to come."""

from datetime import date

import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.times.dates import (
    may_be_dated,
    ordinal_date,
    relative_period,
    spelled_hebrew_month,
    weekday,
    written_date,
)
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.slots.move_in import understand_timing

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("said", "month"),
    [
        ("הראשון לשביעי", "2027-07"),
        ("מראשון לראשון", "2027-01"),
        ("העשירי לחודש השני", "2027-02"),
        ("בתחילת החודש השני", "2027-02"),
        ("ה 15 לחודש", "2026-12"),
        ("ה 25 לחודש", "2026-11"),
        ("מה-1 לחודש הבא", "2026-12"),
        ("צריך לפנות עד ה-15", "2026-12"),
        ("15.2", "2027-02"),
        ("1.9.28", "2028-09"),
        ("סוף השנה", "2026-12"),
        ("באמצע השנה הבאה", "2027-06"),
        ("רבעון שני", "2027-04"),
        ("ב-2028", "2028-01"),
        ("באלול", "2027-09"),
        ("עד תחילת שנת הלימודים", "2027-09"),
        ("בסוף שנת הלימודים", "2027-06"),
        ("תחילת השנה האקדמית", "2027-10"),
        ("אחרי ליל הסדר", "2027-04"),
        ("אחרי ראש השנה האזרחית", "2027-01"),
    ],
)
def test_a_date_is_the_month_it_next_falls_in(said: str, month: str) -> None:
    """R10.2: the evaluation sets count move-in dates by month, in the future."""
    timing = understand_timing(normalise(said), Asked.TIMING, TODAY, frozenset())
    assert timing is not None
    assert timing.value == {"type": "month", "month": month}


@pytest.mark.parametrize(
    ("said", "months"), [("ארבע", 4), ("בעוד שלוש ארבע", 4), ("עוד כמה שבועות", 1), ("שנתיים שלוש", 36)]
)
def test_a_count_alone_is_of_months(said: str, months: int) -> None:
    """R10.2: the question itself offers months to count."""
    timing = understand_timing(normalise(said), Asked.TIMING, TODAY, frozenset())
    assert timing is not None
    assert timing.value == {"type": "within", "months_max": months}


@pytest.mark.parametrize(
    "said", ["עבדתי שם עשר שנים", "אני גרה שם חצי שנה", "לפני שנתיים", "כמה חדרים לא משנה", "ארבעה חדרים"]
)
def test_what_is_past_or_about_something_else_is_no_entry(said: str) -> None:
    """R10.4: nothing is invented."""
    assert understand_timing(normalise(said), Asked.TIMING, TODAY, frozenset()) is None


@pytest.mark.parametrize(
    "said",
    [
        "מהראשון לשביעי",
        "השנים עשר לשנים עשר",
        "בחמישה עשר לאחד עשר",
        "אחד בתשיעי",
        "העשירי לחודש השני",
        "עד 15.2",
        "ובסוף השנה",
        "מהשבוע הבא",
        "ברבעון שני",
        "ב-2028",
        "סוף אלפיים עשרים ושבע",
        "ביום ראשון",
        "בראש חודש אלול",
    ],
)
def test_dates_are_looked_for_wherever_one_stands(said: str) -> None:
    """R10.2: the words that no date has are passed over; none of the others is."""
    utterance = normalise(said)
    dated = [
        index
        for index in range(len(utterance))
        if weekday(utterance, index)
        or any(
            read(utterance, index, TODAY)
            for read in (written_date, ordinal_date, relative_period, spelled_hebrew_month)
        )
    ]
    assert dated
    assert all(may_be_dated(utterance, index) for index in dated)


def test_most_words_have_no_dates() -> None:
    """R10.2."""
    utterance = normalise("אנחנו מחפשים דירה גדולה לזוג בבת ים")
    assert not any(may_be_dated(utterance, index) for index in range(len(utterance)))
