"""How fast a turn's audio may go to Google when there is more of it than was spoken just now.

A turn is read again after a failure, and then all of it lies ready. Google asks for audio at about the speed of
speech; it takes a head start as a rule, and now and then ends a stream for it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """`head_start_s` of audio go at once, the rest at `speed` times the speed of speech; live audio is not held up."""

    head_start_s: float
    speed: float

    def wait_s(self, sent_s: float, elapsed_s: float) -> float:
        """Return how long to wait, `elapsed_s` into a stream, before what follows the first `sent_s` of its audio."""
        return max(0.0, (sent_s - self.head_start_s) / self.speed - elapsed_s)


EAGER = Pace(head_start_s=8.0, speed=2.0)
"""Hardly a turn is longer than its head start: who reads it again waits for nothing."""
CAREFUL = Pace(head_start_s=1.0, speed=1.25)
"""Once Google has ended a stream as too fast, for the rest of the process."""


def is_too_fast(message: str) -> bool:
    """Tell from Google's words (OUT_OF_RANGE) that it ended a stream for its speed, not for its length or a silence."""
    return "too fast" in message.lower()
