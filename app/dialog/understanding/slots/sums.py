"""Which numbers of an utterance can be sums of the caller's: no sizes, floors, days, own money or others' prices."""

from dataclasses import replace

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import THOUSAND, Quantity, Shape, atom_at, quantities
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.spelling import UNITS
from app.dialog.hebrew.tokens import Utterance, rests, words

_LISTS = Lexicon("real_estate/budget.toml")
CURRENCY, PER_MONTH = _LISTS.words("currency"), _LISTS.words("per_month")
BUDGET_WORDS = _LISTS.words("budget")
_OF_A_BUDGET = BUDGET_WORDS | _LISTS.words("resets")
_DAY_OF = _LISTS.words("day_of")
_FEMININE = words(" ".join(UNITS["f"][1:10]))
_OTHER_UNITS, _FLOOR = _LISTS.words("other_units"), _LISTS.words("floor")
_BY_RATE, _OWN_MONEY = _LISTS.phrases("by_rate"), _LISTS.phrases("own_money")
_BEFORE_ITS_FIGURE, _APART = _LISTS.words("before_its_figure"), _LISTS.words("apart")
_WHOLE_RENT = (_APART | {"כולל"}) - {"לא"}
_NOT_BUDGET = _LISTS.phrases("not_budget")
_INCOME = _LISTS.words("income")
_ABOUT, _ONESELF = _LISTS.words("about"), _LISTS.words("oneself")
_EACH = _LISTS.phrases("each")
_MORE, _PERHAPS = _LISTS.words("more"), _LISTS.words("perhaps")
_SOON = 4
_BESIDE = 2
"""Figures so near to each other are told of together: "שמונה מאות או תשע מאות"."""
_A_PAIR = 2


def sums(utterance: Utterance, claimed: frozenset[int], asked: Asked, *, heeds_rules: bool = True) -> list[Quantity]:
    """Return the quantities, from left to right, that can be sums of the caller's, none touching a claimed token."""
    kept: list[Quantity] = []
    excluded: Quantity | None = None
    for quantity in quantities(utterance, claimed):
        chained = excluded is not None and _chained(utterance, excluded, quantity)
        if heeds_rules and (chained or _excluded(utterance, quantity, claimed)):
            excluded = quantity if quantity.shape is Shape.BARE else None
            continue
        excluded = None
        if quantity.value == 0 or _lone_unit(utterance, quantity, asked) or _the_two(utterance, quantity):
            continue
        if kept and (differs := _differs(utterance, kept[-1], quantity)) is not None:
            kept[-1] = replace(kept[-1], end=differs.end, value=kept[-1].value + differs.value)
        elif kept and _tenth_of(kept[-1], quantity):
            kept[-1] = replace(kept[-1], end=quantity.end, value=kept[-1].value + quantity.value / 10)
        else:
            kept.append(quantity)
    return kept


def _excluded(utterance: Utterance, quantity: Quantity, claimed: frozenset[int]) -> bool:
    """Whether the figure is a size, floor, age, own capital, somebody else's price and the like."""
    if _counts_other(utterance, quantity) or _is_share(utterance, quantity):
        return True
    listed = _NOT_BUDGET.within(utterance)
    for index in range(quantity.start - 1, max(-1, quantity.start - 7), -1):
        if utterance.key(index) in _ONESELF or not rests(utterance.key(index)).isdisjoint(_OF_A_BUDGET):
            return False
        match = _NOT_BUDGET.at(utterance, index) if listed and index not in claimed else None
        if match is not None and not rests(utterance.key(index - 1)).isdisjoint(BUDGET_WORDS):
            # "התקציב עלה לשלושה מיליון".
            return False
        if match is not None and match.end <= quantity.start:
            # "כולל ארנונה עד שש" is the whole rent.
            before = utterance.key(index - 1).removeprefix("ו")
            # "עם משכורת של תשעת אלפים" is income all the same.
            return utterance.key(index) in _INCOME or before not in _WHOLE_RENT
        if _ends_figure(utterance, index, quantity):
            return False
    return _named_after(utterance, quantity.end, claimed)


def _counts_other(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether a number is a measure, a day, or a floor."""
    if utterance.key(quantity.end) in _OTHER_UNITS or _day_of_month(utterance, quantity):
        return True
    return utterance.key(quantity.start - 1) in _FLOOR and quantity.value < THOUSAND


def _is_share(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether a sum is by the metre, by the year or for each: "שמונים שקל למטר", "מאה אלף בשנה", "אלפיים לכל אחד"."""
    after = quantity.end + (utterance.key(quantity.end) in CURRENCY)
    if _BY_RATE.at(utterance, after) is not None or _EACH.at(utterance, after) is not None:
        return True
    # "כל אחת יכולה אלף שמונה מאות"; right after a number it is that one's.
    each = (match.start for match in _EACH.each(utterance) if quantity.start - _SOON <= match.start < quantity.start)
    return any(atom_at(utterance, at - 1) is None for at in each)


def _ends_figure(utterance: Utterance, index: int, quantity: Quantity) -> bool:
    """Whether another figure ends at `index`, of which a word before it tells: "המשכורת עשרת אלפים, ארבע לשכירות"."""
    if utterance.tokens[index].is_number or utterance.key(index) in CURRENCY:
        return True
    return quantity.start - index > _BESIDE and atom_at(utterance, index) is not None


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
    return alone and asked is not Asked.BUDGET and not (after in CURRENCY or after in PER_MONTH)


def _differs(utterance: Utterance, whole: Quantity, part: Quantity) -> Span[float] | None:
    """Return by how much one figure is said to differ from the one before, and where it ends.

    "ארבעה מיליון פחות מאתיים אלף", "ששת אלפים, אולי מאתיים יותר".
    """
    between = utterance.keys[whole.end : part.start]
    value = part.value * (max(1, whole.scale / THOUSAND) if part.shape is Shape.HUNDREDS else 1)
    if part.prefix or whole.shape is not Shape.FULL or 2 * value >= whole.value:
        return None
    if between == ("פחות",) and part.shape is Shape.FULL:
        return Span(part.start, part.end, -value)
    on_top = utterance.key(part.end) in _MORE and _PERHAPS.issuperset(between)
    return Span(part.start, part.end + 1, value) if on_top else None


def _tenth_of(first: Quantity, second: Quantity) -> bool:
    """Whether two small numbers are one figure: "שניים ושמונה" is 2.8."""
    small = first.shape is second.shape is Shape.BARE and first.scale == second.scale == 1
    whole = first.value == int(first.value) <= 20 and second.value == int(second.value) < 10
    return small and whole and second.prefix == "ו" and second.start == first.end


def _chained(utterance: Utterance, first: Quantity, second: Quantity) -> bool:
    """Whether a number only continues the one before: "קומה שלוש או ארבע", "בני חמש ושבע"."""
    between = [utterance.key(index) for index in range(first.end, second.start)]
    return second.shape is Shape.BARE and (between == ["או"] or (not between and second.prefix in ("", "ו")))
