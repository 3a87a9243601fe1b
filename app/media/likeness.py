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
_BINS = _LAST_BIN - _LOWEST_BIN
# The spectrum of a tapered frame as one product, its real part beside its imaginary one: of the bins that count alone.
_TURNS = np.outer(np.arange(FRAME_SAMPLES), np.arange(_LOWEST_BIN, _LAST_BIN)) * (2 * np.pi / FRAME_SAMPLES)
_BASIS = (np.hanning(FRAME_SAMPLES)[:, None] * np.hstack([np.cos(_TURNS), np.sin(_TURNS)])).astype(np.float32)
_FLOOR = 0.1  # of the mean: what is softer says nothing

_ROWS_AT_ONCE = 8  # what they take fits into a processor's cache

Floats = npt.NDArray[np.float32] | npt.NDArray[np.float64]
_Powers = npt.NDArray[np.float32]


class Likeness(NamedTuple):
    """`score`: how alike, -1..1; `gain`: how much louder what is heard is than what it is like."""

    score: float
    gain: float


def likeness(heard: Floats, sent: Floats) -> Likeness:
    """Compare what is heard with the stretch of what was sent that it is likest.

    Both are samples of whole 20 ms frames; `sent` is longer, from the earliest to the latest that may come back.
    """
    return likenesses(heard[None], sent[None])[0]


def likenesses(heard: Floats, sent: Floats) -> list[Likeness]:
    """Do so for many lines, one a row: as each alone, but for the order of summing in single precision."""
    parts = range(0, len(heard), _ROWS_AT_ONCE)
    return [found for at in parts for found in _compare(heard[at : at + _ROWS_AT_ONCE], sent[at : at + _ROWS_AT_ONCE])]


def _compare(heard: Floats, sent: Floats) -> list[Likeness]:
    here, there = _bands(heard, FRAME_SAMPLES), _bands(sent, _HOP)
    lines, frames = here.shape[:2]
    starts = np.arange(there.shape[1] - 2 * (frames - 1))
    of_stretch = starts[:, None] + 2 * np.arange(frames)
    stretches = there[:, of_stretch]
    power, powers = here.mean(axis=(1, 2)), there.mean(axis=2)[:, of_stretch].mean(axis=2)
    course = _course(here[:, None], power[:, None]).reshape(lines, -1, 1)
    courses = _course(stretches, powers).reshape(lines, len(starts), -1)
    norms = np.sqrt(np.einsum("lsc,lsc->ls", courses, courses) * np.square(course).sum(axis=1))
    scores = np.matmul(courses, course)[..., 0] / np.maximum(norms, 1e-9)
    best = scores.argmax(axis=1)
    gains = np.sqrt(power / np.maximum(powers[np.arange(lines), best], 1e-9))
    return [Likeness(*found) for found in zip(scores.max(axis=1).tolist(), gains.tolist(), strict=True)]


def _bands(samples: Floats, hop: int) -> _Powers:
    """Return the power in each band, line by line, frame by frame; single precision is far finer than the floor."""
    samples = samples.astype(np.float32, copy=False)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_SAMPLES, axis=1)[:, ::hop]
    parts = np.square(frames.reshape(-1, FRAME_SAMPLES).dot(_BASIS))
    bands: _Powers = np.add.reduceat(parts[:, :_BINS] + parts[:, _BINS:], _EDGES[:-1] - _LOWEST_BIN, axis=1)
    return bands.reshape(*frames.shape[:2], _BANDS)


def _course(bands: _Powers, powers: _Powers) -> _Powers:
    """Return how each band rises and falls, whatever the line does to bands as such."""
    logs = np.log(bands + (_FLOOR * powers[..., None, None] + np.float32(1e-3)))
    logs -= logs.mean(axis=2, keepdims=True)
    return logs
