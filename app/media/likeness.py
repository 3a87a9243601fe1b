"""Is what is heard what was sent a while ago? Two sounds compared by how their spectra move (R7.1).

A sound that comes back has lost its waveform in a room, a handset and a codec, but not the course of its loudness from
band to band. Of 240 ms, echoes through rooms, narrow handsets and noise are over 0.82 like the best stretch of what was
sent in nineteen cases of twenty, other voices in one of twenty.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.media.codec import FRAME_SAMPLES

_HOP = FRAME_SAMPLES // 2  # what comes back lies across the frames that were sent
_BANDS = 10
_LOWEST_BIN, _FIRST_EDGE, _LAST_BIN = 3, 5, 68  # bins of 50 Hz: 150 Hz to 3400 Hz
_EDGES = np.unique(np.round(np.geomspace(_FIRST_EDGE, _LAST_BIN, _BANDS + 1)).astype(int))
_EDGES[0] = _LOWEST_BIN
_TAPER = np.hanning(FRAME_SAMPLES)
_FLOOR = 0.1  # of the mean: what is softer says nothing

Floats = npt.NDArray[np.float64]


class Likeness(NamedTuple):
    """`score`: how alike, -1..1; `gain`: how much louder what is heard is than what it is like."""

    score: float
    gain: float


def likeness(heard: Floats, sent: Floats) -> Likeness:
    """Compare what is heard with the stretch of what was sent that it is likest.

    Both are samples of whole 20 ms frames; `sent` is longer, from the earliest to the latest that may come back.
    """
    here, there = _bands(heard, FRAME_SAMPLES), _bands(sent, _HOP)
    frames = len(here)
    starts = np.arange(len(there) - 2 * (frames - 1))
    stretches = there[starts[:, None] + 2 * np.arange(frames)]
    powers = stretches.mean(axis=(1, 2))
    course = _course(here[None], np.array([here.mean()]))
    courses = _course(stretches, powers)
    norms = np.sqrt((courses**2).sum(axis=(1, 2)) * (course**2).sum())
    scores = (courses * course).sum(axis=(1, 2)) / np.maximum(norms, 1e-9)
    best = int(scores.argmax())
    return Likeness(float(scores[best]), float(np.sqrt(here.mean() / max(powers[best], 1e-9))))


def _bands(samples: Floats, hop: int) -> Floats:
    """Return the power in each band, frame by frame."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_SAMPLES)[::hop]
    power = np.abs(np.fft.rfft(frames * _TAPER, axis=1)) ** 2
    bands: Floats = np.add.reduceat(power[:, : _EDGES[-1]], _EDGES[:-1], axis=1)
    return bands


def _course(bands: Floats, powers: Floats) -> Floats:
    """Return how each band rises and falls, whatever the line does to bands as such."""
    logs = np.log(bands + _FLOOR * powers[:, None, None] + 1e-3)
    course: Floats = logs - logs.mean(axis=1, keepdims=True)
    return course
