"""When feasts fall."""

from datetime import date

import pytest

from app.dialog.hebrew.times.holidays import holiday_span
from app.dialog.hebrew.tokens import fold


@pytest.mark.parametrize(
    ("feast", "after", "first"),
    [
        ("רמדאן", date(2024, 1, 1), date(2024, 3, 11)),
        ("עיד אל פיטר", date(2024, 1, 1), date(2024, 4, 10)),
        ("חג הקורבן", date(2024, 1, 1), date(2024, 6, 16)),
        ("רמדאן", date(2026, 11, 22), date(2027, 2, 8)),
        ("פסח", date(2026, 11, 22), date(2027, 4, 22)),
    ],
)
def test_a_feast_falls_where_its_calendar_has_it(feast: str, after: date, first: date) -> None:
    """R10.2: the moon decides of Muslim feasts, so that a day more or less is right."""
    begins, ends = holiday_span(fold(feast), after)
    assert abs((begins - first).days) <= 1
    assert begins <= ends


def test_a_feast_that_goes_on_is_the_next_one() -> None:
    """R10.2: in the middle of Ramadan "the end of Ramadan" is this one's."""
    begins, ends = holiday_span(fold("רמדאן"), date(2024, 3, 25))
    assert begins < date(2024, 3, 25) <= ends
