"""Parts of a number that was read back are corrected; what fits nowhere changes nothing."""

import pytest

from app.dialog.hebrew.contact.phone_repairs import repaired_phone
from app.dialog.hebrew.tokens import normalise

PHONE = "+972528461937"


@pytest.mark.parametrize(
    ("said", "national"),
    [
        ("לא בסוף זה אחת תשע שלוש שמונה", "0528461938"),
        ("לא שש שבע בסוף", "0528461967"),
        ("זה נגמר בשלוש שמונה", "0528461938"),
        ("הספרה האחרונה היא שתיים לא שבע", "0528461932"),
        ("הקידומת היא אפס חמש ארבע", "0548461937"),
        ("הקידומת חמישים וארבע", "0548461937"),
        ("לא חמישים ושלוש", "0538461937"),
        ("שמונה ארבע שבע לא שמונה ארבע שש", "0528471937"),
        ("לא במקום שש תשע", "0528491937"),
        ("אחת תשע שלוש שמונה", "0528461938"),
        ("לא שמונה שש ארבע", "0528641937"),
    ],
)
def test_only_the_part_named_is_changed(said: str, national: str) -> None:
    """R17: whoever hears one wrong digit corrects that digit, not the whole number."""
    assert repaired_phone(normalise(said), PHONE) == "+972" + national[1:]


@pytest.mark.parametrize(
    "said",
    [
        "לא",
        "תשע שלוש שבע",
        "לא שתיים שתיים",
        "אפס חמש שתיים שמונה ארבע שש אחת תשע",
        "הספרה השלישית",
    ],
)
def test_what_fits_no_one_place_repairs_nothing(said: str) -> None:
    """R10.4: a number is not guessed; it is asked for again."""
    assert repaired_phone(normalise(said), PHONE) is None


def test_a_landline_is_repaired_as_well() -> None:
    """R17: nine digits have an end, too."""
    assert repaired_phone(normalise("הסוף הוא שלוש שתיים"), "+97231234567") == "+97231234532"
