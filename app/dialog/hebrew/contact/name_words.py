"""What a name is made of: given names and their bearers, words that are none, spelling, stutter (R10.2).

Given names come from data/hebrew/first_names.txt (public births data): name, tab, bearers.
"""

from functools import lru_cache

from app.dialog import data
from app.dialog.hebrew.gazetteer import COMMON_WORDS, find
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import atom_at
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance, fold, stems

_LISTS = Lexicon("hebrew/names.toml")
KNOWN_BEARERS = 300
"""Of so many people a name is known."""
MAX_WORDS = 3
_SHORTEST_COMMAND = 5
_LONGEST_STUTTER = 3
_BEFORE_COMMON = ("ה", "ו", "ב", "ל", "ש", "וש", "וב", "ול")
PARTICLES = _LISTS.words("particles")
_AFFILIATIONS, _TITLES = _LISTS.words("affiliations"), _LISTS.words("titles")
_NICKNAMES, _STOP = _LISTS.words("nicknames"), _LISTS.words("stop")
STRIP = _LISTS.words("strip")
SPELLING, _LETTERS = _LISTS.words("spelling"), _LISTS.words("letters")
TOLD_TO_OTHERS = _LISTS.words("told_to_others")
UNWANTED_AFTER_AM = _LISTS.words("unwanted_after_am")


@lru_cache(maxsize=1)
def first_names() -> dict[str, int]:
    """Return folded given names with their number of bearers."""
    table: dict[str, int] = {}
    for line in data.read_text("hebrew/first_names.txt").splitlines():
        name, _, bearers = line.partition("\t")
        key = fold(name)
        table[key] = table.get(key, 0) + int(bearers)
    for key in _NICKNAMES:
        table[key] = max(table.get(key, 0), KNOWN_BEARERS)
    return table


def bearers_of(key: str) -> int:
    """Return how many bear a given name."""
    return first_names().get(key, 0)


def is_common(key: str) -> bool:
    """Whether a word is a common one, prefixed or not; a known name is none."""
    if key in COMMON_WORDS or key in _STOP:
        return True
    if key in TOLD_TO_OTHERS:
        return True
    told = key.removeprefix("ו")
    if told.startswith("ת") and key.endswith("י") and len(key) >= _SHORTEST_COMMAND and bearers_of(key) < KNOWN_BEARERS:
        # "תמשיכי", "תוותרי": somebody is told to do something.
        return True
    return bearers_of(key) < KNOWN_BEARERS and any(
        (prefix in _BEFORE_COMMON and rest in COMMON_WORDS) or prefix == "וה" or (prefix == "ו" and rest in _STOP)
        for prefix, rest in stems(key)
    )


def is_name_word(utterance: Utterance, index: int) -> bool:
    """Whether a word can be part of a name: no number, no common word unless many people bear it."""
    key = utterance.key(index)
    if len(key) < 2 or utterance.tokens[index].is_number or not "א" <= key[0] <= "ת":
        return False
    if is_common(key):
        return bearers_of(key) >= 3000 and key not in STRIP
    return atom_at(utterance, index) is None


def collect(utterance: Utterance, start: int, claimed: frozenset[int], *, known_first: bool) -> Span[str] | None:
    """Read up to three name words at `start`: a given name and surnames, stutter and spelling hints left out."""
    chosen: list[int] = []
    for index in range(_past_titles(utterance, start), len(utterance)):
        full = sum(utterance.key(at) not in PARTICLES for at in chosen) == MAX_WORDS
        if full or index in claimed or not is_name_word(utterance, index):
            break
        if chosen and _ends_before(utterance, index, len(chosen), known_first=known_first):
            break
        if chosen and utterance.key(chosen[-1]) == utterance.key(index):
            # "גל אה גל כהן": the repeated word is a stutter.
            chosen[-1] = index
        else:
            chosen.append(index)
    if not chosen or (known_first and bearers_of(utterance.key(chosen[0])) < KNOWN_BEARERS):
        return None
    return Span(chosen[0], chosen[-1] + 1, " ".join(utterance.tokens[position].text for position in chosen))


def _past_titles(utterance: Utterance, start: int) -> int:
    """Return where a name begins behind titles ("עורך דין") and what was only begun of it."""
    while utterance.key(start) in _TITLES or (
        utterance.key(start) == fold("דין") and utterance.key(start - 1)[:4] == fold("עורך")
    ):
        start += 1
    while _stutters(utterance, start):
        start += 1
    return start


def _ends_before(utterance: Utterance, index: int, words: int, *, known_first: bool) -> bool:
    """Whether a name of so many words ends before token `index`: with its clause, or before where somebody is from."""
    token = utterance.tokens[index]
    if words > 1 and ("," in token.gap or "." in token.gap):
        return True
    if known_first and "," in token.gap and bearers_of(token.key) < KNOWN_BEARERS:
        # "פה אסנת, ראינו דירה": what nobody asked for ends with the clause.
        return True
    affiliated = token.key.startswith("מה") or (token.key[0] == "מ" and token.key[1:] in _AFFILIATIONS)
    return (affiliated or index in origins(utterance)) and token.key not in first_names()


def _stutters(utterance: Utterance, start: int) -> bool:
    """Whether a name is only begun here: "א אורי", "איי איילת"."""
    key, after = utterance.key(start), utterance.key(start + 1)
    begun = len(key) <= _LONGEST_STUTTER and after.startswith(key)
    return len(key) == 1 or (begun and bearers_of(key) < KNOWN_BEARERS <= bearers_of(after))


def spelled(utterance: Utterance) -> frozenset[int]:
    """Return the tokens of a word spelled letter by letter: "יוד ואו אלף בית"."""
    letters = [key in _LETTERS for key in utterance.keys]
    found: set[int] = set()
    for at in range(len(letters) - 2):
        if all(letters[at : at + 3]):
            found.update(range(at, at + 3))
    return frozenset(found)


def origins(utterance: Utterance) -> frozenset[int]:
    """Return where a place begins that the caller is from: "דרור מהוד השרון"."""
    return frozenset(mention.start for mention in find(utterance) if mention.prefix == "מ")
