"""When the caller wants to move in: soon, within months, a month, around a holiday, or whenever (R10.2)."""

from datetime import date, timedelta
from itertools import pairwise

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import Shape, atom_at, quantity_at
from app.dialog.hebrew.repairs import settle, turns
from app.dialog.hebrew.span import Span, covered
from app.dialog.hebrew.times.dates import (
    Timing,
    bare_day,
    in_month,
    next_month,
    ordinal_date,
    relative_period,
    spelled_hebrew_month,
    weekday,
    within,
    written_date,
)
from app.dialog.hebrew.times.durations import duration_at, longer_end
from app.dialog.hebrew.times.holidays import holiday_span
from app.dialog.hebrew.tokens import Match, Utterance, fold, rests, rests_of, stems, words
from app.dialog.understanding.judging.judge import LENIENT, Jury
from app.dialog.understanding.move_in_words import (
    ACADEMIC,
    AFTER_WEEKDAY,
    AHEAD,
    AROUND_A_NUMBER,
    AT_ONCE,
    BORN,
    EDGE,
    ENDS,
    ENTRY,
    FARTHEST_MONTHS,
    FLEXIBLE,
    FLEXIBLE_ASKED,
    FLEXIBLE_WORD,
    GO_INTO,
    HASTE,
    HOLIDAY_BOOK,
    IMMEDIATE,
    IMMEDIATE_ASKED,
    LIVING_NOW,
    MONTHS,
    MOST_MONTHS,
    NEW_CLAUSE,
    NO_HASTE,
    NO_PAST,
    NOW_FILLERS,
    OTHER_TOPICS,
    PAST,
    SCHOOL,
    SEASONS,
    SUMMER_BREAK,
)

_LISTS = Lexicon("hebrew/timing.toml")
_NO = _LISTS.words("no")
_MORE_OR_LESS = _LISTS.words("more_or_less")
_CAN = _LISTS.words("can")
_THE_TIME = _LISTS.words("the_time")
_REFINES = _LISTS.words("refines")
_MAKES_FEAST = _LISTS.words("makes_feast")
_AROUND_FEAST = _LISTS.words("around_feast")
_CIVIL = _LISTS.words("civil")
_TO_FEAST = _LISTS.words("to_feast")
_LAST_ONE = _LISTS.words("last_one")
_EDGE_OF_MONTH = _LISTS.words("edge_of_month")
_EARLY = _LISTS.words("early")
_EDGE_OR_FIRST = _LISTS.words("edge_or_first")
_EDGE_OF_SEASON = _LISTS.words("edge_of_season")
_BEFORE_SUMMER = _LISTS.words("before_summer")
_MONTH = _LISTS.words("month")
_AGO = _LISTS.words("ago")
_LIVES_HERE = _LISTS.words("lives_here")
_IN_TIME = _LISTS.words("in_time")
_LASTS = _LISTS.words("lasts")
_FROM_NOW = _LISTS.words("from_now")


