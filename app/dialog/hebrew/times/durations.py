"""Lengths of time: "חודשיים", "חודשיים שלושה", "חצי שנה עד שנה", in months (R10.2)."""

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import Kind, Quantity, Shape, atom_at, quantity_at
from app.dialog.hebrew.tokens import Utterance, fold, rests, stems, words

_LISTS = Lexicon("hebrew/dates.toml")

_CALENDAR = Lexicon("hebrew/calendar.toml")
_UNITS = {word: days / 30 for word, days in _CALENDAR.valued("units").items()}
_DUALS = {word: days / 30 for word, days in _CALENDAR.valued("duals").items()}
_MONTHS = fold("חודשים")
_QUARTER = fold("רבעון")
_SINGLE = frozenset(("חודש", "שנה", "שבוע", _QUARTER))
_NAMED = frozenset((*_DUALS, _MONTHS)) | _SINGLE
_LONGEST_MONTHS = 60
_EDGES = words("סוף תחילת אמצע")
_WHICH = words("הבא בא") | _CALENDAR.valued("ordinals").keys()
_OTHER_UNITS = _LISTS.words("other_units")
_MORE_OR_LESS = words("יותר פחות")
_COUNTLESS = words("שבועות ימים")


def longer_end(utterance: Utterance, end: int, months: float) -> tuple[int, float]:
    """Read the longer end of "חודש חודשיים", "חודשיים שלושה", "חצי שנה עד שנה"."""
    here = end
    if utterance.key(here) in words("עד או גג מקסימום אולי"):
        here += 1
    longer = duration_at(utterance, here) if here < len(utterance) else None
    if longer is not None and longer[0] > months:
        return longer[1], longer[0]
    quantity = quantity_at(utterance, here) if here < len(utterance) else None
    unit = 12.0 if months >= 12 else 1.0 if months >= 1 else 0.25
    if (
        quantity is not None
        and months < quantity.value * unit <= _LONGEST_MONTHS
        and utterance.key(quantity.end) not in _OTHER_UNITS
    ):
        return quantity.end, quantity.value * unit
    return end, months


def duration_at(utterance: Utterance, index: int) -> tuple[float, int] | None:
    """Read a length of time at `index`: months and the token after it."""
    key = utterance.key(index)
    if not rests(key).isdisjoint(_NAMED) and (named := _named_unit(utterance, index)) is not None:
        return named
    atom = atom_at(utterance, index)
    if atom is None and key != "כמה":
        return None
    follower = utterance.key(index + 1)
    if key == "כמה" and follower in _COUNTLESS:
        # "כמה שבועות", "כמה ימים": hardly a month.
        return 1.0, index + 2
    if atom is None:
        return None
    if atom.kind is Kind.FRACTION and (unit := follower.removeprefix("ה")) in ("שנה", "חודש"):
        return atom.value * _UNITS[unit], index + 2
    if atom.kind is Kind.UNIT and atom.value == 3 and follower == "רבעי" and utterance.key(index + 2) == "שנה":
        return 9.0, index + 3
    quantity = quantity_at(utterance, index)
    if quantity is None or quantity.shape not in (Shape.BARE, Shape.HUNDREDS):
        return None
    return _counted(utterance, quantity)


def _named_unit(utterance: Utterance, index: int) -> tuple[float, int] | None:
    """Read "חודש", "שנתיים", "שנה וחצי": units that stand for one or two."""
    key = utterance.key(index)
    # "לא יותר משנה".
    more = utterance.key(index - 1) in _MORE_OR_LESS
    for prefix, rest in stems(key) if key else ():
        if rest == _MONTHS and not prefix and quantity_at(utterance, index + 1) is not None:
            # "חודשים שלושה": the dual lost its sound.
            return 2.0, index + 1
        length = _DUALS.get(rest) if set(prefix) <= set("בלהומכ") else None
        of_calendar = rest == _QUARTER and is_of_the_calendar(utterance, index)
        if rest in _SINGLE and not of_calendar and (prefix in ("", "ל", "ב", "כ", "ו", "ה") or more):
            length = _UNITS[rest]
        if length is not None:
            half = _half(utterance, index + 1, length)
            return length + half, index + 1 + bool(half)
    return None


def is_of_the_calendar(utterance: Utterance, index: int) -> bool:
    """Whether "רבעון" at `index` is one of the year's four, "ברבעון", "הרבעון השני", and not three months."""
    after = utterance.key(index + 1).removeprefix("ה")
    # "ברבעון הקרוב" is within the next three months.
    inside = utterance.key(index)[0] == "ב" and after != "קרוב"
    return inside or after in _WHICH or bool(rests(utterance.key(index - 1)) & _EDGES)


def _counted(utterance: Utterance, quantity: Quantity) -> tuple[float, int] | None:
    unit = _UNITS.get(utterance.key(quantity.end).removeprefix("ה"))
    if unit is None:
        second = quantity_at(utterance, quantity.end)
        if utterance.key(quantity.end) in ("עד", "או"):
            second = quantity_at(utterance, quantity.end + 1)
        if second is None or second.value <= quantity.value:
            return None
        unit = _UNITS.get(utterance.key(second.end))
        return None if unit is None else (second.value * unit, second.end + 1)
    half = _half(utterance, quantity.end + 1, unit)
    return quantity.value * unit + half, quantity.end + 1 + bool(half)


def _half(utterance: Utterance, index: int, unit: float) -> float:
    atom = atom_at(utterance, index)
    if atom is not None and atom.kind is Kind.FRACTION and atom.prefix == "ו":
        return atom.value * (12.0 if unit >= 12 else unit if unit < 1 else 1.0)
    return 0.0
