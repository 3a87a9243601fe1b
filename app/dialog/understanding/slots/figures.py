"""What sums mean in ILS: ellipsis by deal, hundreds and tenths, ranges and bounds (R10.2)."""

from dataclasses import dataclass, replace
from itertools import pairwise

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.limits import is_max, is_min, range_between
from app.dialog.hebrew.numbers import MILLION, THOUSAND, Quantity, Shape
from app.dialog.hebrew.repairs import negated
from app.dialog.hebrew.span import Bounds, Range
from app.dialog.hebrew.tokens import Utterance, rests_of
from app.dialog.understanding.slots.sums import BUDGET_WORDS, CURRENCY, PER_MONTH

_LISTS = Lexicon("real_estate/budget.toml")
_TO_HIGHER, _BETWEEN = _LISTS.words("to_higher"), _LISTS.words("between")
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
    found = _with_ends_in_tenths(utterance, found, deal)
    # "שתיים שלוש, לא שתיים שש": who says one sum in tenths says the other so, too.
    tenths, again = _told_in_tenths(found, deal)
    index = 0
    while index < len(found):
        first = found[index]
        second = found[index + 1] if index + 1 < len(found) else None
        ends = _pair(utterance, first, second, deal) if second is not None else None
        if (
            ends is not None
            and tenths
            and first.shape is Shape.BARE
            and second is not None
            and second.start == first.end
        ):
            ends = None
        evidence = (
            _evidence(utterance, first)
            or _answers(utterance, first, asked, deal)
            or (ends is not None and second is not None and _evidence(utterance, second))
        )
        if ends is not None and second is not None:
            (low, high), unsure = ends
            figures.append(Figure(first.start, second.end, Bounds(round(low), round(high)), evidence, sure=not unsure))
            index += 2
            continue
        if first.shape is Shape.BARE and first.value > _LARGEST_BARE.get(deal or "buy", 0) and not evidence:
            # "שלושים" is no thirty million.
            index += 1
            continue
        split = first.shape is Shape.SPLIT
        figures.append(replace(_single(utterance, first, second, deal, again=again), evidence=evidence, split=split))
        index += 2 if figures[-1].end > first.end else 1
    return _with_ranges(utterance, figures)


def _with_ranges(utterance: Utterance, figures: list[Figure]) -> list[Figure]:
    """Join sums of which one is said in tenths: "אחד שלוש או אחד ארבע", "בין שניים שבע לשלושה מיליון"."""
    joined: list[Figure] = []
    for figure in figures:
        if joined and _is_higher_end(utterance, joined[-1], figure):
            low = joined[-1]
            ends, sure = Bounds(low.high, figure.high), low.sure and figure.sure
            joined[-1] = Figure(low.start, figure.end, ends, low.evidence or figure.evidence, sure=sure)
        else:
            joined.append(figure)
    return joined


def _is_higher_end(utterance: Utterance, low: Figure, high: Figure) -> bool:
    """Whether a sum is the far end of a range that the one before it begins, as only sums in tenths leave open."""
    if low.low is not None or high.low is not None or low.high is None or high.high is None:
        return False
    between = [key for key in utterance.keys[low.end : high.start] if key not in CURRENCY]
    joined = len(between) <= 1 and _TO_HIGHER.issuperset(between)
    to = utterance.key(high.start).startswith("ל") and utterance.key(low.start - 1) in _BETWEEN
    tenths = not (low.sure and high.sure) and not negated(utterance, low.start)
    return tenths and low.high < high.high <= 2 * low.high and (joined if between else to or joined)


def _with_ends_in_tenths(utterance: Utterance, found: list[Quantity], deal: str | None) -> list[Quantity]:
    """Read the far end of "ארבע עד ארבע שמונה" as one number."""
    for at in range(1, len(found) - 1):
        first, second, third = found[at - 1 : at + 2]
        to = utterance.keys[first.end : second.start] == ("עד",)
        if to and first.value == second.value < third.value and _in_tenths(second, third, deal):
            end = replace(second, end=third.end, value=second.value + third.value / 10)
            return [*found[:at], end, *found[at + 2 :]]
    return found


