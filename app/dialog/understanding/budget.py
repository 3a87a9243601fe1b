"""Budgets as callers say them: ellipsis by deal, ranges, bounds, and the figures that are no budget (R10.2)."""

from dataclasses import dataclass, replace
from itertools import pairwise

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.limits import is_max, is_min, range_between
from app.dialog.hebrew.numbers import MILLION, THOUSAND, Quantity, Shape, atom_at, quantities
from app.dialog.hebrew.repairs import answers_no_with, negated, settle
from app.dialog.hebrew.spelling import UNITS
from app.dialog.hebrew.tokens import Utterance, rests, rests_of, words

_LISTS = Lexicon("real_estate/budget.toml")
_CAPS = _LISTS.words("caps")
_CHANGES_BUDGET = _LISTS.words("changes_budget")
_SAID, _CORRECTS = _LISTS.words("said"), _LISTS.words("corrects")
_DICTATING = (Asked.PHONE, Asked.PHONE_CONFIRM)
_COUNTING = (Asked.ROOMS, Asked.TIMING, Asked.NAME)
"""To these questions a small number is no sum."""

BUY_ILS = (200_000, 60_000_000)
RENT_ILS = (800, 60_000)
COMMERCIAL_RENT_ILS = (800, 500_000)
IMPLIES_BUY_ILS = 150_000

_COMMERCIAL = ("office", "store", "commercial", "warehouse", "building", "land", "farm")
_CURRENCY = _LISTS.words("currency")
_LARGEST_BARE = {"buy": 20, "rent": 99}
_PER_MONTH = _LISTS.words("per_month")
_SIGNS_OF_RENT, _STRETCHES = _LISTS.words("signs_of_rent"), _LISTS.phrases("stretches")
_DAY_OF = _LISTS.words("day_of")
_FEMININE = words(" ".join(UNITS["f"][1:10]))
_BUDGET = _LISTS.words("budget")
_OTHER_UNITS = _LISTS.words("other_units")
_FLOOR = _LISTS.words("floor")
_BY_RATE = _LISTS.phrases("by_rate")
_OWN_MONEY = _LISTS.phrases("own_money")
_BEFORE_ITS_FIGURE = _LISTS.words("before_its_figure")
_NOT_BUDGET = _LISTS.phrases("not_budget")
_SUMS = _LISTS.phrases("sums")
_APART = _LISTS.words("apart")
_A_PAIR = 2
_ABOUT = _LISTS.words("about")
_ONESELF = _LISTS.words("oneself")
_RESETS = _LISTS.words("resets")
_OF_A_BUDGET = _BUDGET | _RESETS


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount or a range in ILS at tokens `start` up to, not including, `end`."""

    low: int | None
    high: int | None
    start: int
    end: int
    unsure: bool = False
    evidence: bool = False
    split: bool = False
    """Said as nothing but money is: "חמש מאתיים"."""
    budget_word: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """What an utterance says about the budget; `deal` is what a figure implies when the deal is unknown."""

    low: int | None
    high: int | None
    start: int
    end: int
    unsure: bool = False
    deal: str | None = None


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


def _excluded(utterance: Utterance, quantity: Quantity, claimed: frozenset[int]) -> bool:
    """Whether the figure is a size, floor, age, own capital, somebody else's price and the like."""
    if utterance.key(quantity.end) in _OTHER_UNITS or _day_of_month(utterance, quantity):
        return True
    if _BY_RATE.at(utterance, quantity.end + (utterance.key(quantity.end) in _CURRENCY)) is not None:
        # "שמונים שקל למטר", "מאה אלף בשנה": no monthly sum.
        return True
    if utterance.key(quantity.start - 1) in _FLOOR and quantity.value < THOUSAND:
        return True
    for index in range(quantity.start - 1, max(-1, quantity.start - 7), -1):
        if utterance.key(index) in _ONESELF or rests(utterance.key(index)) & _OF_A_BUDGET:
            return False
        match = _NOT_BUDGET.at(utterance, index) if index not in claimed else None
        if match is not None and not rests(utterance.key(index - 1)).isdisjoint(_BUDGET):
            # "התקציב עלה לשלושה מיליון".
            return False
        if match is not None and match.end <= quantity.start:
            # "כולל ארנונה עד שש" is the whole rent.
            return not utterance.key(index - 1).endswith("כולל")
        if utterance.tokens[index].is_number or utterance.key(index) in _CURRENCY:
            return False
    return _named_after(utterance, quantity.end, claimed)


