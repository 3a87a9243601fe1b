"""Verbs of change: every form, made from a root."""

import pytest

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.tokens import fold, normalise, words
from app.dialog.hebrew.verbs import is_meaning, verb_forms


def folded(meaning: str, group: str = "") -> set[str]:
    return {fold(form) for form in verb_forms(meaning, group).split()}


@pytest.mark.parametrize(
    ("meaning", "forms"),
    [
        ("add", "הוסף הוסיפי תוסיפו נוסיף להוסיף מוסיפה הוספתי צרפי תצרף"),
        ("remove", "מחקי תמחקו למחוק הוציאי הסירו תסיר תבטלי לבטל מבטלת"),
        ("raise", "תעלי תעלה להעלות העלו תרימי תגדיל"),
        ("go_down", "תרדי נרד לרדת יורדים"),
        ("change", "תשני נשנה לשנות שיניתי"),
        ("write", "רשמי תרשום לרשום כתבי תכתבו שים תשימי"),
        ("give_up", "תוותרי לוותר ויתרתי"),
        ("correct", "תתקן תתקני לעדכן תעדכנו"),
    ],
)
def test_a_verb_is_known_in_every_form(meaning: str, forms: str) -> None:
    """R10.2: gender, number, imperative, future and infinitive come from the root, and need no list."""
    assert {fold(form) for form in forms.split()} <= folded(meaning)


def test_what_others_did_is_a_group_of_its_own() -> None:
    """R10.2: "הרצליה ירדה" drops a place, and is nothing that the agent is told to do."""
    assert {"ירד", "ירדה", "ירדו"} == folded("go_down", "did")
    assert folded("go_down", "did").isdisjoint(folded("go_down"))


def test_forms_that_say_something_else_more_often_stand_for_no_verb() -> None:
    """R10.2: "שני" is two, "מסירה" the handing over, "מעלה" the beginning of a town's name."""
    every = {form for meaning in ("change", "remove", "raise") for form in folded(meaning)}
    assert every.isdisjoint(words("שני משנה מסירה מעלה מרים להוציא"))


def test_a_meaning_that_is_not_there_is_named() -> None:
    """R24: a slip of the pen in a list is found at once."""
    assert not is_meaning("ponder")
    with pytest.raises(KeyError, match="ponder"):
        verb_forms("ponder")


def test_a_phrase_that_names_verbs_stands_for_each_form() -> None:
    """R10.2, R24: "=אל {write.told}" is one line of a list."""
    book = Lexicon("real_estate/withdrawals.toml").phrases("not_to_write")
    assert all(book.within(normalise(f"אל {form} את זה")) for form in ("תרשמי", "תכתבו", "תשים"))
    assert not book.within(normalise("תרשמי את זה"))
