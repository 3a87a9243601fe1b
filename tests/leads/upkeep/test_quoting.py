"""A number is found in what was said, however it was said; one that is only like it is not."""

import pytest

from app.leads.upkeep.quoting import Quoted


@pytest.mark.parametrize(
    "texts",
    [
        ["הטלפון של אשתי 050-123-4567"],
        ["+972 50 1234567 תתקשרו"],
        ["קידומת 050 מקף 123 45 67"],
        ["0521111111 או 0501234567."],
        ["המספר שלי אפס חמישים אחת שתיים שלוש ארבע חמש שש שבע"],
        ["אפס חמש אפס, אחת עשרים ושלוש, ארבעים וחמש שישים ושבע"],
        ["תשע שבע שתיים חמש אפס אחת שתיים שלוש ארבע חמש שש שבע"],
        ["050 אחת שתיים שלוש 4567"],
        ["אפס חמש אפס אחת שתיים שלוש", "", "ארבע חמש שש שבע"],
        ["050", "123", "45 67 זה הכול"],
        ["המספר הוא 050-123", "4567 ויש לי גם 300 אלף"],
    ],
)
def test_a_number_is_found_in_digits_in_words_and_in_parts(texts: list[str]) -> None:
    """C43: in one breath or several."""
    assert Quoted("+972501234567").stands_in(texts)


@pytest.mark.parametrize(
    "texts",
    [
        ["זה 0501234568"],
        ["החוזה 99905012345670"],
        ["דירה 50 ברחוב 123 קומה 4 דירה 567"],
        ["אפס חמישים אחת שתיים שלוש ארבע חמש שש שמונה"],
        ["קומה 50", "תקציב 1234567"],
        ["050", "מחיר 1,000", "123", "4567"],
        ["050 בערך, רחוב 7", "1234567"],
        [],
    ],
)
def test_what_is_only_like_the_number_is_none(texts: list[str]) -> None:
    """C43: nobody else's call is erased."""
    assert not Quoted("+972501234567").stands_in(texts)


def test_numbers_of_other_countries_are_found_too() -> None:
    """R17: an immigrant's mobile from abroad."""
    assert Quoted("+14155550123").stands_in(["call me at 001 415 555 0123"])
    assert Quoted("+14155550123").stands_in(["415-555-0123"])
    assert not Quoted("+14155550123").stands_in(["415-555-0124"])
