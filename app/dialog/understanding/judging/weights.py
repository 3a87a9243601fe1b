"""What the marks of a word weigh together, in a table that was learned (R10.2)."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class Weights:
    """The weights of all marks: `rows` has one a mark, of any shape; the last one, of a mark unknown, is zero."""

    def __init__(self, marks: Sequence[str], rows: npt.NDArray[np.int8]) -> None:
        self._row_of = {mark: index for index, mark in enumerate(marks)}
        self._rows = rows
        # Callers use few words: each is summed once.
        self.word = lru_cache(maxsize=8192)(self._word)

    def _word(self, marks: tuple[str, ...]) -> tuple[Floats, int]:
        """Return the sum of the marks' rows, and how many of the marks are known."""
        known = [self._row_of[mark] for mark in marks if mark in self._row_of]
        return self._rows[known].sum(axis=0, dtype=np.float32), len(known)


def marks_in(written: npt.NDArray[np.uint8]) -> list[str]:
    """Return the marks of a table, as its trainer wrote them."""
    return bytes(written).decode().split("\n")
