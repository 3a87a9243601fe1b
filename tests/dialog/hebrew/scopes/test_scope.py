"""Whose it is: where a stretch that holds no wish begins and ends, and by which rule."""

import pytest

from app.dialog.hebrew.scopes.scope import Whose, no_wish, scopes
from app.dialog.hebrew.tokens import normalise


def told(text: str) -> str:
    utterance = normalise(text)
    return " ".join(utterance.keys[index] for index in sorted(no_wish(utterance)))


@pytest.mark.parametrize(
    "said", ["אחותי גרה בדירת שלושה חדרים", "השכנים שלי משלמים ששת אלפים", "ההורים שלי עברו ביולי"]
)
def test_a_telling_of_relatives_and_neighbours_is_no_wish(said: str) -> None:
    """R10.2: other homes, rents and months."""
    assert told(said) == " ".join(normalise(said).keys)


def test_a_telling_ends_where_callers_come_back_to_themselves() -> None:
    """R10.2: "but I need three" is a wish."""
    assert told("אחי גר בחמישה חדרים אבל לי מספיק שלושה") == " ".join(normalise("אחי גר בחמישה חדרים").keys)


@pytest.mark.parametrize("said", ["דירה בשביל ההורים שלי", "אשתי ואני רוצים ארבעה חדרים", "אחותי גרה איתי ארבעה חדרים"])
def test_whom_the_home_is_for_is_no_such_telling(said: str) -> None:
    """R10.2: those who will live there count."""
    assert told(said) == ""


@pytest.mark.parametrize(
    ("said", "whose", "rule"),
    [
        ("אחותי שוכרת שלושה חדרים", Whose.OTHERS, "what others do"),
        ("ראיתי כתבה על חולון", Whose.OTHERS, "seen and heard"),
        ("גרנו בארבעה חדרים", Whose.PAST, "what one did"),
        ("הייתה לנו דירה גדולה", Whose.PAST, "what one had"),
        ("הציעו לי דירה בחולון", Whose.PAST, "what was offered"),
        ("הדירה שראינו הייתה שלושה חדרים", Whose.PAST, "a home once seen"),
        ("פעם קונים בית במאה אלף", Whose.PAST, "once upon a time"),
        ("לחברה שלי יש פנטהאוז", Whose.OTHERS, "what others have"),
        ("כרגע אני משלם ארבע", Whose.NOW, "pays now"),
        ("בדירה הנוכחית שלושה חדרים", Whose.NOW, "this home or the last"),
        ("היום אנחנו בשלושה חדרים", Whose.NOW, "today we are in"),
        ("גרים בחיפה ורוצים נשר", Whose.NOW, "has now, then seeks"),
        ("אני גר בשלושה חדרים", Whose.NOW, "where one lives"),
        ("בעתיד נרצה לקנות", Whose.LATER, "some day"),
        ("להשכיר אחר כך", Whose.LATER, "lets it afterwards"),
        ("ולהשכיר אותה", Whose.LATER, "lets it"),
        ("כמה אפשר לקבל על שלושה חדרים", Whose.ASKED, "what rent one can get"),
    ],
)
def test_each_rule_labels_its_stretch(said: str, whose: Whose, rule: str) -> None:
    """R10.2: a rule is named, so that it can be cited."""
    found = scopes(normalise(said))
    assert [(scope.value, scope.rule) for scope in found] == [(whose, rule)]


@pytest.mark.parametrize(
    "said", ["שלושה חדרים בחיפה", "אנחנו רוצים לקנות בנשר", "להשכרה בחולון", "אחרי הקיץ", "כמה זמן זה לוקח"]
)
def test_a_plain_wish_has_no_such_stretch(said: str) -> None:
    """R10.2: what is wanted is not labelled away."""
    assert scopes(normalise(said)) == ()


def test_what_one_has_ends_where_the_wish_begins() -> None:
    """R10.2: "we live in Ramat Gan and want to buy in Haifa"."""
    utterance = normalise("גרים ברמת גן ורוצים לקנות בחיפה")
    assert no_wish(utterance) == frozenset({0, 1, 2})


@pytest.mark.parametrize("said", ["היום אני משלם חמש, משהו דומה", "השכנים גרים בשלושה חדרים וגם אני רוצה כזה"])
def test_what_one_wants_just_so_is_no_telling(said: str) -> None:
    """R10.2: "something like it" makes a wish of what was told."""
    assert told(said) == ""
