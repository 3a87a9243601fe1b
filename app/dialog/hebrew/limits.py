"""What stands around a number: "up to", "at least", "between", "about" (R10.2)."""

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import Quantity, atom_at
from app.dialog.hebrew.phrases import Phrasebook
from app.dialog.hebrew.tokens import Utterance, fold, stems

_LISTS = Lexicon("hebrew/limits.toml")

_MAX_BEFORE = _LISTS.words("max_before")
_MIN_BEFORE = _LISTS.words("min_before")
_NEUTRAL = _LISTS.words("neutral")
_MAX_PHRASES = _LISTS.phrases("max_phrases")
_MIN_PHRASES = _LISTS.phrases("min_phrases")
_MIN_AFTER = _LISTS.phrases("min_after")
_MAX_AFTER = _LISTS.phrases("max_after")
_TOO = "מדי"
"""After "יותר": so much that it is no bound."""
_PLUS = ("פלוס", "+")
_ADDED = _LISTS.words("added")
_HAS_ROOF = _LISTS.words("has_roof")
_EITHER_SIDE = _LISTS.listed("either_side")
_NO_MATTER = _LISTS.words("no_matter")
_REFUSED = _LISTS.words("refused")
_UNITS, _ONESELF = _LISTS.words("units"), _LISTS.words("oneself")


def is_max(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether the number is the most the caller wants."""
    return (
        _looks_back(utterance, quantity.start, _MAX_BEFORE, _MAX_PHRASES)
        or _looks_ahead(utterance, quantity.end, _MAX_AFTER)
        or _no_more_than(utterance, quantity)
    )


def is_min(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether the number is the least. "פחות או יותר" and "פלוס מינוס" hedge and are no bound."""
    if _no_more_than(utterance, quantity):
        return False
    if _looks_back(utterance, quantity.start, frozenset(), _MAX_PHRASES):
        return False
    if _looks_back(utterance, quantity.start, _MIN_BEFORE, _MIN_PHRASES) or refuses_less(
        utterance, quantity.start, quantity.end
    ):
        return True
    return _looks_ahead(utterance, quantity.end, _MIN_AFTER)


def _no_more_than(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether a no somewhat before, or right after, turns "יותר מ-" into a limit."""
    above = utterance.key(quantity.start - 1)
    if above != "מעל" and (above != "יותר" or not quantity.prefix.endswith("מ")):
        return False
    before = utterance.keys[max(0, quantity.start - 5) : quantity.start - 1]
    behind = [key for key in utterance.keys[quantity.end : quantity.end + 4] if key not in _ONESELF | _UNITS]
    return (
        "לא" in before
        or fold("אין") in before
        or (bool(set(behind[:1]) & {"לא", fold("אין")}) and not set(behind[1:2]) & _NO_MATTER)
    )


def refuses_less(utterance: Utterance, start: int, end: int) -> bool:
    """Whether less than a value is what is refused behind it: "פחות מחמישה לא בא בחשבון"."""
    if utterance.key(start - 1) != "פחות" or not utterance.key(start).startswith("מ"):
        return False
    behind = [key for key in utterance.keys[end : end + 4] if key not in _ONESELF | _UNITS]
    return behind[:1] == ["לא"] and (len(behind) == 1 or behind[1] in _REFUSED)


def _looks_back(utterance: Utterance, start: int, single: frozenset[str], phrases: Phrasebook) -> bool:
    index = start - 1
    said = phrases.within(utterance)
    for _ in range(5):
        key = utterance.key(index)
        if not key:
            return False
        for width in (3, 2, 1) if said else ():
            match = phrases.at(utterance, index - width + 1) if index - width + 1 >= 0 else None
            # "לא יותר מ" ends in a letter that may be written onto the number itself.
            if match is not None and match.end in (index + 1, index + 2) and utterance.key(match.end - 1) != _TOO:
                return True
        roof = key == "גג" and utterance.key(index - 1) in _HAS_ROOF
        if not roof and any(rest in single for prefix, rest in stems(key) if prefix in ("", "ו", "ש")):
            # "לא יותר" is a maximum, "לא פחות" a minimum; "לא עד" negates.
            return True
        if key not in _NEUTRAL:
            return False
        index -= 1
    return False


def _looks_ahead(utterance: Utterance, end: int, phrases: Phrasebook) -> bool:
    index = end
    while utterance.key(index) in _UNITS:
        index += 1
    match = phrases.at(utterance, index)
    if match is None:
        return False
    after = utterance.key(match.end)
    if match.value.lstrip("=") in _PLUS:
        # "ארבעה חדרים פלוס ממד": the plus adds a thing, not more of the same.
        return after not in _ADDED
    # "שני חדרים גג חמש אלף": the bound is the next number's.
    return not (match.value.lstrip("=") in _EITHER_SIDE and atom_at(utterance, match.end) is not None)


def range_between(utterance: Utterance, low: Quantity, high: Quantity) -> bool:
    """Whether two numbers are said as the ends of a range: "X עד Y", "בין X ל-Y", "מ-X ל-Y", "X או Y", "X Y"."""
    between = [utterance.key(index) for index in range(low.end, high.start)]
    between = [key for key in between if key not in _UNITS]
    prefix, before = high.prefix, utterance.key(low.start - 1)
    if between not in ([], ["עד"], ["או"], ["ל"], ["ועד"], [fold("לבין")], ["אולי"], ["גג"], [fold("מקסימום")]):
        return False
    if between or prefix in ("ל", "או"):
        return between != ["או"] or prefix in ("", "ל")
    gap = utterance.tokens[high.start].gap
    if before in (fold("בין"), "בטוח", "טוח"):
        return prefix in ("", "ל", "ו")
    return prefix == "" and not any(mark in gap for mark in ".?") and (high.start == low.end or bool(gap))
