"""When the caller wants to move in: soon, within months, a month, around a holiday, or whenever (R10.2)."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import Shape, quantity_at
from app.dialog.hebrew.repairs import against, settle, turns
from app.dialog.hebrew.scope import lasted
from app.dialog.hebrew.span import Span, covered
from app.dialog.hebrew.times.dates import Timing, bare_day, within
from app.dialog.hebrew.times.durations import duration_at, longer_end
from app.dialog.hebrew.tokens import Match, Utterance, rests, rests_of, words
from app.dialog.understanding.judging.judge import LENIENT, Jury
from app.dialog.understanding.judging.marks import LONG_SPEECH
from app.dialog.understanding.move_in_dates import ENTRY, Dates

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
_AGO = _LISTS.words("ago")
_LIVES_HERE = _LISTS.words("lives_here")
_IN_TIME = _LISTS.words("in_time")
_LASTS = _LISTS.words("lasts")
_FROM_NOW = _LISTS.words("from_now")


class _Finder:
    """Looks for move-in times in one utterance; `any_time`: for times of any kind, whatever happens then."""

    def __init__(
        self, utterance: Utterance, asked: Asked, today: date, claimed: frozenset[int], *, any_time: bool = False
    ) -> None:
        self.utterance = utterance
        self.today = today
        self.claimed = claimed
        self.asked = asked is Asked.TIMING
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
        return kept

    def _phrases(self) -> list[Timing]:
        found = [Span(m.start, m.end, {"type": "flexible"}) for m in _FLEXIBLE.all(self.utterance)]
        taken = covered(found)
        books = [(_IMMEDIATE, "immediate")]
        if self.asked or self.entry or self.any_time:
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
            for match in book.all(self.utterance):
                if book is _FLEXIBLE_ASKED and self._about_another(match):
                    # "כמה חדרים לא משנה": it is another thing that does not matter.
                    continue
                denied = self.utterance.key(match.start - 1) == "לא"
                if book is _IMMEDIATE_ASKED and not self._entry_now(match):
                    continue
                if match.start in taken or (denied and kind == "flexible") or match.start in self.claimed:
                    continue
                found.append(Span(match.start, match.end, {"type": kind}, sure=book is not _IMMEDIATE_ASKED))
        return found

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
            if months <= _FARTHEST_MONTHS and self._is_move_in(index, end):
                found.append(Span(index, end, within(months)))
            index = end
        if not found and self.asked and (day := bare_day(self.utterance, self.today)) is not None:
            return [day]
        return found or self._bare_number()

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
        if self.utterance.key(end) in _AGO or key in words("לחודש"):
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
) -> Timing | None:
    """Return the move-in time the caller states, or None; `today` decides which month is next."""
    times: list[Timing] = []
    if len(utterance) < LONG_SPEECH:
        times = _Finder(utterance, asked, today, claimed, any_time=True).all()
        if not times:
            return None
    found = _Finder(utterance, asked, today, claimed).all()
    told = covered(found)
    others = [replace(time, against="another time") for time in times if told.isdisjoint(time.tokens)]
    standing, denied = settle(utterance, found, known)
    standing = jury.wished("timing", [*standing, *against(utterance, denied), *others])
    if not standing:
        return None
    for earlier, later in pairwise(standing):
        if set(utterance.keys[earlier.end : later.start]) & _REFINES:
            standing = [timing for timing in standing if timing.start >= later.start]
    return _plainest(utterance, standing, jury)


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