class _Finder:
    """Looks for move-in times in one utterance."""

    def __init__(self, utterance: Utterance, asked: Asked, today: date, claimed: frozenset[int]) -> None:
        self.utterance = utterance
        self.today = today
        self.claimed = claimed
        self.asked = asked is Asked.TIMING
        self.entry = not rests_of(utterance.keys).isdisjoint(ENTRY)
        self.name_asked = asked is Asked.NAME

    def all(self) -> list[Timing]:
        found = [*self._phrases(), *self._calendar(), *self._spans()]
        found.sort(key=lambda timing: (timing.start, -timing.end))
        kept: list[Timing] = []
        for timing in found:
            if not kept or timing.start >= kept[-1].end:
                kept.append(timing)
        return kept

    def _phrases(self) -> list[Timing]:
        found = [Span(m.start, m.end, {"type": "flexible"}) for m in FLEXIBLE.all(self.utterance)]
        taken = covered(found)
        books = [(IMMEDIATE, "immediate")]
        if self.asked or self.entry:
            books += [(FLEXIBLE_ASKED, "flexible")] if self.asked else []
            books += [(IMMEDIATE_ASKED, "immediate")]
        if self.entry and not self.asked:
            # "הכניסה גמישה": beside the entry the word says when.
            found += [
                Span(match.start, match.end, {"type": "flexible"})
                for match in FLEXIBLE_WORD.all(self.utterance)
                if not rests(self.utterance.key(match.start - 1)).isdisjoint(ENTRY)
            ]
        if self.asked:
            found += self._unhurried()
        for book, kind in books:
            for match in book.all(self.utterance):
                if book is FLEXIBLE_ASKED and self._about_another(match):
                    # "כמה חדרים לא משנה": it is another thing that does not matter.
                    continue
                denied = self.utterance.key(match.start - 1) == "לא"
                if book is IMMEDIATE_ASKED and not self._entry_now(match):
                    continue
                if match.start in taken or (denied and kind == "flexible") or match.start in self.claimed:
                    continue
                found.append(Span(match.start, match.end, {"type": kind}, sure=book is not IMMEDIATE_ASKED))
        return found

    def _about_another(self, match: Match) -> bool:
        """Whether what does not matter is another thing: "כמה חדרים לא משנה", but not "לא משנה, העיקר המחיר"."""
        if self.utterance.key(match.start - 1) in _THE_TIME:
            return False
        after = self.utterance.keys[match.end : match.end + 2]
        new = next((at for at, key in enumerate(after) if key in NEW_CLAUSE), len(after))
        return bool({*self.utterance.keys[: match.start], *after[:new]} & OTHER_TOPICS)

    def _unhurried(self) -> list[Timing]:
        """Read "אין לי שום לחץ", "הזמן לא לוחץ", "לא ממש חשוב מתי": a no, and soon after it a word of haste."""
        found: list[Timing] = []
        for index, key in enumerate(self.utterance.keys):
            if key not in NO_HASTE:
                continue
            for near in range(index + 1, min(index + 4, len(self.utterance))):
                more = self.utterance.key(near - 1) in _MORE_OR_LESS
                if not more and not rests(self.utterance.key(near)).isdisjoint(HASTE):
                    match = Match(index, near + 1, "flexible")
                    if not self._about_another(match):
                        found.append(Span(index, near + 1, {"type": "flexible"}))
                    break
        return found

    def _entry_now(self, match: Match) -> bool:
        """Whether a word like "עכשיו" says when to move in: it is the whole answer, or entry words stand beside it."""
        around = range(max(0, match.start - 2), min(len(self.utterance), match.end + 2))
        if GO_INTO.within(self.utterance) or any(self.utterance.key(index) in LIVING_NOW for index in around):
            return False
        if not rests_of(map(self.utterance.key, around)).isdisjoint(ENTRY):
            return True
        opens = self.asked and match.start <= 1 and self.utterance.key(match.start) in AT_ONCE
        if opens and not set(self.utterance.keys) & (LIVING_NOW | _NO):
            # "ממש עכשיו, אני בלי בית": it opens the answer, and what follows says why.
            return True
        # "אם זה היה תלוי בי, אז מחר".
        begin = max((point for point in turns(self.utterance) if point <= match.start), default=0)
        others = self.utterance.keys[begin : match.start] + self.utterance.keys[match.end :]
        return self.asked and all(key in NOW_FILLERS for key in others)

    def _calendar(self) -> list[Timing]:
        school = next_month(9, self.today, over=True)
        found = [Span(match.start, match.end, next_month(10, self.today)) for match in ACADEMIC.all(self.utterance)]
        for match in SCHOOL.all(self.utterance):
            if any(timing.start <= match.end and match.start < timing.end for timing in found):
                continue
            edge = rests_of(self.utterance.key(index) for index in (match.start - 1, match.start - 2))
            # School ends with June.
            ends = next_month(7 if edge & words("אחרי") else 6, self.today)
            found.append(Span(match.start, match.end, ends if edge & ENDS else school))
        for match in SUMMER_BREAK.all(self.utterance):
            late = self.utterance.key(match.start - 1).endswith(fold("סוף"))
            found.append(Span(match.start, match.end, next_month(8 if late else 7, self.today)))
        for match in HOLIDAY_BOOK.all(self.utterance):
            timing = self._holiday(match)
            if timing is not None:
                found.append(timing)
        for index in range(len(self.utterance)):
            if index in self.claimed:
                continue
            for read in (
                self._named_month,
                self._season,
                self._date,
                self._numbered_month,
            ):
                timing = read(index)
                if timing is not None:
                    found.append(timing)
                    break
        return found

    def _holiday(self, match: Match) -> Timing | None:
        before = self.utterance.key(match.start - 1)
        relation = rests(before) if before else frozenset()
        if match.value == "שבועות" and not (relation & _MAKES_FEAST or match.prefix.endswith("ב")):
            return None
        if not (self.asked or self.entry or relation & _AROUND_FEAST):
            return None
        if match.value == "ראש השנה" and self.utterance.key(match.end) in _CIVIL:
            return Span(match.start, match.end + 1, next_month(1, self.today))
        first, last = holiday_span(match.value, self.today)
        if relation & words("אחרי"):
            day = last + timedelta(days=1)
        elif relation & words("לפני"):
            day = first - timedelta(days=1)
            if day < self.today:
                day = first
        else:
            day = max(first, self.today)
        return Span(match.start - bool(relation & _TO_FEAST), match.end, in_month(day.year, day.month))

    def _year_after(self, index: int) -> tuple[int | None, int]:
        token = self.utterance.tokens[index] if index < len(self.utterance) else None
        if token is None:
            return None, index
        quantity = quantity_at(self.utterance, index)
        if quantity is not None and 2024 <= quantity.value <= 2040:
            return int(quantity.value), quantity.end
        if token.key in words("הבא") or (token.key == fold("שנה") and self.utterance.key(index + 1) == fold("הבאה")):
            return None, index + 1
        return None, index

    def _named_month(self, index: int) -> Timing | None:
        for prefix, rest in stems(self.utterance.key(index)):
            month = MONTHS.get(rest)
            if month is None and self.asked and not self.utterance.tokens[index].is_number:
                # "ינו אר": the recogniser parted it.
                month = MONTHS.get(rest + self.utterance.key(index + 1))
            if month is None:
                continue
            past = self.utterance.key(index + 1) in _LAST_ONE
            if past or set(self.utterance.keys[max(0, index - 3) : index]) & BORN:
                return None
            before = self.utterance.key(index - 1)
            edge = rests(before) & (EDGE | _EDGE_OF_MONTH)
            if (prefix and prefix[-1] not in "בלמו") or (self.name_asked and prefix in ("", "ו") and not edge):
                return None
            if not (self.asked or self.entry or prefix or edge):
                return None
            year, end = self._year_after(index + 1)
            if year is not None:
                return Span(index, end, in_month(year, month))
            over = month == self.today.month and self._early(index)
            not_before = before == "לפני" and self._no_before(index - 1) is not None
            shift = 1 if before == "אחרי" else -1 if before == "לפני" and not not_before else 0
            shifted = (month - 1 + shift) % 12 + 1
            return Span(self._with_edge(index), end, next_month(shifted, self.today, over=over))
        return None

    def _no_before(self, index: int) -> int | None:
        """Return where the no of "אני לא יכולה לפני יולי" stands, "לפני" being at `index`."""
        at = index - 1
        while self.utterance.key(at) in _CAN:
            at -= 1
        return at if self.utterance.key(at) in _NO else None

    def _early(self, index: int) -> bool:
        """Whether a day or "תחילת" before the month's name is already behind us this month."""
        before = rests(self.utterance.key(index - 1))
        quantity = quantity_at(self.utterance, index - 1, index) if index else None
        if quantity is not None and quantity.value < self.today.day:
            return True
        return bool(before & _EARLY) or (bool(before & words("אמצע")) and self.today.day > 20)

    def _with_edge(self, index: int) -> int:
        start = index
        while start and (rests(self.utterance.key(start - 1)) & (EDGE | _EDGE_OR_FIRST)):
            start -= 1
        if self.utterance.key(start) == "לפני" and (no := self._no_before(start)) is not None:
            # "ולא לפני יולי": the no belongs to the time, and denies none.
            start = no
        if start and self.utterance.tokens[start - 1].is_number:
            start -= 1
        return start

    def _season(self, index: int) -> Timing | None:
        for prefix, rest in stems(self.utterance.key(index)):
            before = self.utterance.key(index - 1)
            relation = rests(before) if before else frozenset()
            edged = relation & _EDGE_OF_SEASON and prefix
            if rest in SEASONS and (self.asked or edged or (self.entry and prefix)):
                if self.name_asked or (rest == "אביב" and not prefix):
                    return None
                early = rest == fold("קיץ") and relation & _BEFORE_SUMMER
                part = 3 if before == "אחרי" else 2 if relation & words("סוף") else 0 if early else 1
                return Span(index, index + 1, next_month(SEASONS[rest][part], self.today))
        return None

    def _date(self, index: int) -> Timing | None:
        if not (self.asked or self.entry):
            return None
        dated = (
            written_date(self.utterance, index, self.today)
            or ordinal_date(self.utterance, index, self.today)
            or relative_period(self.utterance, index, self.today)
        )
        dated = dated or self._weekday(index)
        return dated or (spelled_hebrew_month(self.utterance, index, self.today) if self.asked else None)

    def _weekday(self, index: int) -> Timing | None:
        """Read a weekday beside the entry, or as the whole end of an answer; else it is when to call or to come."""
        day = weekday(self.utterance, index)
        if day is None or not (self.entry or all(key in AFTER_WEEKDAY for key in self.utterance.keys[day.end :])):
            return None
        return day

    def _numbered_month(self, index: int) -> Timing | None:
        """Read "חודש שש" at the end of an answer as June."""
        if not self.asked or self.utterance.key(index) not in _MONTH or atom_at(self.utterance, index - 1):
            return None
        number = quantity_at(self.utterance, index + 1)
        if number is None or number.end != len(self.utterance) or number.value not in range(1, 13):
            return None
        return Span(index, number.end, next_month(int(number.value), self.today))

    def _spans(self) -> list[Timing]:
        found: list[Timing] = []
        index = 0
        while index < len(self.utterance):
            span = duration_at(self.utterance, index) if index not in self.claimed else None
            if span is None:
                index += 1
                continue
            months, end = span
            end, months = longer_end(self.utterance, end, months)
            if months <= FARTHEST_MONTHS and self._is_move_in(index, end):
                found.append(Span(index, end, within(months)))
            index = end
        if not found and self.asked and (day := bare_day(self.utterance, self.today)) is not None:
            return [day]
        return found or self._bare_number()

    def _tells_past(self, start: int) -> bool:
        """Whether a verb in the first person past says how long something lasted: "עבדתי שם עשר שנים"."""
        before = [self.utterance.key(index) for index in range(max(0, start - 3), start)]
        return any(key.endswith("תי") and len(key) > len("ביתי") and key not in NO_PAST for key in before)

    def _bare_number(self) -> list[Timing]:
        """Read "ארבע", "בעוד שלושה ארבעה": to "in how many months" a number alone counts months."""
        if not self.asked or self.claimed:
            return []
        counts: list[float] = []
        index = 0
        while index < len(self.utterance):
            quantity = quantity_at(self.utterance, index)
            if quantity is not None and quantity.shape is Shape.BARE and not quantity.prefix:
                counts.append(quantity.value)
                index = quantity.end
            elif self.utterance.key(index) in AROUND_A_NUMBER:
                index += 1
            else:
                return []
        fits = 0 < len(counts) <= len(("from", "to")) and all(
            1 <= count <= MOST_MONTHS and count == int(count) for count in counts
        )
        return [Span(0, len(self.utterance), within(max(counts)))] if fits else []

    def _is_move_in(self, start: int, end: int) -> bool:
        key, before = self.utterance.key(start), self.utterance.key(start - 1)
        nearby = rests_of(self.utterance.keys[max(0, start - 2) : start])
        if before in PAST and not (before == "לפני" and self.utterance.key(start - 2) in _NO):
            return False
        if self.utterance.key(end) in _AGO or key in words("לחודש"):
            return False
        if self._tells_past(start):
            return False
        if self.asked:
            lives = nearby & _LIVES_HERE and not nearby & _IN_TIME
            return not (lives or nearby & _LASTS)
        if nearby & _LASTS:
            # "לשנה עם אופציה לעוד שנה".
            return False
        return bool(nearby & AHEAD) or self.entry or self.utterance.key(end) in _FROM_NOW


