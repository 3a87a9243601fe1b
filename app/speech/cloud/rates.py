"""Between the telephone's 8 kHz and the vendors' rates, in numpy alone: importing scipy takes a second."""

import numpy as np
import numpy.typing as npt

RATE_HZ = 8000
_CUTOFF_HZ = 3700.0
_TAPS_PER_STEP = 32


class Downsampler:
    """Turn int16 samples at a multiple of 8 kHz into 8 kHz, piece by piece, without clicks at the seams.

    A windowed sinc, which delays by half its length (2 ms), then every n-th sample.

    Raises:
        ValueError: when the rate is no multiple of 8000.
    """

    def __init__(self, rate_hz: int) -> None:
        if rate_hz <= 0 or rate_hz % RATE_HZ:
            raise ValueError(f"{rate_hz} Hz: a multiple of {RATE_HZ} is wanted")
        self._step = rate_hz // RATE_HZ
        self._kernel = _low_pass(self._step)
        self._pending = np.zeros(len(self._kernel) - 1)
        self._skip = 0

    def process(self, samples: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
        """Return what `samples` add at 8 kHz."""
        if self._step == 1:
            return samples
        window = np.concatenate([self._pending, samples])
        fresh = len(window) - len(self._kernel) + 1
        self._pending = window[max(fresh, 0) :]
        if fresh <= 0:
            return np.zeros(0, dtype=np.int16)
        filtered = np.convolve(window, self._kernel, mode="valid")[self._skip :: self._step]
        self._skip = (self._skip - fresh) % self._step
        return _to_int16(filtered)


def double_rate(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Return 8 kHz samples at 16 kHz: twice as many, in the same place."""
    stuffed = np.zeros(2 * len(samples))
    stuffed[::2] = samples
    return _to_int16(2 * np.convolve(stuffed, _low_pass(2), mode="same"))


def _low_pass(step: int) -> npt.NDArray[np.float64]:
    """Return a windowed sinc for `step` times 8 kHz that keeps what a telephone carries."""
    taps = _TAPS_PER_STEP * step + 1
    centred = np.arange(taps) - taps // 2
    kernel: npt.NDArray[np.float64] = np.sinc(2 * _CUTOFF_HZ / (step * RATE_HZ) * centred) * np.hamming(taps)
    kernel /= kernel.sum()
    return kernel


def _to_int16(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.int16]:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
