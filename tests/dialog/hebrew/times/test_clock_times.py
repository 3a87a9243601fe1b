"""When the caller wants to be called, as a time the office's programs can use."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialog.hebrew.times.clock_times import CallTime, call_time

ISRAEL = ZoneInfo("Asia/Jerusalem")
SUNDAY_NOON = datetime(2026, 11, 22, 12, 30, tzinfo=ISRAEL)


def read(words: str, now: datetime = SUNDAY_NOON) -> tuple[str, str, str]:
    """Return day, beginning and end as short texts, empty where unknown."""
    found = call_time(words, now)
    when, until = found.when, found.until
    return (
        f"{found.day:%d.%m}" if found.day else "",
        f"{when:%d.%m %H:%M}" if when else "",
        f"{until:%d.%m %H:%M}" if until else "",
    )


@pytest.mark.parametrize(
    ("words", "day", "when", "until"),
    [
        ("מחר בעשר בבוקר", "23.11", "23.11 10:00", ""),
        ("מחר בבוקר", "23.11", "23.11 08:00", "23.11 12:00"),
        ("אחרי שש", "22.11", "22.11 18:00", ""),
        ("ביום ראשון", "29.11", "", ""),
        ("ביום ראשון בעשר וחצי", "29.11", "29.11 10:30", ""),
        ("יום שלישי אחר הצהריים", "24.11", "24.11 15:00", "24.11 18:00"),
        ("מחרתיים בערב", "24.11", "24.11 18:00", "24.11 21:00"),
        ("היום בחמש", "22.11", "22.11 17:00", ""),
        ("בשעה 17:30", "22.11", "22.11 17:30", ""),
        ("מחר ב-10", "23.11", "23.11 10:00", ""),
        ("בין ארבע לשש", "22.11", "22.11 16:00", "22.11 18:00"),
        ("מחר מתשע עד אחת", "23.11", "23.11 09:00", "23.11 13:00"),
        ("עד שבע בערב", "22.11", "", "22.11 19:00"),
        ("בעוד שעה", "22.11", "22.11 13:30", ""),
        ("עוד עשרים דקות", "22.11", "22.11 12:50", ""),
        ("בעוד יומיים", "24.11", "", ""),
        ("ברבע לשש", "22.11", "22.11 17:45", ""),
        ("אחרי שמונה בערב", "22.11", "22.11 20:00", ""),
        ("בעשר", "23.11", "23.11 10:00", ""),
        ("בשעות הערב", "22.11", "22.11 18:00", "22.11 21:00"),
        ("מחר בשעות הערב", "23.11", "23.11 18:00", "23.11 21:00"),
        ("ביום שלישי בשבוע הבא", "01.12", "", ""),
        ("ביום ראשון בשבוע הבא", "29.11", "", ""),
    ],
)
def test_a_clear_time_is_an_hour_of_israels_clock(words: str, day: str, when: str, until: str) -> None:
    """R10.5: "קביעת שיחה" records a call-back time."""
    assert read(words) == (day, when, until)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("מתי שנוח לכם", ""),
        ("אחרי העבודה", ""),
        ("בשבוע הבא", ""),
        ("מחר בשמונה", "23.11"),  # morning or evening
        ("היום בעשר", "22.11"),  # said at noon: tonight, or a slip
        ("מחר", "23.11"),
        ("", ""),
        ("לא יודעת", ""),
    ],
)
def test_what_is_not_clear_is_left_to_the_callers_words(words: str, day: str) -> None:
    """R10.4: nothing invented."""
    assert read(words) == (day, "", "")


def test_the_time_has_israels_offset_in_summer_and_in_winter() -> None:
    """R10.5: one zone for caller and office."""
    winter = call_time("מחר בעשר", SUNDAY_NOON).when
    summer = call_time("מחר בעשר", datetime(2026, 7, 5, 12, 0, tzinfo=ISRAEL)).when
    assert winter is not None
    assert summer is not None
    assert winter.isoformat() == "2026-11-23T10:00:00+02:00"
    assert summer.isoformat() == "2026-07-06T10:00:00+03:00"


def test_of_two_days_the_farther_one_is_meant() -> None:
    """R10.5: "not today, tomorrow"."""
    assert call_time("לא היום, מחר בעשר", SUNDAY_NOON).when == datetime(2026, 11, 23, 10, 0, tzinfo=ISRAEL)


WORDS = (
    *("מחר", "היום", "ביום", "ראשון", "שני", "בבוקר", "בערב", "אחרי", "לפני", "בין", "שש", "לשמונה", "בעשר", "וחצי"),
    *("עד", "שבע", "בעוד", "שעה", "10", "17:30", "99", "ב"),
)


@given(st.lists(st.sampled_from(WORDS), max_size=7), st.integers(0, 23))
def test_a_call_is_never_set_in_the_past(words: list[str], hour: int) -> None:
    """R10.5: whatever is said, whenever."""
    now = SUNDAY_NOON.replace(hour=hour)
    found: CallTime = call_time(" ".join(words), now)
    last = found.until or found.when
    assert last is None or last > now
    assert found.when is None or found.until is None or found.when < found.until
