"""When the caller wants to move in: soon, within months, a month, around a holiday, or whenever (R10.2)."""

from dataclasses import replace
from datetime import date
from typing import Any

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import quantity_at
from app.dialog.hebrew.phrases import Match
from app.dialog.hebrew.repairs import against, negated, rejected_after, settle, turns
from app.dialog.hebrew.scopes.past import happened
from app.dialog.hebrew.scopes.telling import is_of_today
from app.dialog.hebrew.span import Span, covered
from app.dialog.hebrew.times.dates import Timing, bare_day, within
from app.dialog.hebrew.times.durations import duration_at, longer_end
from app.dialog.hebrew.tokens import Utterance, rests, rests_of
from app.dialog.understanding.judging.judge import LENIENT, NO_MOVE, Jury
from app.dialog.understanding.judging.marks import LONG_SPEECH
from app.dialog.understanding.slots.move_in_dates import ENTRY, Dates, TimedTurn

_LISTS = Lexicon("hebrew/timing.toml")
_IMMEDIATE = _LISTS.phrases("immediate")
_IMMEDIATE_ASKED = _LISTS.phrases("immediate_asked")
_FLEXIBLE = _LISTS.phrases("flexible")
_FLEXIBLE_ASKED = _LISTS.phrases("flexible_asked")
_NO_HASTE = _LISTS.words("no_haste")
_HASTE = _LISTS.words("haste")
_FLEXIBLE_WORD = _LISTS.phrases("flexible_word")
_AHEAD = _LISTS.words("ahead")
_NOW_FILLERS = _LISTS.words("now_fillers")
_PAST = _LISTS.words("past")
_AROUND_A_NUMBER = _LISTS.words("around_a_number")
_MOST_MONTHS = 24
_FARTHEST_MONTHS = 60
_NO = _LISTS.words("no")
_MORE_OR_LESS = _LISTS.words("more_or_less")
_BECAUSE = Lexicon("hebrew/dates.toml").words("because")
_OTHER_TOPICS, _THE_TIME = _LISTS.words("other_topics"), _LISTS.words("the_time")
_WITHIN = _LISTS.words("within")
_LASTS = _LISTS.words("lasts")
_LEASED_FOR = _LISTS.words("leased_for")
_ADDS, _ON_TOP = _LISTS.words("adds"), _LISTS.words("on_top")
_AT_ONCE, _FLEXIBLY = {"type": "immediate"}, {"type": "flexible"}


