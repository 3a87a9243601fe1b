"""Listed phrases, found among an utterance's words: all that is listed, by one search of each utterance (R10.2)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance, fold, stems


@dataclass(frozen=True, slots=True)
class Match(Span[str]):
    """A phrase found, and what it stands for; `prefix` is written onto its first word."""

    prefix: str = ""


_Phrase = tuple["Phrasebook", str, tuple[str, ...], str]
"""Its book, what is written onto its first word, its parts, and its value."""
_EXACT: dict[str, list[tuple["Phrasebook", tuple[str, ...], str, bool]]] = {}
_OPEN: dict[str, list[tuple["Phrasebook", tuple[str, ...], str, bool]]] = {}
"""The phrases of all books, by their first word; and by its first two letters, where it stands for any ending."""


def _is(key: str, part: str) -> bool:
    """Whether a word is a part of a phrase: itself, or what begins as an open part does."""
    return key == part or (part.endswith("*") and key.startswith(part[:-1]))


def _follow(utterance: Utterance, index: int, parts: tuple[str, ...]) -> bool:
    """Whether the further parts of a phrase that begins at `index` follow there."""
    for offset in range(1, len(parts)):
        key = utterance.key(index + offset)
        if not key or not _is(key, parts[offset]):
            return False
    return True


@lru_cache(maxsize=8192)
def _starting(key: str) -> tuple[tuple[_Phrase, ...], Mapping[str, tuple[_Phrase, ...]]]:
    """Return the phrases that a word may begin, whatever its second word, and those that go on with each word.

    The latter hold the former, too: callers use few words, and each is looked up once.
    """
    phrases = [
        (book, prefix, parts, value)
        for prefix, rest in stems(key)
        for book, parts, value, prefixed in (*_EXACT.get(rest, ()), *_OPEN.get(rest[:2], ()))
        if (prefixed or not prefix) and _is(rest, parts[0])
    ]
    goes_on: dict[str, list[int]] = {}
    anyhow: list[int] = []
    for at, (_, _, parts, _) in enumerate(phrases):
        open_ended = len(parts) == 1 or parts[1].endswith("*")
        (anyhow if open_ended else goes_on.setdefault(parts[1], [])).append(at)
    by_second = {word: tuple(phrases[at] for at in sorted((*places, *anyhow))) for word, places in goes_on.items()}
    return tuple(phrases[at] for at in anyhow), by_second


@lru_cache(maxsize=64)
def _phrases_in(utterance: Utterance) -> Mapping["Phrasebook", Mapping[int, _Phrase]]:
    """Return the longest phrase of each book at each token: an utterance is searched once for all that is listed."""
    found: dict[Phrasebook, dict[int, _Phrase]] = {}
    for index, key in enumerate(utterance.keys):
        alone, by_second = _starting(key)
        for phrase in by_second.get(utterance.key(index + 1), alone):
            parts = phrase[2]
            if len(parts) > 1 and not _follow(utterance, index, parts):
                continue
            at = found.setdefault(phrase[0], {})
            if index not in at or len(parts) > len(at[index][2]):
                at[index] = phrase
    return found


class Phrasebook:
    """Finds listed phrases among an utterance's words, the longest first.

    A phrase is folded words; a word ending in "*" stands for every word that begins so. The first word may carry
    prefixes (ו, ש, ב, ל, מ, ה, כ) unless the phrase starts with "=".
    """

    def __init__(self, phrases: dict[str, str] | str) -> None:
        if isinstance(phrases, str):
            phrases = {line.strip(): line.strip() for line in re.split(r"[\n|]", phrases) if line.strip()}
        for phrase, value in phrases.items():
            bare = phrase.startswith("=")
            parts = tuple(fold(part) for part in phrase.lstrip("=").split())
            first = parts[0]
            # No open phrase is shorter than two letters.
            listed = _OPEN.setdefault(first[:2], []) if first.endswith("*") else _EXACT.setdefault(first, [])
            listed.append((self, parts, value, not bare))
        for forget in (_starting, _phrases_in):
            forget.cache_clear()

    def at(self, utterance: Utterance, index: int) -> Match | None:
        """Return the longest phrase that starts at token `index`."""
        phrase = _phrases_in(utterance).get(self, _NO_PHRASES).get(index)
        if phrase is None:
            return None
        _, prefix, parts, value = phrase
        return Match(index, index + len(parts), value, prefix)

    def each(self, utterance: Utterance) -> Iterator[Match]:
        """Yield the longest phrase at each token where one starts, from left to right; they may overlap."""
        for index, (_, prefix, parts, value) in _phrases_in(utterance).get(self, _NO_PHRASES).items():
            yield Match(index, index + len(parts), value, prefix)

    def all(self, utterance: Utterance) -> list[Match]:
        """Return the matches from left to right, without overlaps."""
        if self not in _phrases_in(utterance):
            return []
        found: list[Match] = []
        end = 0
        for match in self.each(utterance):
            if match.start >= end:
                found.append(match)
                end = match.end
        return found

    def within(self, utterance: Utterance) -> bool:
        """Whether any phrase occurs."""
        return self in _phrases_in(utterance)


_NO_PHRASES: Mapping[int, _Phrase] = {}
