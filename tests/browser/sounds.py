"""Tones for microphones, and what is left of them."""

from itertools import groupby

import numpy as np
import numpy.typing as npt

from app.media.wav import parse_wav
from tests.e2e.phones import AUDIO

Sound = npt.NDArray[np.int16] | npt.NDArray[np.float64]
TONE_DBFS = -9
_QUIET_S, _LOUD_S = 0.6, 0.8


def tones(rate_hz: int) -> npt.NDArray[np.int16]:
    """Return 5 kHz, which a telephone does not carry, then 1 kHz, both at -9 dBFS, and a moment of nothing."""
    parts = [_tone(5000, _QUIET_S, rate_hz), _tone(1000, _LOUD_S, rate_hz), np.zeros(rate_hz // 5)]
    whole: npt.NDArray[np.float64] = np.rint(np.concatenate(parts) * 32767)
    return whole.astype(np.int16)


def spoken(name: str) -> npt.NDArray[np.int16]:
    """Return a sample caller at 8 kHz by the start of the file's name."""
    (path,) = AUDIO.glob(f"{name}*.wav")
    wav = parse_wav(path.read_bytes())
    assert wav.rate_hz == 8000
    return wav.mono()


def dbfs(samples: Sound) -> float:
    """Return the level of samples, int16 or within -1…1."""
    scale = 32768.0 if samples.dtype == np.int16 else 1.0
    return 10 * float(np.log10(np.mean((samples.astype(np.float64) / scale) ** 2) + 1e-12))


def levels(samples: npt.NDArray[np.int16]) -> list[float]:
    """Return the level of each 20 ms at 8 kHz."""
    return [dbfs(samples[start : start + 160]) for start in range(0, len(samples) - 159, 160)]


def sinad_db(samples: npt.NDArray[np.float64], hz: float, rate_hz: int) -> float:
    """Return the ratio of a tone to all else, in dB."""
    time_s = np.arange(len(samples)) / rate_hz
    basis = np.stack([np.sin(2 * np.pi * hz * time_s), np.cos(2 * np.pi * hz * time_s), np.ones(len(samples))])
    weights, *_ = np.linalg.lstsq(basis.T, samples, rcond=None)
    tone = weights[:2] @ basis[:2]
    return 10 * float(np.log10(np.sum(tone**2) / np.sum((samples - tone) ** 2)))


def loudest_stretch(samples: npt.NDArray[np.int16]) -> tuple[int, int]:
    """Return the longest stretch in which a tone of -9 dBFS stands (samples at 8 kHz); busy machines cut them."""
    runs = []
    for is_tone, run in groupby(enumerate(levels(samples)), lambda frame: abs(frame[1] - TONE_DBFS) < 1):
        frames = [number for number, _ in run]
        if is_tone:
            runs.append((frames[0] * 160, frames[-1] * 160 + 160))
    longest = max(runs, key=lambda run: run[1] - run[0])
    assert longest[1] - longest[0] >= 1600, runs
    return longest


def _tone(hz: float, seconds: float, rate_hz: int) -> npt.NDArray[np.float64]:
    wave: npt.NDArray[np.float64] = np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)
    return wave * (10 ** (TONE_DBFS / 20) * 2**0.5)
