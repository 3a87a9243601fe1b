"""When a holiday callers date things by falls next (R10.2); the calendar itself is pyluach's."""

from datetime import date, timedelta
from functools import lru_cache

from pyluach.dates import HebrewDate

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.tokens import fold

_CALENDAR = Lexicon("hebrew/calendar.toml")
HOLIDAYS: dict[str, tuple[int, int, int]] = {
    fold(name): (month, day, days)
    for names, (month, day, days) in _CALENDAR.table("holidays").items()
    for name in names.split("|")
}
"""By name: Hebrew month (Nisan is the first), first day, days."""
HEBREW_MONTHS = {name: int(number) for name, number in _CALENDAR.valued("hebrew_months").items()}


@lru_cache(maxsize=256)
def holiday_span(name: str, after: date) -> tuple[date, date]:
    """Return the first and last day of the next holiday that ends on or after `after`."""
    month, day, length = HOLIDAYS[name]
    year = HebrewDate.from_pydate(after).year
    for hebrew_year in (year - 1, year, year + 1, year + 2):
        # Purim is in the last month before Nisan: Adar, or the second Adar of a leap year.
        actual = 13 if month == 12 and _leap(hebrew_year) else month
        first = HebrewDate(hebrew_year, actual, day).to_pydate()
        last = first + timedelta(days=length - 1)
        if last >= after:
            return first, last
    raise ValueError(f"no {name} after {after}")


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
