"""Tones for microphones, and what is left of them."""

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


def loud_stretches(samples: npt.NDArray[np.int16]) -> list[tuple[int, int]]:
    """Return where a tone of -9 dBFS stands for half a second or more (samples at 8 kHz)."""
    of_frames = levels(samples)
    found: list[tuple[int, int]] = []
    start = 0
    for frame in range(len(of_frames) + 1):
        if frame < len(of_frames) and abs(of_frames[frame] - TONE_DBFS) < 1:
            continue
        if frame - start >= 25:
            found.append((start * 160, frame * 160))
        start = frame + 1
    return found


def _tone(hz: float, seconds: float, rate_hz: int) -> npt.NDArray[np.float64]:
    wave: npt.NDArray[np.float64] = np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)
    return wave * (10 ** (TONE_DBFS / 20) * 2**0.5)
