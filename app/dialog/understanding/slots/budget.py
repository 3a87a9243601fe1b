"""The budget: which of the sums said it is, and what it tells of the deal (R10.2)."""

from dataclasses import dataclass, replace

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.limits import is_max
from app.dialog.hebrew.numbers import Quantity, Shape
from app.dialog.hebrew.repairs import against, negated, rejected_after, repair_points, settle, turns
from app.dialog.hebrew.span import Bounds, Range, covered
from app.dialog.hebrew.tokens import Utterance
from app.dialog.understanding.judging.judge import LENIENT, NO_MONEY, Jury
from app.dialog.understanding.slots.changes import changed_sum, tail_of_sum
from app.dialog.understanding.slots.figures import Figure, figures_of
from app.dialog.understanding.slots.sums import PER_MONTH, shared_sum, sums

_LISTS = Lexicon("real_estate/budget.toml")
_CAPS = _LISTS.words("caps")
_CHANGES_BUDGET = _LISTS.words("changes_budget")
_SAID, _CORRECTS = _LISTS.words("said"), _LISTS.words("corrects")
_SIGNS_OF_RENT = _LISTS.words("signs_of_rent")
_SUMS = _LISTS.phrases("sums")
_LEADS_TO_NEW = _LISTS.words("leads_to_new")
_SAME_SUM = _LISTS.phrases("same_sum")
_DICTATING = (Asked.PHONE, Asked.PHONE_CONFIRM)
_AS_FAR = 1.5
_COUNTING = (Asked.ROOMS, Asked.TIMING, Asked.NAME)
"""To these questions a small number is no sum."""

_MOST_NUMBERS = 6
"""Who says more numbers tells a story."""
_TOLD_AND_MORE = 2

BUY_ILS = (200_000, 60_000_000)
RENT_ILS = (800, 60_000)
COMMERCIAL_RENT_ILS = (800, 500_000)
IMPLIES_BUY_ILS = 150_000

_COMMERCIAL = ("office", "store", "commercial", "warehouse", "building", "land", "farm")


@dataclass(frozen=True, slots=True)
class Budget(Range):
    """What an utterance says about the budget; `deal` is what a figure implies when the deal is unknown."""

    deal: str | None = None


def _plausible(figure: Range, deal: str | None, property_type: str | None) -> bool:
    bounds = BUY_ILS if deal == "buy" else RENT_ILS
    if deal == "rent" and property_type in _COMMERCIAL:
        bounds = COMMERCIAL_RENT_ILS
    if deal is None:
        bounds = (RENT_ILS[0], BUY_ILS[1])
    return all(bounds[0] <= value <= bounds[1] for value in (figure.low, figure.high) if value is not None)


def _deal_of(utterance: Utterance, found: list[Quantity]) -> str | None:
    """Guess the deal from the figures themselves, when nobody named it."""
    if any(key in PER_MONTH or key in _SIGNS_OF_RENT for key in utterance.keys):
        return "rent"
    return "buy" if any(quantity.value >= IMPLIES_BUY_ILS for quantity in found) else None


