"""The number grammar of spoken Hebrew: words, digits and their mixtures (R10.2).

One parser serves money, rooms, phones and dates. Gender carries no information, because speakers mix it. What a
number was *said* like is kept (`Shape`), because "שתיים וחצי" is 2.5 rooms, 2,500 a month or 2,500,000: only the
reader of the slot knows.
"""

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.number_words import (
    CONSTRUCT_FORMS,
    MILLION,
    Atom,
    Kind,
    atom_at,
    atoms_of,
    digits_value,
    is_masculine,
)
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance

_LISTS = Lexicon("hebrew/numbers.toml")

__all__ = ["MILLION", "Kind", "Quantity", "Shape", "atom_at", "digits_value", "quantities", "quantity_at"]

THOUSAND = 1_000
_TWO_THOUSAND = 2_000
_NEVER_FIRST = (Kind.HUNDREDS, Kind.POINT, Kind.QUARTERS)
_MEASURES = _LISTS.words("measures")
_HUNDREDS_OF_THOUSANDS = 5
"""From here on "X Y מאות אלף" is a price range; below, flats cost millions and the thousands only repeat."""


class Shape(Enum):
    """How a quantity was said."""

    BARE = auto()
    """A small number, halves allowed: "ארבע וחצי", "2.35"."""
    HUNDREDS = auto()
    """Hundreds without a unit after them: "תשע מאות"."""
    SPLIT = auto()
    """A small number and hundreds without a unit: "שתיים שלוש מאות" is 2.3."""
    FULL = auto()
    """Its thousands or millions were said, or written out in digits."""


@dataclass(frozen=True, slots=True)
class Quantity(Span[float]):
    """A number; `scale` is the largest unit said with it.

    `digit_tail`: its last part is a lone digit standing for hundreds ("מיליון שבע"), so another may follow.
    """

    shape: Shape
    scale: int = 1
    prefix: str = ""
    digit_tail: bool = False


class _Reader:
    """Reads one quantity from token `start` on; each method moves `at` past what it used."""

    def __init__(self, utterance: Utterance, start: int, stop: int) -> None:
        self.utterance = utterance
        self.at = start
        self._atoms = atoms_of(utterance)
        self._stop = min(stop, len(self._atoms))

    def peek(self, ahead: int = 0) -> Atom | None:
        index = self.at + ahead
        return self._atoms[index] if index < self._stop else None

    def next_is(self, *kinds: Kind, ahead: int = 0) -> Atom | None:
        atom = self.peek(ahead)
        return atom if atom is not None and atom.kind in kinds else None

    def continues(self, ahead: int = 0) -> bool:
        """Whether the next word may belong to this number: it carries no prefix but "ו"."""
        atom = self.peek(ahead)
        return atom is not None and atom.prefix in ("", "ו")

    def is_parted(self) -> bool:
        """Whether a comma stands before the next word."""
        return "," in self.utterance.tokens[self.at].gap

    def small(self) -> float | None:
        """Read 1-99 in words."""
        atom = self.next_is(Kind.UNIT, Kind.TENS)
        if atom is None:
            return None
        self.at += 1
        follower = self.next_is(Kind.UNIT)
        if follower is None or not self.continues():
            return atom.value
        if atom.kind is Kind.TENS and 1 <= follower.value <= 9 and not self.next_is(Kind.HUNDREDS, ahead=1):
            self.at += 1
            return atom.value + follower.value
        if atom.kind is Kind.UNIT and 1 <= atom.value <= 9 and follower.value == 10 and not follower.prefix:
            self.at += 1
            return atom.value + 10
        return atom.value

    def hundreds(self) -> float | None:
        """Read 100-999 in words or digits, with tens and units after them."""
        digits = self.next_is(Kind.DIGITS)
        if digits is not None and 100 <= digits.value < 1000:
            self.at += 1
            return digits.value
        total: float
        if (hundred := self.next_is(Kind.HUNDRED)) is not None:
            total = hundred.value
            self.at += 1
        elif (unit := self.next_is(Kind.UNIT)) is not None and self.next_is(Kind.HUNDREDS, ahead=1):
            total = unit.value * 100
            self.at += 2
        else:
            return None
        if (self.next_is(Kind.TENS) and self.continues()) or (
            (unit := self.next_is(Kind.UNIT)) is not None and unit.prefix == "ו" and not self._opens_hundreds()
        ):
            total += self.small() or 0
        return total

    def _opens_hundreds(self) -> bool:
        return self.next_is(Kind.UNIT) is not None and self.next_is(Kind.HUNDREDS, ahead=1) is not None

    def fraction(self) -> float:
        """Read "וחצי", "ורבע", "ושלושת רבעי" after something; 0.0 when there is none."""
        atom = self.next_is(Kind.FRACTION)
        if atom is not None and self.continues():
            self.at += 1
            return atom.value
        unit = self.next_is(Kind.UNIT)
        if unit is not None and unit.value == 3 and self.continues() and self.next_is(Kind.QUARTERS, ahead=1):
            self.at += 2
            return 0.75
        return 0.0

    def decimals(self) -> float | None:
        """Read "נקודה שלושים וחמש" after a whole number."""
        if self.next_is(Kind.POINT) is None:
            return None
        here = self.at
        self.at += 1
        digits = ""
        while (atom := self.next_is(Kind.UNIT, Kind.TENS, Kind.DIGITS)) is not None and len(digits) < 3:
            value = atom.value if atom.kind is Kind.DIGITS else self.small() or 0
            self.at += 1 if atom.kind is Kind.DIGITS else 0
            digits += str(int(value))
        if not digits:
            self.at = here
            return None
        return float("0." + digits)


