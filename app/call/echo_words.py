"""The agent's own words come back: the last net for an echo that the ear took for the caller (R7.1). Pure.

A transcript that says what the agent says at that moment, and nothing else, is its echo. A caller says the agent's
words, too: "חולון" after "חולון?", "שיחה עם יועץ" where that was one of two, a number read back. What tells them apart
is how many words are repeated, in order, and that callers add something of their own.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz import fuzz

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.number_words import atom_at
from app.dialog.hebrew.tokens import fold, normalise

LEAST_WORDS = 4
_NEARLY = 70  # two words that a recogniser takes for one another, by the letters they share (0..100)
_NEAR_COUNTS = 0.7
# Of the words; a recogniser garbles some of an echo, and four words are soon said by a caller, too.
_LEAST_SHARE, _LEAST_SHARE_OF_FOUR = 0.65, 0.9
_MOST_SKIPPED = 2  # words of the agent's that the recogniser lost between two that it found
_MOST_NUMBERS = 0.8  # of the words: a number that is read back is repeated by those who confirm it
_OWN_WORDS = Lexicon("hebrew/echo.toml").words("own")
_NOT_WORDS = re.compile(r"[^\w\s]|[\u0591-\u05c7]")


@lru_cache(maxsize=256)  # asked anew with each frame while nothing new is heard
def is_echo(heard: str, said: str) -> bool:
    """Whether the words `heard` are those that the agent `said` as they were heard, alone."""
    words, agent = _words(heard), _words(said)
    least = _LEAST_SHARE_OF_FOUR if len(words) == LEAST_WORDS else _LEAST_SHARE
    if len(words) < LEAST_WORDS or len(agent) < LEAST_WORDS or least * len(words) > len(agent) or _is_number(heard):
        return False
    if any(word in _OWN_WORDS and word not in agent for word in words):
        return False
    return max(_repeated(words, agent[at:]) for at in range(len(agent))) >= least * len(words)


def _repeated(words: Sequence[str], agent: Sequence[str]) -> float:
    """Count the words that follow one another as in the agent's line, which begins with one of them."""
    found, at = 0.0, 0
    for word in words:
        near = agent[at : at + 1 + (_MOST_SKIPPED if found else 0)]
        hit = next((skipped for skipped, other in enumerate(near) if _is_nearly(word, other)), None)
        if hit is not None:
            found += 1.0 if word == near[hit] else _NEAR_COUNTS
            at += hit + 1
        elif found:
            at += 1  # garbled: as long as the word it was
    return found


def _is_nearly(word: str, other: str) -> bool:
    return word == other or (len(word) > 2 and len(other) > 2 and fuzz.ratio(word, other) >= _NEARLY)


def _is_number(text: str) -> bool:
    utterance = normalise(text)
    numbers = sum(atom_at(utterance, index) is not None for index in range(len(utterance)))
    return numbers >= _MOST_NUMBERS * len(utterance)


def _words(text: str) -> list[str]:
    return [fold(word) for word in _NOT_WORDS.sub("", text).split()]
