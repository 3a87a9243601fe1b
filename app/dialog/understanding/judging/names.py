"""Which words of a turn are the caller's name: a learned second opinion on what the rules found (R10.2).

The rules of `hebrew/contact/names.py` go first. This head is a linear model that calls each word the beginning of the
name, a further word of it, or none: by the marks of the word and of those around it, by what a name looks like, by
what was asked and by what the rules say. It overrules them where it is sure enough. Trained on speech that no rule
was made from (`python -m tools.train_names`). Pure and deterministic: sums of a table's rows.
"""

from collections.abc import Collection, Sequence
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from app.dialog.domain import Asked
from app.dialog.hebrew.contact.name_words import KNOWN_BEARERS, PARTICLES, STRIP, bearers_of, is_common
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance
from app.dialog.understanding.judging.marks import LONG_SPEECH, marks_of
from app.dialog.understanding.judging.weights import Floats, Weights, read_sparse, shipped

TABLE = "real_estate/names.npz"
OFFSETS = (-3, -2, -1, 0, 1, 2)
"""The words that are looked at, as seen from the one in question."""
TAGS = NONE, BEGINS, GOES_ON = range(3)
_ASKED = (Asked.NAME, Asked.GREETING)
VERSIONS = 2 + len(_ASKED)
"""A mark's weights: whatever was asked, after each question apart, and after another."""
MOST_WORDS = 4
_BEARERS = (1, 40, KNOWN_BEARERS, 3000)
_LONGEST = 7
_EDGE = ("=edge",)


class NameTable:
    """The learned weights.

    `rows`: [marks + 1, VERSIONS, OFFSETS, TAGS]; the last row, of a mark unknown, is zero. `sure`: by how much log odds
    another reading must be likelier than the rules' to overrule them: where they found no name, where it takes theirs
    away, and where it is another than theirs.
    """

    def __init__(
        self, marks: Sequence[str], rows: npt.NDArray[np.int8], scale: float, sure: tuple[float, float, float]
    ) -> None:
        self._weights = Weights(marks, rows)
        self._scale = scale
        self.sure = sure

    @classmethod
    def loads(cls, content: bytes) -> "NameTable":
        """Read a table as `tools.train_names` writes it."""
        marks, rows, scale, (new, away, other) = read_sparse(content, VERSIONS, len(OFFSETS), len(TAGS))
        return cls(marks, rows, scale, (new, away, other))

    def odds(self, words: Sequence[tuple[str, ...]], asked: Asked) -> Floats:
        """Return of each word how much likelier than no part of a name it begins one or goes on: [words, TAGS]."""
        size = len(words)
        # Each word, with what stands before the first and after the last.
        padded = [*[size] * -OFFSETS[0], *range(size), *[size] * OFFSETS[-1]]
        every, of_asked = versions(asked)
        sums, _ = self._weights.of_words((*words, _EDGE))
        rows = np.diff(sums, axis=0)
        weighed = (rows[:, every] + rows[:, of_asked]).take(padded, 0)
        total = sum(weighed[at : at + size, at] for at in range(len(OFFSETS)))
        odds = np.asarray(total * self._scale)
        odds -= np.logaddexp.reduce(odds, axis=1, keepdims=True)
        return np.asarray(odds - odds[:, :1], np.float32)


UNSURE = NameTable(["="], np.zeros((2, VERSIONS, len(OFFSETS), len(TAGS)), np.int8), 1.0, (99.0, 99.0, 99.0))
"""Never overrules: the rules alone decide."""


@cache
def name_table() -> NameTable:
    """Return the weights that the product ships with."""
    return shipped(TABLE, NameTable.loads, "tools.train_names")


def versions(asked: Asked) -> tuple[int, int]:
    """Return which of a mark's weights count."""
    return 0, 1 + (_ASKED.index(asked) if asked in _ASKED else len(_ASKED))


def may_name(utterance: Utterance, asked: Asked, by_rules: Span[str] | None) -> bool:
    """Return whether it is worth looking: a name was asked for or found, or a word is a well-known one."""
    if not 0 < len(utterance) < LONG_SPEECH:
        return False
    if asked is Asked.NAME or by_rules is not None:
        return True
    return any(bearers_of(key) >= KNOWN_BEARERS and not is_common(key) for key in utterance.keys)


