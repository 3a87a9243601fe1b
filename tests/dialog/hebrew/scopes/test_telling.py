"""Whether a caller tells of others or of the home they have, before a word."""

import pytest

from app.dialog.hebrew.scopes.telling import OTHERS, home_left, is_of_today, is_told, told_first
from app.dialog.hebrew.tokens import normalise


def told(said: str) -> bool:
    utterance = normalise(said)
    return is_told(utterance, len(utterance) - 1)


@pytest.mark.parametrize("said", ["לאחותי יש דירה עם מעלית", "היום אנחנו גרים בלי מעלית", "השכנים משלמים גם על מעלית"])
def test_of_others_and_of_the_home_one_has_is_told(said: str) -> None:
    """R10.2: it is no wish."""
    assert told(said)


@pytest.mark.parametrize(
    "said", ["רוצה דירה עם מעלית", "אחי גר רחוק אני צריכה מעלית", "דירה בשביל ההורים עם מעלית", "מעלית"]
)
def test_who_comes_back_to_themselves_or_names_whom_it_is_for_tells_of_no_other(said: str) -> None:
    """R10.2: the last word that says so counts."""
    assert not told(said)


def test_only_the_tellers_that_are_asked_about_count() -> None:
    """R10.2: who lives somewhere may well own what they sell."""
    utterance = normalise("גרה בחולון מוכרת דירה")
    assert is_told(utterance, 2)
    assert not is_told(utterance, 2, OTHERS)


@pytest.mark.parametrize(("said", "mine"), [("אני גר בלוד", True), ("אחותי גרה בלוד", False), ("רוצה בלוד", False)])
def test_the_home_one_has_is_told_from_others_homes(said: str, mine: bool) -> None:
    """R10.2: where it was asked, it may be what one wants again."""
    utterance = normalise(said)
    assert is_of_today(utterance, len(utterance) - 1) is mine


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("לעבור מדירת שלושה חדרים לבית פרטי", "מדירת שלושה חדרים"),
        ("משדרגים מבית קטן ומחפשים וילה", "מבית קטן"),
        ("רוצה לשכור דירת שלושה חדרים", ""),
        ("מבית טוב", ""),
    ],
)
def test_the_home_one_moves_out_of_ends_where_one_goes(said: str, left: str) -> None:
    """R10.2: its rooms and its kind are none that are sought."""
    utterance = normalise(said)
    assert " ".join(utterance.tokens[at].text for at in sorted(home_left(utterance))) == left


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("להורים יש שני חדרים לנו מספיק שלושה", 4),
        ("האח שלי שם שלושה מיליון אצלנו זה מיליון", 5),
        ("אחותי גרה בחמישה חדרים", 0),
        ("בשביל ההורים שלי אני מחפש ארבעה חדרים", 0),
        ("לאחותי יש ארבעה חדרים וזה מה שאני רוצה", 0),
        ("", 0),
    ],
)
def test_what_opens_with_others_ends_where_one_speaks_of_oneself(said: str, words: int) -> None:
    """R10.2: "they have two, three is enough for us"."""
    assert told_first(normalise(said)) == range(words)
