"""When the caller wants to move in: soon, within months, a month, around a holiday, or whenever (R10.2)."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import Shape, atom_at, quantity_at
from app.dialog.hebrew.phrases import Match, Phrasebook
from app.dialog.hebrew.repairs import against, negated, rejected_after, settle, turns
from app.dialog.hebrew.scopes.past import happened
from app.dialog.hebrew.scopes.scope import lasted
from app.dialog.hebrew.span import Span, covered
from app.dialog.hebrew.times.dates import Timing, bare_day, within
from app.dialog.hebrew.times.durations import duration_at, longer_end
from app.dialog.hebrew.tokens import Utterance, rests, rests_of, words
from app.dialog.understanding.judging.judge import LENIENT, NO_MOVE, Jury
from app.dialog.understanding.judging.marks import LONG_SPEECH
from app.dialog.understanding.slots.move_in_dates import ENTRY, Dates

_LISTS = Lexicon("hebrew/timing.toml")
_IMMEDIATE = _LISTS.phrases("immediate")
_IMMEDIATE_ASKED = _LISTS.phrases("immediate_asked")
_FLEXIBLE = _LISTS.phrases("flexible")
_FLEXIBLE_ASKED = _LISTS.phrases("flexible_asked")
_GO_INTO = _LISTS.phrases("go_into")
_NO_HASTE = _LISTS.words("no_haste")
_HASTE = _LISTS.words("haste")
_NEW_CLAUSE = _LISTS.words("new_clause")
_FLEXIBLE_WORD = _LISTS.phrases("flexible_word")
_AHEAD = _LISTS.words("ahead")
_NOW_FILLERS = _LISTS.words("now_fillers")
_AT_ONCE = _LISTS.words("at_once")
_AT_THE_END, _SOON_DONE = _LISTS.words("at_the_end"), _LISTS.words("soon_done")
_LIVING_NOW = _LISTS.words("living_now")
_PAST = _LISTS.words("past")
_OTHER_TOPICS = _LISTS.words("other_topics")
_AROUND_A_NUMBER = _LISTS.words("around_a_number")
_MOST_MONTHS = 24
_FARTHEST_MONTHS = 60
_NO = _LISTS.words("no")
_MORE_OR_LESS = _LISTS.words("more_or_less")
_THE_TIME = _LISTS.words("the_time")
_REFINES = _LISTS.words("refines")
_BECAUSE = Lexicon("hebrew/dates.toml").words("because")
_AGO = _LISTS.words("ago")
_LIVES_HERE = _LISTS.words("lives_here")
_IN_TIME = _LISTS.words("in_time")
_WITHIN, _NEAREST = _LISTS.words("within"), _LISTS.words("nearest")
_LASTS = _LISTS.words("lasts")
_FROM_NOW = _LISTS.words("from_now")
_BY, _LENGTHS = _LISTS.words("by"), _LISTS.words("lengths")
_LEASED_FOR = _LISTS.words("leased_for")
_ADDS, _ON_TOP = _LISTS.words("adds"), _LISTS.words("on_top")
_LATER, _ALSO_FOR_US = _LISTS.words("later"), _LISTS.words("also_for_us")


class _Finder:
    """Looks for move-in times in one utterance; `any_time`: for times of any kind, whatever happens then."""

    def __init__(
        self, utterance: Utterance, asked: Asked, today: date, claimed: frozenset[int], *, any_time: bool = False
    ) -> None:
        self.utterance = utterance
        self.today = today
        self.claimed = claimed
        self.asked = asked is Asked.TIMING
        self.leased_for = words("לחודש") if self.asked else _LEASED_FOR
        self.any_time = any_time
        self.dates = Dates(utterance, asked, today, claimed, any_time=any_time)
        self.entry = self.dates.entry

    def all(self) -> list[Timing]:
        found = [*self._phrases(), *self.dates.all(), *self._spans()]
        found.sort(key=lambda timing: (timing.start, -timing.end))
        kept: list[Timing] = []
        for timing in found:
            if not kept or timing.start >= kept[-1].end:
                kept.append(timing)
        if self.any_time:
            return kept
        # "ביולי התחתנו", "מאז מאי אני בלי עבודה".
        return [timing for timing in kept if not happened(self.utterance, timing.start, timing.end)]

    def _phrases(self) -> list[Timing]:
        found = [Span(m.start, m.end, {"type": "flexible"}) for m in _FLEXIBLE.all(self.utterance)]
        taken = covered(found)
        books = [(_IMMEDIATE, "immediate")]
        if self.asked or self.entry or self.any_time or self.utterance.key(len(self.utterance) - 1) in _AT_THE_END:
            books += [(_FLEXIBLE_ASKED, "flexible")] if self.asked else []
            books += [(_IMMEDIATE_ASKED, "immediate")]
        if self.entry and not self.asked:
            # "הכניסה גמישה": beside the entry the word says when.
            found += [
                Span(match.start, match.end, {"type": "flexible"})
                for match in _FLEXIBLE_WORD.all(self.utterance)
                if not rests(self.utterance.key(match.start - 1)).isdisjoint(ENTRY)
            ]
        if self.asked or self.any_time:
            found += self._unhurried()
        for book, kind in books:
            found += (
                Span(match.start, match.end, {"type": kind}, sure=book is not _IMMEDIATE_ASKED)
                for match in book.all(self.utterance)
                if match.start not in taken and match.start not in self.claimed and self._holds(book, match)
            )
        return found

    def _holds(self, book: Phrasebook, match: Match) -> bool:
        """Whether a phrase of a book says when to move in."""
        if book is _FLEXIBLE_ASKED:
            # "כמה חדרים לא משנה": it is another thing that does not matter.
            return self.utterance.key(match.start - 1) != "לא" and not self._about_another(match)
        return book is not _IMMEDIATE_ASKED or self._entry_now(match)

    def _about_another(self, match: Match) -> bool:
        """Whether what does not matter is another thing: "כמה חדרים לא משנה", but not "לא משנה, העיקר המחיר"."""
        if self.utterance.key(match.start - 1) in _THE_TIME:
            return False
        after = self.utterance.keys[match.end : match.end + 2]
        new = next((at for at, key in enumerate(after) if key in _NEW_CLAUSE), len(after))
        return bool({*self.utterance.keys[: match.start], *after[:new]} & _OTHER_TOPICS)

    def _unhurried(self) -> list[Timing]:
        """Read "אין לי שום לחץ", "הזמן לא לוחץ", "לא ממש חשוב מתי": a no, and soon after it a word of haste."""
        found: list[Timing] = []
        for index, key in enumerate(self.utterance.keys):
            if key not in _NO_HASTE:
                continue
            for near in range(index + 1, min(index + 4, len(self.utterance))):
                more = self.utterance.key(near - 1) in _MORE_OR_LESS
                if not more and not rests(self.utterance.key(near)).isdisjoint(_HASTE):
                    match = Match(index, near + 1, "flexible")
                    if not self._about_another(match):
                        found.append(Span(index, near + 1, {"type": "flexible"}))
                    break
        return found

    def _entry_now(self, match: Match) -> bool:
        """Whether a word like "עכשיו" says when to move in: it is the whole answer, or entry words stand beside it."""
        if self.any_time:
            return True
        around = range(max(0, match.start - 2), min(len(self.utterance), match.end + 2))
        if self._ends_with(match):
            return True
        if _GO_INTO.within(self.utterance) or any(self.utterance.key(index) in _LIVING_NOW for index in around):
            return False
        if not rests_of(map(self.utterance.key, around)).isdisjoint(ENTRY):
            return True
        opens = self.asked and match.start <= 1 and self.utterance.key(match.start) in _AT_ONCE
        if opens and not set(self.utterance.keys) & (_LIVING_NOW | _NO):
            # "ממש עכשיו, אני בלי בית": it opens the answer, and what follows says why.
            return True
        # "אם זה היה תלוי בי, אז מחר".
        begin = max((point for point in turns(self.utterance) if point <= match.start), default=0)
        others = self.utterance.keys[begin : match.start] + self.utterance.keys[match.end :]
        return self.asked and all(key in _NOW_FILLERS for key in others)

    def _ends_with(self, match: Match) -> bool:
        """Whether "at once" is the last word: "סטודיו ברחביה עד ארבעת אלפים, מיד", but not "אני חוזר אלייך מיד"."""
        last = match.end == len(self.utterance) and self.utterance.key(match.start) in _AT_THE_END
        return last and rests_of(self.utterance.keys).isdisjoint(_SOON_DONE)

    def _spans(self) -> list[Timing]:
        found: list[Timing] = []
        index = 0
        while index < len(self.utterance):
            span = duration_at(self.utterance, index) if index not in self.claimed else None
            if span is None:
                index += 1
                continue
            months, end = span
            if self.utterance.key(index - 1) not in _NO or duration_at(self.utterance, end) is None:
                # "לא שלושה חודשים, חצי שנה" are two.
                end, months = longer_end(self.utterance, end, months)
            if months <= _FARTHEST_MONTHS and self._is_move_in(index, end):
                found.append(Span(index, end, within(months)))
            index = end
        if not found and self.asked and (day := bare_day(self.utterance, self.today)) is not None:
            return [day]
        if found:
            found += self._without_unit(covered(found))
        return found or self._bare_number()

    def _without_unit(self, told: frozenset[int]) -> list[Timing]:
        """Read "תוך שלושה" beside a length of time: "תוך חודש זה לא נכון, תוך שלושה"."""
        found: list[Timing] = []
        for index, key in enumerate(self.utterance.keys):
            number = quantity_at(self.utterance, index + 1) if key in _WITHIN and index + 1 not in told else None
            bare = number is not None and number.shape is Shape.BARE and number.value == int(number.value)
            if number is not None and bare and number.end == len(self.utterance) and number.value <= _MOST_MONTHS:
                found.append(Span(index + 1, number.end, within(number.value)))
        return found

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
            elif self.utterance.key(index) in _AROUND_A_NUMBER:
                index += 1
            else:
                return []
        fits = 0 < len(counts) <= len(("from", "to")) and all(
            1 <= count <= _MOST_MONTHS and count == int(count) for count in counts
        )
        return [Span(0, len(self.utterance), within(max(counts)))] if fits else []

    def _is_move_in(self, start: int, end: int) -> bool:
        if self.any_time:
            return True
        key, before = self.utterance.key(start), self.utterance.key(start - 1)
        nearby = rests_of(self.utterance.keys[max(0, start - 2) : start])
        if before in _PAST and not (before == "לפני" and self.utterance.key(start - 2) in _NO):
            return False
        if self.utterance.key(end) in _AGO or key in self.leased_for:
            return False
        if lasted(self.utterance, start):
            return False
        if self.asked:
            lives = nearby & _LIVES_HERE and not nearby & _IN_TIME
            return not (lives or nearby & _LASTS)
        if nearby & _LASTS:
            # "לשנה עם אופציה לעוד שנה".
            return False
        return bool(nearby & _AHEAD) or self.entry or self.utterance.key(end) in _FROM_NOW


def understand_timing(
    utterance: Utterance,
    asked: Asked,
    today: date,
    claimed: frozenset[int],
    jury: Jury = LENIENT,
    *,
    known: object = None,
) -> Span[dict[str, Any] | None] | None:
    """Return the move-in time the caller states, or None; with None for a value the known one is taken back.

    `today` decides which month is next.
    """
    times: list[Timing] = []
    if len(utterance) < LONG_SPEECH:
        times = _before_reasons(utterance, _Finder(utterance, asked, today, claimed, any_time=True).all())
        if not times:
            return None
    found = _before_reasons(utterance, _Finder(utterance, asked, today, claimed).all())
    if jury.heeds_rules and (plain := _plainly(utterance, asked, today, found, times, claimed, known)) is not None:
        return plain
    told = covered(found)
    others = [replace(time, against=NO_MOVE) for time in times if told.isdisjoint(time.tokens)]
    standing, denied = settle(utterance, found, known)
    standing = jury.wished("timing", [*standing, *against(utterance, denied), *others])
    if not standing:
        return None
    for earlier, later in pairwise(standing):
        if set(utterance.keys[earlier.end : later.start]) & _REFINES:
            standing = [timing for timing in standing if timing.start >= later.start]
    return _plainest(utterance, standing, jury)


def _before_reasons(utterance: Utterance, times: list[Timing]) -> list[Timing]:
    """Leave out the times that only say why an earlier one was said: "יולי כי החוזה נגמר ביוני"."""
    if len(times) < 2:
        return times
    first, length = min(time.end for time in times), len(utterance)
    reason = next((at for at in range(first, length) if utterance.key(at) in _BECAUSE), length)
    return [time for time in times if time.start < reason]


def _plainly(
    utterance: Utterance,
    asked: Asked,
    today: date,
    found: list[Timing],
    times: list[Timing],
    claimed: frozenset[int],
    known: object,
) -> Span[dict[str, Any] | None] | None:
    """Return the time, or the end of the known one, that is said so plainly that no jury is needed."""
    if known is not None:
        again = _Finder(utterance, Asked.TIMING, today, claimed).all()
        if (instead := _instead(utterance, asked, again, known)) is not None:
            return instead
    sure = len(found) == 1 and (_answers(utterance, asked, found[0]) or _asks_for(utterance, asked, times))
    return found[0] if sure else None


def _answers(utterance: Utterance, asked: Asked, first: Timing) -> bool:
    """Whether a time by which it must be opens the answer: "תוך שבועיים אני בלי בית", "בחודש הקרוב הנה אני בא"."""
    if asked is not Asked.TIMING:
        return False
    opens = first.start == 1 and utterance.key(0) in _WITHIN
    nearest = first.start == 0 and utterance.key(first.end) in _NEAREST
    return (opens or nearest) and not negated(utterance, first.start) and len(first.tokens) < len(utterance)


def _asks_for(utterance: Utterance, asked: Asked, times: list[Timing]) -> bool:
    """Whether a first sentence says when, and nothing else may be meant: "עד סוף יוני חייבים למצוא", "…, מיידי"."""
    if asked is not Asked.GREETING or len(times) != 1 or not times[0].sure:
        return False
    time = times[0]
    if time.value["type"] == "immediate":
        return time.end == len(utterance) and not negated(utterance, time.start)
    around = utterance.keys[max(0, time.start - 1) : time.end]
    return time.value["type"] == "month" and not _BY.isdisjoint(around)


def _instead(
    utterance: Utterance, asked: Asked, found: list[Timing], known: object
) -> Span[dict[str, Any] | None] | None:
    """Return what takes the place of the time that is `known`, whatever was asked; without a value it is taken back.

    Another time stands where the known one is named beside it ("מאי זה מאוחר לי, אפריל", "רק מרץ לא פברואר") or where
    something is put off ("המפנה מתעכב אז ספטמבר").
    """
    if (longer := _longer(utterance, found, known)) is not None:
        return longer
    again = [timing for timing in found if _is_same(timing.value, known)]
    if not again:
        return None if asked is Asked.TIMING else _put_off(utterance, found)
    standing, _ = settle(utterance, found, again[0].value)
    if standing:
        only = standing[0] not in again and all(timing.value == standing[0].value for timing in standing)
        return standing[0] if only else None
    taken_back = len(again) == len(found) and _is_dropped(utterance, again)
    return Span(again[0].start, again[0].end, None) if taken_back else None


def _longer(utterance: Utterance, found: list[Timing], known: object) -> Timing | None:
    """Return the time that is so much later than the one `known`: "תוסיפו עוד חצי שנה"."""
    only = found[0] if len(found) == 1 else None
    if only is None or not isinstance(known, dict) or not {"months_max"} <= known.keys() & only.value.keys():
        return None
    before = utterance.keys[max(0, only.start - 2) : only.start]
    if not (before and before[-1] in _ON_TOP and not _ADDS.isdisjoint(before)):
        return None
    return replace(only, value=within(known["months_max"] + only.value["months_max"]))


def _put_off(utterance: Utterance, found: list[Timing]) -> Timing | None:
    """Return the month to which something is put off, and with it the move: "המפנה מתעכב אז ספטמבר"."""
    with_us = not rests_of(utterance.keys).isdisjoint(_LATER) and not _ALSO_FOR_US.isdisjoint(utterance.keys)
    return found[-1] if with_us and found and found[-1].value["type"] == "month" else None


def _is_dropped(utterance: Utterance, again: list[Timing]) -> bool:
    """Whether a time that is named again is denied, and nothing beside it may be another: "תורידי את מרץ"."""
    beside = [at for at in range(len(utterance)) if at not in covered(again)]
    if any(utterance.key(at) in _LENGTHS or atom_at(utterance, at) for at in beside):
        return False
    return any(negated(utterance, timing.start) or rejected_after(utterance, timing.end) for timing in again)


def _is_same(value: dict[str, Any], known: object) -> bool:
    """Whether a time is the known one; a month is, in whichever year its name alone would put it."""
    if value == known or not isinstance(known, dict) or value["type"] != "month" or known.get("type") != "month":
        return value == known
    return bool(value["month"][-2:] == known["month"][-2:])


def _plainest(utterance: Utterance, standing: list[Timing], jury: Jury) -> Timing:
    """Return which of several times is meant: one that is sure before others, a dated one before a vague one."""
    strong = [timing for timing in standing if timing.sure]
    dated = [timing for timing in strong if timing.value["type"] in ("month", "within")]
    at_once = next((timing for timing in strong if timing.value["type"] == "immediate"), None)
    if at_once is not None and dated and dated[0].value == within(1):
        # "מיידית אפילו השבוע": the week only stresses the haste.
        return at_once
    if len(dated) > 1 and utterance.key(dated[0].end - 1) == "הבאה":
        # "שנה הבאה, בפברואר": the month says when in it.
        return next((timing for timing in dated if timing.value["type"] == "month"), dated[0])
    return jury.likeliest("timing", dated or strong or standing)
