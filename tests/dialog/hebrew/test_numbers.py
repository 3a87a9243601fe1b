"""The number grammar of spoken Hebrew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialog.hebrew.numbers import Shape, digits_value, quantities
from app.dialog.hebrew.spelling import Gender, decimal_words, number_words
from app.dialog.hebrew.tokens import normalise

GENDERS: st.SearchStrategy[Gender] = st.sampled_from(["m", "f"])


@given(st.integers(1, 99) | st.integers(1_000, 99_999_000).map(lambda n: n - n % 1000 or 1000), GENDERS)
def test_a_number_spelled_is_the_number_read(number: int, gender: Gender) -> None:
    """R10.2: every round figure, in either gender."""
    (read,) = quantities(normalise(number_words(number, gender)))
    assert read.value == number


@given(st.integers(1, 99_999), GENDERS)
def test_a_number_under_a_hundred_thousand_is_read_to_the_last_shekel(number: int, gender: Gender) -> None:
    """R10.2: but for the lone digit after thousands, which callers mean as hundreds."""
    read = quantities(normalise(number_words(number, gender)))
    if number > 1_000 and 0 < number % 1_000 < 10:
        return
    assert [quantity.value for quantity in read] == [number]


@given(st.integers(1, 20), st.integers(1, 9))
def test_decimals_spelled_are_the_decimals_read(whole: int, tenth: int) -> None:
    """R10.2: "שתיים נקודה שלוש"."""
    (read,) = quantities(normalise(decimal_words(f"{whole}.{tenth}")))
    assert read.value == pytest.approx(float(f"{whole}.{tenth}"))


@pytest.mark.parametrize(
    ("said", "value", "shape"),
    [
        ("מיליון וחצי", 1_500_000, Shape.FULL),
        ("מיליון ורבע", 1_250_000, Shape.FULL),
        ("מיליון שמונה", 1_800_000, Shape.FULL),
        ("שלושת רבעי מיליון", 750_000, Shape.FULL),
        ("שניים וחצי מיליון", 2_500_000, Shape.FULL),
        ("מיליון שבע מאות חמישים", 1_750_000, Shape.FULL),
        ("שנים עשר מיליון", 12_000_000, Shape.FULL),
        ("חמש אלף", 5_000, Shape.FULL),
        ("חמשת אלפים וחצי", 5_500, Shape.FULL),
        ("אלפיים", 2_000, Shape.FULL),
        ("2 מיליון 400", 2_400_000, Shape.FULL),
        ("1,750,000", 1_750_000, Shape.FULL),
        ("5K", 5_000, Shape.FULL),
        ("שתיים שלוש מאות", 2.3, Shape.SPLIT),
        ("חמש מאתיים", 5.2, Shape.SPLIT),
        ("תשע מאות", 900, Shape.HUNDREDS),
        ("ארבע וחצי", 4.5, Shape.BARE),
        ("2.35", 2.35, Shape.BARE),
        ("אחד עשר", 11, Shape.BARE),
        ("עשרים וחמש", 25, Shape.BARE),
    ],
)
def test_quantities_keep_how_they_were_said(said: str, value: float, shape: Shape) -> None:
    """R10.2: a fraction scales with the unit before it; ellipsis is left to the reader of the slot."""
    (read,) = quantities(normalise(said))
    assert read.value == pytest.approx(value)
    assert read.shape is shape


def test_numbers_side_by_side_stay_apart() -> None:
    """R10.2: "מיליון שבע שמונה" and "ארבע חמש" are two numbers each."""
    assert [quantity.value for quantity in quantities(normalise("מיליון שבע שמונה"))] == [1_700_000, 8]
    assert [quantity.value for quantity in quantities(normalise("ארבע חמש"))] == [4, 5]


def test_claimed_words_are_no_numbers() -> None:
    """R10.2: "באר שבע" has been taken by the places."""
    assert quantities(normalise("באר שבע"), {0, 1}) == []


@pytest.mark.parametrize(
    ("written", "value"), [("2,350", 2350), ("2,3", 2.3), ("1.750.000", 1_750_000), ("10:00", None), ("15/2", None)]
)
def test_written_digits_have_their_value(written: str, value: float | None) -> None:
    """R10.2: thousands' commas, decimal commas; times and dates are no quantities."""
    assert digits_value(written) == value