def _named_after(utterance: Utterance, end: int, claimed: frozenset[int]) -> bool:
    """Whether the words after a figure say that it is own money, a loan or dues."""
    for index in (end, end + 1, end + 2):
        if utterance.key(index) in _APART:
            # "שבעת אלפים בלי ארנונה" is the rent all the same.
            return False
        match = _OWN_MONEY.at(utterance, index) if index not in claimed else None
        if match is not None:
            return not _has_figure(utterance, match.end)
    return False


def _has_figure(utterance: Utterance, end: int) -> bool:
    """Whether what ends at `end` has a figure of its own: "שני מיליון, הון עצמי של שמונה מאות אלף"."""
    while utterance.key(end) in _BEFORE_ITS_FIGURE:
        end += 1
    return atom_at(utterance, end) is not None


def _day_of_month(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether "בחמישה עשר לחודש" is a day; days are masculine, thousands of shekels ("בחמש לחודש") are not."""
    if quantity.prefix != "ב" or utterance.key(quantity.end) not in _DAY_OF or quantity.shape is not Shape.BARE:
        return False
    counted = utterance.key(quantity.end - 1).removeprefix("ב")
    return quantity.value in range(1, 32) and counted not in _FEMININE


def _candidates(utterance: Utterance, claimed: frozenset[int], asked: Asked) -> list[Quantity]:
    kept: list[Quantity] = []
    excluded: Quantity | None = None
    for quantity in quantities(utterance, claimed):
        chained = excluded is not None and _chained(utterance, excluded, quantity)
        if chained or _excluded(utterance, quantity, claimed):
            excluded = quantity if quantity.shape is Shape.BARE else None
            continue
        excluded = None
        if quantity.value == 0 or _lone_unit(utterance, quantity, asked) or _the_two(utterance, quantity):
            continue
        if kept and _tenth_of(kept[-1], quantity):
            kept[-1] = replace(kept[-1], end=quantity.end, value=kept[-1].value + quantity.value / 10)
        else:
            kept.append(quantity)
    return kept


def _the_two(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether "השניים" are two things spoken of; "סביב השניים" is a figure."""
    about = utterance.key(quantity.start - 1) in _ABOUT
    return quantity.prefix.startswith("ה") and quantity.value <= _A_PAIR and not about


def _lone_unit(utterance: Utterance, quantity: Quantity, asked: Asked) -> bool:
    """Whether "אלף" stands alone where money was not asked, or "שקל אחד": a word misheard or begun anew, no figure."""
    if quantity.value == 1 and utterance.key(quantity.start - 1) == "שקל":
        # "שקל אחד" is no million.
        return True
    alone = quantity.end - quantity.start == 1 and quantity.scale == THOUSAND and not quantity.prefix
    alone = alone and (quantity.value == THOUSAND or len(utterance) == 1)
    after = utterance.key(quantity.end)
    return alone and asked is not Asked.BUDGET and not (after in _CURRENCY or after in _PER_MONTH)


def _tenth_of(first: Quantity, second: Quantity) -> bool:
    """Whether two small numbers are one figure: "שניים ושמונה" is 2.8."""
    small = first.shape is second.shape is Shape.BARE and first.scale == second.scale == 1
    whole = first.value == int(first.value) <= 20 and second.value == int(second.value) < 10
    return small and whole and second.prefix == "ו" and second.start == first.end


def _chained(utterance: Utterance, first: Quantity, second: Quantity) -> bool:
    """Whether a number only continues the one before: "קומה שלוש או ארבע", "בני חמש ושבע"."""
    between = [utterance.key(index) for index in range(first.end, second.start)]
    return second.shape is Shape.BARE and (between == ["או"] or (not between and second.prefix in ("", "ו")))


def _evidence(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether the words around the number, or its size, say that it is money."""
    if quantity.shape is Shape.FULL and quantity.value >= THOUSAND:
        return True
    after = utterance.key(quantity.end)
    if after in _CURRENCY or after in _PER_MONTH or utterance.key(quantity.end + 1) in _PER_MONTH:
        return True
    before = rests_of(utterance.keys[max(0, quantity.start - 4) : quantity.start])
    return bool(before & _BUDGET)


def _pair(
    utterance: Utterance, first: Quantity, second: Quantity, deal: str | None
) -> tuple[tuple[float, float], bool] | None:
    """Return both ends in ILS when two quantities make a range."""
    adjacent = second.start == first.end and not second.prefix
    if not range_between(utterance, first, second) or negated(utterance, first.start):
        return None
    if adjacent and first.shape is Shape.BARE and second.shape is Shape.BARE and first.scale == second.scale == 1:
        return _two_digits(first, second, deal)
    high, guess_high = _scaled(second, deal, first.scale if first.scale > 1 and second.scale == 1 else 0)
    low, guess_low = _scaled(first, deal, second.scale if first.scale == 1 and second.scale > 1 else 0)
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
    return ((low, high), guess_high or guess_low) if low < high else None


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
    if asked is not Asked.BUDGET:
        return False
    return quantity.shape is not Shape.BARE or is_max(utterance, quantity) or is_min(utterance, quantity)


def _figures(utterance: Utterance, found: list[Quantity], deal: str | None, asked: Asked) -> list[Figure]:
    figures: list[Figure] = []
    # "שתיים שלוש, לא שתיים שש": who says one sum in tenths says the other so, too.
    tenths = any(
        _in_tenths(first, second) and second.value not in (first.value, first.value + 1)
        for first, second in pairwise(found)
    )
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
            figures.append(Figure(round(low), round(high), first.start, second.end, unsure, evidence))
            index += 2
            continue
        if first.shape is Shape.BARE and first.value > _LARGEST_BARE.get(deal or "buy", 0) and not evidence:
            # "שלושים" is no thirty million.
            index += 1
            continue
        split = first.shape is Shape.SPLIT
        figures.append(replace(_single(utterance, first, second, deal), evidence=evidence, split=split))
        index += 2 if figures[-1].end > first.end else 1
    return [replace(figure, budget_word=_says_budget(utterance, figure.start)) for figure in figures]


def _in_tenths(first: Quantity, second: Quantity) -> bool:
    """Whether two small numbers follow each other as in "שתיים ארבע"."""
    bare = first.shape is second.shape is Shape.BARE and second.start == first.end and not second.prefix
    return bare and first.value == int(first.value) <= 20 and second.value == int(second.value) < 10


def _single(utterance: Utterance, first: Quantity, second: Quantity | None, deal: str | None) -> Figure:
    value, unsure = _scaled(first, deal, 0)
    end = first.end
    if (
        second is not None
        and _in_tenths(first, second)
        and second.value != first.value
        and not negated(utterance, first.start)
    ):
        # "שתיים ארבע" that do not rise by one: the hundreds were swallowed.
        scale = THOUSAND if deal == "rent" else MILLION
        value, unsure, end = (first.value + second.value / 10) * scale, True, second.end
    whole = replace(first, end=end)
    if is_min(utterance, whole):
        return Figure(round(value), None, first.start, end, unsure)
    return Figure(None, round(value), first.start, end, unsure)


def _says_budget(utterance: Utterance, start: int) -> bool:
    return any(
        rest.startswith(("תקציב", "התקציב"))
        for index in range(max(0, start - 5), start)
        for rest in rests(utterance.key(index))
    )


def _plausible(figure: Figure, deal: str | None, property_type: str | None) -> bool:
    bounds = BUY_ILS if deal == "buy" else RENT_ILS
    if deal == "rent" and property_type in _COMMERCIAL:
        bounds = COMMERCIAL_RENT_ILS
    if deal is None:
        bounds = (RENT_ILS[0], BUY_ILS[1])
    return all(bounds[0] <= value <= bounds[1] for value in (figure.low, figure.high) if value is not None)


def _deal_of(utterance: Utterance, found: list[Quantity]) -> str | None:
    """Guess the deal from the figures themselves, when nobody named it."""
    if any(key in _PER_MONTH or key in _SIGNS_OF_RENT for key in utterance.keys):
        return "rent"
    full = [quantity for quantity in found if quantity.shape is Shape.FULL]
    if any(quantity.value >= IMPLIES_BUY_ILS for quantity in full):
        return "buy"
    if full and all(quantity.value < 30_000 for quantity in full) and any(quantity.value >= 800 for quantity in full):
        return "rent"
    return None


def understand_budget(
    utterance: Utterance,
    asked: Asked,
    deal: str | None,
    property_type: str | None,
    claimed: frozenset[int],
    *,
    known: int | None = None,
) -> Budget | None:
    """Return the budget the caller states, or None.

    Numbers without a unit count when the budget was asked, when money words stand beside them, or when they change the
    budget that is `known`.
    """
    found = _candidates(utterance, claimed, asked)
    if not found:
        return None
    implied = deal or _deal_of(utterance, found)
    figures = _figures(utterance, found, implied, asked)
    changed = known is not None and _changes(utterance, figures, asked, known)
    if asked is not Asked.BUDGET:
        figures = [
            figure for figure in figures if figure.evidence or changed or _bounded(utterance, figure, asked, deal)
        ]
    if changed:
        # "אני לא מגיע לשש, תרשמי חמש וחצי": the one that is known is told, the other is new.
        told = next((at for at, figure in enumerate(figures) if figure.high == known), -1)
        figures = figures[told + 1 :] or figures
    if any(figure.budget_word for figure in figures):
        figures = [figure for figure in figures if figure.budget_word]
    standing, denied = settle(utterance, figures)
    if not standing and len(denied) == 1 and answers_no_with(utterance, denied[0].start):
        standing = denied
    stretched = [match.end for match in _STRETCHES.all(utterance)]
    near = [
        figure
        for figure in standing
        if figure.evidence or any(figure.start - 2 <= at <= figure.start for at in stretched)
    ]
    standing = near if any(figure.evidence for figure in near) else standing
    standing = _concluded(utterance, standing)
    standing = [figure for figure in standing if _plausible(figure, implied, property_type)]
    if not standing:
        return None
    chosen = _join(utterance, standing)
    guessed_deal = None
    if deal is None and not chosen.unsure:
        large = (chosen.high or chosen.low or 0) >= IMPLIES_BUY_ILS
        guessed_deal = "rent" if any(key in _PER_MONTH for key in utterance.keys) else "buy" if large else None
    return Budget(chosen.low, chosen.high, chosen.start, chosen.end, chosen.unsure, guessed_deal)


def _concluded(utterance: Utterance, standing: list[Figure]) -> list[Figure]:
    """Prefer the sum: "יש לי מיליון והבנק נותן שמונה מאות אז סך הכול מיליון שמונה"."""
    sums = [match.end for match in _SUMS.all(utterance)]
    return [figure for figure in standing if any(figure.start - 3 <= end <= figure.start for end in sums)] or standing


def _bounded(utterance: Utterance, figure: Figure, asked: Asked, deal: str | None) -> bool:
    """Whether a number without a unit is a budget though something else was asked: "עד שבע"."""
    if asked in (*_DICTATING, *_COUNTING):
        return False
    if deal is not None and asked in (Asked.GREETING, Asked.DEAL) and _is_capped(utterance, figure):
        # "לשכור, לא יותר מחמש וחצי, שלושה חדרים": the deal said with it tells how much.
        return True
    before = utterance.key(figure.start - 1)
    return before in _CAPS and (utterance.key(figure.end) == "" or asked is Asked.GREETING)


def _changes(utterance: Utterance, figures: list[Figure], asked: Asked, known: int) -> bool:
    """Whether figures change the budget `known`: "תעלי לשתיים וחצי", "תרשמי חמש מאתיים", "אמרתי חמש, אז שש"."""
    if asked in _DICTATING:
        return False
    keys = set(utterance.keys)
    if asked not in _COUNTING and keys & _CHANGES_BUDGET:
        return True
    if keys & _CORRECTS and any(figure.split or known == figure.high for figure in figures):
        return True
    return any(figure.high == known and utterance.key(figure.start - 1) in _SAID for figure in figures)


def _join(utterance: Utterance, standing: list[Figure]) -> Figure:
    """Join "מינימום מיליון ומקסימום שני מיליון" into one range; otherwise the first figure said."""
    lows = [figure for figure in standing if figure.high is None]
    highs = [figure for figure in standing if figure.low is None]
    if lows and highs and (lows[0].low or 0) < (highs[0].high or 0):
        unsure = lows[0].unsure or highs[0].unsure
        return Figure(lows[0].low, highs[0].high, min(lows[0].start, highs[0].start), highs[0].end, unsure)
    bounded = [figure for figure in standing if figure.low is not None or _is_capped(utterance, figure)]
    chosen = (bounded or standing)[0]
    stretched = (figure for figure in highs if _stretches(utterance, chosen, figure))
    return next(stretched, chosen)


def _stretches(utterance: Utterance, first: Figure, second: Figure) -> bool:
    """Whether the second sum is how far one would go: "שני מיליון, ואם צריך שניים מאתיים"."""
    higher = first.low is None and (second.high or 0) > (first.high or 0) and second.start >= first.end
    return higher and any(first.end <= match.start < second.start for match in _STRETCHES.all(utterance))


def _is_capped(utterance: Utterance, figure: Figure) -> bool:
    return is_max(utterance, Quantity(figure.start, figure.end, 0.0, Shape.FULL))
