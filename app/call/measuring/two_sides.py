"""Both sides of a call as they were heard, laid on one clock: the caller as received, the agent as played. Pure.

What was sent ahead and cut off by `clear` was never heard and is not kept. Silence fills what neither side fills.
"""

import numpy as np

from app.media.codec import SAMPLE_RATE_HZ

SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
SILENCE = b"\xff"  # of mu-law
SETTLED_AFTER_MS = 600
"""By then nothing of this moment comes any more: Twilio's frames gather for 60 ms at most, and marks tell the rest."""
LONGEST_LATENESS_MS = 400
"""A caller's frame this late was not delayed: frames before it are missing."""


class TwoSides:
    """Collects both sides; `take` gives what is settled. Times are monotonic ms."""

    def __init__(self, clock0_ms: int) -> None:
        self._clock0_ms = clock0_ms
        self._taken = 0
        self._caller = bytearray()
        self._agent = bytearray()

    def caller(self, ulaw: bytes, now_ms: int) -> None:
        """Take caller audio that came in now."""
        due = self._at(now_ms) - len(ulaw)
        if due - len(self._caller) > LONGEST_LATENESS_MS * SAMPLES_PER_MS:
            self._caller.extend(SILENCE * (due - len(self._caller)))
        self._caller += ulaw

    def agent(self, ulaw: bytes, now_ms: int) -> None:
        """Take a frame sent now: it is played behind those before it, or at once."""
        self._agent.extend(SILENCE * (self._at(now_ms) - len(self._agent)))
        self._agent += ulaw

    def cleared(self, now_ms: int) -> None:
        """What was not played by now never will be."""
        del self._agent[max(0, self._at(now_ms)) :]

    def take(self, now_ms: int, *, is_last: bool = False) -> bytes:
        """Return what is settled and not yet taken: caller and agent by turns, one byte each."""
        until = self._at(now_ms) if is_last else self._at(now_ms - SETTLED_AFTER_MS)
        count = until if not is_last else max(until, len(self._caller))
        if count <= 0:
            return b""
        sides = np.full((count, 2), SILENCE[0], np.uint8)
        for side, audio in enumerate((self._caller, self._agent)):
            piece = np.frombuffer(bytes(audio[:count]), np.uint8)
            sides[: len(piece), side] = piece
            del audio[:count]
        self._taken += count
        return sides.tobytes()

    def _at(self, at_ms: int) -> int:
        """Return where a moment lies in what is not taken yet, in samples."""
        return (at_ms - self._clock0_ms) * SAMPLES_PER_MS - self._taken
