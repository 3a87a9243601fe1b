"""Sounds for tests: made here, or the sample callers of samples."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.media.codec import encode_ulaw
from app.media.frontend import Frame
from app.media.wav import parse_wav

AUDIO = Path(__file__).parents[2] / "samples"

Floats = npt.NDArray[np.float64]


def caller(name: str) -> Floats:
    """Return a sample caller by the start of the file's name."""
    (path,) = AUDIO.glob(f"{name}*.wav")
    return parse_wav(path.read_bytes()).mono().astype(np.float64)


def silence(ms: int) -> Floats:
    return np.zeros(ms * 8)


def noise(ms: int, rms: float, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(0, rms, ms * 8)


def tone(ms: int, rms: float, hz: float = 440.0) -> Floats:
    wave: Floats = np.sin(2 * np.pi * hz * np.arange(ms * 8) / 8000)
    return wave * (rms * 2**0.5)


def at_dbfs(samples: Floats, dbfs: float) -> Floats:
    """Scale speech so that its loud parts have this RMS."""
    loud = samples[np.abs(samples) > 0.1 * samples.std()]
    scale = 32767 * 10 ** (dbfs / 20) / float(np.sqrt((loud**2).mean()))
    return samples * scale


def to_pcm(samples: Floats) -> npt.NDArray[np.int16]:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


def to_ulaw(*parts: Floats) -> bytes:
    return encode_ulaw(to_pcm(np.concatenate(parts)))


def frames(levels: list[float]) -> list[Frame]:
    """Return one frame per RMS value, in time from 0 on."""
    return [Frame(index * 20, bytes(320), rms) for index, rms in enumerate(levels)]
