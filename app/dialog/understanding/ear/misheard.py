"""Places in misheard words, looked for only when the area was asked and nothing else matched (R10.6)."""

from functools import lru_cache

from rapidfuzz import fuzz, process

from app.dialog.domain import Asked
from app.dialog.hebrew.gazetteer import COMMON_WORDS, Mention, gazetteer
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import atom_at
from app.dialog.hebrew.scopes.telling import OTHERS
from app.dialog.hebrew.tokens import Utterance, fold, rests, stems

_LISTS = Lexicon("hebrew/ear.toml")

FUZZY_RATIO = 90.0
"""Likeness, of 100, that is enough anywhere; measured: below it common words become towns."""
SHORT_RATIO = 84.0
NOISY_RATIO = 79.0
"""Enough when the rest of the answer is small words, so that a place is all it can be; then it is unsure."""
_LONG_ENOUGH = 4

_CARRIERS = _LISTS.words("carriers")
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
            if any(utterance.tokens[index].is_number for index in span):
                continue
            if all(_everyday(utterance.key(index)) or atom_at(utterance, index) is not None for index in span):
                # "ארבעה חדרים" is no "רובע ה".
                continue
            mention = _fuzzy_at(utterance, start, count)
            if mention is not None:
                found.append(mention)
    return sorted(found, key=lambda mention: mention.start)


def _everyday(key: str) -> bool:
    """Whether a word is a common one, with a prefix or without: "לשכונה ההיא" is no "שכונה ה"."""
    if len(key) <= 1 or key in COMMON_WORDS:
        return True
    return any(rest in COMMON_WORDS and len(rest) >= _LONG_ENOUGH for _, rest in stems(key))


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
            return Mention(start, start + count, place.name, place, prefix, sure=ratio >= 95)
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


_NUMBERS = "אחת שתיים שלוש ארבע חמש שבע שמונה תשע שלושה ארבעה חמישה שישה שבעה תשעה וחצי"
_EXPECTED = {
    Asked.DEAL: "לקנות קנייה לרכוש רכישה לשכור שכירות להשכרה לשכירות",
    Asked.PROPERTY_TYPE: """דירה דירת פנטהאוז דופלקס טריפלקס סטודיו קוטג פרטי וילה משפחתי מגרש קרקע נחלה משרד
        חנות מסחרי מחסן בניין""",
    Asked.ROOMS: _NUMBERS + " חדרים",
    Asked.BUDGET: _NUMBERS + " מיליון אלפים מאות מאתיים",
    Asked.TIMING: _NUMBERS
    + """ חודשים חודשיים שבועיים מיידי גמיש ינואר פברואר אפריל יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר""",
}
_MENDED_RATIO = 74.0
_LONGEST_MENDED = 5
"""Words of an answer that is worth mending; a longer one says too much else."""


@lru_cache(maxsize=8)
def _expected_words(asked: Asked) -> tuple[str, ...]:
    return tuple(fold(word) for word in _EXPECTED.get(asked, "").split())


def _alike(heard: str, word: str) -> float:
    """Return how alike two words are as a telephone carries them, of 100."""
    ratio = fuzz.ratio(heard, word)
    return (ratio + fuzz.ratio(sounds(heard), sounds(word))) / 2 if ratio >= 55 else 0.0


def _counts(utterance: Utterance) -> bool:
    """Whether some word is a number or what numbers count, so that another may be one misheard."""
    return any(
        atom_at(utterance, index) is not None or key.startswith("חדר") for index, key in enumerate(utterance.keys)
    )


def mend(utterance: Utterance, asked: Asked) -> Utterance | None:
    """Return the utterance with unknown words replaced by the expected words they sound like; None: nothing to mend."""
    expected = _expected_words(asked)
    if not expected or not 0 < len(utterance) <= _LONGEST_MENDED:
        return None
    if asked in (Asked.BUDGET, Asked.ROOMS) and len(utterance) > 1 and not _counts(utterance):
        return None
    tokens = list(utterance.tokens)
    mended = False
    for index, token in enumerate(tokens):
        if (
            atom_at(utterance, index) is not None
            or len(token.key) < 4
            or token.key in COMMON_WORDS
            or token.key in OTHERS
            or not rests(token.key).isdisjoint(expected)
        ):
            continue
        likeness, word = max((_alike(token.key, word), word) for word in expected)
        if likeness >= _MENDED_RATIO:
            tokens[index] = token._replace(key=word)
            mended = True
    return Utterance.of(utterance.text, tokens) if mended else None
