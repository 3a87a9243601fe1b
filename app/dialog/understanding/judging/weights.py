"""What the marks of a word weigh together, in a table that was learned (R10.2)."""

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO

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


def read_sparse(content: bytes, *shape: int) -> tuple[list[str], npt.NDArray[np.int8], float, list[float]]:
    """Return marks, rows [marks + 1, *shape], scale and limits of a table that holds only rows that are not zero.

    See `tools.train_judge.written_sparse`.
    """
    with np.load(BytesIO(content)) as held:
        marks = marks_in(held["marks"])
        rows = np.zeros((len(marks) + 1, *shape), np.int8)
        rows.reshape(-1, shape[-1])[held["places"]] = held["rows"]
        return marks, rows, float(held["scale"]), [float(limit) for limit in held["sure"]]


def marks_in(written: npt.NDArray[np.uint8]) -> list[str]:
    """Return the marks of a table, as its trainer wrote them."""
    return bytes(written).decode().split("\n")
