"""Months, dates and parts of the year: "15.2", "הראשון לשביעי", "סוף השנה", "רבעון שני", "ניסן" (R10.2)."""

from datetime import date
from functools import lru_cache
from math import ceil
from typing import Any

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import atom_at, quantity_at
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.times.durations import is_of_the_calendar
from app.dialog.hebrew.times.holidays import HEBREW_MONTHS, hebrew_month
from app.dialog.hebrew.tokens import Utterance, fold, rests, stems, words

_LISTS = Lexicon("hebrew/dates.toml")

_ORDINALS = {word: int(number) for word, number in Lexicon("hebrew/calendar.toml").valued("ordinals").items()}
_COMING = _LISTS.words("coming")
_NO_DATE = _LISTS.words("no_date")
_COUNTED = words("חודש חודשים שבועות שבוע ימים יום שנים שנה בבוקר בערב שקל שקלים")
_PERIODS = words("שבוע חודש שנה רבעון")
_PARTS_OF_YEAR = words("סוף תחילת אמצע")
_FEW_MONTHS = 12
_LAST_MONTH = 12
_MID_YEAR = 6
_LAST_DAY = 31
_LAST_WEEKDAY = 6
_CENTURY = 100
_YEARS = range(2024, 2041)


Timing = Span[dict[str, Any]]
"""A move-in time, in the evaluation sets' form."""


def in_month(year: int, month: int) -> dict[str, Any]:
    """Return a calendar month as a timing value."""
    return {"type": "month", "month": f"{year:04d}-{month:02d}"}


def within(months: float) -> dict[str, Any]:
    """Return "within so many months" as a timing value; parts of a month count as one."""
    return {"type": "within", "months_max": max(1, ceil(months - 1e-6))}


def next_month(month: int, today: date, *, over: bool = False) -> dict[str, Any]:
    """Return the next occurrence of a month; `over`: this month's is already past."""
    year = today.year + (month < today.month or (month == today.month and over))
    return in_month(year, month)


def is_ordinal(word: str) -> bool:
    """Whether a folded word is "first" to "tenth"."""
    return word in _ORDINALS


def ordinal_month(utterance: Utterance, index: int) -> bool:
    """Whether "לראשון" at `index` names a month by number: a day stands before it."""
    rest = utterance.key(index).removeprefix("ל")
    if rest == utterance.key(index) or rest not in _ORDINALS or index == 0:
        return False
    return _day_at(utterance, index - 1) is not None


def _day_at(utterance: Utterance, index: int) -> int | None:
    """Return the day of the month a word says: "הראשון", "מראשון", "15", "עשירי"."""
    for prefix, rest in stems(utterance.key(index)) if index >= 0 else ():
        if rest in _ORDINALS and len(prefix) <= len("מה"):
            return _ORDINALS[rest]
    quantity = quantity_at(utterance, index, index + 1) if index >= 0 else None
    return int(quantity.value) if quantity is not None and 1 <= quantity.value <= _LAST_DAY else None


def may_be_dated(utterance: Utterance, index: int) -> bool:
    """Whether any of the dates below can stand at `index`: most words begin none."""
    is_number = utterance.tokens[index].is_number or atom_at(utterance, index) is not None
    return is_number or _has_dates(utterance.keys[index])


@lru_cache(maxsize=8192)
def _has_dates(key: str) -> bool:
    by_number = key[:1] in ("ל", "ב") and key[1:] in _ORDINALS
    return by_number or not rests(key).isdisjoint(_PERIODS | {fold("יום")} | HEBREW_MONTHS.keys())


