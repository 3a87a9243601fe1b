"""Which numbers of an utterance can be sums of the caller's: no sizes, floors, days, own money or others' prices."""

from dataclasses import replace

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import THOUSAND, Quantity, Shape, atom_at, quantities
from app.dialog.hebrew.tokens import Utterance, rests, rests_of, words

_LISTS = Lexicon("real_estate/budget.toml")
CURRENCY, PER_MONTH = _LISTS.words("currency"), _LISTS.words("per_month")
BUDGET_WORDS = _LISTS.words("budget")
_OF_A_BUDGET = BUDGET_WORDS | _LISTS.words("resets")
_OTHER_UNITS, _FLOOR = _LISTS.words("other_units"), _LISTS.words("floor")
_BY_RATE, _OWN_MONEY = _LISTS.phrases("by_rate"), _LISTS.phrases("own_money")
_BEFORE_ITS_FIGURE, _APART = _LISTS.words("before_its_figure"), _LISTS.words("apart")
_WHOLE_RENT = (_APART | {"כולל"}) - {"לא"}
_NOT_BUDGET = _LISTS.phrases("not_budget")
_ONESELF = _LISTS.words("oneself")
_EACH = _LISTS.phrases("each")
_AND, _ON_TOP, _PERHAPS = _LISTS.words("and"), _LISTS.words("on_top"), _LISTS.words("perhaps")
_HOMES, _FEW, _A_SHARE_AND_HOW_MANY = _LISTS.words("homes"), range(2, 7), 2
_OF_EACH = words("כל לכל")
_SOON = 4
_BESIDE = 2
"""Figures so near to each other are told of together: "שמונה מאות או תשע מאות"."""


def sums(utterance: Utterance, claimed: frozenset[int], asked: Asked, *, heeds_rules: bool = True) -> list[Quantity]:
    """Return the quantities, from left to right, that can be sums of the caller's, none touching a claimed token."""
    kept: list[Quantity] = []
    for quantity in quantities(utterance, claimed):
        if heeds_rules and _excluded(utterance, quantity, claimed):
            continue
        if quantity.value == 0 or _lone_unit(utterance, quantity, asked):
            continue
        if kept and (both := _together(utterance, kept[-1], quantity)) is not None:
            kept[-1] = both
        else:
            kept.append(quantity)
    return kept


def _excluded(utterance: Utterance, quantity: Quantity, claimed: frozenset[int]) -> bool:
    """Whether the figure is a size, floor, age, own capital, somebody else's price and the like."""
    if _counts_other(utterance, quantity) or _is_share(utterance, quantity):
        return True
    if _is_for_each(utterance, quantity) and not _tells_of_homes(utterance):
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
            return utterance.key(index - 1).removeprefix("ו") not in _WHOLE_RENT
        if quantity.start - index > _BESIDE and atom_at(utterance, index) is not None:
            # "המשכורת עשרת אלפים, ארבע לשכירות": the word tells of another figure.
            return False
    return _named_after(utterance, quantity.end, claimed)


def _counts_other(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether a number is a measure or a floor, or the second of two floors: "קומה שלוש או ארבע"."""
    first = quantity.start
    if utterance.key(first - 1) == "או" and atom_at(utterance, first - 2) is not None:
        first -= 2
    floor = utterance.key(first - 1) in _FLOOR and quantity.value < THOUSAND
    return floor or utterance.key(quantity.end) in _OTHER_UNITS


def _is_share(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether a sum is by the metre or by the year: "שמונים שקל למטר", "מאה אלף בשנה"."""
    return _BY_RATE.at(utterance, quantity.end + (utterance.key(quantity.end) in CURRENCY)) is not None


def shared_sum(utterance: Utterance, claimed: frozenset[int]) -> Quantity | None:
    """Return what several pay together, where each one's share and one number that counts them is all that is told."""
    each = {at + 1 for at, key in enumerate(utterance.keys) if key in _OF_EACH}
    found = [said for said in quantities(utterance, claimed) if not each.issuperset(said.tokens)]
    shares = [said for said in found if _is_for_each(utterance, said) and said.shape is not Shape.BARE]
    few = [said for said in found if said.shape is Shape.BARE and said.value in _FEW]
    if not (len(shares) == len(few) == 1 and len(found) == _A_SHARE_AND_HOW_MANY) or _tells_of_homes(utterance):
        return None
    return replace(shares[0], value=shares[0].value * few[0].value)


def _tells_of_homes(utterance: Utterance) -> bool:
    """Whether "each" may be one of several homes: "שתי דירות במיליון כל אחת"."""
    return not _HOMES.isdisjoint(rests_of(utterance.keys))


def _is_for_each(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether a sum is what each of several pays: "אלפיים לכל אחד", "כל אחת יכולה אלף שמונה מאות"."""
    if _EACH.at(utterance, quantity.end + (utterance.key(quantity.end) in CURRENCY)) is not None:
        return True
    # "כל אחת יכולה אלף שמונה מאות"; right after a number it is that one's.
    each = (match.start for match in _EACH.each(utterance) if quantity.start - _SOON <= match.start < quantity.start)
    return any(atom_at(utterance, at - 1) is None for at in each)


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


def _lone_unit(utterance: Utterance, quantity: Quantity, asked: Asked) -> bool:
    """Whether "אלף" stands alone where money was not asked, or "שקל אחד": a word misheard or begun anew, no figure."""
    if quantity.value == 1 and utterance.key(quantity.start - 1) == "שקל":
        # "שקל אחד" is no million.
        return True
    alone = quantity.end - quantity.start == 1 and quantity.scale == THOUSAND and not quantity.prefix
    alone = alone and (quantity.value == THOUSAND or len(utterance) == 1)
    after = utterance.key(quantity.end)
    return alone and asked is not Asked.BUDGET and not (after in CURRENCY or after in PER_MONTH)


def _together(utterance: Utterance, whole: Quantity, part: Quantity) -> Quantity | None:
    """Return the one figure that two make which are told together.

    "ארבעה מיליון פחות מאתיים אלף", "מיליון ועוד תשע מאות", "חמשת אלפים, אולי שלוש מאות יותר".
    """
    between, after = utterance.keys[whole.end : part.start], utterance.key(part.end)
    value = part.value * (max(1, whole.scale / THOUSAND) if part.shape is Shape.HUNDREDS else 1)
    if whole.shape is not Shape.FULL or part.shape is Shape.BARE or part.prefix or after.startswith("ל"):
        # "ארבעה מיליון ועוד שש מאות אלף לשיפוץ".
        return None
    if between == ("פחות",):
        return replace(whole, end=part.end, value=whole.value - value)
    on_top = after in _ON_TOP and _PERHAPS.issuperset(between) and 2 * value < whole.value
    if not on_top and not (len(between) == 1 and between[0] in _AND):
        return None
    return replace(whole, end=part.end + on_top, value=whole.value + value)