def name_marks(
    utterance: Utterance, asked: Asked, known: str, claimed: Collection[int], by_rules: Span[str] | None
) -> list[tuple[str, ...]]:
    """Return the marks of each word; `claimed` are the words that say something else."""
    keys = utterance.keys
    of_turn = (f"=asked {asked.value}", f"=long {min(len(keys) // 2, 6)}", f"=rules {by_rules is not None}")
    given = frozenset(known.split())
    found: list[tuple[str, ...]] = []
    for index, (token, marks) in enumerate(zip(utterance.tokens, marks_of(utterance), strict=True)):
        key, text = token.key, token.text
        said = {
            "=rules begin True": by_rules is not None and index == by_rules.start,
            "=rules begin False": by_rules is not None and by_rules.start < index < by_rules.end,
            "=claimed": index in claimed,
            "=after the rules' name": by_rules is not None and index == by_rules.end,
            "=known": text in given,
            "=again": key in keys[:index],
            "=comes again": key in keys[index + 1 :],
            "=comma": "," in token.gap,
            "=first": index == 0,
            "=last": index == len(keys) - 1,
        }
        found.append((*of_turn, *marks, *_looks(key, text), *(mark for mark, holds in said.items() if holds)))
    return found


# Callers use few words: what each looks like is written once.
@lru_cache(maxsize=8192)
def _looks(key: str, text: str) -> tuple[str, ...]:
    """Return the marks of what a name looks like, of a folded word and as it was written."""
    borne = sum(bearers_of(key) >= least for least in _BEARERS)
    facts = f"=borne {borne}", f"=borne {borne} {is_common(key)}", f"=length {min(len(key), _LONGEST)}"
    return (*facts, f"={text[-2:]}$", f"={text[-3:]}$", f"=^{text[:2]}")


def judged_name(
    utterance: Utterance,
    asked: Asked,
    known: str,
    claimed: Collection[int],
    by_rules: Span[str] | None,
    weights: NameTable | None = None,
) -> Span[str] | None:
    """Return the caller's name: the rules' unless another reading is likely enough to overrule them."""
    if not may_name(utterance, asked, by_rules) or (by_rules and _said(utterance, by_rules) != by_rules.value):
        # What the rules wrote otherwise than it was said, spelled or without its prefix, they know best.
        return by_rules
    table = weights or name_table()
    odds = table.odds(name_marks(utterance, asked, known, claimed, by_rules), asked)
    best, start, end = likeliest(odds)
    of_rules = 0.0 if by_rules is None else _odds_of(odds, by_rules.start, by_rules.end)
    new, away, other = table.sure
    if end == start:
        return None if by_rules is not None and -of_rules >= away else by_rules
    if by_rules is not None and (start, end) == (by_rules.start, by_rules.end):
        return by_rules
    # "טל בן דור" does not end with the "בן".
    if end < len(utterance) and end not in claimed and utterance.key(end - 1) in PARTICLES:
        end += 1
    if all(key in STRIP for key in utterance.keys[start:end]):
        return by_rules
    if best - of_rules < (new if by_rules is None else other):
        return by_rules
    return Span(start, end, _said(utterance, Span(start, end, "")))


def likeliest(odds: Floats) -> tuple[float, int, int]:
    """Return the log odds of the likeliest name, its first word and the one after it; equal where none is likelier."""
    best, size = (0.0, 0, 0), len(odds)
    further = np.zeros(size, np.float32)
    for length in range(1, min(size, MOST_WORDS) + 1):
        if length > 1:
            further = further[:-1] + odds[length - 1 :, GOES_ON]
        ones = odds[: size - length + 1, BEGINS] + further
        best = max(best, *((one, start, start + length) for start, one in enumerate(ones.tolist())))
    return best


def _said(utterance: Utterance, span: Span[str]) -> str:
    return " ".join(token.text for token in utterance.tokens[span.start : span.end])


def _odds_of(odds: Floats, start: int, end: int) -> float:
    return float(odds[start, BEGINS] + odds[start + 1 : end, GOES_ON].sum())