def understand_timing(
    utterance: Utterance,
    asked: Asked,
    today: date,
    claimed: frozenset[int],
    jury: Jury = LENIENT,
    *,
    known: object = None,
) -> Timing | None:
    """Return the move-in time the caller states, or None; `today` decides which month is next."""
    found = _Finder(utterance, asked, today, claimed).all()
    standing, _ = settle(utterance, [timing for timing in found if not _denied_span(utterance, timing)], known)
    standing = jury.wished("timing", standing)
    if not standing:
        return None
    for earlier, later in pairwise(standing):
        if set(utterance.keys[earlier.end : later.start]) & _REFINES:
            standing = [timing for timing in standing if timing.start >= later.start]
    strong = [timing for timing in standing if timing.sure]
    dated = [timing for timing in strong if timing.value["type"] in ("month", "within")]
    if dated and dated[0].value == within(1) and any(timing.value["type"] == "immediate" for timing in strong):
        # "מיידית אפילו השבוע": the week only stresses the haste.
        return next(timing for timing in strong if timing.value["type"] == "immediate")
    return (dated or strong or standing)[0]


def _denied_span(utterance: Utterance, timing: Timing) -> bool:
    """Whether "לא מיידי" or "לא עכשיו" denies the time."""
    return utterance.key(timing.start - 1) == "לא" and timing.value["type"] == "immediate"
