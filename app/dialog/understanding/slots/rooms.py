"""Rooms: halves, ranges and bounds. The Israeli count includes the living room (R10.2)."""

from dataclasses import replace

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.limits import is_max
from app.dialog.hebrew.number_words import MASCULINE_ONLY, is_masculine
from app.dialog.hebrew.numbers import Kind, Quantity, Shape, atom_at, quantity_at
from app.dialog.hebrew.repairs import against, answers_no_with, negated, repair_points, settle
from app.dialog.hebrew.span import Bounds, Range, covered
from app.dialog.hebrew.tokens import Utterance, fold, heard, rests, stems
from app.dialog.understanding.judging.judge import BARE, LENIENT, Jury
from app.dialog.understanding.slots.bare_rooms import (
    EACH,
    JOINS_NUMBERS,
    LIVING,
    ROOM,
    adds_living,
    bare_rooms,
    counted,
    counts_people,
    follows_living,
    other_end,
    small_at,
)

_LISTS = Lexicon("real_estate/rooms.toml")
_NOT_COUNTED = _LISTS.words("not_counted")
_TO_HIGHER, _WIDEST = _LISTS.words("to_higher"), 3
_SAYS_NUMBER = _LISTS.words("says_number")
_LEADS_TO_NUMBER = _LISTS.words("leads_to_number") | _LISTS.words("leads_to_new")
_BEFORE_ELLIPTIC = _LISTS.words("before_elliptic")
_ALSO, _OF_ONE = _LISTS.words("also"), _LISTS.words("of_one")
_WHO_FOR = _LISTS.words("who_for")
_SOON, _SOON_CAPPED = 4, 6
_OF_THE_HOME = (Asked.PROPERTY_TYPE, Asked.DEAL, Asked.AREA)


def _before_noun(utterance: Utterance, noun: int, claimed: frozenset[int]) -> list[Quantity]:
    """Return the one or two numbers that end right before the word "חדרים" at `noun`."""
    last = _ending_at(utterance, noun, claimed)
    if last is None:
        return []
    for gap in (0, 1):
        first = _ending_at(utterance, last.start - gap, claimed)
        if first is not None and (negated(utterance, first.start) or counts_people(utterance, first.start)):
            return [last]
        joined = not gap or utterance.key(last.start - 1) in _TO_HIGHER
        if first is not None and joined and first.value < last.value <= first.value + (_WIDEST if gap else 1):
            return [first, last]
    return [last]


def _ending_at(utterance: Utterance, end: int, claimed: frozenset[int]) -> Quantity | None:
    for start in range(max(0, end - 3), end):
        # "שיהיה לכל אחת חדר".
        each = utterance.key(start - 1) in EACH
        quantity = None if each else small_at(utterance, start, claimed, end)
        if quantity is not None and quantity.end == end:
            return quantity
    return None


def _with_noun(utterance: Utterance, claimed: frozenset[int]) -> list[Range]:
    found: list[Range] = []
    if not names_rooms(utterance):
        return found
    for noun, key in enumerate(utterance.keys):
        if noun in claimed or rests(key).isdisjoint(ROOM):
            continue
        if not any(rest in ROOM and prefix in ("", "ו", "ב", "ל", "של", "ה", "מה") for prefix, rest in stems(key)):
            continue
        if utterance.key(noun + 1) in _NOT_COUNTED:
            continue
        definite = utterance.key(noun).removeprefix("מ").startswith("ה")
        numbers = [] if definite else _before_noun(utterance, noun, claimed)
        rooms = _from_numbers(utterance, numbers, noun) if numbers else _single(utterance, noun, claimed)
        if rooms is not None:
            found.append(rooms)
    return found


def names_rooms(utterance: Utterance) -> bool:
    """Whether the word "חדרים" stands in an utterance."""
    return not ROOM.isdisjoint(heard(utterance))


def _single(utterance: Utterance, noun: int, claimed: frozenset[int]) -> Range | None:
    """Read "חדר וחצי", "חדר אחד", "חדרים ארבעה", "חדר או שניים", "חדר שינה וסלון"."""
    key = utterance.key(noun)
    one, definite = key.endswith("חדר"), key == fold("החדרים")
    if one and (end := _end_with_living(utterance, noun)):
        return Range(noun, end, Bounds(2.0, 2.0))
    if not one and not definite and key != fold("חדרים"):
        return None
    after = atom_at(utterance, noun + 1)
    if one and after is not None and after.kind is Kind.FRACTION:
        quantity: Quantity | None = Quantity(noun, noun + 2, 1.5, Shape.BARE)
    else:
        quantity = _said_after(utterance, noun, definite=definite)
    if quantity is None or (one and quantity.value >= 2):
        return None
    high = other_end(utterance, quantity, claimed)
    # "תורידי את החדרים לשלושה": what is lowered is told, and to how many is wanted.
    start = quantity.start if quantity.prefix == "ל" else noun
    return counted(utterance, quantity, high, start, (high or quantity).end)


