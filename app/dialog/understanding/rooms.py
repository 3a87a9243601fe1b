"""Rooms: halves, ranges and bounds. The Israeli count includes the living room (R10.2)."""

from dataclasses import replace

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.limits import is_max, is_min, range_between
from app.dialog.hebrew.number_words import CONSTRUCT_FORMS, atoms_of
from app.dialog.hebrew.numbers import Kind, Quantity, Shape, atom_at, quantity_at
from app.dialog.hebrew.repairs import against, answers_no_with, negated, repair_points, settle
from app.dialog.hebrew.span import Bounds, Range, covered
from app.dialog.hebrew.tokens import Utterance, fold, rests, stems, words
from app.dialog.understanding.judging.judge import BARE, LENIENT, Jury

_LISTS = Lexicon("real_estate/rooms.toml")
_TO_HIGHER = _LISTS.words("to_higher")
_WE_HAVE = _LISTS.words("we_have")

MIN_ROOMS, MAX_ROOMS = 1.0, 12.0

_ROOM = _LISTS.words("room")
_NOT_COUNTED = _LISTS.words("not_counted")
_LIVING = _LISTS.words("living")
_JOINS_LIVING = _LISTS.words("joins_living")
_SAYS_NUMBER = _LISTS.words("says_number")
_LEADS_TO_NUMBER = _LISTS.words("leads_to_number")
_TWO_OF, _AFTER_A_NUMBER = _LISTS.words("two_of"), _LISTS.words("after_a_number")
_JOINS_NUMBERS = _LISTS.words("joins_numbers")
_BEFORE_ELLIPTIC = _LISTS.words("before_elliptic")
_EACH = _LISTS.words("each")
_ALSO = _LISTS.words("also")
_SOON = 4
_OF_ROOMS = _LISTS.words("of_rooms")
_PLURALS = (fold("ים"), "ות")
_SHORTEST_PLURAL = 4
_AGES = _LISTS.words("ages")
_OTHER_UNITS = _LISTS.words("other_units")


def _plausible(value: float) -> bool:
    return MIN_ROOMS <= value <= MAX_ROOMS and value * 2 == int(value * 2)


def _small_at(utterance: Utterance, start: int, claimed: frozenset[int]) -> Quantity | None:
    """Read a number of rooms at `start`: a bare quantity, cut short where a longer reading would not be rooms."""
    if start in claimed or atom_at(utterance, start) is None:
        return None
    stop = next((index for index in range(start, len(utterance)) if index in claimed), len(utterance))
    quantity = quantity_at(utterance, start, stop)
    if quantity is None or quantity.shape is Shape.BARE:
        return quantity if quantity is not None and _plausible(quantity.value) else None
    return None


def _before_noun(utterance: Utterance, noun: int, claimed: frozenset[int]) -> list[Quantity]:
    """Return the one or two numbers that end right before the word "חדרים" at `noun`."""
    last = _ending_at(utterance, noun, claimed)
    if last is None:
        return []
    for gap in (0, 1):
        first = _ending_at(utterance, last.start - gap, claimed)
        if first is not None and (negated(utterance, first.start) or _counts_people(utterance, first.start)):
            return [last]
        if first is not None and gap == 0 and last.prefix == "ו" and first.value < last.value <= first.value + 1:
            return [first, last]
        if first is not None and first.value < last.value and range_between(utterance, first, last):
            middle = utterance.key(first.end) if gap else ""
            if middle in ("", "עד", "או", "ל") and (gap or first.value + 1 >= last.value):
                return [first, last]
    return [last]


def _ending_at(utterance: Utterance, end: int, claimed: frozenset[int]) -> Quantity | None:
    for width in (3, 2, 1):
        start = end - width
        if utterance.key(start - 1) in _EACH:
            # "שיהיה לכל אחת חדר".
            continue
        if start < 0 or any(index in claimed for index in range(start, end)):
            continue
        quantity = quantity_at(utterance, start, end)
        if quantity is not None and quantity.end == end and quantity.shape is Shape.BARE and _plausible(quantity.value):
            atom = atom_at(utterance, start)
            if atom is not None and atom.kind in (Kind.UNIT, Kind.DIGITS):
                return quantity
    return None