def written_date(utterance: Utterance, index: int, today: date) -> Timing | None:
    """Read "15.2", "1/7/27"."""
    token = utterance.tokens[index]
    parts = token.text.replace("/", ".").split(".")
    if not token.is_number or len(parts) not in (2, 3) or not all(part.isdigit() for part in parts):
        return None
    day, month = int(parts[0]), int(parts[1])
    if not (1 <= day <= _LAST_DAY and 1 <= month <= _LAST_MONTH) or utterance.key(index + 1) in _NO_DATE:
        return None
    if len(parts) > 2:
        year = int(parts[2])
        return Span(index, index + 1, in_month(year + 2000 if year < _CENTURY else year, month))
    over = month == today.month and day < today.day
    return Span(index, index + 1, next_month(month, today, over=over))


def ordinal_date(utterance: Utterance, index: int, today: date) -> Timing | None:
    """Read "הראשון לשביעי", "אחד בתשיעי", "השנים עשר לשנים עשר", "העשירי לחודש השני": a day and a month by number."""
    key = utterance.key(index)
    if (counted := _counted_date(utterance, index)) is not None:
        first, end, of_month, named = counted
        return Span(first, end, next_month(named, today, over=named == today.month and of_month < today.day))
    start = index - 1
    month = _ORDINALS.get(key[1:]) if key[:1] in ("ל", "ב") else None
    if month is None and key != "לחודש":
        return None
    day = _day_at(utterance, start)
    if day is None:
        return None
    if key == "לחודש":
        month = _ORDINALS.get(utterance.key(index + 1).removeprefix("ה"))
        if utterance.key(index + 1) == "הבא":
            return Span(start, index + 2, next_month(today.month % _LAST_MONTH + 1, today))
        if month is None:
            # "ה-15 לחודש": of this month, or of the next when that day is behind us.
            return Span(start, index + 1, next_month(_month_of_day(day, today), today))
        index += 1
    over = month == today.month and day < today.day
    return Span(start, index + 1, next_month(month or today.month, today, over=over))


def _counted_date(utterance: Utterance, index: int) -> tuple[int, int, int, int] | None:
    """Return (start, end, day, month) of "השנים עשר לשנים עשר", "בחמישה עשר לאחד עשר": a month said as a number."""
    if not utterance.key(index).startswith("ל") and utterance.tokens[index].prefix != "ל":
        return None
    month = quantity_at(utterance, index)
    if month is None or month.prefix != "ל" or month.value not in range(1, _LAST_MONTH + 1):
        return None
    for start in (index - 2, index - 1):
        day = quantity_at(utterance, start, index) if start >= 0 else None
        if day is not None and day.end == index and day.value in range(1, _LAST_DAY + 1):
            definite = day.prefix in ("ה", "ב", "מה", "בה")
            return (start, month.end, int(day.value), int(month.value)) if definite else None
    return None


def _month_of_day(day: int, today: date) -> int:
    return today.month if day >= today.day else today.month % _LAST_MONTH + 1


def weekday(utterance: Utterance, index: int) -> Timing | None:
    """Read "ביום ראשון", "יום שישי הקרוב": within the month."""
    if not any(rest == fold("יום") for _, rest in stems(utterance.key(index))):
        return None
    day = utterance.key(index + 1)
    if not 1 <= _ORDINALS.get(day, 0) <= _LAST_WEEKDAY and day != "שבת":
        return None
    return Span(index, index + 2 + (utterance.key(index + 2) in _COMING), within(1))


def bare_day(utterance: Utterance, today: date) -> Timing | None:
    """Read "עד ה-15" at the end of an answer: that day of this month, or of the next when it is behind us."""
    last = len(utterance) - 1
    token = utterance.tokens[last] if utterance.tokens else None
    if token is None or not token.is_number or token.prefix != "ה" or not token.text.isdigit():
        return None
    day = int(token.text)
    if not 1 <= day <= _LAST_DAY:
        return None
    return Span(last, last + 1, next_month(_month_of_day(day, today), today))


def spelled_hebrew_month(utterance: Utterance, index: int, today: date) -> Timing | None:
    """Read "ניסן", "בראש חודש אלול": the month of the calendar in which that Hebrew month begins next."""
    for prefix, rest in stems(utterance.key(index)):
        if rest in HEBREW_MONTHS and prefix in ("", "ב", "ל", "מ"):
            begins = hebrew_month(rest, today)
            return Span(index, index + 1, in_month(begins.year, begins.month))
    return None


