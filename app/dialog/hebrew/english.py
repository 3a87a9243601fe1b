"""English that callers mix in, read as the Hebrew words that the rules know (R10.2).

"3 room apartment, up to two million" is then read by the same grammar as Hebrew; quotes keep what was said.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from app.dialog import data


@cache
def _readings() -> Mapping[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]:
    """Return (English words, Hebrew words) by the first English word, the longest first."""
    table: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for hebrew, phrases in data.read_toml("hebrew/english.toml")["read_as"].items():
        for phrase in data.phrases(phrases):
            english = tuple(phrase.replace("'", " ").split())
            table.setdefault(english[0], []).append((english, tuple(hebrew.split())))
    return {first: tuple(sorted(pairs, key=lambda pair: -len(pair[0]))) for first, pairs in table.items()}


def reading_at(keys: Sequence[str], start: int) -> tuple[int, tuple[str, ...]] | None:
    """Return how many words from `start` on are one English phrase, and the Hebrew words it is read as."""
    for english, hebrew in _readings().get(keys[start], ()):
        if tuple(keys[start : start + len(english)]) == english:
            return len(english), hebrew
    return None