class _Finder(TimedTurn):
    """Looks for times in one turn, those to move in and others."""

    def all(self) -> list[Timing]:
        found = [*self._phrases(), *Dates(self).all(), *self._spans()]
        found.sort(key=lambda timing: (timing.start, -timing.end))
        kept: list[Timing] = []
        for timing in found:
            if not kept or timing.start >= kept[-1].end:
                # "ביולי התחתנו", "מאז מאי אני בלי עבודה".
                past = happened(self.utterance, timing.start, timing.end)
                kept.append(replace(timing, against=NO_MOVE) if past else timing)
        return kept

    def _phrases(self) -> list[Timing]:
        found = [Span(match.start, match.end, _FLEXIBLY) for match in _FLEXIBLE.all(self.utterance)]
        taken = covered(found)
        found += [Span(match.start, match.end, _AT_ONCE) for match in _IMMEDIATE.all(self.utterance)]
        found += [
            replace(self.time(match.start, match.end, _AT_ONCE, to_move=self._entry_now(match)), sure=False)
            for match in _IMMEDIATE_ASKED.all(self.utterance)
        ]
        if self.asked:
            found += [
                Span(match.start, match.end, _FLEXIBLY)
                for match in _FLEXIBLE_ASKED.all(self.utterance)
                if not self._about_another(match)
            ]
        elif self.entry:
            # "הכניסה גמישה": beside the entry the word says when.
            found += [
                Span(match.start, match.end, _FLEXIBLY)
                for match in _FLEXIBLE_WORD.all(self.utterance)
                if not rests(self.utterance.key(match.start - 1)).isdisjoint(ENTRY)
            ]
        found += self._unhurried()
        return [time for time in found if time.start not in self.claimed and (time.start not in taken or time.sure)]

    def _about_another(self, match: Match) -> bool:
        """Whether what does not matter is another thing: "כמה חדרים לא משנה", "לא משנה איפה"."""
        if self.utterance.key(match.start - 1) in _THE_TIME:
            return False
        beside = {*self.utterance.keys[: match.start], *self.utterance.keys[match.end : match.end + 2]}
        return not _OTHER_TOPICS.isdisjoint(beside)

    def _unhurried(self) -> list[Timing]:
        """Read "אין לי שום לחץ", "הזמן לא לוחץ", "לא ממש חשוב מתי": a no, and soon after it a word of haste."""
        found: list[Timing] = []
        for index, key in enumerate(self.utterance.keys):
            if key not in _NO_HASTE:
                continue
            for near in range(index + 1, min(index + 4, len(self.utterance))):
                more = self.utterance.key(near - 1) in _MORE_OR_LESS
                if not more and not rests(self.utterance.key(near)).isdisjoint(_HASTE):
                    if not self._about_another(Match(index, near + 1, "flexible")):
                        found.append(self.time(index, near + 1, _FLEXIBLY, to_move=self.asked))
                    break
        return found

    def _entry_now(self, match: Match) -> bool:
        """Whether a word like "עכשיו" says when to move in: it is the whole answer, or entry words stand beside it."""
        around = range(max(0, match.start - 2), min(len(self.utterance), match.end + 2))
        if not rests_of(map(self.utterance.key, around)).isdisjoint(ENTRY):
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
            if self.utterance.key(index - 1) not in _NO or duration_at(self.utterance, end) is None:
                # "לא שלושה חודשים, חצי שנה" are two.
                end, months = longer_end(self.utterance, end, months)
            if months <= _FARTHEST_MONTHS:
                found.append(self.time(index, end, within(months), to_move=self._is_move_in(index)))
            index = end
        if not found and self.asked and (day := bare_day(self.utterance, self.today)) is not None:
            return [day]
        return [*found, *self._without_unit()] if found else self._bare_number()

    def _without_unit(self) -> list[Timing]:
        """Read "תוך ארבעה" behind a length of time, as the last words: "תוך חודש זה לא נכון, תוך ארבעה"."""
        end = len(self.utterance)
        number = quantity_at(self.utterance, end - 1)
        if number is None or number.value not in range(1, _MOST_MONTHS) or self.utterance.key(end - 2) not in _WITHIN:
            return []
        return [Span(end - 1, end, within(number.value))]

    def _bare_number(self) -> list[Timing]:
        """Read "ארבע", "בעוד שלושה ארבעה": to "in how many months" a number alone counts months."""
        if not self.asked or self.claimed:
            return []
        counts: list[float] = []
        index = 0
        while index < len(self.utterance):
            quantity = quantity_at(self.utterance, index)
            if quantity is not None and not quantity.prefix:
                counts.append(quantity.value)
                index = quantity.end
            elif self.utterance.key(index) in _AROUND_A_NUMBER:
                index += 1
            else:
                return []
        fits = 0 < len(counts) <= len(("from", "to")) and max(counts) <= _MOST_MONTHS
        fits = fits and all(count == int(count) for count in counts)
        return [Span(0, len(self.utterance), within(max(counts)))] if fits else []

    def _is_move_in(self, start: int) -> bool:
        key, before = self.utterance.key(start), self.utterance.key(start - 1)
        nearby = rests_of(self.utterance.keys[max(0, start - 2) : start])
        if before in _PAST and self.utterance.key(start - 2) not in _NO:
            return False
        if is_of_today(self.utterance, start) or nearby & _LASTS or (key in _LEASED_FOR and not self.asked):
            # "לשנה עם אופציה לעוד שנה".
            return False
        return self.asked or bool(nearby & _AHEAD) or self.entry


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
    times = _before_reasons(utterance, _Finder(utterance, asked, today, claimed).all())
    if not times:
        return None
    if known is not None and jury.heeds_rules and (instead := _instead(utterance, times, known)) is not None:
        return instead
    opens = asked is Asked.TIMING and utterance.key(0) in _WITHIN
    if opens and [(time.start, time.against) for time in times] == [(1, "")]:
        # "תוך שבועיים אני בלי בית": what opens the answer needs no jury.
        return times[0]
    standing, denied = settle(utterance, [time for time in times if not time.against], known)
    others = [time for time in times if time.against] if len(utterance) < LONG_SPEECH else []
    standing = jury.wished("timing", [*standing, *against(utterance, denied), *others])
    return _plainest(utterance, standing, jury) if standing else None


def _before_reasons(utterance: Utterance, times: list[Timing]) -> list[Timing]:
    """Leave out the times that only say why an earlier one was said: "יולי כי החוזה נגמר ביוני"."""
    if len(times) < 2:
        return times
    first, length = min(time.end for time in times), len(utterance)
    reason = next((at for at in range(first, length) if utterance.key(at) in _BECAUSE), length)
    return [time for time in times if time.start < reason]


def _instead(utterance: Utterance, found: list[Timing], known: object) -> Span[dict[str, Any] | None] | None:
    """Return what takes the place of the time that is `known`, whatever was asked; without a value it is taken back.

    Another time stands where the known one is named beside it: "מאי זה מאוחר לי, אפריל", "רק מרץ לא פברואר".
    """
    if (longer := _longer(utterance, found, known)) is not None:
        return longer
    again = [timing for timing in found if _is_same(timing.value, known)]
    if not again:
        return None
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


def _is_dropped(utterance: Utterance, again: list[Timing]) -> bool:
    """Whether a time that is named again is denied: "תורידי את מרץ"."""
    return any(negated(utterance, timing.start) or rejected_after(utterance, timing.end) for timing in again)


def _is_same(value: dict[str, Any], known: object) -> bool:
    """Whether a time is the known one; a month is, in whichever year its name alone would put it."""
    if not isinstance(known, dict) or not value.keys() & known.keys() >= {"month"}:
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
