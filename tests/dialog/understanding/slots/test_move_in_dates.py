"""What the calendar has a word for, when a caller says when to move in."""

from datetime import date

import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.slots.move_in_dates import Dates, TimedTurn

TODAY = date(2026, 11, 22)


def months(said: str, asked: Asked) -> list[str]:
    found = Dates(TimedTurn(normalise(said), asked, TODAY, frozenset())).all()
    return [timing.value["month"] for timing in found if not timing.against]


@pytest.mark.parametrize(
    ("said", "month"),
    [
        ("בתחילת פברואר", "2027-02"),
        ("אחרי פסח", "2027-04"),
        ("בסוף הקיץ", "2027-08"),
        ("בסוף שנת הלימודים", "2027-06"),
        ("חודש שלוש", "2027-03"),
    ],
)
def test_an_answer_names_its_month(said: str, month: str) -> None:
    """R10.2: a month, a feast, a season, the school year, a month by number."""
    assert months(said, Asked.TIMING) == [month]


@pytest.mark.parametrize("said", ["אביב", "יוני", "אפריל"])
def test_a_name_that_is_a_month_or_a_season_is_a_name_when_one_was_asked_for(said: str) -> None:
    """R10.2: Aviv is a season, and what many are called."""
    assert months(said, Asked.NAME) == []