def understand_budget(
    utterance: Utterance,
    asked: Asked,
    deal: str | None,
    property_type: str | None,
    claimed: frozenset[int],
    jury: Jury = LENIENT,
    *,
    known: int | None = None,
    bare: bool = True,
) -> Budget | None:
    """Return the budget the caller states, or None.

    Numbers without a unit count when the budget was asked, when money words stand beside them, or when they change the
    budget that is `known`; `bare`: the jury hears of all.
    """
    if asked is Asked.BUDGET and (shared := shared_sum(utterance, claimed)) is not None:
        (figure,) = figures_of(utterance, [shared], deal, asked)
        return Budget(figure.start, figure.end, figure.value) if _plausible(figure, deal, property_type) else None
    found = sums(utterance, claimed, asked, heeds_rules=jury.heeds_rules)
    if not found:
        return None
    implied = deal or _deal_of(utterance, found)
    if (new := _replacing(utterance, found, asked, known)) is not None:
        return Budget(new.start, new.end, new.value) if _plausible(new, implied, property_type) else None
    figures, changed = _by_rules(utterance, found, asked, deal, implied, known)
    every = figures_of(utterance, found, implied, asked) if bare else []
    others = _others(every, figures)
    if (difference := _difference(utterance, found, figures, every, known)) is not None:
        return difference if _plausible(difference, implied, property_type) else None
    if changed:
        # "אני לא מגיע לשש, תרשמי חמש וחצי": the one that is known is told, the other is new.
        told = next((at for at, figure in enumerate(figures) if figure.high == known), -1)
        figures = figures[told + 1 :] or figures
    standing = _standing(utterance, figures, others, known, jury)
    standing = [figure for figure in standing if _plausible(figure, implied, property_type)]
    if not standing:
        return None
    chosen = _join(utterance, standing, jury)
    tells = _deal_told(utterance, chosen) if deal is None and chosen.sure else None
    return Budget(chosen.start, chosen.end, chosen.value, tells, sure=chosen.sure, against=chosen.against)


def same_budget(utterance: Utterance, deal: str | None, claimed: frozenset[int]) -> Budget | None:
    """Return the sum told of, when the caller wants to spend just that: "מכרנו במיליון תשע, לקנות באותו תקציב"."""
    same = next(iter(_SAME_SUM.all(utterance)), None)
    if same is None or negated(utterance, same.start):
        return None
    behind = frozenset(range(same.start, len(utterance)))
    found = sums(utterance, claimed | behind, Asked.BUDGET, heeds_rules=False)
    told = figures_of(utterance, found, deal, Asked.BUDGET)
    return Budget(told[0].start, told[0].end, told[0].value) if len(told) == 1 else None


def replaces_budget(utterance: Utterance, asked: Asked, claimed: frozenset[int], known: int) -> bool:
    """Whether of two numbers one is the budget that is `known` and the other its new value: neither counts rooms."""
    return _replacing(utterance, sums(utterance, claimed, asked), asked, known) is not None


def _replacing(utterance: Utterance, found: list[Quantity], asked: Asked, known: int | None) -> Figure | None:
    """Read "שש במקום חמש", "שש זה יותר מדי, אז חמש וחצי", of which the first or the last is `known`: the other one."""
    if known is None or asked in _DICTATING or not 2 <= len(found) <= _MOST_NUMBERS:
        return None
    figures = figures_of(utterance, found, "buy" if known >= IMPLIES_BUY_ILS else "rent", asked)
    old = [figure for figure in figures if figure.high == known]
    new = [figure for figure in figures if figure.high != known and _near(figure, known)]
    if len(old) != 1 or len(new) != 1:
        return None
    counts = asked is Asked.ROOMS and new[0].start > old[0].start
    return new[0] if not counts and _gives_way(utterance, old[0], new[0]) else None


def _gives_way(utterance: Utterance, old: Figure, new: Figure) -> bool:
    """Whether the words around a known sum say that the other one stands instead of it."""
    points = (*repair_points(utterance), *turns(utterance))
    return (
        negated(utterance, old.start)
        or rejected_after(utterance, old.end)
        or utterance.key(new.start - 1) in _LEADS_TO_NEW
        or any(old.end <= point <= new.start for point in points)
    )


def _near(figure: Figure, known: int) -> bool:
    """Whether a sum may be a new value of the one `known`."""
    return figure.high is not None and known <= 2 * figure.high <= 4 * known


def _by_rules(
    utterance: Utterance, found: list[Quantity], asked: Asked, deal: str | None, implied: str | None, known: int | None
) -> tuple[list[Figure], bool]:
    """Return the figures that are a budget by the rules, and whether they change the one that is `known`."""
    figures = figures_of(utterance, found, implied, asked)
    changed = known is not None and _changes(utterance, figures, asked, known)
    if asked is Asked.BUDGET or changed:
        return figures, changed
    return [figure for figure in figures if figure.evidence or _bounded(utterance, figure, asked, deal)], False


