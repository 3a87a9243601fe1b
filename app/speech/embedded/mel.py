"""The picture of sound that Whisper looks at: log-mel frames, 80 bands each 10 ms.

The recipe (window, hop, Slaney mel scale, floor 80 dB below the peak) is the one Whisper was trained with
(Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision", section 2.2).
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from app.speech.embedded.resample import WHISPER_HZ, Signal

BANDS = 80
HOP = 160
FRAMES_PER_SECOND = WHISPER_HZ // HOP
_WINDOW = 400


def _mel(frequency_hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Slaney's scale: linear to 1 kHz, logarithmic above."""
    linear = frequency_hz * 3 / 200
    above = 15 + 27 * np.log(np.maximum(frequency_hz, 1000) / 1000) / np.log(6.4)
    return np.where(frequency_hz < 1000, linear, above)


def _hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


@cache
def filter_bank() -> npt.NDArray[np.float64]:
    """Return the 80 triangles over the 201 spectrum bins, each of equal area."""
    nyquist_hz = WHISPER_HZ / 2
    bins_hz = np.linspace(0, nyquist_hz, _WINDOW // 2 + 1)
    edges_hz = _hertz(np.linspace(0, float(_mel(np.array(nyquist_hz))), BANDS + 2))
    low, centre, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising, falling = (bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)


def log_mel(audio: Signal) -> npt.NDArray[np.float32]:
    """Return the (80, len/160) frames of 16 kHz audio, which must be longer than half a window (200 samples)."""
    padded = np.pad(audio, _WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP][: len(audio) // HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    power = np.abs(np.fft.rfft(frames * hann)) ** 2
    log = np.log10(np.maximum(filter_bank() @ power.T, 1e-10))
    picture: npt.NDArray[np.float64] = (np.maximum(log, log.max() - 8) + 4) / 4
    return picture.astype(np.float32)