def _with_noun(utterance: Utterance, claimed: frozenset[int]) -> list[Range]:
    found: list[Range] = []
    for noun, key in enumerate(utterance.keys):
        if noun in claimed or rests(key).isdisjoint(_ROOM):
            continue
        if not any(rest in _ROOM and prefix in ("", "ו", "ב", "ל", "של", "ה", "מה") for prefix, rest in stems(key)):
            continue
        if utterance.key(noun + 1) in _NOT_COUNTED:
            continue
        definite = utterance.key(noun).removeprefix("מ").startswith("ה")
        numbers = [] if definite else _before_noun(utterance, noun, claimed)
        rooms = _from_numbers(utterance, numbers, noun) if numbers else _single(utterance, noun)
        if rooms is not None:
            found.append(rooms)
    return found


def _single(utterance: Utterance, noun: int) -> Range | None:
    """Read "חדר וחצי", "חדר אחד", "חדרים ארבעה"."""
    key = utterance.key(noun)
    if key == fold("מהחדרים"):
        return _named_then_count(utterance, noun + 1)
    one, definite = key.endswith("חדר"), key == fold("החדרים")
    if not one and not definite and key != fold("חדרים"):
        return None
    if one and (half := _one_and_a_half(utterance, noun)) is not None:
        return half
    number = noun + 1
    while definite and utterance.key(number) in _SAYS_NUMBER:
        number += 1
    quantity = quantity_at(utterance, number)
    if quantity is None or (quantity.prefix and not (definite and quantity.prefix == "ל")):
        return None
    if not _may_be_rooms(utterance, quantity) or (one and quantity.value >= 2):
        return None
    second = quantity.end + (utterance.key(quantity.end) in words("עד או"))
    high = quantity_at(utterance, second) if second < len(utterance) else None
    if high is not None and _may_be_rooms(utterance, high) and _rises(utterance, quantity, high):
        return _rooms(utterance, quantity, high, noun, high.end)
    # "תורידי את החדרים לשלושה": what is lowered is told, and to how many is wanted.
    start = quantity.start if quantity.prefix == "ל" else noun
    return _rooms(utterance, quantity, None, start, quantity.end)


def _rises(utterance: Utterance, low: Quantity, high: Quantity) -> bool:
    return low.value < high.value and range_between(utterance, low, high)


def _may_be_rooms(utterance: Utterance, quantity: Quantity) -> bool:
    small = quantity.shape is Shape.BARE and _plausible(quantity.value)
    return small and not _counts_others(utterance, quantity.end)


def _one_and_a_half(utterance: Utterance, noun: int) -> Range | None:
    """Read "חדר וחצי", and "חדר וחצי שניים"."""
    after = atom_at(utterance, noun + 1)
    if after is None or after.kind is not Kind.FRACTION or after.prefix != "ו":
        return None
    low = Quantity(noun, noun + 2, 1.5, Shape.BARE)
    high = quantity_at(utterance, noun + 2 + (utterance.key(noun + 2) in _TO_HIGHER))
    if high is not None and high.shape is Shape.BARE and high.value == 2 and not high.prefix:
        return _rooms(utterance, low, high, noun, high.end)
    return _rooms(utterance, low, None, noun, noun + 2)


def _named_then_count(utterance: Utterance, start: int) -> Range | None:
    """Read "הכל נכון חוץ מהחדרים, ארבעה": which detail, and then its new value."""
    while utterance.key(start) in _SAYS_NUMBER:
        start += 1
    count = quantity_at(utterance, start)
    if count is None or count.shape is not Shape.BARE or count.prefix or not _plausible(count.value):
        return None
    return _rooms(utterance, count, None, start, count.end)


def _from_numbers(utterance: Utterance, numbers: list[Quantity], noun: int) -> Range | None:
    end, extra, unsure = noun + 1, 0.0, False
    half = atom_at(utterance, end)
    last = numbers[-1]
    if half is not None and half.kind is Kind.FRACTION and half.prefix == "ו" and last.value == int(last.value):
        last = Quantity(last.start, end + 1, last.value + half.value, Shape.BARE, prefix=last.prefix)
        end += 1
    if utterance.key(end) == "שינה":
        end += 1
        extra, unsure = 1.0, True
    ahead = [utterance.key(index) for index in range(end, end + 3)]
    for offset, key in enumerate(ahead):
        if key in _LIVING and (offset == 0 or _adds(ahead[offset - 1], key)):
            extra, unsure, end = 1.0, False, end + offset + 1
            break
    if not extra and _follows_living(utterance, numbers[0]):
        extra = 1.0
    low = numbers[0] if len(numbers) == 2 else last
    high = last if len(numbers) == 2 else None
    return _rooms(utterance, low, high, numbers[0].start, end, extra, unsure)


def _adds(joint: str, living: str) -> bool:
    """Whether the living room comes on top: "עם סלון" does, "עם הסלון" says that it was counted."""
    return living in _LIVING and (
        joint in ("פלוס", "+", fold("וגם"), "ועוד") or (joint == "עמ" and living == fold("סלון"))
    )


