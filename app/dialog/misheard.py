"""Places in misheard words, looked for only when the area was asked and nothing else matched (R10.6)."""

from functools import lru_cache

from rapidfuzz import fuzz, process

from app.dialog.gazetteer import Mention, gazetteer
from app.dialog.normalise import Utterance, stems, words
from app.dialog.vocabulary import COMMON_WORDS

FUZZY_RATIO = 90.0
"""Likeness, of 100, that is enough anywhere; measured: below it common words become towns."""
SHORT_RATIO = 84.0
NOISY_RATIO = 79.0
"""Enough when the rest of the answer is small words, so that a place is all it can be; then it is unsure."""

_CARRIERS = words(
    """אני אנחנו רוצה רוצים מחפש מחפשת מחפשים צריך צריכה מעוניין מעוניינת מעדיף מעדיפה באזור אזור של העיר עיר בעיר
    שכונת שכונה בשכונת בשכונה רק או גם את זה אולי סביבת בסביבות בסביבה לגור בערך משהו כן תל קרית רמת גבעת נוה כפר ב"""
)
_CONFUSABLE = str.maketrans({"ט": "ת", "ק": "כ", "ח": "כ", "ע": "א", "ס": "ש", "צ": "ש", "ו": "ב", "פ": "ב"})


@lru_cache(maxsize=1)
def _fuzzy_names() -> list[str]:
    return [key for key, (place, _) in gazetteer().items() if len(key) >= 4 and not place.risky]


def sounds(key: str) -> str:
    """Return a folded word as a telephone carries it: letters that sound alike are equal, gutturals are gone."""
    return key.translate(_CONFUSABLE).replace("א", "").replace("ה", "").replace("י", "")


def misheard_places(utterance: Utterance) -> list[Mention]:
    """Find a place in misheard words, for use when the area was asked and nothing else matched."""
    found: list[Mention] = []
    for count in (3, 2, 1):
        for start in range(len(utterance) - count + 1):
            span = range(start, start + count)
            if any(len(utterance.key(index)) == 1 for index in span):
                continue
            if any(mention.start < start + count and start < mention.end for mention in found):
                continue
            if not any(
                len(utterance.key(index)) > 1 and utterance.key(index) not in COMMON_WORDS for index in span
            ) or any(utterance.tokens[index].is_number for index in span):
                continue
            mention = _fuzzy_at(utterance, start, count)
            if mention is not None:
                found.append(mention)
    return sorted(found, key=lambda mention: mention.start)


def _fuzzy_at(utterance: Utterance, start: int, count: int) -> Mention | None:
    rest = "".join(utterance.key(start + offset) for offset in range(1, count))
    others = [key for index, key in enumerate(utterance.keys) if not start <= index < start + count]
    short_answer = all(key in _CARRIERS or key in COMMON_WORDS for key in others)
    for prefix, stem in stems(utterance.key(start)):
        joined = (stem + rest).replace("יי", "י")
        if len(joined) < 4 or prefix not in ("", "ב", "ל", "מ", "ו", "וב", "ה"):
            continue
        name, ratio = _nearest(joined)
        needed = FUZZY_RATIO if not short_answer else SHORT_RATIO if len(joined) < 5 else NOISY_RATIO
        if name and ratio >= needed:
            place = gazetteer()[name][0]
            return Mention(start, start + count, place, place.name, prefix, sure=ratio >= 95)
    return None


def _nearest(joined: str) -> tuple[str, float]:
    """Return the name nearest to misheard letters and how near it is; names that sound the same come nearer."""
    best, best_ratio = "", 0.0
    for name, ratio, _ in process.extract(joined, _fuzzy_names(), scorer=fuzz.ratio, score_cutoff=65.0, limit=5):
        heard = fuzz.ratio(sounds(joined), sounds(name))
        nearness = 93.0 if heard == 100.0 and ratio >= 70.0 and len(sounds(joined)) >= 3 else ratio
        if heard < 100.0 and len(joined) <= 4 and len(name) != len(joined):
            nearness -= 4.0
        if nearness > best_ratio:
            best, best_ratio = name, nearness
    return best, best_ratio
