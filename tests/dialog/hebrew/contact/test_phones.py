"""Phone numbers as they are dictated."""

import pytest

from app.dialog.hebrew.contact.phones import is_whole, to_e164, understand_phone
from app.dialog.hebrew.tokens import normalise


@pytest.mark.parametrize(
    ("digits", "phone"),
    [
        ("0521234567", "+972521234567"),
        ("521234567", "+972521234567"),
        ("972521234567", "+972521234567"),
        ("00972521234567", "+972521234567"),
        ("9720521234567", "+972521234567"),
        ("0721234567", "+972721234567"),
        ("036123456", "+97236123456"),
        ("+14155230178", "+14155230178"),
        ("00447700928631", "+447700928631"),
        ("+6591234567", "+6591234567"),
        ("+4915234567812", "+4915234567812"),
        ("+972521234567", "+972521234567"),
        ("+3362479185", None),
        ("+0521234567", None),
        ("0711234567", None),
        ("052123456", None),
        ("+4915+3219876", None),
        ("05212345678", None),
        ("12345678", None),
        ("", None),
    ],
)
def test_numbers_that_can_be_dialled_are_accepted(digits: str, phone: str | None) -> None:
    """R10.2: 05x and 07x with ten digits, landlines with nine; a nine-digit mobile lost its zero; as many as abroad."""
    assert to_e164(digits) == phone


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("אפס חמישים ארבע", "0504"),
        ("אפס חמישים וארבע", "054"),
        ("אפס חמישים ושתיים שלושים ואחת", "05231"),
        ("אפס חמש פעמיים שבע", "0577"),
        ("אפס חמש שתיים שלוש פעמים שמונה", "052888"),
        ("אפס חמש שש לא סליחה שבע", "057"),
        ("אפס חמישים ושתיים לא חמישים ושלוש", "053"),
        ("אפס חמש שתיים שוב אפס חמש ארבע", "054"),
        ("אפס חמש שתיים שלוש מאות עשרים ואחת", "052321"),
        ("אפס חמישה ארבעה", "054"),
        ("פלוס שלוש שלוש שש שתיים ארבע", "+33624"),
        ("שני מספרים, פלוס ארבע ארבע שבע", "+447"),
        ("אפס חמש ארבע פלוס שלוש שתיים", "05432"),
    ],
)
def test_digits_are_read_as_they_are_said(said: str, digits: str) -> None:
    """R10.2: only the vav joins a pair; repairs replace; both genders."""
    heard = understand_phone(normalise(said), "", expected=True)
    assert heard is not None
    assert heard.digits == digits


@pytest.mark.parametrize(
    ("held", "said", "heard"),
    [
        ("05432", "פלוס אחת שתיים", (None, "+12")),
        ("+4915", "פלוס שלוש שלוש שש", (None, "+336")),
        ("+1212", "חמש חמש חמש אחת שתיים שלוש ארבע", ("+12125551234", "")),
        ("05432", "אחת תשע שמונה שבע שש", ("+972543219876", "")),
    ],
)
def test_a_plus_begins_a_number_anew(held: str, said: str, heard: tuple[str | None, str]) -> None:
    """R10.2: what was dictated before it is no part of the number."""
    dictated = understand_phone(normalise(said), held, expected=True)
    assert dictated is not None
    assert (dictated.phone, dictated.digits) == heard


@pytest.mark.parametrize("said", ["050-3219876 פלוס אחת", "אפס חמישים 321 98 76 פלוס שלוש שעות", "0503219876 פלוס"])
def test_a_number_that_is_whole_before_a_plus_stands(said: str) -> None:
    """R10.2."""
    heard = understand_phone(normalise(said), "", expected=True)
    assert heard is not None
    assert heard.phone == "+972503219876"


@pytest.mark.parametrize(
    ("digits", "whole"),
    [
        ("0521234567", True),
        ("036123456", True),
        ("97236123456", True),
        ("0012125551234", True),
        ("00491511234567", False),
        ("052123456", False),
    ],
)
def test_a_number_that_may_be_longer_is_not_known_to_be_whole(digits: str, whole: bool) -> None:
    """R17: in Germany some have eleven digits and some thirteen."""
    assert is_whole(digits) is whole


def test_a_whole_number_is_heard_though_it_was_not_asked() -> None:
    """R10.2: details come when the caller gives them."""
    heard = understand_phone(normalise("הטלפון שלי 052-1234567"), "", expected=False)
    assert heard is not None
    assert heard.phone == "+972521234567"


def test_a_price_is_no_phone() -> None:
    """R10.4."""
    assert understand_phone(normalise("עד 2,350,000 שקל"), "", expected=False) is None


def test_too_many_digits_are_asked_again() -> None:
    """R10.4: none of them is kept."""
    heard = understand_phone(normalise("052123456789"), "", expected=True)
    assert heard is not None
    assert heard.phone is None
    assert heard.digits == ""
