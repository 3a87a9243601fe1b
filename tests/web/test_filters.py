"""How numbers get into a page."""

import re
from datetime import date

import phonenumbers
import pytest

from app.web import clock
from app.web.filters import duration, isolate, masked_phone, milliseconds, money, span, spoken, when, whole_phone, words


@pytest.mark.parametrize(
    ("number", "whole", "masked"),
    [
        ("+972501234567", "050-123-4567", "050-***4567"),
        ("0501234567", "050-123-4567", "050-***4567"),
        ("+97239876543", "03-987-6543", "03-***6543"),
        ("+972771234567", "077-123-4567", "077-***4567"),
        ("+12125550123", "+1 212-555-0123", "+1-***0123"),
        ("", "", ""),
        ("anonymous", "anonymous", "anonymous"),
    ],
)
def test_a_phone_number_is_written_as_people_do_and_masked_so_that_nobody_can_call(
    number: str, whole: str, masked: str
) -> None:
    """R16: national for Israel, international else; the last four digits tell callers apart."""
    assert whole_phone(number) == whole
    assert masked_phone(number) == masked


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("המספר שלי 050-1234567", "050-***4567"),
        ("תתקשרו ל 0501234567 בערב", "050-***4567"),
        ("אפס חמש, 050 123 4567 בבקשה", "050-***4567"),
        ("+972501234567", "050-***4567"),
        ("בבית 03-9876543", "03-***6543"),
    ],
)
def test_a_number_dictated_is_masked_in_what_was_said(said: str, shown: str) -> None:
    """R16: until an operator asks for it."""
    assert shown in words(said)
    assert "1234" not in words(said)
    assert re.search(r"\d{3}-\d{3}-\d{4}|\d\d-\d{3}-\d{4}", words(said, whole=True))


@pytest.mark.parametrize(
    ("said", "shown", "stays"),
    [
        ("המספר שלי אפס חמש אפס אחת שתיים שלוש ארבע חמש שש שבע תודה", "050-***4567", "תודה"),
        ("רשמו אפס חמישים וארבע, שלושים ושתיים, עשרים ואחת, ארבעים וחמש, שש", "***", "רשמו"),
        ("זה 050 ואז אחת שתיים שלוש ארבע חמש שש שבע בערב", "050-***4567", "בערב"),
        ("ההמשך הוא שבע שמונה תשע אפס", "***", "ההמשך"),
    ],
)
def test_a_number_dictated_in_words_is_masked_like_one_in_digits(said: str, shown: str, stays: str) -> None:
    """R16: whole or in parts; where it is asked for, it stands as it was said."""
    masked = words(said)
    assert shown in masked
    assert stays in masked
    assert not any(word in masked for word in ("שתיים", "שלושים", "שמונה"))
    assert "***" not in words(said, whole=True)
    assert "***" in spoken({"agent_text": said, "agent_heard": said[:-3]})


@pytest.mark.parametrize(
    "prefix", ["2", "3", "4", "8", "9", *(f"{kind}{digit}" for kind in "57" for digit in range(10))]
)
def test_israels_numbers_are_parted_as_the_numbering_plan_has_it(prefix: str) -> None:
    """R16: the short way and the library's agree."""
    number = f"+972{prefix}1234567"
    plan = phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.NATIONAL)
    assert whole_phone(number) == plan


@pytest.mark.parametrize("number", ["050501234567", "1234567890123", "0501234567890"])
def test_of_digits_that_are_no_number_only_the_last_four_show(number: str) -> None:
    """R16: what cannot be parted is not shown whole."""
    assert masked_phone(number) == f"***{number[-4:]}"


@pytest.mark.parametrize(
    "said",
    [
        "שלושה או ארבעה חדרים עד שני מיליון וחצי",
        "מיליון שמונה מאות חמישים אלף, קומה שלוש",
        "בין שבע לשמונה בערב ביום שני בעשרים ושלושה לחודש",
        "שתיים שלוש ארבע דירות, לא יותר",
    ],
)
def test_rooms_prices_and_hours_in_words_stay(said: str) -> None:
    """R16: only a dictation is hidden."""
    assert "***" not in words(said)


@pytest.mark.parametrize(
    "said", ["עד 1,800,000 שקל", "1800000", "בשנת 2027", "ב־28.11.2026 בשעה 17:05", "קומה 3 מתוך 12"]
)
def test_other_numbers_are_isolated_and_stay(said: str) -> None:
    """R16: a price is no telephone number."""
    shown = words(said)
    assert "***" not in shown
    for number in re.findall(r"\d[\d,.:]*", said):
        assert f'<bdi dir="ltr">{number}</bdi>' in shown


def test_what_callers_say_cannot_become_markup() -> None:
    """R16: every part is escaped, before, between and after numbers."""
    shown = words("<b>1</b> & 050-1234567 <script>")
    assert "<b>" not in shown
    assert "<script>" not in shown
    assert "<i>" not in isolate("<i>")
    assert "<i>" not in spoken({"agent_text": "<i>a b", "agent_heard": "<i>a"})


def test_formats_are_those_people_read() -> None:
    """R16: money, range, length, latency."""
    assert money(1_800_000) == isolate("₪ 1,800,000")
    assert span(1_500_000, 2_000_000, "₪") == isolate("₪ 1,500,000–2,000,000")
    assert span(3.5, 3.5) == isolate("3.5")
    assert span(None, 4) == "עד " + isolate("4")
    assert span(3, None) == "מ־" + isolate("3")
    assert duration(95) == isolate("1:35")
    assert duration(3725) == isolate("1:02:05")
    assert milliseconds(740.4) == isolate("740 ms")
    assert "לא נמדד" in milliseconds(None)


def test_the_hour_that_comes_twice_shows_which_of_the_two_it_is() -> None:
    """R16, C13: clocks go back on 25 October 2026 at two."""
    first, second = when("2026-10-24T22:30:00+00:00"), when("2026-10-24T23:30:00+00:00")
    assert "25.10.2026 01:30 +03:00" in first
    assert "25.10.2026 01:30 +02:00" in second
    assert "+" not in when("2026-11-28T15:05:00+00:00").partition("title")[2]


def test_a_day_is_israels_with_the_hours_it_has() -> None:
    """R16, C13: 23 hours on 27 March 2026, 25 on 25 October."""

    def hours(day: date) -> float:
        since, until = clock.bounds(day)
        return (until - since).total_seconds() / 3600

    assert [hours(date(2026, 3, 27)), hours(date(2026, 10, 25)), hours(date(2026, 11, 28))] == [23, 25, 24]


@pytest.mark.parametrize(
    ("heard", "struck"),
    [("שלום, מה שלומך", None), ("שלום,", "מה שלומך"), ("", "שלום, מה שלומך"), (None, None)],
)
def test_what_nobody_heard_is_struck_out(heard: str | None, struck: str | None) -> None:
    """R16, C34: said and heard apart."""
    shown = spoken({"agent_text": "שלום, מה שלומך", "agent_heard": heard})
    found = re.search(r"<del>(.*?)</del>", shown)
    assert (re.sub(r"<[^>]+>", "", found[1]) if found else None) == struck
