"""The words numbers are made of, and what part each plays (R10.2).

Gender carries no information, because speakers mix it; prefixes stay with the word they stand on.
"""

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from app.dialog import data
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.spelling import UNITS
from app.dialog.hebrew.tokens import Utterance, fold, rests, stems, words

_LISTS = Lexicon("hebrew/numbers.toml")

MILLION = 1_000_000
MASCULINE_ONLY = words(" ".join(UNITS["m"][2:])) - words(" ".join(UNITS["f"]))
"""As rooms are counted: digits and thousands are said in the feminine."""


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


@dataclass(frozen=True, slots=True)
class Atom:
    """One word of a number."""

    kind: Kind
    value: float
    prefix: str = ""


def _read_atoms() -> dict[str, Atom]:
    """Return the part each word plays, the words of hebrew/numbers.toml folded."""
    return {
        fold(word): Atom(Kind[part.upper()], float(value))
        for part, values in data.read_toml("hebrew/numbers.toml")["words"].items()
        for value, spellings in values.items()
        for word in spellings.split()
    }


_ATOMS = _read_atoms()
# "שנים" is years after a number, and two before "עשר", "וחצי" or a unit.
_YEARS_OR_TWO = fold("שנים")
CONSTRUCT_FORMS = _LISTS.words("construct_forms")
_TEENS, _AFTER_TWO = _LISTS.words("teens"), _LISTS.words("after_two")


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
    return atoms_of(utterance)[index] if 0 <= index < len(utterance.keys) else None


@lru_cache(maxsize=64)
def atoms_of(utterance: Utterance) -> tuple[Atom | None, ...]:
    """Return the part of a number that each word is, if any."""
    return tuple(_atom(utterance, index) for index in range(len(utterance)))


def _atom(utterance: Utterance, index: int) -> Atom | None:
    token = utterance.tokens[index]
    if token.is_number:
        value = digits_value(token.text)
        return None if value is None else Atom(Kind.DIGITS, value, token.prefix)
    after = utterance.key(index + 1)
    if token.key.endswith(_YEARS_OR_TWO) and after in _TEENS | _AFTER_TWO:
        return Atom(Kind.UNIT, 2, token.key.removesuffix(_YEARS_OR_TWO))
    return _by_word(token.key, "יי" in token.text)


# Callers use few words: each is looked up once.
@lru_cache(maxsize=8192)
def _by_word(key: str, double_yod: bool) -> Atom | None:
    for prefix, rest in stems(key):
        atom = _ATOMS.get(rest)
        if rest == "מיל" and double_yod:
            # "מייל" is an e-mail; "מיל", folded alike, a million.
            continue
        if atom is not None and not (rest in ("k", "m", "מיל", "קי") and prefix):
            return Atom(atom.kind, atom.value, prefix)
    return None


def is_masculine(utterance: Utterance, index: int) -> bool:
    """Whether a number is said as rooms are counted, and neither digits nor thousands: "ארבעה", "מחמישה"."""
    return not rests(utterance.key(index)).isdisjoint(MASCULINE_ONLY)