def _end_with_living(utterance: Utterance, noun: int) -> int:
    """Return where one room and the living room end, "חדר (שינה) (אחד) וסלון"; 0 where it is none, or one for each."""
    end = noun + 1
    while utterance.key(end) in _OF_ONE:
        end += 1
    joined = adds_living(utterance.key(end), utterance.key(end + 1))
    each = not EACH.isdisjoint(utterance.keys[:noun])
    return 0 if each or not (joined or utterance.key(end) in LIVING) else end + 1 + joined


def _said_after(utterance: Utterance, noun: int, *, definite: bool) -> Quantity | None:
    """Return the number of rooms that follows the noun, where one does: "החדרים זה ארבעה", "את החדרים לשלושה"."""
    number = noun + 1
    while definite and utterance.key(number) in _SAYS_NUMBER:
        number += 1
    quantity = small_at(utterance, number, frozenset())
    return None if quantity is None or (quantity.prefix and not definite) else quantity


def _from_numbers(utterance: Utterance, numbers: list[Quantity], noun: int) -> Range | None:
    end, extra, unsure = noun + 1, 0.0, False
    half = atom_at(utterance, end)
    last = numbers[-1]
    if half is not None and half.kind is Kind.FRACTION:
        last = Quantity(last.start, end + 1, last.value + half.value, Shape.BARE, prefix=last.prefix)
        end += 1
    if utterance.key(end) == "שינה":
        end += 1
        extra, unsure = 1.0, True
    ahead = [utterance.key(index) for index in range(end, end + 3)]
    for offset, key in enumerate(ahead):
        if key in LIVING and (offset == 0 or adds_living(ahead[offset - 1], key)):
            extra, unsure, end = 1.0, False, end + offset + 1
            break
    if not extra and follows_living(utterance, numbers[0]):
        extra = 1.0
    low = numbers[0] if len(numbers) == 2 else last
    high = last if len(numbers) == 2 else None
    return counted(utterance, low, high, numbers[0].start, end, extra, unsure)


def understand_rooms(
    utterance: Utterance,
    asked: Asked,
    claimed: frozenset[int],
    jury: Jury = LENIENT,
    *,
    known: tuple[float | None, float | None] | None = None,
    bare: bool = True,
) -> tuple[Range | None, frozenset[int]]:
    """Return the rooms the caller wants, or None, and the tokens of all rooms told.

    To the rules bare numbers count only as the answer to the rooms question; `bare`: the jury hears of all.
    """
    found = _with_noun(utterance, claimed)
    if not found and asked is Asked.ROOMS:
        found = bare_rooms(utterance, claimed)
        if not found and utterance.keys == ("חדר",):
            found = [Range(0, 1, Bounds(1.0, 1.0))]
    if not found and asked is not Asked.ROOMS:
        found = _elliptic(utterance, claimed)
    if not found and asked in _OF_THE_HOME:
        found = _alone(utterance)
    found += (
        _repaired(utterance, found, claimed)
        or _concluded(utterance, found, claimed)
        or (_also(utterance, found, claimed) if asked is Asked.ROOMS else [])
    )
    told = covered(found) | _said_twice(utterance, covered(found))
    standing, denied = settle(utterance, found, known)
    if not standing and len(denied) == 1 and answers_no_with(utterance, denied[0].start):
        standing = denied
    if _opens_answer(utterance, asked, standing, denied):
        return standing[0], told
    uncounted = _uncounted(utterance, claimed | told, known) if bare else []
    standing = jury.wished("rooms", [*standing, *against(utterance, denied), *uncounted])
    if not standing:
        return None, told
    if len(standing) == 2 and _are_ends(utterance, *standing):
        first, last = standing
        ends = Bounds(*_merge(first, last))
        return Range(first.start, last.end, ends, sure=first.sure, against=first.against), told
    return jury.likeliest("rooms", standing), told


def _opens_answer(utterance: Utterance, asked: Asked, standing: list[Range], denied: list[Range]) -> bool:
    """Whether a number of rooms with its noun opens the answer, and who they are for follows: no jury need be asked."""
    only = standing[0] if asked is Asked.ROOMS and len(standing) == 1 and not denied else None
    counted_first = only is not None and only.start == 0 and not rests(utterance.key(only.end - 1)).isdisjoint(ROOM)
    return only is not None and counted_first and utterance.key(only.end) in _WHO_FOR


