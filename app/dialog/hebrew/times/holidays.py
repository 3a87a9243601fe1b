"""When a holiday callers date things by falls next (R10.2); the calendar itself is pyluach's."""

from datetime import date, timedelta
from functools import lru_cache

from pyluach.dates import HebrewDate

from app.dialog.hebrew.tokens import fold

HOLIDAYS: dict[str, tuple[int, int, int]] = {
    fold(word): value
    for word, value in {
        # name: Hebrew month, first day, days
        **dict.fromkeys(("פסח", "פסחא"), (1, 15, 7)),
        "שבועות": (3, 6, 1),
        "חג השבועות": (3, 6, 1),
        "פורים": (12, 14, 1),
        "ראש השנה": (7, 1, 2),
        "יום כיפור": (7, 10, 1),
        "כיפור": (7, 10, 1),
        "סוכות": (7, 15, 8),
        "שמחת תורה": (7, 22, 1),
        "חגים": (7, 1, 22),
        "חגי תשרי": (7, 1, 22),
        "חנוכה": (9, 25, 8),
        "יום העצמאות": (2, 5, 1),
        "עצמאות": (2, 5, 1),
        "לג בעומר": (2, 18, 1),
        "טו בשבט": (11, 15, 1),
        "תשעה באב": (5, 9, 1),
        **dict.fromkeys(("ליל הסדר", "הסדר", "חול המועד"), (1, 15, 7)),
        "מימונה": (1, 22, 1),
    }.items()
}
HEBREW_MONTHS: dict[str, int] = {
    fold(word): value
    for word, value in {
        # name: number in the order of the calendar's months, Nisan first
        "ניסן": 1,
        "איר": 2,
        "סיון": 3,
        "תמוז": 4,
        "אב": 5,
        "אלול": 6,
        "תשרי": 7,
        "חשון": 8,
        "מרחשון": 8,
        "כסלו": 9,
        "טבת": 10,
        "שבט": 11,
        "אדר": 12,
    }.items()
}


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
