"""How long a voice that is made on this machine takes to begin, learnt from what it said before. Pure."""

import re

_AT_FIRST_MS_A_LETTER = 30.0
"""Kokoro's first piece on two idle cores of a small virtual machine."""
_LEAST_MS = 150
_SHORTEST_PIECE, _LONGEST_PIECE = 12, 45
"""Letters; a longer text is said in pieces, and begins with the first."""
_WEIGHT = 0.5
_MARGIN = 1.5
"""A hole is worse than as long a wait: rather a little later than estimated."""


class Pace:
    """Milliseconds from asking for a text until its voice begins."""

    def __init__(self) -> None:
        self._ms_a_letter = _AT_FIRST_MS_A_LETTER

    def expected_ms(self, text: str) -> int:
        """Return how long `text` will take to begin, with a margin."""
        return int((_LEAST_MS + self._ms_a_letter * _first_letters(text)) * _MARGIN)

    def learn(self, text: str, took_ms: float) -> None:
        """Take in how long `text` took; one that begins with a short clause may have had it from a cache."""
        if len(_clauses(text)[0]) < _SHORTEST_PIECE:
            return
        seen = max(0.0, took_ms - _LEAST_MS) / _first_letters(text)
        self._ms_a_letter += _WEIGHT * (seen - self._ms_a_letter)


def _clauses(text: str) -> list[str]:
    return re.split(r"(?<=[,.?!;:])\s", text)


def _first_letters(text: str) -> int:
    """How long the first piece is: clauses are joined until it is long enough to be said alone."""
    letters = 0
    for clause in _clauses(text):
        letters += len(clause)
        if letters >= _SHORTEST_PIECE:
            break
    return max(1, min(letters, _LONGEST_PIECE))
