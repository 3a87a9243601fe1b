"""The pitch of a voice, roughly and cheaply, for the tune of a sentence rather than for music."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from app.media.codec import FRAME_SAMPLES, SAMPLE_RATE_HZ

LOWEST_HZ, HIGHEST_HZ = 70, 350

_RATE_HZ = SAMPLE_RATE_HZ // 2
_LONGEST = _RATE_HZ // LOWEST_HZ
_SHORTEST = _RATE_HZ // HIGHEST_HZ
_WINDOW = SAMPLE_RATE_HZ // 50  # samples at half the rate: 40 ms
_PERIODIC = 0.4

# Two periods are as alike as one; the taper lets the shorter lag win, or low octaves are heard everywhere.
_TAPER = 1 - np.arange(_LONGEST + 1) / _WINDOW
_NOTHING = bytes(2 * FRAME_SAMPLES)


def pitches(sounds: Sequence[bytes]) -> list[float | None]:
    """Return the pitch of each of these sounds: LOWEST_HZ..HIGHEST_HZ, or None where it has none.

    A sound is two frames of 20 ms (LINEAR16), the pitch that of the latter; by autocorrelation, at half the rate. Many
    at once take a third of the time that they would one by one.
    """
    if not sounds:
        return []
    samples = np.frombuffer(b"".join(sounds), np.int16).reshape(len(sounds), -1)
    windows = np.add(samples[:, ::2], samples[:, 1::2], dtype=np.float64)
    # One recent stretch against the window at every lag, of whole numbers: no order of summing makes a difference.
    stretches = np.lib.stride_tricks.sliding_window_view(windows, _WINDOW - _LONGEST, axis=1)[:, ::-1]
    likeness = np.einsum("slk,sk->sl", stretches, windows[:, _LONGEST:]) * _TAPER
    rows, energy = np.arange(len(windows)), likeness[:, 0]
    lags = _SHORTEST + likeness[:, _SHORTEST:_LONGEST].argmax(axis=1)
    here, before, after = likeness[rows, lags], likeness[rows, lags - 1], likeness[rows, lags + 1]
    # Likest at the edge of the range and likelier beyond it: a rumble, or a whistle.
    has_one = (energy > 0) & (here >= _PERIODIC * energy) & (here >= np.maximum(before, after))
    # A parabola through a peak has its summit within half a lag of it.
    bends = before - 2 * here + after
    aside = np.where(bends < 0, 0.5 * (before - after) / np.where(bends < 0, bends, 1.0), 0.0)
    found = np.clip(_RATE_HZ / (lags + aside), LOWEST_HZ, HIGHEST_HZ).tolist()
    return [hz if is_one else None for hz, is_one in zip(found, has_one.tolist(), strict=True)]


def held_share(frames: Iterable[bytes], step: float) -> float:
    """Return in what share of these 20 ms frames (LINEAR16) the pitch moves on by less than this share of itself."""
    tune = pitches([before + frame for before, frame in pairwise([_NOTHING, *frames])])
    held = [one and other and abs(one - other) < step * one for one, other in pairwise(tune)]
    return sum(map(bool, held)) / max(len(held), 1)