def quantity_at(utterance: Utterance, start: int, stop: int | None = None) -> Quantity | None:
    """Read the longest quantity that starts at token `start` and ends before `stop`; None when there is none."""
    first = atom_at(utterance, start)
    if first is None or first.kind in _NEVER_FIRST:
        return None
    return _quantity_at(utterance, start, len(utterance) if stop is None else stop)


# Every reader that numbers concern asks for the same ones.
@lru_cache(maxsize=1024)
def _quantity_at(utterance: Utterance, start: int, stop: int) -> Quantity | None:
    reader = _Reader(utterance, start, stop)
    first = reader.peek()
    if first is None:
        return None
    value, shape = _head(reader, first)
    if value is None:
        return None
    scale, tail = 1, False
    unit = reader.next_is(Kind.MILLION, Kind.THOUSAND)
    if unit is not None and (reader.at == start or not (unit.prefix or _is_apart(reader, unit, value))):
        reader.at += 1
        if shape is Shape.SPLIT:
            # "שתיים שלוש מאות אלף": the thousands only repeat what the hundreds already mean.
            scale = 1
        else:
            many = reader.at - 1 > start
            unit_value = 1000.0 if unit.kind is Kind.THOUSAND and many else unit.value
            scale = MILLION if unit.kind is Kind.MILLION else THOUSAND
            value, shape = value * unit_value, Shape.FULL
            added, tail = _tail(reader, scale)
            value += added
    elif shape is Shape.BARE and value >= THOUSAND:
        shape = Shape.FULL
    return Quantity(start, reader.at, value, shape, scale, first.prefix, tail)


def _is_apart(reader: _Reader, unit: Atom, value: float) -> bool:
    """Whether a number of its own begins with `unit`: "קומה שלוש, מיליון וחצי", "כל אחד אלפיים", "שלושה, אלפיים"."""
    if unit.value == THOUSAND:
        return False
    no_count = value == 1 or is_masculine(reader.utterance, reader.at - 1)
    return reader.is_parted() or (unit.value == _TWO_THOUSAND and no_count)


def _head(reader: _Reader, first: Atom) -> tuple[float | None, Shape]:
    """Read what stands before a unit of thousands or millions; 1 when the unit itself comes first."""
    if first.kind in (Kind.MILLION, Kind.THOUSAND):
        return 1.0, Shape.FULL
    if first.kind is Kind.FRACTION:
        if reader.next_is(Kind.MILLION, Kind.THOUSAND, ahead=1) is None:
            return None, Shape.BARE
        reader.at += 1
        return first.value, Shape.BARE
    if first.kind is Kind.UNIT and first.value == 3 and reader.next_is(Kind.QUARTERS, ahead=1):
        reader.at += 2
        return 0.75, Shape.BARE
    hundreds = reader.hundreds()
    if hundreds is not None:
        return hundreds, Shape.HUNDREDS
    if first.kind is Kind.DIGITS:
        reader.at += 1
        value: float | None = first.value
    else:
        value = reader.small()
    if value is None:
        return None, Shape.BARE
    if (part := reader.decimals()) is not None:
        return value + part, Shape.BARE
    if part := reader.fraction():
        return value + part, Shape.BARE
    return _with_hundreds(reader, value)


def _with_hundreds(reader: _Reader, value: float) -> tuple[float, Shape]:
    """Read "שתיים שלוש מאות" as 2.3: a small whole number, then hundreds that nothing scales."""
    here = reader.at
    if value != int(value) or not 1 <= value <= 20 or not reader.continues():
        return value, Shape.BARE
    together = reader.peek()
    hundreds = reader.hundreds()
    if (
        hundreds == (value + 1) * 100
        and value >= _HUNDREDS_OF_THOUSANDS
        and (together is None or not together.prefix)
        and reader.next_is(Kind.THOUSAND)
    ):
        # "שבע שמונה מאות אלף": a range of hundreds of thousands, not seven million eight.
        reader.at = here
        return value, Shape.BARE
    if hundreds is None or hundreds % 10:
        reader.at = here
        return value, Shape.BARE
    return value + hundreds / 1000, Shape.SPLIT


