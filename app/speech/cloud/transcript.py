"""One transcript out of many results: finals and interims of one stream, and of the streams that follow it. Pure."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_SAME_END_MS = 200
"""Ends so near each other, with the same words before them, are one: no word is said again so soon."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One recognition result: its readings, best first, and where in the exchange's audio it ends.

    `end_ms` is None when the vendor did not say.
    """

    readings: tuple[str, ...]
    is_final: bool
    stability: float
    end_ms: int | None


class Transcript:
    """The text of a whole exchange. Finals are placed by their ends, each once; interims are replaced by each response.

    Vendors repeat themselves: a final may come twice, and an interim after the final that settled it.
    """

    def __init__(self) -> None:
        self._finals: list[Piece] = []
        self._interims: list[Piece] = []

    def take(self, pieces: Sequence[Piece]) -> None:
        """Take in the results of one response."""
        for piece in pieces:
            if piece.is_final and piece.readings:
                self._place(piece)
        self._interims = [
            piece for piece in pieces if not piece.is_final and piece.readings and self._is_beyond_finals(piece)
        ]

    def holds(self, piece: Piece) -> bool:
        """Whether the same words are known as final up to the same moment."""
        return piece.is_final and any(
            known.end_ms == piece.end_ms and known.readings == piece.readings for known in self._finals
        )

    def _place(self, piece: Piece) -> None:
        if piece.end_ms is None:
            self._finals.append(piece)
            return
        for index, known in enumerate(self._finals):
            if known.end_ms is None:
                continue
            apart_ms = abs(known.end_ms - piece.end_ms)
            if apart_ms == 0:
                self._finals[index] = piece  # once more, perhaps on second thoughts
                return
            if apart_ms < _SAME_END_MS and known.readings[0].split() == piece.readings[0].split():
                return
        at = next((at for at, known in enumerate(self._finals) if (known.end_ms or 0) > piece.end_ms), None)
        self._finals.insert(len(self._finals) if at is None else at, piece)

    def _is_beyond_finals(self, piece: Piece) -> bool:
        settled_ms = max((known.end_ms or 0 for known in self._finals), default=0)
        return piece.end_ms is None or piece.end_ms > settled_ms

    def drop_interims(self) -> None:
        """Forget what is not final: its audio is about to be recognised again."""
        self._interims = []

    @property
    def is_settled(self) -> bool:
        """True when nothing is waiting to become final."""
        return not self._interims

    @property
    def text(self) -> str:
        """The best reading of everything so far."""
        return self._reading(0)

    @property
    def stability(self) -> float:
        """0..1: that of the least stable piece; 1 when all is final."""
        return min((piece.stability for piece in self._interims), default=1.0)

    @property
    def alternatives(self) -> tuple[str, ...]:
        """Other readings of everything so far, best first, without `text`."""
        depth = max((len(readings) for readings in self._all()), default=0)
        readings = dict.fromkeys(self._reading(rank) for rank in range(depth))
        return tuple(readings)[1:]

    @property
    def end_ms(self) -> int | None:
        """Where in the exchange's audio the text so far ends; None where the vendor did not say."""
        ends = [piece.end_ms for piece in self._interims or self._finals[-1:]]
        return None if not ends or None in ends else max(end for end in ends if end is not None)

    def _all(self) -> list[tuple[str, ...]]:
        return [piece.readings for piece in (*self._finals, *self._interims)]

    def _reading(self, rank: int) -> str:
        # Pieces may or may not start with a space, by model; words are never cut between pieces.
        words = " ".join(readings[rank] if rank < len(readings) else readings[0] for readings in self._all())
        return unicodedata.normalize("NFC", " ".join(words.split()))
