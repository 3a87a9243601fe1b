"""Numbers that may count rooms: which do, which count something else, and what those alone make (R10.2)."""

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.limits import is_max, is_min, range_between
from app.dialog.hebrew.number_words import MASCULINE_ONLY, atoms_of
from app.dialog.hebrew.numbers import Quantity, Shape, atom_at, quantity_at
from app.dialog.hebrew.repairs import negated
from app.dialog.hebrew.span import Bounds, Range
from app.dialog.hebrew.tokens import Utterance, fold, rests

_LISTS = Lexicon("real_estate/rooms.toml")
MIN_ROOMS, MAX_ROOMS = 1.0, 12.0
_JOINS_LIVING = _LISTS.words("joins_living")
_NUMBERED, _WITHIN = _LISTS.words("numbered"), _LISTS.words("within")
_OF_ROOMS = _LISTS.words("of_rooms")
_PLURALS = (fold("ים"), "ות")
_SHORTEST_PLURAL = 4
_AGES = _LISTS.words("ages")
_OTHER_UNITS = _LISTS.words("other_units")
_BEFORE_OTHER = _LISTS.words("before_other")
ROOM = _LISTS.words("room")
LIVING = _LISTS.words("living")
JOINS_NUMBERS = _LISTS.words("joins_numbers")
EACH = _LISTS.words("each")


def plausible(value: float) -> bool:
    """Whether a flat may have so many rooms: whole or half ones."""
    return MIN_ROOMS <= value <= MAX_ROOMS and value * 2 == int(value * 2)


def small_at(utterance: Utterance, start: int, claimed: frozenset[int], end: int | None = None) -> Quantity | None:
    """Read a number of rooms at `start`, of no claimed token and none from `end` on."""
    if start in claimed or atom_at(utterance, start) is None:
        return None
    stop = next((at for at in range(start, len(utterance)) if at in claimed or at == end), len(utterance))
    quantity = quantity_at(utterance, start, stop)
    if quantity is None or not plausible(quantity.value) or counts_others(utterance, quantity.end):
        return None
    return quantity


def adds_living(joint: str, living: str) -> bool:
    """Whether the living room comes on top: "ועוד סלון"; "עם סלון" says that it was counted."""
    return living in LIVING and joint in ("פלוס", "+", fold("וגם"), "ועוד")


def follows_living(utterance: Utterance, number: Quantity) -> bool:
    """Whether the living room was counted before the others: "סלון ועוד שלושה", "סלון ושני חדרים"."""
    joined = number.prefix == "ו" or utterance.key(number.start - 1) in _JOINS_LIVING
    before = {utterance.key(index) for index in range(number.start - 3, number.start)}
    return joined and bool(before & LIVING)


def counted(
    utterance: Utterance,
    low: Quantity,
    high: Quantity | None,
    start: int,
    end: int,
    extra: float = 0.0,
    unsure: bool = False,
) -> Range:
    """Return the rooms that one number or two count, `extra` on top; a bound beside a single one holds."""
    whole = Quantity(start, end, low.value, Shape.BARE, prefix=low.prefix)
    least: float | None = low.value + extra
    most = least if high is None else high.value + extra
    if high is None and is_min(utterance, whole):
        most = None
    elif high is None and is_max(utterance, whole):
        least = None
    return Range(start, end, Bounds(least, most), sure=not unsure)


def counts_people(utterance: Utterance, index: int) -> bool:
    """Whether the words before a number make it a floor, an age or a family: "קומה שתיים", "יש לי שניים"."""
    before = utterance.key(index - 1)
    # "חדר שבע" is one of several rooms.
    numbered = rests(before) & _NUMBERED and utterance.key(index) not in MASCULINE_ONLY
    return bool(numbered) or before in _BEFORE_OTHER | EACH | _WITHIN


def counts_others(utterance: Utterance, end: int) -> bool:
    """Whether the noun after a number is what it counts: "שש קומות ושתי מעליות"; no plural but rooms."""
    noun = utterance.key(end)
    if noun in _OTHER_UNITS:
        return True
    plural = noun.endswith(_PLURALS) and len(noun) > _SHORTEST_PLURAL and noun not in ROOM | _OF_ROOMS
    return plural and atom_at(utterance, end) is None


def bare_rooms(utterance: Utterance, claimed: frozenset[int]) -> list[Range]:
    """Read numbers alone, for when the agent asked how many rooms."""
    found = _every_bare(utterance, claimed)
    return [rooms for rooms in found if not _one_of_them(utterance, rooms, found[0])]


def _every_bare(utterance: Utterance, claimed: frozenset[int]) -> list[Range]:
    found: list[Range] = []
    index = 0
    atoms = atoms_of(utterance)
    while index < len(atoms):
        if atoms[index] is None:
            index += 1
            continue
        quantity = small_at(utterance, index, claimed)
        if quantity is None or counts_people(utterance, index):
            whole = quantity or quantity_at(utterance, index)
            # A longer number is skipped whole: "מיליון שמונה" holds no eight rooms.
            index = max(index + 1, whole.end) if whole is not None and index not in claimed else index + 1
            if whole is not None and counts_people(utterance, whole.start):
                ages = utterance.key(whole.start - 1) in _AGES
                index = _past_chained(utterance, index, claimed, ages=ages)
            continue
        follower = other_end(utterance, quantity, claimed)
        end, extra = quantity.end if follower is None else follower.end, 0.0
        ahead = [utterance.key(position) for position in range(end, end + 2)]
        if ahead[0] in LIVING or adds_living(ahead[0], ahead[1]):
            extra, end = 1.0, end + (1 if ahead[0] in LIVING else 2)
        elif follows_living(utterance, quantity):
            extra = 1.0
        found.append(counted(utterance, quantity, follower, quantity.start, end, extra))
        index = end
    return found


def other_end(utterance: Utterance, low: Quantity, claimed: frozenset[int]) -> Quantity | None:
    """Return the greater number that a smaller one goes up to: "שלושה ארבעה", "שלושה עד ארבעה"."""
    if negated(utterance, low.start):
        return None
    for start in (low.end, low.end + 1):
        high = small_at(utterance, start, claimed) if start < len(utterance) else None
        if high is not None and high.value > low.value and range_between(utterance, low, high):
            return high
    return None


def _one_of_them(utterance: Utterance, rooms: Range, first: Range) -> bool:
    """Whether "אחד" is one of the rooms told before: "ארבע אבל אחד יהיה חדר עבודה"."""
    return rooms.value == Bounds(1.0, 1.0) and rooms.start > first.start and rooms.end < len(utterance)


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
