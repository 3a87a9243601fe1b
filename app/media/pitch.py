"""The pitch of a voice, roughly and cheaply, for the tune of a sentence rather than for music."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from app.media.codec import SAMPLE_RATE_HZ

LOWEST_HZ, HIGHEST_HZ = 70, 350

_RATE_HZ = SAMPLE_RATE_HZ // 2
_LONGEST = _RATE_HZ // LOWEST_HZ
_SHORTEST = _RATE_HZ // HIGHEST_HZ
_WINDOW = SAMPLE_RATE_HZ // 50  # samples at half the rate: 40 ms
_PERIODIC = 0.4

# Two periods are as alike as one; the taper lets the shorter lag win, or low octaves are heard everywhere.
_TAPER = 1 - np.arange(_LONGEST + 1) / _WINDOW


class PitchTracker:
    """Follow the pitch of a stream of 20 ms frames by autocorrelation over the last 40 ms, at half the rate."""

    def __init__(self) -> None:
        self._window = np.zeros(_WINDOW)

    def receive(self, pcm: bytes) -> float | None:
        """Take a frame of LINEAR16; return its pitch, LOWEST_HZ..HIGHEST_HZ, or None where the sound has none."""
        samples: npt.NDArray[np.int16] = np.frombuffer(pcm, np.int16)
        window = self._window
        half = len(window) // 2
        window[:half] = window[half:]
        np.add(samples[::2], samples[1::2], out=window[half:], dtype=np.float64)
        # One recent stretch against the window at every lag: the last value is its energy, lag 0.
        recent = window[_LONGEST:]
        likeness = np.correlate(window, recent, "valid")[::-1] * _TAPER
        energy = float(likeness[0])
        if energy <= 0:
            return None
        lag = _SHORTEST + int(likeness[_SHORTEST:_LONGEST].argmax())
        here = float(likeness[lag])
        if here < _PERIODIC * energy:
            return None
        before, after = float(likeness[lag - 1]), float(likeness[lag + 1])
        if here < max(before, after):
            # Likest at the edge of the range and likelier beyond it: a rumble, or a whistle.
            return None
        # A parabola through a peak has its summit within half a lag of it.
        bend = before - 2 * here + after
        summit = lag + (0.5 * (before - after) / bend if bend < 0 else 0.0)
        return min(max(_RATE_HZ / summit, LOWEST_HZ), HIGHEST_HZ)


def held_share(frames: Iterable[bytes], step: float) -> float:
    """Return in what share of these 20 ms frames (LINEAR16) the pitch moves on by less than this share of itself."""
    tracker = PitchTracker()
    pitches = [tracker.receive(pcm) for pcm in frames]
    held = [one and other and abs(one - other) < step * one for one, other in pairwise(pitches)]
    return sum(map(bool, held)) / max(len(held), 1)
