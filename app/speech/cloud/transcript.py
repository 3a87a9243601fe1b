"""One transcript out of many results: finals and interims of one stream, and of the streams that follow it. Pure."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """One recognition result: its readings, best first, and the audio it covers.

    `end_ms` counts from the first audio of the stream that gave it; None when the vendor did not say.
    """

    readings: tuple[str, ...]
    is_final: bool
    stability: float
    end_ms: int | None


class Transcript:
    """The text of a whole exchange. Finals add up; interims are replaced by each response."""

    def __init__(self) -> None:
        self._finals: list[tuple[str, ...]] = []
        self._interims: list[Piece] = []

    def take(self, pieces: Sequence[Piece]) -> None:
        """Take in the results of one response."""
        self._finals += [piece.readings for piece in pieces if piece.is_final and piece.readings]
        self._interims = [piece for piece in pieces if not piece.is_final and piece.readings]

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

    def _all(self) -> list[tuple[str, ...]]:
        return self._finals + [piece.readings for piece in self._interims]

    def _reading(self, rank: int) -> str:
        # Pieces may or may not start with a space, by model; words are never cut between pieces.
        words = " ".join(readings[rank] if rank < len(readings) else readings[0] for readings in self._all())
        return unicodedata.normalize("NFC", " ".join(words.split()))
