"""What the marks of a word weigh together, in a table that was learned (R10.2)."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from io import BytesIO
from itertools import accumulate
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from app.dialog import data

T = TypeVar("T")
Floats = npt.NDArray[np.float32]

_AT_ONCE = 8
"""Words that are weighed in one product."""
_SHORT = 40


class Weights:
    """The weights of all marks: `rows` has one a mark, of any shape; the last one, of a mark unknown, is zero."""

    def __init__(self, marks: Sequence[str], rows: npt.NDArray[np.int8]) -> None:
        self._row_of = {mark: index for index, mark in enumerate(marks)}
        self.rows = rows
        self.together = lru_cache(maxsize=2048)(self._together)
        """Returns the sum of some marks' rows, and how many of the marks are known: for marks that recur together."""
        self._kept = lru_cache(maxsize=256)(self._of_words)

    def of_words(self, words: tuple[tuple[str, ...], ...]) -> tuple[Floats, list[int]]:
        """Return what the marks of the first words of a turn weigh together, and how many of these are known.

        For none, one, … all of the words. Kept of turns that are short: these are said again and again.
        """
        return self._kept(words) if len(words) <= _SHORT else self._of_words(words)

    def _together(self, marks: tuple[str, ...]) -> tuple[Floats, int]:
        known = self._known(marks)
        return np.add.reduce(self.rows.take(known, 0), 0, np.float32), len(known)

    def _of_words(self, words: tuple[tuple[str, ...], ...]) -> tuple[Floats, list[int]]:
        # Words come in ever new pairs: to gather what few of them weigh costs less than to keep what each weighs. A
        # product with ones up to each word is three times as quick as numpy's running sum, but of many words at once
        # it would grow with their square.
        known = [self._known(marks) for marks in words]
        rows = np.array([row for of_word in known for row in of_word], np.intp)
        before = [0, *accumulate(map(len, known))]
        flat = self.rows.reshape(len(self.rows), -1)
        sums = [np.zeros((1, flat.shape[1]), np.float32)]
        for first in range(0, len(words), _AT_ONCE):
            start, *ends = before[first : first + _AT_ONCE + 1]
            weigh = flat.take(rows[start : ends[-1]], 0).astype(np.float32)
            up_to = np.arange(start, ends[-1]) < np.array(ends)[:, None]
            sums.append(up_to.astype(np.float32) @ weigh + sums[-1][-1])
        return np.concatenate(sums).reshape(-1, *self.rows.shape[1:]), before

    def _known(self, marks: Iterable[str]) -> list[int]:
        return [row for row in map(self._row_of.get, marks) if row is not None]


def shipped(path: str, loads: Callable[[bytes], T], trainer: str) -> T:
    """Return a table that the product ships with.

    Raises:
        ValueError: it is of another shape than the code reads; which command builds it anew.
    """
    try:
        return loads(data.read_bytes(path))
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path} is of another make than this code: build it by python -m {trainer}") from error


def read_sparse(content: bytes, *shape: int) -> tuple[list[str], npt.NDArray[np.int8], float, list[float]]:
    """Return marks, rows [marks + 1, *shape], scale and limits of a table that holds only rows that are not zero.

    See `tools.fitting.written_sparse`.
    """
    with np.load(BytesIO(content)) as held:
        marks = marks_in(held["marks"])
        rows = np.zeros((len(marks) + 1, *shape), np.int8)
        rows.reshape(-1, shape[-1])[held["places"]] = held["rows"]
        return marks, rows, float(held["scale"]), [float(limit) for limit in held["sure"]]


def marks_in(written: npt.NDArray[np.uint8]) -> list[str]:
    """Return the marks of a table, as its trainer wrote them."""
    return bytes(written).decode().split("\n")
