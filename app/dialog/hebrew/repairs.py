"""Negations and repairs: which of several values the caller said is the one that stands (R10.2)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from app.dialog.hebrew.gazetteer import find
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.limits import refuses_less
from app.dialog.hebrew.numbers import atom_at
from app.dialog.hebrew.span import Span, covered
from app.dialog.hebrew.tokens import Utterance, fold

_LISTS = Lexicon("hebrew/scope.toml")


S = TypeVar("S", bound=Span[Any])

_SWAP = _LISTS.words("swap")
_NOT = _LISTS.words("not")
_STEPS_DOWN = _LISTS.words("steps_down")
_LOWERED = _LISTS.words("lowered")
_DROP = _LISTS.words("drop")
_IT, _OBJECT, _KEEP = _LISTS.words("it"), _LISTS.words("object"), _LISTS.words("keep")
_NOT_QUITE = _LISTS.words("not_quite")
_WANT = _LISTS.words("want")
_REPAIRS = _LISTS.phrases("repairs")
_SAID = _LISTS.phrases("said")
_BUT = _LISTS.phrases("but")
_WRITTEN = _LISTS.words("written")
_EARLIER, _CORRECTS = _LISTS.words("earlier"), _LISTS.words("corrects")
_REJECTED_AFTER = _LISTS.phrases("rejected_after")
_DEAR, _TURNS_BACK = _LISTS.words("dear"), _LISTS.words("turns_back")
_BEFORE_REJECTED = _LISTS.words("before_rejected")
_FINITE, _THAT_I = _LISTS.words("finite"), _LISTS.words("that_i")
_ADDRESSED = _LISTS.words("addressed")
_RIGHT = _LISTS.words("right")
_TURNS, _IF = _LISTS.phrases("turns"), _LISTS.words("if")
_BESIDES, _ALSO_AFTER = _LISTS.words("besides"), _LISTS.words("also_after")
_ALL_OF_A_SUDDEN = fold("פתאום")
_CONDITION = 4
_SOON_DROPPED = 4
_MOST_WANTING = 6


@lru_cache(maxsize=64)
def repair_points(utterance: Utterance) -> tuple[int, ...]:
    """Return the tokens from which on what is said replaces what was said before."""
    points = [match.end for match in _REPAIRS.all(utterance) if match.start > 0 or match.value == "=לא לא"]
    points += _after_saying(utterance)
    for index, token in enumerate(utterance.tokens):
        # "חיפה אה לא נשר", "חיפה, לא, נשר": a no that stands by itself takes back what came before it.
        follower = utterance.tokens[index + 1] if index + 1 < len(utterance) else None
        no = index > 0 and token.key == "לא"
        if no and follower is not None and (_alone(token.gap, follower.gap) or follower.key in _ADDRESSED):
            points.append(index + 1)
    return tuple(sorted(set(points)))


def _after_saying(utterance: Utterance) -> Iterator[int]:
    """Yield where what stands begins, when the caller says what they said: "אמרתי ארבע, אבל…"."""
    said = _SAID.all(utterance)
    yield from (match.end for match in said if match.start > 0)
    if said:
        yield from (match.end for match in _BUT.all(utterance) if match.start > said[0].end)
    for match in said:
        written = (at for at in range(match.end, len(utterance)) if utterance.key(at) in _WRITTEN)
        yield from (at + 1 for at in islice(written, 1) if utterance.key(at + 1) not in _BESIDES)
        if {utterance.key(match.start - 1), utterance.key(match.end)} & _EARLIER:
            # "קודם אמרתי שלושה, צריך ארבעה": first the old value, then the one that stands.
            later = (at + 1 for at in range(match.end + 1, len(utterance)) if utterance.key(at) in _CORRECTS)
            yield from islice(later, 1)


def _alone(before: str, after: str) -> bool:
    return any(letter in before for letter in "אה.") or "," in after


def negated(utterance: Utterance, start: int) -> bool:
    """Whether the value at token `start` is one the caller does not want."""
    index = start - 1
    if utterance.key(index) in _LOWERED and (atom := atom_at(utterance, start)) is not None and atom.prefix == "ל":
        # "תורידי לחמש וחצי": where to, not what to drop.
        return False
    if utterance.key(index) == "את" and utterance.key(index - 1) in _SWAP:
        return True
    if utterance.key(index) in _SWAP and utterance.key(start).startswith("מ"):
        # "תחליפי מחיפה לנשר".
        return True
    if utterance.key(index) in _STEPS_DOWN and utterance.key(start).startswith("מ"):
        # "נרד מקיסריה".
        return True
    if utterance.key(index) in _WANT:
        for _ in range(_MOST_WANTING):
            finite = utterance.key(index) in _FINITE and utterance.key(index - 1) not in _THAT_I
            index -= utterance.key(index) in _WANT
            if finite:
                # "בלי כסף, מחפשים דירה": what stands before another verb of wanting denies none of its objects.
                break
    if not _denies(utterance, index) or kept(utterance, index + 1):
        return False
    if set(utterance.keys[max(0, index - 2) : index]) & _RIGHT:
        # "הכול נכון חוץ מהחודש, ינואר": the new value of what was wrong.
        return False
    if utterance.key(index) == "לא":
        if utterance.key(index + 1) in _NOT_QUITE or index + 1 in repair_points(utterance):
            return False
        # "כן לא", "לא, נשר": an answer, not a negation of what follows it.
        return "," not in utterance.tokens[index + 1].gap
    return True


def _denies(utterance: Utterance, index: int) -> bool:
    """Whether a word denies what follows it; "לא לופט, מה פתאום, דירה": an outcry about what is denied already."""
    if utterance.key(index) == _ALL_OF_A_SUDDEN and "לא" in utterance.keys[:index]:
        return False
    return utterance.key(index) in _NOT or _drops(utterance, index)


def rejected_after(utterance: Utterance, end: int) -> bool:
    """Whether the words after a value reject it: "חולון כבר לא רלוונטי", "סגולה לא, קריית אריה כן"."""
    if utterance.key(end) == "לא" and utterance.keys[-1] == "כנ" and end + 1 < len(utterance) - 1:
        return True
    if _dropped_after(utterance, end) or (
        utterance.key(end) in _DEAR and utterance.key(end + 1) not in _TURNS_BACK and utterance.key(end - 1) != "לא"
    ):
        return True
    while _REJECTED_AFTER.at(utterance, end) is None:
        if utterance.key(end) not in _BEFORE_REJECTED:
            return False
        end += 1
    return True


def _dropped_after(utterance: Utterance, end: int) -> bool:
    """Whether the verb of dropping comes after its object: "חולון תורידי, רק בת ים", but not "חולון, תורידי את לוד"."""
    verb = next((at for at in range(end, end + _SOON_DROPPED) if _drops(utterance, at)), None)
    if verb is None:
        # "ופרדסיה לא", but not "יותר משני מיליון לא".
        return utterance.keys[end:] == ("לא",) and "יותר" not in utterance.keys
    between = range(end, verb + 1)
    parted = "לא" in utterance.keys[end:verb] or any("," in utterance.tokens[at].gap for at in between)
    return not parted and not any(_is_object(utterance, at) for at in (*between, verb + 1))


def _drops(utterance: Utterance, index: int) -> bool:
    """Whether a verb of dropping stands at `index`: "תורידי", "והיא ויתרה", but not "אל תוותרי"."""
    key = utterance.key(index)
    return (key in _DROP or key.removeprefix("ו") in _DROP) and utterance.key(index - 1) not in _KEEP


def kept(utterance: Utterance, start: int) -> bool:
    """Whether the value at token `start` is not to be dropped: "אל תוותרי על הרצליה"."""
    verb = start - 2 if utterance.key(start - 1) in _OBJECT else start - 1
    return utterance.key(verb) in _DROP and utterance.key(verb - 1) in _KEEP


def _is_object(utterance: Utterance, index: int) -> bool:
    """Whether another value, or "את" before one, stands at `index`."""
    places = covered(find(utterance))
    if utterance.key(index) in _OBJECT:
        return utterance.key(index + 1) not in _IT
    return utterance.key(index) not in _IT and (index in places or atom_at(utterance, index) is not None)


def settle(utterance: Utterance, found: Sequence[S], known: object = None) -> tuple[list[S], list[S]]:
    """Split values of one slot into those that stand and those the caller denied or replaced.

    What is `known` and said again beside another value is what the other replaces: "מרץ זה הבעיה, מאי".
    """
    if not found:
        return [], []
    denied = [value for value in found if _is_denied(utterance, value)]
    standing = [value for value in found if value not in denied]
    for point in repair_points(utterance):
        after = [value for value in standing if value.start >= point]
        if after:
            denied += [value for value in standing if value.start < point]
            standing = after
    standing = _after_turns(utterance, standing)
    new = [value for value in standing if value.value != known]
    if new and len(new) < len(standing) and "או" not in utterance.keys:
        return new, [*denied, *(value for value in standing if value.value == known)]
    return standing, denied


def _is_denied(utterance: Utterance, value: Span[Any]) -> bool:
    if utterance.keys[value.end :] == ("כנ",):
        # "סגולה לא, קריית אריה כן".
        return False
    if negated(utterance, value.start):
        return True
    return rejected_after(utterance, value.end) and not refuses_less(utterance, value.start, value.end)


def against(utterance: Utterance, denied: Sequence[S]) -> list[S]:
    """Return values that were denied or replaced, each with the rule that says so."""
    return [
        replace(
            value,
            against="denied"
            if negated(utterance, value.start)
            else "rejected"
            if rejected_after(utterance, value.end)
            else "replaced",
        )
        for value in denied
    ]


def _after_turns(utterance: Utterance, standing: list[S]) -> list[S]:
    """Keep what follows the last turn: "עד שש, אבל נגיד שש וחצי", "החוזה נגמר בינואר, אז מפברואר"."""
    for point in turns(utterance):
        after = [value for value in standing if value.start >= point]
        if after and len(after) < len(standing) and not _adds(utterance, point, after[0].start):
            standing = after
    return standing


@lru_cache(maxsize=64)
def turns(utterance: Utterance) -> tuple[int, ...]:
    """Return the tokens from which on the caller concludes or objects: what is said then is what they want."""
    return tuple(
        turn.end
        for turn in _TURNS.all(utterance)
        if turn.start and not set(utterance.keys[max(0, turn.start - _CONDITION) : turn.end + 1]) & _IF
    )


def _adds(utterance: Utterance, start: int, end: int) -> bool:
    """Whether what follows a turn is said besides: "אבל גם שוהם", "אז אולי גם"."""
    return bool(set(utterance.keys[start : end + 1]) & _BESIDES) or any(
        key in _ALSO_AFTER for key in utterance.keys[end + 1 : end + 3]
    )


def answers_no_with(utterance: Utterance, start: int) -> bool:
    """Whether a value is negated only by the utterance's opening "לא": "לא חיפה" may mean "no: Haifa"."""
    return utterance.key(0) == "לא" and (start == 1 or (start == 2 and utterance.key(1) == "אמרתי"))
