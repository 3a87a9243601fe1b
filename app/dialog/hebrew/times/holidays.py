"""When a holiday callers date things by falls next (R10.2).

The Hebrew calendar is pyluach's; Muslim feasts follow the tabular Islamic calendar (leap years 2, 5, 7, 10, 13, 16, 18,
21, 24, 26, 29 of thirty), which is a day or two from what the moon will show.
"""

from datetime import date, timedelta
from functools import lru_cache
from math import ceil

from pyluach.dates import HebrewDate

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.tokens import fold

_CALENDAR = Lexicon("hebrew/calendar.toml")


def _table(name: str) -> dict[str, tuple[int, int, int]]:
    rows = _CALENDAR.table(name).items()
    return {fold(feast): (month, day, days) for names, (month, day, days) in rows for feast in names.split("|")}


_MUSLIM = _table("muslim_holidays")
HOLIDAYS = _table("holidays") | _MUSLIM
"""By name: the calendar's month (of the Hebrew one Nisan is the first), first day, days."""
_HIJRA = date(622, 7, 19)
"""The first day of the Islamic calendar, as a date of ours."""
_MOON_YEAR_DAYS, _MOON_MONTH_DAYS = 354.367, 29.5
HEBREW_MONTHS = {name: int(number) for name, number in _CALENDAR.valued("hebrew_months").items()}


@lru_cache(maxsize=256)
def holiday_span(name: str, after: date) -> tuple[date, date]:
    """Return the first and last day of the next holiday that ends on or after `after`."""
    month, day, length = HOLIDAYS[name]
    if name in _MUSLIM:
        return _muslim_span(month, day, length, after)
    year = HebrewDate.from_pydate(after).year
    for hebrew_year in (year - 1, year, year + 1, year + 2):
        # Purim is in the last month before Nisan: Adar, or the second Adar of a leap year.
        actual = 13 if month == 12 and _leap(hebrew_year) else month
        first = HebrewDate(hebrew_year, actual, day).to_pydate()
        last = first + timedelta(days=length - 1)
        if last >= after:
            return first, last
    raise ValueError(f"no {name} after {after}")


def _muslim_span(month: int, day: int, length: int, after: date) -> tuple[date, date]:
    year = int((after - _HIJRA).days / _MOON_YEAR_DAYS)
    while True:
        days = (year - 1) * 354 + (3 + 11 * year) // 30 + ceil(_MOON_MONTH_DAYS * (month - 1)) + day - 1
        first = _HIJRA + timedelta(days=days)
        if first + timedelta(days=length - 1) >= after:
            return first, first + timedelta(days=length - 1)
        year += 1


def hebrew_month(name: str, after: date) -> date:
    """Return the first day of the next such Hebrew month that begins after `after`."""
    month, year = HEBREW_MONTHS[name], HebrewDate.from_pydate(after).year
    for hebrew_year in (year, year + 1):
        first: date = HebrewDate(hebrew_year, month, 1).to_pydate()
        if first > after:
            return first
    raise ValueError(f"no {name} after {after}")


def _leap(hebrew_year: int) -> bool:
    return (7 * hebrew_year + 1) % 19 < 7