def _uncounted(utterance: Utterance, claimed: frozenset[int], known: object) -> list[Range]:
    """Return the bare numbers that are no rooms by the rules: "ארבעה" at the summary, "חדר לילד וסלון, שלושה"."""
    standing, _ = settle(utterance, bare_rooms(utterance, claimed), known)
    return [replace(rooms, against=BARE) for rooms in standing]


def _repaired(utterance: Utterance, found: list[Range], claimed: frozenset[int]) -> list[Range]:
    """Read a number that replaces rooms just said, without the word again: "שלושה חדרים בעצם ארבעה"."""
    if not found:
        return []
    last = max(found, key=lambda rooms: rooms.end)
    for point in (point for point in repair_points(utterance) if point >= last.end):
        start = point
        while utterance.key(start) in _LEADS_TO_NUMBER:
            start += 1
        quantity = small_at(utterance, start, claimed)
        if quantity is not None:
            return [counted(utterance, quantity, None, quantity.start, quantity.end)]
    return []


def _said_twice(utterance: Utterance, told: frozenset[int]) -> frozenset[int]:
    """Return where a number told as rooms stands once more, alone: it is no sum ("שלושה יספיקו, שלושה חדרים")."""
    told_keys = {utterance.key(at) for at in told if atom_at(utterance, at) is not None}
    concluded = {utterance.key(at) for at in told if utterance.key(at - 1) == "אז"}
    return frozenset(
        at
        for at, key in enumerate(utterance.keys)
        if at not in told
        and key in told_keys & (MASCULINE_ONLY | concluded)
        and (number := quantity_at(utterance, at)) is not None
        and number.end == at + 1
    )


def _concluded(utterance: Utterance, found: list[Range], claimed: frozenset[int]) -> list[Range]:
    """Read the number that is concluded once more: "שלושה חדרים זה עם הסלון ארבעה, אז ארבעה"."""
    at = len(utterance) - 1
    if not found or utterance.key(at - 1) != "אז" or utterance.key(at) not in utterance.keys[: at - 1]:
        return []
    quantity = small_at(utterance, at, claimed)
    return [] if quantity is None else [counted(utterance, quantity, None, at, at + 1)]


def _alone(utterance: Utterance) -> list[Range]:
    """Read "ארבעה" and nothing else, as rooms are counted, to another question about the home."""
    quantity = quantity_at(utterance, 0)
    if quantity is None or quantity.end != len(utterance) != 1 or utterance.key(0) not in MASCULINE_ONLY:
        return []
    return [counted(utterance, quantity, None, 0, 1)]


def _elliptic(utterance: Utterance, claimed: frozenset[int]) -> list[Range]:
    """Read a number right after a word of seeking, when rooms were told before: "גרים בארבעה חדרים, מחפשים חמישה"."""
    told = [at for at in claimed if not rests(utterance.key(at)).isdisjoint(ROOM)]
    for at in range(min(told), len(utterance)) if told else ():
        quantity = small_at(utterance, at + 1, claimed) if utterance.key(at) in _BEFORE_ELLIPTIC else None
        if quantity is not None:
            return [counted(utterance, quantity, None, quantity.start, quantity.end)]
    return []


def _also(utterance: Utterance, found: list[Range], claimed: frozenset[int]) -> list[Range]:
    """Read a number besides rooms just said, without the word again: "שלושה חדרים, אבל אפשר גם ארבעה"."""
    last = max((rooms.end for rooms in found), default=len(utterance))
    for at in range(last, min(last + _SOON_CAPPED, len(utterance))):
        capped = small_at(utterance, at, claimed) if is_masculine(utterance, at) else None
        if capped is not None and is_max(utterance, capped):
            # "ארבעה חדרים לכל הפחות, ולא יותר מחמישה".
            return [counted(utterance, capped, None, capped.start, capped.end)]
    for at in range(last, min(last + _SOON, len(utterance))):
        quantity = small_at(utterance, at + 1, claimed) if utterance.key(at) in _ALSO else None
        if quantity is not None:
            return [counted(utterance, quantity, None, quantity.start, quantity.end)]
    return []


def _are_ends(utterance: Utterance, first: Range, second: Range) -> bool:
    """Whether two numbers are said as alternatives or bounds: "שלושה אחד בשבילנו" is three."""
    bounds = None in (first.low, first.high, second.low, second.high)
    between = utterance.keys[first.end : second.start + 1]
    return bounds or bool(set(between) & JOINS_NUMBERS) or second.start - first.end <= 1


def _merge(first: Range, second: Range) -> tuple[float | None, float | None]:
    """Join "לפחות שלושה חדרים, מקסימום ארבעה" and "שלושה חדרים או ארבעה חדרים"."""
    lows = [low for low in (first.low, second.low) if low is not None]
    highs = [high for high in (first.high, second.high) if high is not None]
    return (min(lows) if lows else None), (max(highs) if highs else None)
