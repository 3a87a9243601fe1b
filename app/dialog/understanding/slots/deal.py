"""To buy or to rent (R10.2)."""

from dataclasses import replace
from itertools import pairwise

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.phrases import Phrasebook
from app.dialog.hebrew.repairs import against, settle
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance, fold, rests
from app.dialog.understanding.judging.judge import LENIENT, Jury
from app.dialog.understanding.slots.kind import YOU

_LISTS = Lexicon("real_estate/deals.toml")

_OFFICE_DOES = {fold("משכירים"): "rent", fold("מוכרים"): "buy"}
_DEAL = Phrasebook({phrase: deal for deal in ("buy", "rent") for phrase in _LISTS.listed(deal)})
_LETS = _LISTS.words("lets")
_LETS_LATER = _LISTS.phrases("lets_later")
_SOON = 3
_HEARD_BUY = _LISTS.words("heard_buy")
_HEARD_RENT = _LISTS.words("heard_rent")


def _office_does(utterance: Utterance) -> list[Span[str]]:
    """Read "אתם משכירים דירות בחיפה?": what the office lets is what the caller would rent."""
    pairs = enumerate(pairwise(utterance.keys))
    return [
        Span(at + 1, at + 2, _OFFICE_DOES[does]) for at, (you, does) in pairs if you in YOU and does in _OFFICE_DOES
    ]


def understand_deal(
    utterance: Utterance,
    asked: Asked,
    claimed: frozenset[int] = frozenset(),
    jury: Jury = LENIENT,
    *,
    known: str | None = None,
) -> Span[str] | None:
    """Return "buy" or "rent". "להשכיר" from a seeker means to rent; of both, the one that is not `known`."""
    found = [Span(match.start, match.end, match.value) for match in _DEAL.all(utterance) if match.start not in claimed]
    found += _office_does(utterance)
    # "עד מיליון וחצי להשכרה אחר כך": who lets it afterwards buys it.
    found = [replace(value, value="buy") if _lets_later(utterance, value) else value for value in found]
    if asked is Asked.DEAL and not found:
        found = _heard(utterance)
    standing, denied = settle(utterance, found, known)
    standing = jury.wished("deal", [*_after_so(utterance, standing), *against(utterance, denied)])
    if not standing and denied and len({value.value for value in denied}) == 1:
        # "לא לקנות": of two, the other one.
        other = "rent" if denied[0].value == "buy" else "buy"
        return Span(denied[0].start, denied[0].end, other) if asked is Asked.DEAL else None
    if not standing:
        return None
    return (
        jury.likeliest("deal", standing)
        if len({value.value for value in standing}) == 1 or asked is not Asked.DEAL
        else _last_choice(utterance, standing)
    )


def _lets_later(utterance: Utterance, letting: Span[str]) -> bool:
    """Whether it is afterwards that somebody lets a home: "להשכיר את זה הלאה"; "לשכור, אחר כך לקנות" rents first."""
    lets = not _LETS.isdisjoint(rests(utterance.key(letting.start)))
    return lets and any(_LETS_LATER.at(utterance, at) for at in range(letting.end, letting.end + _SOON))


def _heard(utterance: Utterance) -> list[Span[str]]:
    """Read words that a recogniser writes for the two answers to "buy or rent"."""
    return [
        Span(index, index + 1, deal)
        for index, key in enumerate(utterance.keys)
        for deal, written in (("rent", _HEARD_RENT), ("buy", _HEARD_BUY))
        if not written.isdisjoint((key, key.lstrip("בלה")))
    ]


def _after_so(utterance: Utterance, standing: list[Span[str]]) -> list[Span[str]]:
    """Prefer the conclusion: "אין לי כסף לקנות אז שכירות"."""
    so = [index for index, key in enumerate(utterance.keys) if key in ("אז", fold("לכן")) and index > 0]
    concluded = [value for value in standing if so and value.start > so[0]]
    choices = [at for at, (one, two) in enumerate(pairwise(standing)) if utterance.keys[one.end : two.start] == ("או",)]
    # "לקנות או לשכור, טוב, שכירות": the choice is told, and what it came to.
    return concluded or (standing[choices[-1] + 2 :] if choices else []) or standing


def _last_choice(utterance: Utterance, standing: list[Span[str]]) -> Span[str] | None:
    """Of "קנייה או שכירות" repeated back, neither; otherwise the first."""
    between = [utterance.key(index) for index in range(standing[0].end, standing[1].start)]
    return None if between == ["או"] else standing[0]
