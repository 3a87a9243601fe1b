"""The home that is sought, slot by slot."""

from typing import Any

import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.judging.judge import Judge, Lenient
from app.dialog.understanding.notes import Notes
from app.dialog.understanding.sought_home import SoughtHome
from tests.dialog.strategies import TODAY


def noted(
    said: str, asked: Asked = Asked.GREETING, state: dict[str, Any] | None = None, *, judged: bool = True
) -> Notes:
    utterance = normalise(said)
    notes = Notes(utterance, asked, state or {}, TODAY)
    SoughtHome(notes, Judge(utterance, asked, state or {}) if judged else Lenient()).read()
    return notes


@pytest.mark.parametrize("judged", [True, False])
def test_each_reader_leaves_its_words_to_no_other(judged: bool) -> None:
    """R10.2: the rooms are no millions, and the months no rooms."""
    notes = noted("לקנות דירת ארבעה חדרים בחולון עד שני מיליון תוך שלושה חודשים", judged=judged)
    assert notes.updates == {
        "deal": "buy",
        "property_type": "apartment",
        "area": ["חולון"],
        "rooms_min": 4,
        "rooms_max": 4,
        "budget_max": 2_000_000,
        "timing": {"type": "within", "months_max": 3},
    }


def test_a_question_about_homes_in_general_is_no_wish() -> None:
    """R10.2: what a word means, what homes cost."""
    assert "property_type" not in noted("מה זה דופלקס").updates
    assert "rooms_min" not in noted("כמה עולה דירת ארבעה חדרים").updates


def test_the_kind_that_is_known_is_not_made_plain_in_passing() -> None:
    """R10.2: a penthouse is a flat, too."""
    known = {"property_type": "penthouse"}
    assert noted("הדירה בקומה גבוהה", Asked.BUDGET, known).updates == {}
    assert noted("בעצם דירה רגילה", Asked.BUDGET, known).updates == {"property_type": "apartment"}


def test_another_deal_takes_the_known_sum_back() -> None:
    """R10.2: a price is no rent."""
    known = {"deal": "buy", "budget_max": 2_000_000}
    assert noted("אני רוצה לשכור", Asked.AREA, known).updates == {"deal": "rent", "budget_max": None}
