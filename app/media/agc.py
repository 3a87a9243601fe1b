"""Automatic gain: callers near and far come to the recogniser equally loud, about -20 dBFS (R5.2).

The gain follows the mean power of speech only, so pauses are neither measured nor lifted; it moves by no more than a
fraction of a decibel a frame, is bounded both ways, and a soft knee keeps peaks from clipping.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.media.codec import FRAME_SAMPLES

FULL_SCALE = 32767.0

_KNEE = 0.75 * FULL_SCALE
_HEADROOM = FULL_SCALE - _KNEE
_LARGEST_PEAK = 12.65  # within 20 ms no peak is over sqrt(160) times the RMS: quiet frames need no closer look
_RAMP = np.arange(1, FRAME_SAMPLES + 1) / FRAME_SAMPLES

Gains = tuple[float, float]
"""At a frame's beginning and at its end."""


@dataclass(frozen=True, slots=True)
class AgcSettings:
    """Where the gain leads and how far it may go.

    `target_dbfs` (-30..-10), `least_gain_db` (-20..0), `most_gain_db` (0..24), `rise_db` and `fall_db` per 20 ms
    frame (0.05..2), `memory_frames` of speech over which its level is averaged (25..500).
    """

    target_dbfs: float = -20.0
    least_gain_db: float = -12.0
    most_gain_db: float = 18.0
    rise_db: float = 0.3
    fall_db: float = 0.6
    memory_frames: int = 75

    def __post_init__(self) -> None:
        for name, low, high in (
            ("target_dbfs", -30, -10),
            ("least_gain_db", -20, 0),
            ("most_gain_db", 0, 24),
            ("rise_db", 0.05, 2),
            ("fall_db", 0.05, 2),
            ("memory_frames", 25, 500),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"AGC {name} is {value}: it must be between {low} and {high}")


class Agc:
    """Find the gain for a stream of 20 ms frames."""

    def __init__(self, settings: AgcSettings) -> None:
        self._target_power = (FULL_SCALE * 10 ** (settings.target_dbfs / 20)) ** 2
        self._least, self._most = 10 ** (settings.least_gain_db / 20), 10 ** (settings.most_gain_db / 20)
        self._up, self._down = 10 ** (settings.rise_db / 20), 10 ** (-settings.fall_db / 20)
        self._memory_frames = settings.memory_frames
        self._frames = 0
        self._power = 0.0
        self.gain = 1.0

    def follow(self, rms: float, *, is_speech: bool) -> Gains:
        """Take a frame's RMS; return the gain at its beginning and at its end, between which it glides."""
        before = self.gain
        if is_speech:
            self._follow(rms * rms)
        return before, self.gain

    def _follow(self, power: float) -> None:
        # A plain mean over the first frames, a sliding one later: a new caller is levelled soon, then gently.
        self._frames = min(self._frames + 1, self._memory_frames)
        self._power += (power - self._power) / self._frames
        wanted = min(max(math.sqrt(self._target_power / self._power), self._least), self._most)
        self.gain = min(max(wanted, self.gain * self._down), self.gain * self._up)


def scale(samples: npt.NDArray[np.float64], rms: float, gains: Gains) -> None:
    """Scale a frame (160 samples, int16 scale) in place, by what `Agc.follow` said of it."""
    before, after = gains
    if after == before:
        samples *= before
    else:
        samples *= before + (after - before) * _RAMP
    if rms * max(before, after) * _LARGEST_PEAK > _KNEE:
        _soften(samples)


def scale_together(samples: npt.NDArray[np.float64], levels: npt.NDArray[np.float64], gains: Sequence[Gains]) -> None:
    """Scale frames (a row each) in place by what `Agc.follow` said of each, as `scale` does alone."""
    before = np.array([at_first for at_first, _ in gains])  # an array of pairs takes three times as long to make
    after = np.array([at_last for _, at_last in gains])
    loud = np.flatnonzero(levels * np.maximum(before, after) * _LARGEST_PEAK > _KNEE)
    moving = np.flatnonzero(before != after)
    if len(moving):
        start = before[moving, None]
        samples[moving] *= start + (after[moving, None] - start) * _RAMP
        before[moving] = 1.0
    samples *= before[:, None]
    for row in loud:
        _soften(samples[row])


def _soften(samples: npt.NDArray[np.float64]) -> None:
    """Bend what is over the knee so that it nears full scale and never passes it."""
    if samples.max() > _KNEE or samples.min() < -_KNEE:
        size = np.abs(samples)
        over = size > _KNEE
        bent = _KNEE + _HEADROOM * np.tanh((size[over] - _KNEE) / _HEADROOM)
        samples[over] = np.copysign(bent, samples[over])