def _follows_living(utterance: Utterance, number: Quantity) -> bool:
    """Whether the living room was counted before the others: "סלון ועוד שלושה", "סלון ושני חדרים"."""
    joined = number.prefix == "ו" or utterance.key(number.start - 1) in _JOINS_LIVING
    before = {utterance.key(index) for index in range(number.start - 3, number.start)}
    return joined and bool(before & _LIVING)


def _rooms(
    utterance: Utterance,
    low: Quantity,
    high: Quantity | None,
    start: int,
    end: int,
    extra: float = 0.0,
    unsure: bool = False,
) -> Range:
    whole = Quantity(start, end, low.value, Shape.BARE, prefix=low.prefix)
    least: float | None = low.value + extra
    most = least if high is None else high.value + extra
    if high is None and is_min(utterance, whole):
        most = None
    elif high is None and is_max(utterance, whole):
        least = None
    return Range(start, end, Bounds(least, most), sure=not unsure)


def _counts_people(utterance: Utterance, index: int) -> bool:
    """Whether the words before a number make it a floor, an age or a family: "קומה שתיים", "יש לי שניים"."""
    before = utterance.key(index - 1)
    return before in _BEFORE_OTHER | _EACH or (before in _WE_HAVE and utterance.key(index - 2) == "יש")


def _counts_others(utterance: Utterance, end: int) -> bool:
    """Whether the noun after a number is what it counts: "שש קומות ושתי מעליות"; no plural but rooms."""
    noun = utterance.key(end)
    if noun in _OTHER_UNITS:
        return True
    if utterance.key(end + 2) in _ROOM and end + 2 in repair_points(utterance):
        # "חמישה חברים, סליחה, חדרים".
        return False
    plural = (
        not noun.startswith("ל")
        and noun.endswith(_PLURALS)
        and len(noun) > _SHORTEST_PLURAL
        and noun not in _ROOM | _OF_ROOMS
    )
    return plural and atom_at(utterance, end) is None


def _both_of(utterance: Utterance, index: int) -> bool:
    """Whether a number counts things known, "שני הטלפונים", of which the rooms would be "החדרים"."""
    after = utterance.key(index + 1)
    definite = after.startswith("ה") and len(after) > len("הוא") and not after.startswith("החדר")
    of_them = utterance.key(index) in CONSTRUCT_FORMS and definite
    return of_them or (
        utterance.key(index).removeprefix("ו") in _TWO_OF and bool(after) and after not in _AFTER_A_NUMBER
    )


def _bare(utterance: Utterance, claimed: frozenset[int]) -> list[Range]:
    """Read numbers alone, for when the agent asked how many rooms."""
    found: list[Range] = []
    index = 0
    atoms = atoms_of(utterance)
    while index < len(atoms):
        if atoms[index] is None:
            index += 1
            continue
        quantity = _small_at(utterance, index, claimed)
        if (
            quantity is None
            or _counts_others(utterance, quantity.end)
            or _counts_people(utterance, index)
            or _both_of(utterance, index)
        ):
            whole = quantity or quantity_at(utterance, index)
            # A longer number is skipped whole: "מיליון שמונה" holds no eight rooms.
            index = max(index + 1, whole.end) if whole is not None and index not in claimed else index + 1
            if whole is not None and _counts_people(utterance, whole.start):
                ages = utterance.key(whole.start - 1) in _AGES
                index = _past_chained(utterance, index, claimed, ages=ages)
            continue
        end, extra = quantity.end, 0.0
        follower = None
        for start in (quantity.end, quantity.end + 1):
            candidate = _small_at(utterance, start, claimed) if start < len(utterance) else None
            if (
                candidate is not None
                and candidate.value > quantity.value
                and not negated(utterance, quantity.start)
                and range_between(utterance, quantity, candidate)
            ):
                follower, end = candidate, candidate.end
                break
        ahead = [utterance.key(position) for position in range(end, end + 2)]
        if ahead[0] in _LIVING or _adds(ahead[0], ahead[1]):
            extra, end = 1.0, end + (1 if ahead[0] in _LIVING else 2)
        elif _follows_living(utterance, quantity):
            extra = 1.0
        found.append(_rooms(utterance, quantity, follower, quantity.start, end, extra))
        index = end
    return found


