"""What sums mean in ILS: ellipsis by deal, hundreds and tenths, ranges and bounds (R10.2)."""

from dataclasses import dataclass, replace
from itertools import pairwise

from app.dialog.domain import Asked
from app.dialog.hebrew.limits import is_max, is_min, range_between
from app.dialog.hebrew.numbers import MILLION, THOUSAND, Quantity, Shape
from app.dialog.hebrew.repairs import negated
from app.dialog.hebrew.span import Bounds, Range
from app.dialog.hebrew.tokens import Utterance, rests_of
from app.dialog.understanding.slots.sums import BUDGET_WORDS, CURRENCY, PER_MONTH

_TENS = range(10, 100, 10)
_LARGEST_BARE = {"buy": 20, "rent": 99}


@dataclass(frozen=True, slots=True)
class Figure(Range):
    """An amount or a range in ILS."""

    evidence: bool = False
    split: bool = False
    """Said as nothing but money is: "חמש מאתיים"."""


def figures_of(utterance: Utterance, found: list[Quantity], deal: str | None, asked: Asked) -> list[Figure]:
    """Return the amounts and ranges that sums make, given the deal."""
    figures: list[Figure] = []
    found = _with_tenths(utterance, found, deal)
    index = 0
    while index < len(found):
        first = found[index]
        second = found[index + 1] if index + 1 < len(found) else None
        ends = _pair(utterance, first, second, deal) if second is not None else None
        evidence = _evidence(utterance, first) or _answers(utterance, first, asked, deal)
        if ends is not None and second is not None:
            (low, high), unsure = ends
            evidence = evidence or _evidence(utterance, second)
            figures.append(Figure(first.start, second.end, Bounds(round(low), round(high)), evidence, sure=not unsure))
            index += 2
            continue
        index += 1
        if first.shape is Shape.BARE and first.value > _LARGEST_BARE.get(deal or "buy", 0) and not evidence:
            # "שלושים" is no thirty million.
            continue
        figures.append(replace(_single(utterance, first, deal), evidence=evidence, split=first.shape is Shape.SPLIT))
    return figures


def _with_tenths(utterance: Utterance, found: list[Quantity], deal: str | None) -> list[Quantity]:
    """Read two small numbers of which the second tells tenths as one: "שתיים ארבע", "שניים ושמונה" are 2.4, 2.8.

    Two that rise by one are a range ("שלוש ארבע"), unless the caller tells another sum in tenths, too.
    """
    pairs = [(first, second) for first, second in pairwise(found) if _in_tenths(first, second, deal)]
    told = [second.value not in (first.value, first.value + 1) for first, second in pairs]
    again = len(pairs) > 1 and any(told)
    merged: list[Quantity] = []
    for quantity in found:
        first = merged[-1] if merged else None
        if first is not None and not first.sure and quantity.start == first.end and quantity.value in _TENS:
            # "אחת שבע חמישים".
            merged[-1] = replace(first, end=quantity.end, value=first.value + quantity.value / 1_000)
        elif first is None or not _in_tenths(first, quantity, deal) or quantity.value == first.value:
            merged.append(quantity)
        elif again or (not negated(utterance, first.start) and (quantity.prefix or quantity.value != first.value + 1)):
            parts = 10 if quantity.value < 10 else 100
            value = first.value + quantity.value / parts
            merged[-1] = replace(first, end=quantity.end, value=value, sure=bool(quantity.prefix))
        else:
            merged.append(quantity)
    return merged


def _scaled(quantity: Quantity, deal: str | None, hint: int) -> tuple[float, bool]:
    """Return the ILS a quantity stands for and whether that was guessed."""
    value = quantity.value
    if quantity.shape is Shape.FULL:
        if deal == "buy" and quantity.scale == 1 and THOUSAND <= value < 100_000:
            # "2350" written by the recogniser for "שתיים שלוש מאות חמישים".
            return value * THOUSAND, True
        return value, False
    if quantity.shape is Shape.HUNDREDS:
        if hint or deal == "buy":
            return value * THOUSAND, False
        return (value * THOUSAND, True) if deal is None else (value, True)
    if hint:
        return value * hint, False
    if deal == "rent":
        return value * THOUSAND, not quantity.sure
    return value * MILLION, deal is None or not quantity.sure


def _evidence(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether the words around the number, or its size, say that it is money."""
    if quantity.shape is Shape.FULL:
        return True
    after = utterance.key(quantity.end)
    if after in CURRENCY or after in PER_MONTH or utterance.key(quantity.end + 1) in PER_MONTH:
        return True
    before = rests_of(utterance.keys[max(0, quantity.start - 4) : quantity.start])
    return bool(before & BUDGET_WORDS)


def _pair(
    utterance: Utterance, first: Quantity, second: Quantity, deal: str | None
) -> tuple[tuple[float, float], bool] | None:
    """Return both ends in ILS when two quantities make a range."""
    if not range_between(utterance, first, second) or negated(utterance, first.start):
        return None
    high, guess_high = _scaled(second, deal, first.scale if first.scale > second.scale == 1 else 0)
    low, guess_low = _scaled(first, deal, second.scale if second.scale > first.scale == 1 else 0)
    if first.scale > second.scale == 1 and (first.digit_tail or high <= low):
        # "מיליון שבע עד תשע", "מיליון מאתיים עד שלוש מאות": the far end repeats only what changes.
        part = second.value / (10 if second.shape is Shape.BARE else 1_000)
        again = (first.value // first.scale + part) * first.scale
        high = again if again > low else high
    if second.start == first.end and first.shape is Shape.BARE and (first.value + 1) * 100 * THOUSAND == high:
        # "שבע שמונה מאות אלף".
        low = first.value * 100 * THOUSAND
    return ((low, high), guess_high or guess_low) if low < high else None


def _answers(utterance: Utterance, quantity: Quantity, asked: Asked, deal: str | None) -> bool:
    """Whether, the budget being asked, a number without a unit answers it by its shape or a bound."""
    if quantity.shape is Shape.SPLIT and asked in (Asked.GREETING, Asked.DEAL) and deal is not None:
        # "קנייה בחיפה שלוש שלוש מאות": nothing but money is said so.
        return True
    if asked in (Asked.GREETING, Asked.DEAL) and deal == "buy" and quantity.prefix == "ב":
        # "לקנות ארבעה חדרים ב-2.3": no rooms are.
        return quantity.shape is Shape.BARE and 2 * quantity.value != int(2 * quantity.value)
    if asked is not Asked.BUDGET:
        return False
    return quantity.shape is not Shape.BARE or is_max(utterance, quantity) or is_min(utterance, quantity)


def _in_tenths(first: Quantity, second: Quantity, deal: str | None) -> bool:
    """Whether two small numbers follow each other as in "שתיים ארבע", of a price also as in "אחד שמונים"."""
    bare = first.shape is second.shape is Shape.BARE and second.start == first.end and second.prefix in ("", "ו")
    tens = deal == "buy" and first.value < 10 <= second.value < 100 and second.value % 10 == 0
    whole = first.value == int(first.value) <= 20 and second.value == int(second.value)
    return bare and whole and (second.value < 10 or tens)


def _single(utterance: Utterance, said: Quantity, deal: str | None) -> Figure:
    value, unsure = _scaled(said, deal, 0)
    bounds = Bounds(round(value), None) if is_min(utterance, said) else Bounds(None, round(value))
    return Figure(said.start, said.end, bounds, sure=not unsure)