def relative_period(utterance: Utterance, index: int, today: date) -> Timing | None:
    """Read "סוף השנה", "שבוע הבא", "החודש הבא", "השנה הבאה", "רבעון שני"."""
    rest = rests(utterance.key(index))
    after, before = utterance.key(index + 1), rests(utterance.key(index - 1))
    of_year = utterance.key(index - 1) == "שנת"
    part = rests(utterance.key(index - 2)) if of_year else before
    if part & _PARTS_OF_YEAR and (spoken := spoken_year(utterance, index)) is not None:
        # "סוף אלפיים עשרים ושבע", "תחילת שנת עשרים ושבע".
        end, year = spoken
        return Span(index - 1 - of_year, end, in_month(year, _month_of_part(part))) if year > today.year else None
    if utterance.tokens[index].is_number and (spoken := spoken_year(utterance, index)) is not None:
        # "ב-2028".
        return Span(index, spoken[0], in_month(spoken[1], 1)) if spoken[1] > today.year else None
    if fold("רבעון") in rest:
        return _quarter(index, after, before, today) if is_of_the_calendar(utterance, index) else None
    if fold("שבוע") in rest:
        return Span(index, index + 2, within(1)) if after == "הבא" else None
    if "חודש" in rest:
        return _told_month(utterance, index, today)
    return _told_year(utterance, index, before, today) if "שנה" in rest else None


def _month_of_part(before: frozenset[str]) -> int:
    return _LAST_MONTH if before & words("סוף") else _MID_YEAR if before & words("אמצע") else 1


def spoken_year(utterance: Utterance, index: int) -> tuple[int, int] | None:
    """Return the end and the year said as a number: "אלפיים עשרים ושבע", "עשרים ושבע", "2027"."""
    said = quantity_at(utterance, index)
    if said is None or utterance.key(said.end) in _COUNTED:
        return None
    year = said.value + (2000 if said.value < _CENTURY else 0)
    return (said.end, int(year)) if year in _YEARS else None


def _told_month(utterance: Utterance, index: int, today: date) -> Timing | None:
    """Read "החודש הבא", "החודש השלישי", "החודש"."""
    after = utterance.key(index + 1)
    if after == "הבא":
        return Span(index, index + 2, next_month(today.month % _LAST_MONTH + 1, today))
    if after.startswith("ה") and (number := _ORDINALS.get(after.removeprefix("ה"))):
        return Span(index, index + 2, next_month(number, today, over=True))
    if after == "הזה" or (utterance.key(index).endswith("החודש") and after != "הקרוב"):
        return Span(index, index + 1, in_month(today.year, today.month))
    return None


def _told_year(utterance: Utterance, index: int, before: frozenset[str], today: date) -> Timing | None:
    """Read "שנה הבאה", "סוף השנה", "אמצע השנה הבאה"; what begins "האקדמית" is a term."""
    after = utterance.key(index + 1)
    if before & _PARTS_OF_YEAR and after == "הבאה":
        return Span(index - 1, index + 2, in_month(today.year + 1, _month_of_part(before)))
    if before & (_PARTS_OF_YEAR | {"אחרי"}) and after not in words("האקדמית אקדמית"):
        month = _month_of_part(before)
        return Span(index - 1, index + 1, next_month(month, today, over=month != _LAST_MONTH))
    return Span(index, index + 2, within(_FEW_MONTHS)) if after == "הבאה" else None


def _quarter(index: int, after: str, before: frozenset[str], today: date) -> Timing:
    current = (today.month - 1) // 3 + 1
    number = current % 4 + 1 if after == "הבא" else _ORDINALS.get(after.removeprefix("ה"), current)
    month = number * 3 if number == current or before & words("סוף") else number * 3 - 2
    return Span(index, index + 1 + (number != current), next_month(month, today))