def _past_chained(utterance: Utterance, index: int, claimed: frozenset[int], *, ages: bool) -> int:
    """Return the token after numbers that only continue a floor or an age: "בני שש ארבע ושבע", "קומה שתיים או שלוש"."""
    while True:
        start = index + 1 if utterance.key(index) == "או" else index
        atom = atom_at(utterance, start)
        if atom is None or start in claimed or (start == index and atom.prefix != "ו" and not ages):
            return index
        if not ages:
            return start + 1
        index = start + 1


_BEFORE_OTHER = _LISTS.words("before_other")


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
        found = _bare(utterance, claimed)
        if not found and utterance.keys == ("חדר",):
            found = [Range(0, 1, Bounds(1.0, 1.0))]
    if not found and asked is not Asked.ROOMS:
        found = _elliptic(utterance, claimed)
    found += _repaired(utterance, found, claimed) or (_also(utterance, found, claimed) if asked is Asked.ROOMS else [])
    told = covered(found)
    standing, denied = settle(utterance, found, known)
    if not standing and len(denied) == 1 and answers_no_with(utterance, denied[0].start):
        standing = denied
    uncounted = _uncounted(utterance, claimed | told, known) if bare else []
    standing = jury.wished("rooms", [*standing, *against(utterance, denied), *uncounted])
    if not standing:
        return None, told
    if len(standing) == 2 and _are_ends(utterance, *standing):
        first, last = standing
        ends = Bounds(*_merge(first, last))
        return Range(first.start, last.end, ends, sure=first.sure, against=first.against), told
    return jury.likeliest("rooms", standing), told


def _uncounted(utterance: Utterance, claimed: frozenset[int], known: object) -> list[Range]:
    """Return the bare numbers that are no rooms by the rules: "ארבעה" at the summary, "חדר לילד וסלון, שלושה"."""
    standing, _ = settle(utterance, _bare(utterance, claimed), known)
    return [replace(rooms, against=BARE) for rooms in standing]


def _repaired(utterance: Utterance, found: list[Range], claimed: frozenset[int]) -> list[Range]:
    """Read a number that replaces rooms just said, without the word again: "שלושה חדרים בעצם ארבעה"."""
    if not found:
        return []
    last = max(found, key=lambda rooms: rooms.end)
    points = [point for point in repair_points(utterance) if point >= last.end]
    for point in points:
        start = point
        while utterance.key(start) in _LEADS_TO_NUMBER:
            start += 1
        quantity = _small_at(utterance, start, claimed)
        if quantity is not None and not _counts_others(utterance, quantity.end):
            return [_rooms(utterance, quantity, None, quantity.start, quantity.end)]
    return []


def _elliptic(utterance: Utterance, claimed: frozenset[int]) -> list[Range]:
    """Read a number right after a word of seeking, when rooms were told before: "גרים בארבעה חדרים, מחפשים חמישה"."""
    told = [at for at in claimed if not rests(utterance.key(at)).isdisjoint(_ROOM)]
    for at in range(min(told), len(utterance)) if told else ():
        quantity = _small_at(utterance, at + 1, claimed) if utterance.key(at) in _BEFORE_ELLIPTIC else None
        if quantity is not None and not _counts_others(utterance, quantity.end) and not quantity.prefix:
            return [_rooms(utterance, quantity, None, quantity.start, quantity.end)]
    return []


def _also(utterance: Utterance, found: list[Range], claimed: frozenset[int]) -> list[Range]:
    """Read a number besides rooms just said, without the word again: "שלושה חדרים, אבל אפשר גם ארבעה"."""
    last = max((rooms.end for rooms in found), default=len(utterance))
    for at in range(last, min(last + _SOON, len(utterance))):
        quantity = _small_at(utterance, at + 1, claimed) if utterance.key(at) in _ALSO else None
        if quantity is not None and not _counts_others(utterance, quantity.end):
            return [_rooms(utterance, quantity, None, quantity.start, quantity.end)]
    return []


def _are_ends(utterance: Utterance, first: Range, second: Range) -> bool:
    """Whether two numbers are said as alternatives or bounds: "שלושה אחד בשבילנו" is three."""
    bounds = None in (first.low, first.high, second.low, second.high)
    between = utterance.keys[first.end : second.start + 1]
    return bounds or first.end == second.start or bool(set(between) & _JOINS_NUMBERS) or second.start - first.end <= 1


def _merge(first: Range, second: Range) -> tuple[float | None, float | None]:
    """Join "לפחות שלושה חדרים, מקסימום ארבעה" and "שלושה חדרים או ארבעה חדרים"."""
    lows = [low for low in (first.low, second.low) if low is not None]
    highs = [high for high in (first.high, second.high) if high is not None]
    return (min(lows) if lows else None), (max(highs) if highs else None)
