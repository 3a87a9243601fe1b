"""What kind of property the caller wants (R10.2)."""

from dataclasses import dataclass, replace

from app.dialog.data import property_kinds
from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.phrases import Phrasebook
from app.dialog.hebrew.repairs import against, settle
from app.dialog.hebrew.span import Span, covered
from app.dialog.hebrew.tokens import Utterance
from app.dialog.understanding.judging.judge import LENIENT, Jury

_LISTS = Lexicon("real_estate/kinds.toml")
_SPECIFIES = _LISTS.words("specifies")

_TYPES = Phrasebook({phrase: code for code, phrases in property_kinds().items() for phrase in phrases})
_NOT_TYPES = _LISTS.phrases("not_types")
YOU = _LISTS.words("you")
_MORE_THAN_A_ROOM = _LISTS.words("more_than_a_room")
SEEKS = _LISTS.words("seeks")
_INTERESTED = _LISTS.words("interested")
SETTLES_FOR = _LISTS.words("settles_for")
HOUSES = ("villa", "private_house", "cottage", "semi_detached", "farm", "land")
"""Whoever sought one and speaks of a flat sets it against them; a penthouse is a flat, too."""
_BEEN_IN = ("office", "private_house", "building", "store", "farm")
_WIDEST = 5
"""So many words may part a home from what kind it is: "דירה עם כניסה פרטית, כמו דירת גן"."""
_GENERIC = ("apartment", "private_house", "commercial", "villa")


@dataclass(frozen=True, slots=True)
class Kind(Span[str]):
    """A kind of home; `instead`: another was denied beside it; `prefix` is written onto its first word."""

    instead: bool = False
    prefix: str = ""


def understand_type(
    utterance: Utterance,
    asked: Asked,
    claimed: frozenset[int],
    known: str | None = None,
    jury: Jury = LENIENT,
) -> Kind | None:
    """Return the property type the caller wants. Of alternatives the first; of "דירה" and a kind of it the kind.

    Of two, one of them `known`, the other: "לא לא דירה רגילה, דירת גן".
    """
    if asked is Asked.PROPERTY_TYPE and utterance.keys in (("גג",), ("גנ",)):
        # To "which type": a flat with one; anywhere else what a home has besides.
        return Kind(0, 1, "roof_apartment" if utterance.keys == ("גג",) else "garden_apartment")
    found = _named(utterance, claimed)
    if jury.heeds_rules:
        found = [kind for kind in found if not _somewhere(utterance, kind)]
    standing, denied = settle(utterance, found, known)
    standing = jury.wished("property_type", [*standing, *against(utterance, denied)])
    if not standing:
        return None
    chosen = replace(jury.likeliest("property_type", standing), instead=bool(denied))
    new = [found for found in standing if found.value != known]
    if chosen.value == known and new and "לא" in utterance.keys[: new[0].start]:
        return replace(new[0], instead=True)
    return _most_special(utterance, chosen, standing)


def _named(utterance: Utterance, claimed: frozenset[int]) -> list[Kind]:
    """Return the kinds that are named, from left to right, none of them in claimed words."""
    blocked = covered(_NOT_TYPES.all(utterance)) | claimed
    found: list[Kind] = []
    end = 0
    for match in _TYPES.each(utterance):
        if match.start < end or not blocked.isdisjoint(match.tokens):
            continue
        kind = Kind(match.start, match.end, match.value, prefix=match.prefix)
        if match.value == "studio" and utterance.key(match.end) in _MORE_THAN_A_ROOM:
            # "דירת חדר וחצי" counts rooms; "דירת חדר" alone is a studio.
            kind = Kind(match.start, match.start + 1, "apartment", prefix=match.prefix)
        found.append(kind)
        end = kind.end
    return found


def _most_special(utterance: Utterance, chosen: Kind, standing: list[Kind]) -> Kind:
    """Return the kind by which a general one is then told more exactly: "דירה, פנטהאוז"."""
    if chosen.value not in _GENERIC:
        return chosen
    later = (kind for kind in standing if kind.start > chosen.start and kind.value != chosen.value)
    return next((kind for kind in later if _specifies(utterance, chosen, kind)), chosen)


def _specifies(utterance: Utterance, general: Kind, kind: Kind) -> bool:
    between = [utterance.key(index) for index in range(general.end, kind.start)]
    return not between or (len(between) <= _WIDEST and between[-1] in _SPECIFIES)


def _somewhere(utterance: Utterance, kind: Kind) -> bool:
    """Whether a home is where something happens: "פגישה במשרד", "דודו מהמשרד"."""
    placed = kind.prefix in ("ב", "מ", "כ", "וב", "מה") and kind.value in _BEEN_IN
    return placed and utterance.key(kind.start - 1) not in _INTERESTED
