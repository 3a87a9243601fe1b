"""When to call back: the caller's words as a day and an hour of Israel's clock, as far as they are clear (R10.5). Pure.

"מחר בעשר בבוקר" is an hour, "מחר בבוקר" a stretch of the day, "ביום ראשון" a day. What has two readings ("בשמונה":
morning or evening) is left to the caller's own words.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.dialog.hebrew.lexicon import Lexicon

_WORDS = Lexicon("hebrew/clock.toml")


def _phrases(name: str) -> dict[str, int]:
    """Return the phrases of a table, each with its number, the longest first: a search takes the first that fits."""
    said = {phrase: int(value) for value, listed in _WORDS.table(name).items() for phrase in listed.split("|")}
    return dict(sorted(said.items(), key=lambda item: -len(item[0])))


def _any(phrases: Iterable[str]) -> str:
    return "|".join(phrases)


_HOURS = _phrases("hours")
_COUNTS = {word: hour for word, hour in _HOURS.items() if hour <= 10} | _phrases("tens")
_DAYS = _phrases("weekdays")
_PARTS: tuple[tuple[str, int, int], ...] = (
    (r"אחרי הצהריים|אחר הצהריים|אחהצ|אחה\"צ", 15, 18),
    (r"לפני הצהריים", 9, 12),
    (r"[בלה]?בוקר", 8, 12),
    (r"[בלה]?צהריים", 12, 15),
    (r"[בלה]?ערב", 18, 21),
    (r"בלילה|הלילה", 20, 22),
)
_SUNDAY = 6
_NUMBER = rf"(?:{_any(_HOURS)}|\d{{1,2}}(?::\d\d)?)"
_MORE = {f" {minutes}": value for minutes, value in _phrases("minutes").items()}
_HOUR = rf"(?P<quarter_to>רבע ל)?(?P<hour>{_NUMBER})(?P<more>{_any(_MORE)})?(?![א-ת\d:])"
_START = r"(?<![א-ת\d])ו?"
_AT = re.compile(
    rf"{_START}(?P<how>החל מ|בסביבות|לקראת|סביב|אחרי|לאחר|לפני|בשעה|משעה|עד|מ|ב)[ ]?(?:השעה |שעה )?{_HOUR}"
)
_BETWEEN = re.compile(rf"{_START}בין (?P<first>{_NUMBER}(?: וחצי)?) ל(?P<second>{_NUMBER}(?: וחצי)?)(?![א-ת\d:])")
_WAITS, _UNITS = (
    {said: timedelta(minutes=minutes) for said, minutes in _phrases(name).items()} for name in ("waits", "units")
)
_WAIT = re.compile(
    rf"{_START}ב?עוד (?:(?P<named>{_any(_WAITS)})"
    rf"|(?P<count>{_any(_COUNTS)}|\d{{1,2}}) (?P<unit>{_any(_UNITS)}))(?![א-ת])"
)
_WEEKDAY = re.compile(rf"{_START}[בל]?(?:יום )?(?P<name>{_any(_DAYS)})(?P<next> הבא)?(?![א-ת])")
_HOUR_WORDS = _any(_HOURS)
_CLOCK_FACE = r"\d{1,2}(?::\d\d)?"
_WHEN = (
    r"(?:מחרתיים|מחר|היום|הערב|בבוקר|בערב|בצהריים|אחר הצהריים|אחרי הצהריים|בלילה|בשבוע הבא|השבוע"
    r"|(?:ב?יום )?(?:ראשון|שני|שלישי|רביעי|חמישי|שישי)"
    rf"|בין (?:{_HOUR_WORDS}|{_CLOCK_FACE})(?: וחצי| ורבע)? ל-?(?:{_HOUR_WORDS}|{_CLOCK_FACE})(?: וחצי| ורבע)?"
    rf"|ב?עוד (?:{_HOUR_WORDS}|{_any(_phrases('tens'))}|\d{{1,2}}) (?:{_any(_UNITS)})"
    rf"|ב?רבע ל(?:{_HOUR_WORDS})|בשעות ה?(?:בוקר|צהריים|ערב)"
    rf"|(?:סביב|בסביבות|באזור|לקראת) ה(?:{_HOUR_WORDS}|שניים)"
    rf"|(?:אחרי|לפני|בשעה|מ|ב|עד|בסביבות|עוד|בעוד)[ -]?(?:{_HOUR_WORDS}|{_CLOCK_FACE}|שעה|שעתיים|חצי שעה|יומיים|העבודה)"
    r"(?: וחצי| ורבע)?|מתי שנוח|כל היום|מאוחר יותר)"
)
_CALLBACK = re.compile(rf"(?<![א-ת\d])[ובלמ]?{_WHEN}(?:\s+(?:או |ו|עד )?[בלמ]?{_WHEN})*(?![א-ת\d:])")


@dataclass(frozen=True, slots=True)
class CallTime:
    """When to call. `when`: the hour, or where a stretch begins that ends at `until`; `day` alone: no clear hour."""

    day: date | None = None
    when: datetime | None = None
    until: datetime | None = None


def call_time(words: str, now: datetime) -> CallTime:
    """Read the caller's words for when to be called; `now` is aware, and its zone is the answer's."""
    text = " ".join(re.sub(r"[,.!?־-]", " ", words).split())
    text = re.sub(r"(?<![א-ת])([במלו]) (?=\d)", r"\1", text)
    wait = _WAIT.search(text)
    if wait is not None:
        return _after(wait, text, now)
    day = _day(text, now.date())
    parts = ((first, last) for named, first, last in _PARTS if re.search(rf"{_START}(?:{named})(?![א-ת])", text))
    part = next(parts, None)
    start, end, named = _hours(text, part)
    if named and start is None and end is None:
        return CallTime(day)
    if not named:
        if part is None:
            return CallTime(day)
        start, end = time(part[0]), time(part[1])
    return _on(day, start, end, now)


def _after(wait: re.Match[str], text: str, now: datetime) -> CallTime:
    """Read "in an hour", "in two days" (and there perhaps at an hour)."""
    unit = wait["unit"]
    delta = _WAITS[wait["named"]] if unit is None else _UNITS[unit] * _count(wait["count"])
    if delta >= timedelta(days=1):
        there = (now + delta).replace(hour=0, minute=0, second=0, microsecond=0)
        rest = call_time(text[: wait.start()] + text[wait.end() :], there)
        return CallTime(there.date(), rest.when, rest.until)
    when = (now + delta).replace(second=0, microsecond=0)
    return CallTime(when.date(), when)


def _count(word: str) -> int:
    return _COUNTS[word] if word in _COUNTS else int(word)


def _day(text: str, today: date) -> date | None:
    # "לא היום, מחר": the farther day is meant.
    for said, days in sorted(_phrases("days_ahead").items(), key=lambda day: -day[1]):
        if re.search(rf"{_START}[בל]?(?<!שעות ){said}(?![א-ת])", text):
            return today + timedelta(days=days)
    named = _WEEKDAY.search(text)
    if named is None:
        return None
    # On a Sunday "ביום ראשון" is the next one: of this one a caller says "היום".
    ahead = (_DAYS[named["name"]] - today.weekday() - 1) % 7 + 1
    sunday_next = (_SUNDAY - today.weekday() - 1) % 7 + 1
    if "בשבוע הבא" in text and ahead < sunday_next:
        ahead += 7
    return today + timedelta(days=ahead)


def _hours(text: str, part: tuple[int, int] | None) -> tuple[time | None, time | None, bool]:
    """Return where the stretch begins, where it ends, and whether an hour was named at all."""
    between = _BETWEEN.search(text)
    if between is not None:
        first, second = _clock(between["first"], part), _clock(between["second"], part)
        return (first, second, True) if first and second and first < second else (None, None, True)
    start, end, named = None, None, False
    for found in _AT.finditer(text):
        named = True
        hour = _clock(found["hour"] + (found["more"] or ""), part, quarter_to=bool(found["quarter_to"]))
        if found["how"] in ("עד", "לפני"):
            end = hour
        elif start is None:
            start = hour
    return start, end if end is None or start is None or start < end else None, named


def _clock(words: str, part: tuple[int, int] | None, *, quarter_to: bool = False) -> time | None:
    """Return the hour of the day; None where morning and evening are both likely."""
    more = next((word for word in _MORE if words.endswith(word)), "")
    said, _, minutes = words.removesuffix(more).partition(":")
    hour = _HOURS[said] if said in _HOURS else int(said)
    minute = int(minutes or 0) + _MORE.get(more, 0)
    if hour > 23 or minute > 59:
        return None
    if hour < 13 and not (minutes and said.startswith("0")):
        read = _OF_THE_DAY.get(part, _by_day)(hour)
        if read is None:
            return None
        hour = read
    return time(hour - 1, 45) if quarter_to and hour else time(hour, minute)


def _by_day(hour: int) -> int | None:
    """Read a bare hour as offices are open: one to seven after noon, nine to twelve before; eight is either."""
    return None if hour in (0, 8) else hour + 12 if hour < 8 else hour


def _evening(hour: int) -> int | None:
    return hour + 12 if 4 <= hour <= 11 else None


def _noon(hour: int) -> int | None:
    return hour if hour in (11, 12) else hour + 12 if hour <= 6 else None


def _morning(hour: int) -> int | None:
    return hour if 5 <= hour <= 12 else None


_OF_THE_DAY: dict[tuple[int, int] | None, Callable[[int], int | None]] = {
    (8, 12): _morning,
    (9, 12): _morning,
    (12, 15): _noon,
    (15, 18): _noon,
    (18, 21): _evening,
    (20, 22): _evening,
}


def _on(day: date | None, start: time | None, end: time | None, now: datetime) -> CallTime:
    """Put hours on a day: the caller's, else the next on which they are still to come."""
    last = end or start
    assert last is not None
    said_day = day
    if day is None:
        day = now.date() if datetime.combine(now.date(), last, now.tzinfo) > now else now.date() + timedelta(days=1)
    when = datetime.combine(day, start, now.tzinfo) if start else None
    until = datetime.combine(day, end, now.tzinfo) if end else None
    if (until or when or now) <= now and said_day is not None:
        return CallTime(day)  # "היום בעשר", said in the afternoon: another hour was meant
    return CallTime(day, when, until)


def callback_words(text: str) -> str:
    """Return the caller's words for when to call back ("מחר בערב"), "" when there are none."""
    return max((match.group().strip() for match in _CALLBACK.finditer(text)), key=len, default="")
