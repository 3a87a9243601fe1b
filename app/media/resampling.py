"""Recordings of any rate, brought to the telephone's, without scipy: importing it would cost a server 80 MB."""

import numpy as np
import numpy.typing as npt

from app.media.codec import SAMPLE_RATE_HZ

Samples = npt.NDArray[np.int16]

_CUTOFF_HZ = 3600  # the telephone's band; leaves the filter room before half of 8 kHz
_HALF_LENGTH_S = 0.004
_KAISER_BETA = 7.0  # what lies beyond the band is 70 dB down


def to_telephone_rate(samples: Samples, rate_hz: int) -> Samples:
    """Return mono samples of any rate at 8 kHz; a wider band is cut off first."""
    if rate_hz == SAMPLE_RATE_HZ or not len(samples):
        return samples
    wave = samples.astype(np.float64)
    if rate_hz > SAMPLE_RATE_HZ:
        half = max(1, round(rate_hz * _HALF_LENGTH_S))
        taps = np.sinc(np.arange(-half, half + 1) * 2 * _CUTOFF_HZ / rate_hz) * np.kaiser(2 * half + 1, _KAISER_BETA)
        wave = np.convolve(wave, taps / taps.sum(), "same")[: len(wave)]
    length = len(wave) * SAMPLE_RATE_HZ // rate_hz
    at = np.arange(length) * rate_hz / SAMPLE_RATE_HZ
    return np.clip(np.rint(np.interp(at, np.arange(len(wave)), wave)), -32768, 32767).astype(np.int16)
