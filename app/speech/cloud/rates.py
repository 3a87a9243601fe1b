"""Bring a vendor's voice down to the telephone's 8 kHz while it streams in."""

import numpy as np
import numpy.typing as npt

RATE_HZ = 8000
_TAPS_PER_STEP = 24


class Downsampler:
    """Turn int16 samples at a multiple of 8 kHz into 8 kHz, piece by piece, without clicks at the seams.

    A windowed sinc cut at 3.6 kHz, delayed by half its length (1.5 ms), then every n-th sample.

    Raises:
        ValueError: when the rate is no multiple of 8000.
    """

    def __init__(self, rate_hz: int) -> None:
        if rate_hz <= 0 or rate_hz % RATE_HZ:
            raise ValueError(f"{rate_hz} Hz: a multiple of {RATE_HZ} is wanted")
        self._step = rate_hz // RATE_HZ
        taps = _TAPS_PER_STEP * self._step + 1
        centred = np.arange(taps) - taps // 2
        kernel = np.sinc(2 * 3600.0 / rate_hz * centred) * np.hamming(taps)
        self._kernel = kernel / kernel.sum()
        self._pending = np.zeros(taps - 1)
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
        return np.clip(np.rint(filtered), -32768, 32767).astype(np.int16)
