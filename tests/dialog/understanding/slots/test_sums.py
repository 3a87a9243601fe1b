"""Which numbers can be the caller's sums."""

import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.slots.sums import sums


def values(said: str, asked: Asked = Asked.BUDGET) -> list[float]:
    return [quantity.value for quantity in sums(normalise(said), frozenset(), asked)]


@pytest.mark.parametrize(
    "said",
    [
        "שמונים שקל למטר",
        "קומה שלוש",
        "הון עצמי של שמונה מאות אלף",
        "אחותי שילמה שני מיליון",
        "חמש מאות דולר",
        "מאה אלף בשנה",
    ],
)
def test_sizes_days_own_money_and_prices_of_others_are_no_sums(said: str) -> None:
    """R10.2: nothing of it is a budget."""
    assert values(said) == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("שני מיליון, יש לי הון עצמי של שמונה מאות אלף", [2_000_000]),
        ("שבעת אלפים בלי ארנונה", [7_000]),
        ("התקציב עלה לשלושה מיליון", [3_000_000]),
        ("ארבעה מיליון פחות מאתיים אלף", [3_800_000]),
        ("מיליון ועוד תשע מאות", [1_900_000]),
        ("חמשת אלפים, אולי שלוש מאות יותר", [5_300]),
    ],
)
def test_a_sum_beside_them_is_one(said: str, expected: list[float]) -> None:
    """R10.2: equity, dues and a budget that rose leave the sum alone; two told together are one."""
    assert values(said) == expected
