"""How alike words sound, and what is rebuilt from sounds: numbers and garbled openings."""

import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.sounds import likeness, sound, without_last_liquid
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.ear.garbled_phone import mobile_number
from app.dialog.understanding.ear.garbled_words import remade
from app.dialog.understanding.ear.typical_answers import typical_answers


@pytest.mark.parametrize(
    ("heard", "said", "other"),
    [("קולון", "חולון", "קפלן"), ("תלום", "שלום", "מלון"), ("גמישא", "גמישה", "פגישה")],
)
def test_letters_that_sound_alike_cost_less(heard: str, said: str, other: str) -> None:
    """R10.6: the word said is nearer than another one spelled as much alike."""
    near, far = likeness([sound(heard)], [sound(said), sound(other)])[0]
    assert near > far


def test_a_liquid_after_a_last_vowel_may_be_nothing() -> None:
    """R10.6: "שונל" may be "שנה"."""
    assert without_last_liquid(sound("שונל")) == sound("שונה")
    assert without_last_liquid(sound("שנה")) == sound("שנה")


def test_a_number_is_found_in_glued_digits() -> None:
    """R17: words cut in the wrong places still sound like their digits."""
    garbled = "אפסחמש ארבעאחת שתיימשלוש הרבע חמיש ששבע"
    assert mobile_number([garbled, garbled]) == "+972541234567"


def test_a_sentence_is_no_number() -> None:
    """R17: nothing is invented."""
    assert mobile_number(["אני לא רוצה לתת את המספר שלי עכשיו בבקשה"]) is None


def test_garbled_words_of_an_opening_become_the_content_they_sound_like() -> None:
    """R10.6: known words stay as they are."""
    better = remade(normalise("משרד להסכרה בניתני"))
    assert better is not None
    assert "להשכרה" in better.text
    assert "נתניה" in better.text
    assert remade(normalise("אני מחפש דירה")) is None


@pytest.mark.parametrize("asked", [asked for asked in Asked if asked is not Asked.PHONE])
def test_every_question_has_answers_to_expect_and_some_that_are_none(asked: Asked) -> None:
    """R10.6: what is no answer must be able to win, too."""
    kinds = {answer.answers for answer in typical_answers(asked)}
    assert kinds == {True, False}