def _told_in_tenths(found: list[Quantity], deal: str | None) -> tuple[bool, bool]:
    """Return whether one sum is told in tenths that do not rise by one, and whether another one is, too."""
    pairs = [(first, second) for first, second in pairwise(found) if _in_tenths(first, second, deal)]
    tenths = any(second.value not in (first.value, first.value + 1) for first, second in pairs)
    return tenths, tenths and len(pairs) > 1


def _scaled(quantity: Quantity, deal: str | None, hint: int) -> tuple[float, bool]:
    """Return the ILS a quantity stands for and whether that was guessed."""
    value = quantity.value
    if quantity.shape is Shape.FULL:
        if deal == "buy" and quantity.scale == 1 and THOUSAND <= value < 100_000:
            # "2350" written by the recogniser for "שתיים שלוש מאות חמישים".
            return value * THOUSAND, True
        return value, False
    if quantity.shape is Shape.HUNDREDS:
        if hint == MILLION or deal == "buy":
            return value * THOUSAND, False
        if hint == THOUSAND:
            return value * THOUSAND, False
        return (value * THOUSAND, True) if deal is None else (value, True)
    if hint:
        return value * hint, False
    if deal == "rent":
        return value * THOUSAND, False
    return value * MILLION, deal is None


def _evidence(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether the words around the number, or its size, say that it is money."""
    if quantity.shape is Shape.FULL and quantity.value >= THOUSAND:
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
    adjacent = second.start == first.end and not second.prefix
    if not range_between(utterance, first, second) or negated(utterance, first.start):
        return None
    if adjacent and first.shape is Shape.BARE and second.shape is Shape.BARE and first.scale == second.scale == 1:
        return _two_digits(first, second, deal)
    high, guess_high = _scaled(second, deal, first.scale if first.scale > second.scale == 1 else 0)
    low, guess_low = _scaled(first, deal, second.scale if second.scale > first.scale == 1 else 0)
    low, high = _with_shared_digits(first, second, low, high, adjacent=adjacent)
    return ((low, high), guess_high or guess_low) if low < high else None


def _with_shared_digits(
    first: Quantity, second: Quantity, low: float, high: float, *, adjacent: bool
) -> tuple[float, float]:
    """Return the ends of a range of which one leaves out digits that the other says."""
    if first.shape is Shape.FULL and first.scale > 1 and second.shape is Shape.BARE and second.value < 10:
        # "מיליון שבע עד תשע": the second end repeats only the digit that changes.
        tail = (first.value // first.scale) * first.scale + second.value * first.scale / 10
        if (first.digit_tail and tail > first.value) or (not first.digit_tail and high <= low and tail > low):
            high = tail
    if adjacent and first.shape is Shape.BARE and (first.value + 1) * 100 * THOUSAND == second.value == high:
        # "שבע שמונה מאות אלף".
        low = first.value * 100 * THOUSAND
    if first.scale == MILLION and second.shape is Shape.HUNDREDS:
        high = (first.value // MILLION) * MILLION + second.value * THOUSAND
    return low, high


def _two_digits(first: Quantity, second: Quantity, deal: str | None) -> tuple[tuple[float, float], bool] | None:
    scale = THOUSAND if deal == "rent" else MILLION
    if first.value < second.value <= first.value + 1:
        return (first.value * scale, second.value * scale), deal is None
    return None


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
    bare = first.shape is second.shape is Shape.BARE and second.start == first.end and not second.prefix
    tens = deal == "buy" and first.value < 10 <= second.value < 100 and second.value % 10 == 0
    return (
        bare
        and first.value == int(first.value) <= 20
        and second.value == int(second.value)
        and (second.value < 10 or tens)
    )


def _single(utterance: Utterance, first: Quantity, second: Quantity | None, deal: str | None, *, again: bool) -> Figure:
    value, unsure = _scaled(first, deal, 0)
    end = first.end
    if (
        second is not None
        and _in_tenths(first, second, deal)
        and second.value != first.value
        and (again or not negated(utterance, first.start))
    ):
        # "שתיים ארבע" that do not rise by one: the hundreds were swallowed.
        scale = THOUSAND if deal == "rent" else MILLION
        parts = 10 if second.value < 10 else 100
        value, unsure, end = (first.value + second.value / parts) * scale, True, second.end
    whole = replace(first, end=end)
    if is_min(utterance, whole):
        return Figure(first.start, end, Bounds(round(value), None), sure=not unsure)
    return Figure(first.start, end, Bounds(None, round(value)), sure=not unsure)
