"""Makes words whole that a recogniser broke in two ("חמי שה"), or wrote as they sounded ("מגרס") (R10.6).

Only where no list knows a piece, or the word as it was written, and only to a word of what is asked for here: callers
say much that no list knows, and all of it stays. A token that was made whole says so (`Token.mended`): the judge of
wishes weighs it.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from app.dialog import data
from app.dialog.hebrew.contact.name_words import KNOWN_BEARERS, bearers_of
from app.dialog.hebrew.gazetteer import COMMON_WORDS
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.tokens import Token, Utterance, fold, normalise, rests, stems

_LISTS = Lexicon("hebrew/whole_words.toml")
_WORD = re.compile("[\u05d0-\u05ea\"']+")
_OF_WHAT_IS_ASKED = (
    *("hebrew/numbers.toml", "hebrew/calendar.toml", "hebrew/dates.toml"),
    *("real_estate/kinds.toml", "real_estate/deals.toml"),
)
_KNOWN = (
    *(
        f"hebrew/{name}.toml"
        for name in (
            *("acts", "calendar", "classes", "clock", "common_words", "dates", "ear", "english", "limits", "names"),
            *("numbers", "past", "phones", "places", "scope", "speakable", "timing", "verbs", "whereabouts"),
        )
    ),
    *(
        f"real_estate/{name}.toml"
        for name in (
            *("area", "budget", "changes", "clauses", "deals", "errands", "kinds", "rooms", "turn", "wishes"),
            *("typical_answers", "withdrawals"),
        )
    ),
)
_SHORTEST = 3
_AND = "ו"
_PREFIXES = frozenset("ושהכלבמ")
_AS_HEARD = str.maketrans({"ט": "ת", "ק": "כ", "ח": "כ", "ע": "א", "ה": "א", "ס": "ש"})
"""Letters that many speakers do not tell apart."""


@lru_cache(maxsize=256)
def said(text: str) -> Utterance:
    """Return recognised text as an `Utterance` of whole words. Never raises."""
    utterance = normalise(text)
    tokens = _whole(utterance.tokens)
    return utterance if tokens is None else Utterance.of(text, tokens)


def _words_in(files: Iterable[str]) -> frozenset[str]:
    return frozenset(
        fold(word)
        for file in files
        for line in data.read_text(file).splitlines()
        if not line.startswith("#")
        for word in _WORD.findall(line)
    )


@cache
def _known() -> frozenset[str]:
    return _words_in(_KNOWN) | COMMON_WORDS


@cache
def _breakable() -> frozenset[str]:
    words = _words_in(_OF_WHAT_IS_ASKED) | _LISTS.words("broken")
    return frozenset(word for word in words if len(word) >= _SHORTEST)


@cache
def _by_sound() -> dict[str, str]:
    return {word.translate(_AS_HEARD): word for word in sorted(_LISTS.words("sounded"))}


def load() -> None:
    """Read the words now, rather than in a call."""
    said("חמי שה סלושה")


def _whole(tokens: tuple[Token, ...]) -> list[Token] | None:
    """Return the tokens made whole; None: all of them are."""
    whole: list[Token] = []
    at, last = 0, len(tokens) - 1
    while at <= last:
        token = tokens[at]
        follower = tokens[at + 1] if at < last else None
        if follower is not None and (word := _joined(token, follower, ends=at + 1 == last)):
            text = token.text + follower.text
            token = token._replace(text=text, key=word, end=follower.end, mended=True)
            at += 1
        elif not token.is_number and (word := _spelled(token.key)):
            token = token._replace(key=word, mended=True)
        whole.append(token)
        at += 1
    return whole if any(token.mended for token in whole) else None


def _joined(token: Token, follower: Token, *, ends: bool) -> str:
    """Return the word that two tokens are the pieces of; "": they are none. `ends`: nothing follows."""
    if token.is_number or follower.is_number or follower.gap.strip():
        return ""
    return _pieces(token.key, follower.key, ends=ends)


@lru_cache(maxsize=8192)
def _pieces(first: str, second: str, *, ends: bool) -> str:
    known = [not rests(key).isdisjoint(_known()) for key in (first, second)]
    joined = first + second
    if all(known) and (len(second) > 1 or (second in _PREFIXES and not ends)):
        return ""
    if not all(known) and bearers_of(joined) >= KNOWN_BEARERS and min(map(bearers_of, (first, second))) == 0:
        return joined
    for prefix, rest in stems(joined):
        # "לא לול" is no "לאלול": what no list knows may be a word all the same.
        if rest in _breakable() and len(prefix) < len(first) and not (prefix and first in COMMON_WORDS):
            return joined
    return ""


@lru_cache(maxsize=8192)
def _spelled(key: str) -> str:
    """Return the word that a word unknown sounds like; "": none."""
    if len(key) < _SHORTEST or not rests(key).isdisjoint(_known()) or key in _LISTS.words("of_their_own"):
        return ""
    if bearers_of(key):
        return ""
    for prefix, rest in stems(key):
        if prefix in ("", _AND) and len(rest) >= _SHORTEST:
            word = _by_sound().get(rest.translate(_AS_HEARD))
            if word is not None:
                return prefix + word
    return ""
