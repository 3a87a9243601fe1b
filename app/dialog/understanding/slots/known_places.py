"""Places that are known and named again: by a name that alone would be none, or by half of it (R10.2)."""

from app.dialog.hebrew.gazetteer import Mention, find, gazetteer, written_as_one
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.repairs import negated, rejected_after
from app.dialog.hebrew.span import covered
from app.dialog.hebrew.tokens import Utterance, fold, stems

_SHARED = Lexicon("hebrew/places.toml").words("shared")
_ONLY = Lexicon("real_estate/area.toml").words("only")


def named_again(utterance: Utterance, found: list[Mention], known: list[str]) -> list[Mention]:
    """Return the places `found`, and those `known` that are named besides, in order.

    A village that is known needs nothing that says so ("את אחיסמך תשמיטי"), and of a name of two words one does, where
    it is struck or stays ("את אתא תורידי, רק ביאליק").
    """
    if not known:
        return found
    taken = covered(found)
    villages = [mention for mention in find(utterance, is_asked=True) if mention.value in known]
    again = [mention for mention in villages if taken.isdisjoint(mention.tokens)]
    again += _by_half(utterance, taken | covered(again), known)
    return sorted([*found, *again], key=lambda mention: mention.start)


def _by_half(utterance: Utterance, taken: frozenset[int], known: list[str]) -> list[Mention]:
    halves = {half: name for name in known if (half := _half(name))}
    return [
        Mention(at, at + 1, place.name, place, prefix)
        for at, key in enumerate(utterance.keys)
        if at not in taken
        for prefix, rest in stems(key)
        if rest in halves and _is_settled(utterance, at) and (place := gazetteer()[written_as_one(halves[rest])][0])
    ]


def _half(name: str) -> str:
    """Return the word by which a name of several is known: "ביאליק" of "קריית ביאליק", "מזכרת" of "מזכרת בתיה"."""
    parts = fold(name).split()
    if len(parts) == 1 or written_as_one(name) not in gazetteer():
        return ""
    return parts[-1] if parts[0].replace("יי", "י") in _SHARED else parts[0]


def _is_settled(utterance: Utterance, at: int) -> bool:
    """Whether the words around strike what stands at `at`, or let only it stay."""
    return utterance.key(at - 1) in _ONLY or negated(utterance, at) or rejected_after(utterance, at + 1)
