"""Places told of: where somebody lives, works or comes from, and where the caller wants to be all the same."""

import pytest

from app.dialog.hebrew.scopes.whereabouts import RESIDES, STUDIES, WORKS, told_places
from app.dialog.hebrew.tokens import normalise


def rules(said: str) -> list[str]:
    return list(told_places(normalise(said)).values())


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("אנחנו גרים בלוד", RESIDES),
        ("אשתי עובדת בחיפה", WORKS),
        ("הבת לומדת בבאר שבע", STUDIES),
        ("לעזוב את הבית הגדול בסביון", "did something there"),
        ("יש לי חבר בנתניה", "others are there"),
        ("אני מלוד", "comes from there"),
        ("ברחוב ירושלים", "a street or a team"),
        ("לעבור מחולון", "moves from there"),
    ],
)
def test_each_rule_tells_what_a_place_is(said: str, rule: str) -> None:
    """R10.2: a rule is named, so that it can be cited."""
    assert rules(said) == [rule]


@pytest.mark.parametrize(
    "said",
    [
        "מחפש דירה בלוד",
        "אני עובד בחיפה אז שם",
        "נולדתי בצפת ואני רוצה לחזור לשם",
        "ההורים גרים ביבנה, משהו קרוב אליהם",
        "עובדת בחיפה אז משהו באזור",
        "אתם משכירים דירות בחיפה",
        "דירה לבן שלי בחיפה",
    ],
)
def test_a_place_to_be_in_or_near_is_not_only_told_of(said: str) -> None:
    """R10.2: "so there", "near them" make it where to search."""
    assert rules(said) == []


def test_words_of_another_place_say_nothing_of_the_next() -> None:
    """R10.2: a name that holds a verb."""
    assert rules("כפר סבא רעננה") == []
