"""The number grammar of spoken Hebrew: words, digits and their mixtures (R10.2).

One parser serves money, rooms, phones and dates. Gender carries no information, because speakers mix it. What a
number was *said* like is kept (`Shape`), because "שתיים וחצי" is 2.5 rooms, 2,500 a month or 2,500,000: only the
reader of the slot knows.
"""

from dataclasses import dataclass
from enum import Enum, auto

from app.dialog.normalise import Utterance, fold, stems, words

MILLION = 1_000_000
THOUSAND = 1_000
_MEASURES = words("מטר מטרים מר דונם")
_HUNDREDS_OF_THOUSANDS = 5
"""From here on "X Y מאות אלף" is a price range; below, flats cost millions and the thousands only repeat."""


class Kind(Enum):
    """What part a word plays in a number."""

    UNIT = auto()
    TENS = auto()
    HUNDRED = auto()
    HUNDREDS = auto()
    THOUSAND = auto()
    MILLION = auto()
    FRACTION = auto()
    QUARTERS = auto()
    POINT = auto()
    DIGITS = auto()


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
class Atom:
    """One word of a number."""

    kind: Kind
    value: float
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number at tokens `start` up to, not including, `end`; `scale` is the largest unit said with it.

    `digit_tail`: its last part is a lone digit standing for hundreds ("מיליון שבע"), so another may follow.
    """

    start: int
    end: int
    value: float
    shape: Shape
    scale: int = 1
    prefix: str = ""
    digit_tail: bool = False


def _lexicon() -> dict[str, Atom]:
    units = (
        "אפס",
        "אחד אחת",
        "שניים שתיים שני שתי שתים",
        "שלושה שלוש שלושת שלש שלשה",
        "ארבעה ארבע ארבעת",
        "חמישה חמש חמשת חמשה",
        "שישה שש ששת ששה",
        "שבעה שבע שבעת",
        "שמונה שמונת",
        "תשעה תשע תשעת",
        "עשרה עשר עשרת",
    )
    tens = ["עשרים", "שלושים", "ארבעים", "חמישים", "שישים", "שבעים", "שמונים", "תשעים"]
    table: dict[str, Atom] = {}
    for value, spellings in enumerate(units):
        table |= {fold(word): Atom(Kind.UNIT, value) for word in spellings.split()}
    table |= {fold(word): Atom(Kind.TENS, 20 + 10 * step) for step, word in enumerate(tens)}
    # Common misspellings and the sounds a narrow band recogniser writes.
    table |= {fold(word): Atom(Kind.TENS, value) for word, value in (("חמשים", 50), ("ששים", 60), ("שלשים", 30))}
    table |= {fold(word): Atom(Kind.HUNDRED, 100) for word in ("מאה", "מאת")}
    table |= {fold(word): Atom(Kind.HUNDRED, 200) for word in ("מאתיים", "מאתים", "מתיים")}
    table |= {fold("מאות"): Atom(Kind.HUNDREDS, 100)}
    table |= {fold(word): Atom(Kind.THOUSAND, 1000) for word in ("אלף", "אלפים", "k", "קיי", "קי", "אלפי")}
    table |= {fold(word): Atom(Kind.THOUSAND, 2000) for word in ("אלפיים",)}
    table |= {
        fold(word): Atom(Kind.MILLION, MILLION) for word in ("מיליון", "מליון", "מיליונים", "מליונים", "m", "מיל")
    }
    table |= {fold("חצי"): Atom(Kind.FRACTION, 0.5), fold("רבע"): Atom(Kind.FRACTION, 0.25)}
    table |= {fold(word): Atom(Kind.QUARTERS, 0.75) for word in ("רבעי", "רבעים")}
    table |= {fold(word): Atom(Kind.POINT, 0) for word in ("נקודה", "פסיק")}
    return table


_LEXICON = _lexicon()
# "שנים" is years after a number, and two before "עשר", "וחצי" or a unit.
_YEARS_OR_TWO = fold("שנים")
_CONSTRUCT = words("שני שתי שלושת ארבעת חמשת ששת שבעת שמונת תשעת")
_TEENS, _AFTER_TWO = words("עשר עשרה"), words("וחצי ורבע מיליון אלף")


def digits_value(text: str) -> float | None:
    """Return the value of written digits ("1,750,000", "2.35"), or None for dates, times and odd shapes."""
    if ":" in text or "/" in text:
        return None
    if "," in text:
        groups = text.split(",")
        if len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]) and "." not in text:
            return float("".join(groups))
        return float(text.replace(",", ".")) if text.count(",") == 1 and "." not in text else None
    if text.count(".") > 1:
        groups = text.split(".")
        return float("".join(groups)) if all(len(group) == 3 for group in groups[1:]) else None
    return float(text)


def atom_at(utterance: Utterance, index: int) -> Atom | None:
    """Return the part of a number that token `index` is, if any; the whole word is tried before its stems."""
    if not 0 <= index < len(utterance):
        return None
    token = utterance.tokens[index]
    if token.is_number:
        value = digits_value(token.text)
        return None if value is None else Atom(Kind.DIGITS, value, token.prefix)
    after = utterance.key(index + 1)
    if token.key.endswith(_YEARS_OR_TWO) and (
        after in _TEENS or (after in _AFTER_TWO and not _counted(utterance, index))
    ):
        return Atom(Kind.UNIT, 2, token.key.removesuffix(_YEARS_OR_TWO))
    for prefix, rest in stems(token.key):
        atom = _LEXICON.get(rest)
        if rest == "מיל" and "יי" in token.text:
            # "מייל" is an e-mail; "מיל", folded alike, a million.
            continue
        if atom is not None and not (rest in ("k", "m", "מיל", "קי") and prefix):
            return Atom(atom.kind, atom.value, prefix)
    return None


def _counted(utterance: Utterance, index: int) -> bool:
    """Whether a number stands right before token `index`: "שלוש שנים וחצי" are years."""
    before = utterance.key(index - 1)
    return bool(before) and any(rest in _LEXICON for _, rest in stems(before))


class _Reader:
    """Reads one quantity from token `start` on; each method moves `at` past what it used."""

    def __init__(self, utterance: Utterance, start: int, stop: int) -> None:
        self.utterance = utterance
        self.at = start
        self.stop = stop

    def peek(self, ahead: int = 0) -> Atom | None:
        index = self.at + ahead
        return atom_at(self.utterance, index) if index < self.stop else None

    def next_is(self, *kinds: Kind, ahead: int = 0) -> Atom | None:
        atom = self.peek(ahead)
        return atom if atom is not None and atom.kind in kinds else None

    def continues(self, ahead: int = 0) -> bool:
        """Whether the next word may belong to this number: it carries no prefix but "ו"."""
        atom = self.peek(ahead)
        return atom is not None and atom.prefix in ("", "ו")

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
    reader = _Reader(utterance, start, len(utterance) if stop is None else stop)
    first = reader.peek()
    if first is None or first.kind in (Kind.HUNDREDS, Kind.POINT, Kind.QUARTERS):
        return None
    value, shape = _head(reader, first)
    if value is None:
        return None
    scale, tail = 1, False
    if (unit := reader.next_is(Kind.MILLION, Kind.THOUSAND)) is not None and (reader.at == start or not unit.prefix):
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


def _small_tail(reader: _Reader, scale: int) -> tuple[float, bool]:
    here, lesser = reader.at, scale // 1000
    if reader.utterance.key(here) == "אחד" and not reader.next_is(Kind.THOUSAND, Kind.HUNDREDS, ahead=1):
        # "מיליון אחד" is one million; the feminine counts hundreds of thousands, if anything.
        reader.at += 1
        return 0.0, False
    digits = reader.next_is(Kind.DIGITS)
    if digits is not None:
        value: float | None = digits.value if digits.value < 100 and digits.value == int(digits.value) else None
        reader.at += 1 if value is not None else 0
    elif scale == MILLION and reader.next_is(Kind.THOUSAND):
        thousand = reader.next_is(Kind.THOUSAND)
        assert thousand is not None
        reader.at += 1
        return thousand.value, False
    else:
        value = reader.small()
    if value is None or value == 0:
        reader.at = here
        return 0.0, False
    half = reader.fraction() if 1 <= value <= 9 and scale == MILLION else 0.0
    if (unit := reader.next_is(Kind.THOUSAND, Kind.MILLION)) is not None and not unit.prefix:
        if scale == MILLION and unit.kind is Kind.THOUSAND:
            reader.at += 1
            return (value + half) * 1000, False
        again = reader.next_is(Kind.UNIT, ahead=1)
        plain = reader.utterance.key(here) not in _CONSTRUCT
        if scale == MILLION and unit.kind is Kind.MILLION and again and plain and value < again.value < 10:
            # "מיליון חמש מיליון שש": each million has its own lone digit.
            return value * 100 * lesser, True
        # "חמשת אלפים ששת אלפים", "מיליון שני מיליון": the next number, not a tail of this one.
        reader.at = here
        return 0.0, False
    if value < 10:
        return (value + half) * 100 * lesser, not half
    return value * lesser, False


def quantities(utterance: Utterance, claimed: frozenset[int] | set[int] = frozenset()) -> list[Quantity]:
    """Return every quantity from left to right, none of them touching a claimed token."""
    found: list[Quantity] = []
    index = 0
    while index < len(utterance):
        if index in claimed:
            index += 1
            continue
        stop = next((i for i in range(index, len(utterance)) if i in claimed), len(utterance))
        quantity = quantity_at(utterance, index, stop)
        if quantity is None:
            index += 1
        else:
            found.append(quantity)
            index = quantity.end
    return found
