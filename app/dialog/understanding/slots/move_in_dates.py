"""Months, seasons, feasts, school and dates that a caller names for moving in (R10.2)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import atom_at, quantity_at
from app.dialog.hebrew.phrases import Match, Phrasebook
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.times.dates import (
    Timing,
    in_month,
    may_be_dated,
    next_month,
    ordinal_date,
    relative_period,
    spelled_hebrew_month,
    spoken_year,
    weekday,
    written_date,
)
from app.dialog.hebrew.times.holidays import HOLIDAYS, holiday_span
from app.dialog.hebrew.tokens import Utterance, fold, heard, rests, rests_of, stems, words
from app.dialog.understanding.judging.judge import NO_MOVE

_LISTS = Lexicon("hebrew/timing.toml")
_CALENDAR = Lexicon("hebrew/calendar.toml")
_MONTHS = {name: int(number) for name, number in _CALENDAR.valued("months").items()}
_SEASONS: dict[str, tuple[int, ...]] = {
    fold(name): tuple(months) for name, months in _CALENDAR.table("seasons").items()
}
_NAMED = _MONTHS.keys() | _SEASONS.keys()
_BEGINNINGS = frozenset(name[:length] for name in _NAMED for length in range(1, len(name) + 1))
_BORN = _LISTS.words("born")
ENTRY = _LISTS.words("entry")
_EDGE = _LISTS.words("edge")
_ENDS = _LISTS.words("ends")
_HOLIDAY_BOOK = Phrasebook({**{name: name for name in HOLIDAYS}, "החגים": fold("חגים"), "הפסח": "פסח"})
_SCHOOL = _LISTS.phrases("school")
_ACADEMIC, _SPRING_TERM = _LISTS.phrases("academic"), _LISTS.phrases("spring_term")
_SUMMER_BREAK = _LISTS.phrases("summer_break")
_AFTER_WEEKDAY = Lexicon("hebrew/dates.toml").words("after_weekday")
_NO = _LISTS.words("no")
_CAN = _LISTS.words("can")
_MAKES_FEAST = _LISTS.words("makes_feast")
_AROUND_FEAST = _LISTS.words("around_feast")
_AFTER = fold("אחרי")
_CIVIL = _LISTS.words("civil")
_TO_FEAST = _LISTS.words("to_feast")
_LAST_ONE = _LISTS.words("last_one")
_EDGE_OF_MONTH = _LISTS.words("edge_of_month")
_EDGE_OR_FIRST = _LISTS.words("edge_or_first")
_EDGE_OF_SEASON = _LISTS.words("edge_of_season")
_BEFORE_SUMMER = _LISTS.words("before_summer")
_MONTH, _ONE_LONG = _LISTS.words("month"), _LISTS.words("one_long")


def names_time(key: str) -> bool:
    """Whether a word, its prefixes taken off, is a month or a season."""
    return not rests(key).isdisjoint(_NAMED)


@lru_cache(maxsize=8192)
def _may_be_month(key: str) -> bool:
    """Whether a word names a month or a season, or a recogniser may have parted one after it."""
    return key in _MONTH or not _BEGINNINGS.isdisjoint(rests(key))


class TimedTurn:
    """A turn as the readers of times see it: whether it answers "when", and whether it speaks of moving in."""

    def __init__(self, utterance: Utterance, asked: Asked, today: date, claimed: frozenset[int]) -> None:
        self.utterance = utterance
        self.today = today
        self.claimed = claimed
        self.asked = asked is Asked.TIMING
        self.entry = not ENTRY.isdisjoint(heard(utterance))
        self.name_asked = asked is Asked.NAME

    def time(self, start: int, end: int, value: dict[str, Any], *, to_move: bool) -> Timing:
        """Return a time; `to_move`: words say that it is one to move in, else only a jury may take it for one."""
        return Span(start, end, value, against="" if to_move else NO_MOVE)


class Dates:
    """Looks for what the calendar has a word for."""

    def __init__(self, turn: TimedTurn) -> None:
        self.turn = turn
        self.utterance, self.today = turn.utterance, turn.today
        self.answers = turn.asked or turn.entry

    def all(self) -> list[Timing]:
        """Return every time found, of one word at most one."""
        found = self._terms()
        found += (timing for match in _HOLIDAY_BOOK.all(self.utterance) if (timing := self._holiday(match)) is not None)
        found += (timing for index in self._may_say_when() if (timing := self._at(index)) is not None)
        return found

    def _terms(self) -> list[Timing]:
        """Return the times that schools and universities set: terms, and their ends."""
        school = next_month(9, self.today, over=True)
        found = [Span(match.start, match.end, next_month(10, self.today)) for match in _ACADEMIC.all(self.utterance)]
        found += [Span(match.start, match.end, next_month(3, self.today)) for match in _SPRING_TERM.all(self.utterance)]
        for match in _SCHOOL.all(self.utterance):
            if any(timing.start <= match.end and match.start < timing.end for timing in found):
                continue
            edge = rests_of(self.utterance.key(index) for index in (match.start - 1, match.start - 2))
            # School ends with June.
            ends = next_month(7 if edge & words("אחרי") else 6, self.today)
            found.append(Span(match.start, match.end, ends if edge & _ENDS else school))
        for match in _SUMMER_BREAK.all(self.utterance):
            before = self.utterance.key(match.start - 1)
            month = 9 if before.endswith(_AFTER) else 8 if before.endswith(fold("סוף")) else 7
            found.append(Span(match.start, match.end, next_month(month, self.today)))
        return found

    def _may_say_when(self) -> Iterator[int]:
        """Yield the tokens at which a month, a season or a date may begin."""
        for index, key in enumerate(self.utterance.keys):
            if index not in self.turn.claimed and (_may_be_month(key) or may_be_dated(self.utterance, index)):
                yield index

    def _at(self, index: int) -> Timing | None:
        return self._named_month(index) or self._season(index) or self._date(index) or self._numbered_month(index)

    def _holiday(self, match: Match) -> Timing | None:
        before = self.utterance.key(match.start - 1)
        relation = rests(before) if before else frozenset()
        if match.value == "שבועות" and not (relation & _MAKES_FEAST or match.prefix.endswith("ב")):
            return None
        to_move = self.answers or bool(relation & _AROUND_FEAST)
        if match.value == "ראש השנה" and self.utterance.key(match.end) in _CIVIL:
            return self.turn.time(match.start, match.end + 1, next_month(1, self.today), to_move=to_move)
        first, last = holiday_span(match.value, self.today)
        if relation & words("אחרי"):
            day = last + timedelta(days=1)
        elif relation & words("לפני"):
            day = max(first - timedelta(days=1), self.today)
        else:
            day = max(first, self.today)
        start = match.start - bool(relation & _TO_FEAST)
        return self.turn.time(start, match.end, in_month(day.year, day.month), to_move=to_move)

    def _year_after(self, index: int) -> tuple[int | None, int]:
        token = self.utterance.tokens[index] if index < len(self.utterance) else None
        if token is None:
            return None, index
        if (spoken := spoken_year(self.utterance, index)) is not None and spoken[1] >= self.today.year:
            return spoken[1], spoken[0]
        if token.key in words("הבא") or (token.key == fold("שנה") and self.utterance.key(index + 1) == fold("הבאה")):
            return None, index + 1
        return None, index

    def _named_month(self, index: int) -> Timing | None:
        for prefix, rest in stems(self.utterance.key(index)):
            month = _MONTHS.get(rest)
            if month is None and not self.utterance.tokens[index].is_number:
                # "ינו אר": the recogniser parted it.
                month = _MONTHS.get(rest + self.utterance.key(index + 1))
            if month is not None:
                return self._month(index, prefix, month)
        return None

    def _month(self, index: int, prefix: str, month: int) -> Timing | None:
        """Return when the month named at `index` is to come; None: it is past, or nothing says that it is meant."""
        past = self.utterance.key(index + 1) in _LAST_ONE
        if past or rests_of(self.utterance.keys[max(0, index - 3) : index]) & _BORN:
            return None
        before = self.utterance.key(index - 1)
        edge = rests(before) & (_EDGE | _EDGE_OF_MONTH)
        if prefix and prefix[-1] not in "בלמו":
            return None
        is_name = self.turn.name_asked and prefix in ("", "ו") and not edge
        to_move = not is_name and bool(self.answers or prefix or edge)
        year, end = self._year_after(index + 1)
        if year is not None:
            return self.turn.time(index, end, in_month(year, month), to_move=to_move)
        # "נובמבר הבא", said in November.
        over = end > index + 1
        shift = {"אחרי": 1, "לפני": -1}.get(before, 0) if self._no_before(index - 1) is None else 0
        shifted = (month - 1 + shift) % 12 + 1
        return self.turn.time(self._with_edge(index), end, next_month(shifted, self.today, over=over), to_move=to_move)

    def _no_before(self, index: int) -> int | None:
        """Return where the no of "אני לא יכולה לפני יולי" stands, "לפני" or "אחרי" being at `index`."""
        at = index - 1
        while self.utterance.key(at) in _CAN:
            at -= 1
        return at if self.utterance.key(at) in _NO else None

    def _with_edge(self, index: int) -> int:
        start = index
        while start and (rests(self.utterance.key(start - 1)) & (_EDGE | _EDGE_OR_FIRST)):
            start -= 1
        if self.utterance.key(start) == "לפני" and (no := self._no_before(start)) is not None:
            # "ולא לפני יולי": the no belongs to the time, and denies none.
            start = no
        if start and self.utterance.tokens[start - 1].is_number:
            start -= 1
        return start

    def _season(self, index: int) -> Timing | None:
        for prefix, rest in stems(self.utterance.key(index)):
            if rest in _SEASONS:
                before = self.utterance.key(index - 1)
                relation = rests(before) if before else frozenset()
                to_move = self.turn.asked or (prefix and (self.turn.entry or relation & _EDGE_OF_SEASON))
                early = rest == fold("קיץ") and relation & _BEFORE_SUMMER
                part = 3 if before == "אחרי" else 2 if relation & words("סוף") else 0 if early else 1
                month = next_month(_SEASONS[rest][part], self.today)
                return self.turn.time(index, index + 1, month, to_move=bool(to_move) and not self.turn.name_asked)
        return None

    def _date(self, index: int) -> Timing | None:
        dated = (
            written_date(self.utterance, index, self.today)
            or ordinal_date(self.utterance, index, self.today)
            or relative_period(self.utterance, index, self.today)
            or spelled_hebrew_month(self.utterance, index, self.today)
        )
        if dated is not None:
            return dated if self.answers else replace(dated, against=NO_MOVE)
        day = weekday(self.utterance, index)
        if day is None:
            return None
        # Beside the entry, or as the whole end of an answer; else it is when to call or to come.
        last = self.turn.asked and all(key in _AFTER_WEEKDAY for key in self.utterance.keys[day.end :])
        return day if self.turn.entry or last else replace(day, against=NO_MOVE)

    def _numbered_month(self, index: int) -> Timing | None:
        """Read "חודש שש" at the end of an answer as June; "חודש אחד" is so long, and not January."""
        if not self.turn.asked or self.utterance.key(index) not in _MONTH or atom_at(self.utterance, index - 1):
            return None
        number = quantity_at(self.utterance, index + 1)
        if number is None or self.utterance.key(index + 1) in _ONE_LONG or number.value not in range(1, 13):
            return None
        return Span(index, number.end, next_month(int(number.value), self.today))
