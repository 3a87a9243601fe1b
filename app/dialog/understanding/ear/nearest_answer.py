"""The typical answer that sounds most like what a recogniser made of a short answer (R10.6).

A small recogniser on telephone sound writes "קולרן", "קולן" for "חולון". No reading is right, but together they are
nearer to one expected answer than to any other. Evidence is summed over all readings; an answer counts as found only
when it is near and stands clear of every answer that means something else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from app.dialog.domain import Asked, Understanding
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.sounds import likeness, sound, without_last_liquid
from app.dialog.hebrew.spelling import decimal_words
from app.dialog.hebrew.tokens import Token, Utterance, normalise
from app.dialog.understanding.ear.typical_answers import Answer, typical_answers

_LISTS = Lexicon("hebrew/ear.toml")

_SHARES = (1.0, 0.7, 0.55, 0.45, 0.4)
"""What each reading weighs, best first."""
_BEST_SHARE = 0.4
"""How much the single most alike reading counts beside the mean of all."""
_OPENED = 0.02
"""What it costs to hear a last vowel where a reading has a consonant after it."""
_RIVALS = 14
_COURTESIES = _LISTS.words("courtesies")
_LEAST_SOUNDS = 3
_LONGEST_NUMBER = 8

_SURE, _SURE_MARGIN = 0.80, 0.06
_LIKELY, _LIKELY_MARGIN = 0.66, 0.02
_CLEAR = 0.1
"""Chosen on one half of the readings in tests/dialog/asr_readings.jsonl, tested on the other. A margin above `_CLEAR`
is not measured further."""


@dataclass(frozen=True, slots=True)
class Near:
    """A typical answer and what it means; `score` is how near it is, `margin` how far behind other meanings stay."""

    answer: Answer
    meaning: Understanding
    score: float
    margin: float

    @property
    def sure(self) -> bool:
        """Whether the answer may be taken without asking."""
        return self.score >= _SURE and self.margin >= _SURE_MARGIN

    @property
    def is_plain(self) -> bool:
        """Whether no other meaning comes near it."""
        return self.margin >= _CLEAR

    @property
    def is_something_else(self) -> bool:
        """Whether the caller clearly said one of the things that are no answer."""
        return self.sure and not self.answer.answers

    @property
    def resembles(self) -> bool:
        """Whether this is an answer and near, even if another is as near."""
        return self.answer.answers and self.score >= _LIKELY

    @property
    def likely(self) -> bool:
        """Whether the answer is worth asking about."""
        return self.answer.answers and self.score >= _LIKELY and self.margin >= _LIKELY_MARGIN


@dataclass(frozen=True, slots=True)
class _Expected:
    answers: tuple[Answer, ...]
    sounds: tuple[str, ...]
    priors: npt.NDArray[np.float32]


@lru_cache(maxsize=64)
def _expected(asked: Asked, deal: str | None) -> _Expected:
    answers = typical_answers(asked, deal)
    sounds = tuple(sound(answer.text) for answer in answers)
    return _Expected(answers, sounds, np.array([answer.prior for answer in answers], np.float32))


def load() -> None:
    """Spell out every question's answers now, some 0.3 s of work, rather than in a call."""
    for asked in Asked:
        for deal in (None, "buy", "rent") if asked is Asked.BUDGET else (None,):
            _expected(asked, deal)


def _spoken(token: Token) -> str:
    """Return a token as words, for a recogniser may write digits for what it did hear as words."""
    if token.is_number and len(token.key) <= _LONGEST_NUMBER and token.key.replace(".", "", 1).isdigit():
        return f"{token.prefix}{decimal_words(token.key)}"
    return token.key


def _heard(readings: Sequence[str]) -> list[str]:
    """Return how the readings sound, courtesies left out."""
    sounds = []
    for reading in readings:
        tokens = normalise(reading).tokens
        kept = [token for token in tokens if token.key not in _COURTESIES] or tokens
        sounds.append(sound(" ".join(_spoken(token) for token in kept)))
    return [heard for heard in sounds if len(heard) >= _LEAST_SOUNDS]


def ranked(readings: Sequence[str], asked: Asked, deal: str | None) -> list[tuple[Answer, float]]:
    """Return the answers nearest to the readings (most trusted reading first), nearest first, with their scores."""
    expected = _expected(asked, deal if asked is Asked.BUDGET else None)
    heard = _heard(readings)[: len(_SHARES)]
    if not heard or not expected.answers:
        return []
    opened = [without_last_liquid(spelled) for spelled in heard]
    both = likeness([*heard, *opened], expected.sounds)
    alike = np.maximum(both[: len(heard)], both[len(heard) :] - _OPENED)
    shares = np.array(_SHARES[: len(heard)], np.float32)
    mean = shares @ alike / shares.sum()
    scores = _BEST_SHARE * alike.max(axis=0) + (1 - _BEST_SHARE) * mean + expected.priors
    return [(expected.answers[at], float(scores[at])) for at in np.argsort(-scores)[:_RIVALS]]


def nearest(
    readings: Sequence[str], asked: Asked, deal: str | None, read: Callable[[Utterance], Understanding]
) -> Near | None:
    """Return the nearest typical answer and what it means by `read`; None: nothing typical is expected."""
    rivals = ranked(readings, asked, deal)
    if not rivals:
        return None
    best, score = rivals[0]
    meaning = read(normalise(best.text))
    behind = score - _CLEAR
    for answer, other in rivals[1:]:
        if score - other >= _CLEAR:
            break
        meant = read(normalise(answer.text))
        if (meant.updates, meant.intent) != (meaning.updates, meaning.intent):
            behind = other
            break
    return Near(best, meaning, score, score - behind)
