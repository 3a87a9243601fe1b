"""The words numbers are made of, and what part each plays (R10.2).

Gender carries no information, because speakers mix it; prefixes stay with the word they stand on.
"""

from dataclasses import dataclass
from enum import Enum, auto

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.tokens import Utterance, fold, stems

_LISTS = Lexicon("hebrew/numbers.toml")

MILLION = 1_000_000


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


def _lexicon() -> dict[str, Atom]:
    units = (
        "אפס",
        "אחד אחת",
        "שניים שתיים שני שתי שתים",
        "שלושה שלוש שלושת שלש שלשה",
        "ארבעה ארבע ארבעת",
        "חמישה חמש חמשת חמשה חמיש",
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
