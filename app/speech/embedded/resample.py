"""Change the rate of speech by 2 up or 3 down, the two steps the embedded models need.

Plain numpy on purpose: `scipy.signal` would cost the speech child some 60 MB and half a second to import.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32]

TELEPHONE_HZ = 8000
WHISPER_HZ = 16000
KOKORO_HZ = 24000

# Passes 3.4 kHz flat and is 60 dB down before 4.6 kHz, so that nothing folds back into the telephone band.
_CUTOFF_HZ = 3900
_HALF_WIDTH_MS = 4


@cache
def _low_pass(rate_hz: int) -> npt.NDArray[np.float64]:
    half = rate_hz * _HALF_WIDTH_MS // 1000
    at = np.arange(-half, half + 1)
    taps: npt.NDArray[np.float64] = np.sinc(at * 2 * _CUTOFF_HZ / rate_hz) * np.kaiser(2 * half + 1, 7.0)
    taps /= taps.sum()
    return taps


def telephone_to_whisper(pcm: npt.NDArray[np.int16]) -> Signal:
    """Return 8 kHz int16 samples at 16 kHz, as floats in -1..1; twice as many."""
    if not len(pcm):
        return np.zeros(0, np.float32)
    spread = np.zeros(2 * len(pcm))
    spread[::2] = pcm / 16384.0  # twice the sample, for half the places are empty
    return _filtered(spread, WHISPER_HZ).astype(np.float32)


def kokoro_to_telephone(audio: Signal) -> Signal:
    """Return 24 kHz floats at 8 kHz; a third as many, rounded up."""
    if not len(audio):
        return np.zeros(0, np.float32)
    return _filtered(audio, KOKORO_HZ)[::3].astype(np.float32)


def _filtered(signal: npt.NDArray[np.floating], rate_hz: int) -> npt.NDArray[np.float64]:
    taps = _low_pass(rate_hz)
    half = len(taps) // 2
    return np.convolve(signal, taps, "full")[half : half + len(signal)]