def _standing(
    utterance: Utterance, figures: list[Figure], others: list[Figure], known: int | None, jury: Jury
) -> list[Figure]:
    """Return the figures that stand after denials and repairs and that the jury, who hears of `others`, lets stand."""
    standing, denied = settle(utterance, figures, Bounds(None, known))
    standing = jury.wished("budget", [*standing, *against(utterance, denied), *others])
    return _concluded(utterance, _said_as_money(standing))


def _others(every: list[Figure], figures: list[Figure]) -> list[Figure]:
    """Return the figures that are no budget by the rules: nothing says that they are money."""
    taken = covered(figures)
    return [replace(figure, against=NO_MONEY) for figure in every if taken.isdisjoint(figure.tokens)]


def _difference(
    utterance: Utterance, found: list[Quantity], figures: list[Figure], every: list[Figure], known: int | None
) -> Budget | None:
    """Read "נא להוסיף מאתיים אלף" as so much more than is known, when no other sum is said."""
    if len(found) == 1 and (longer := tail_of_sum(utterance, found[0], known)) is not None:
        return Budget(found[0].start, found[0].end, Bounds(None, round(longer)))
    if len(every) == len(found) == _TOLD_AND_MORE and every[0].high == known:
        # "שמונה זה בלי חניה, תוסיפי עוד חמש מאות": the known one is told, and how much more.
        found, figures = found[1:], every[1:]
    if len(found) != 1 or len(figures) != 1 or figures[0].high is None:
        return None
    wanted = changed_sum(utterance, found[0], figures[0].high, known)
    return None if wanted is None else Budget(figures[0].start, figures[0].end, Bounds(None, wanted))


def _deal_told(utterance: Utterance, chosen: Figure) -> str | None:
    """Return what a figure tells of the deal: said by the month it is a rent, and large it is a price."""
    if not PER_MONTH.isdisjoint(utterance.keys):
        return "rent"
    return "buy" if (chosen.high or chosen.low or 0) >= IMPLIES_BUY_ILS else None


def _said_as_money(standing: list[Figure]) -> list[Figure]:
    """Prefer what words say is money, and how far one would go beyond it: "חמשת אלפים, אם צריך שש"."""
    told = next((figure for figure in standing if figure.evidence), None)
    if told is None:
        return standing
    most = told.high or 0
    return [
        figure
        for figure in standing
        if figure.evidence or (figure.start > told.start and most < (figure.high or 0) <= _AS_FAR * most)
    ]


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
    return utterance.key(figure.start - 1) in _CAPS


def _changes(utterance: Utterance, figures: list[Figure], asked: Asked, known: int) -> bool:
    """Whether figures change the budget `known`: "תעלי לשתיים וחצי", "אמרתי חמש, אז שש"."""
    keys = set(utterance.keys)
    if asked not in _COUNTING and keys & _CHANGES_BUDGET:
        return True
    if asked not in _DICTATING and any(figure.split for figure in figures):
        # "טוב, שלוש שש מאות".
        return True
    told = [figure for figure in figures if figure.high == known]
    return any(keys & _CORRECTS or utterance.key(figure.start - 1) in _SAID for figure in told)


def _join(utterance: Utterance, standing: list[Figure], jury: Jury) -> Figure:
    """Join "מינימום מיליון ומקסימום שני מיליון" into one range; otherwise the figure that is likeliest meant."""
    lows = [figure for figure in standing if figure.high is None]
    highs = [figure for figure in standing if figure.low is None]
    if lows and highs:
        start, ends = min(lows[0].start, highs[0].start), Bounds(lows[0].low, highs[0].high)
        return Figure(start, highs[0].end, ends, sure=lows[0].sure)
    bounded = [figure for figure in standing if figure.low is not None or _is_capped(utterance, figure)]
    return jury.likeliest("budget", bounded or standing)


def _is_capped(utterance: Utterance, figure: Figure) -> bool:
    return is_max(utterance, Quantity(figure.start, figure.end, 0.0, Shape.FULL))