def _tail(reader: _Reader, scale: int) -> tuple[float, bool]:
    """Read what follows "מיליון" or "אלף": a fraction of it, its hundreds of a smaller unit, or one lone digit."""
    if reader.next_is(Kind.FRACTION) and reader.continues():
        part = reader.fraction()
        # "מיליון וחצי מיליון" says the unit once more.
        if (again := reader.next_is(Kind.MILLION)) is not None and scale == MILLION and not again.prefix:
            reader.at += 1
        return part * scale, False
    if part := reader.fraction():
        return part * scale, False
    if scale == MILLION and (part := reader.decimals() or 0.0):
        # "מיליון נקודה שמונה".
        return part * scale, False
    if not reader.continues():
        return 0.0, False
    lesser, here = scale // 1000, reader.at
    hundreds = reader.hundreds()
    if hundreds is not None and reader.utterance.key(reader.at) in _MEASURES:
        # "מיליון מאה עשרים מטר": the metres are another number.
        reader.at = here
        return 0.0, False
    if hundreds is not None:
        if scale == MILLION and (thousand := reader.next_is(Kind.THOUSAND)) is not None and not thousand.prefix:
            reader.at += 1
        return hundreds * lesser, False
    return _small_tail(reader, scale)


_NO_TAIL = (0.0, False)


def _small_tail(reader: _Reader, scale: int) -> tuple[float, bool]:
    """Read a small number after "מיליון" or "אלף": hundreds of the smaller unit, unless it begins another number."""
    here, lesser = reader.at, scale // 1000
    if reader.utterance.key(here) == "אחד" and not reader.next_is(Kind.THOUSAND, Kind.HUNDREDS, ahead=1):
        # "מיליון אחד" is one million; the feminine counts hundreds of thousands, if anything.
        reader.at += 1
        return _NO_TAIL
    if scale == MILLION and (thousand := reader.next_is(Kind.THOUSAND)) is not None:
        reader.at += 1
        return thousand.value, False
    parted, value = reader.is_parted(), _small_or_digits(reader)
    if not value or _begins_anew(reader, value, scale) or (parted and reader.next_is(Kind.FRACTION)):
        # "שני מיליון, שניים וחצי" are two.
        reader.at = here
        return _NO_TAIL
    half = reader.fraction() if 1 <= value <= 9 and scale == MILLION else 0.0
    if (unit := reader.next_is(Kind.THOUSAND, Kind.MILLION)) is not None and not unit.prefix:
        return _with_unit(reader, here, scale, value + half, unit.kind)
    if value < 10:
        tens = reader.next_is(Kind.TENS) if scale == MILLION and not half else None
        if tens is not None and not tens.prefix and reader.utterance.key(reader.at + 1) not in _MEASURES:
            # "מיליון תשע תשעים".
            reader.at += 1
            return (value * 100 + tens.value) * lesser, False
        return (value + half) * 100 * lesser, not half
    return value * lesser, False


def _small_or_digits(reader: _Reader) -> float | None:
    digits = reader.next_is(Kind.DIGITS)
    if digits is None:
        return reader.small()
    if digits.value >= 100 or digits.value != int(digits.value):
        return None
    reader.at += 1
    return digits.value


def _begins_anew(reader: _Reader, value: float, scale: int) -> bool:
    """Whether another number begins, the other end of a range: "ארבעת אלפים ארבע וחצי", "שש אלף שש מאתיים"."""
    half = reader.next_is(Kind.FRACTION) if scale == THOUSAND else None
    return 1 <= value <= 9 and bool(half or reader.next_is(Kind.HUNDRED)) and reader.continues()


def _with_unit(reader: _Reader, here: int, scale: int, value: float, unit: Kind) -> tuple[float, bool]:
    """Read a small number that has a unit of its own, `value` having begun at `here`."""
    if scale == MILLION and unit is Kind.THOUSAND:
        reader.at += 1
        return value * 1000, False
    again = reader.next_is(Kind.UNIT, ahead=1)
    plain = reader.utterance.key(here) not in CONSTRUCT_FORMS
    if scale == MILLION and again and plain and value < again.value < 10:
        # "מיליון חמש מיליון שש": each million has its own lone digit.
        return value * 100 * (scale // 1000), True
    # "חמשת אלפים ששת אלפים", "מיליון שני מיליון": the next number, not a tail of this one.
    reader.at = here
    return _NO_TAIL


def quantities(utterance: Utterance, claimed: frozenset[int] | set[int] = frozenset()) -> list[Quantity]:
    """Return every quantity from left to right, none of them touching a claimed token."""
    found: list[Quantity] = []
    index, stop = 0, -1
    atoms = atoms_of(utterance)
    while index < len(atoms):
        if index in claimed or atoms[index] is None:
            index += 1
            continue
        if stop < index:
            stop = next((at for at in range(index, len(utterance)) if at in claimed), len(utterance))
        quantity = quantity_at(utterance, index, stop)
        if quantity is None:
            index += 1
        else:
            found.append(quantity)
            index = quantity.end
    return found
