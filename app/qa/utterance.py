"""What a simulated caller says: WAV files made into telephone audio, and the line that carries them."""

import csv
import io
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.media.codec import encode_ulaw
from app.media.resampling import to_telephone_rate
from app.media.wav import WavError, parse_wav
from app.qa.player import FRAME_SAMPLES, SILENCE

Samples = npt.NDArray[np.int16]

RATE_HZ = 8000
BLOCK_SAMPLES = 80
VOICED_BELOW_PEAK_DB = 30.0
VOICED_FLOOR_DBFS = -50.0
NOISE_SECONDS = 5
NO_TEXT = ""


class UtteranceError(Exception):
    """A WAV file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing the caller says. `voiced_from` and `voiced_to` are samples of `pcm` (8 kHz mono int16)."""

    name: str
    text: str
    pcm: Samples
    voiced_from: int
    voiced_to: int


def load_utterance(path: Path) -> Utterance:
    """Read a WAV of any rate, width and number of channels.

    Its text, for printing, is taken from a `manifest.tsv` (columns `file` and `text`) beside it or one folder up.

    Raises:
        UtteranceError: the file cannot be read, it is no WAV, or nothing can be heard in it.
    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise UtteranceError(f"{path}: {exc.strerror}") from exc
    try:
        wav = parse_wav(data)
        pcm, rate_hz = wav.mono(), wav.rate_hz
    except WavError as exc:
        rate_hz, pcm = _read_float_wav(data, f"{path}: {exc}")
    return utterance(path.name, to_telephone_rate(pcm, rate_hz), _text_of(path))


def utterance(name: str, pcm: Samples, text: str = NO_TEXT) -> Utterance:
    """Find where 8 kHz int16 audio is voiced: 10 ms blocks within 30 dB of the loudest, and above -50 dBFS.

    Raises:
        UtteranceError: nothing can be heard in it.
    """
    blocks = np.append(pcm, np.zeros(-len(pcm) % BLOCK_SAMPLES, dtype=np.int16)).reshape(-1, BLOCK_SAMPLES)
    power = np.square(blocks.astype(np.float64) / 32768.0).mean(axis=1)
    level_dbfs = 10.0 * np.log10(power + 1e-12)
    voiced = np.flatnonzero(level_dbfs > max(VOICED_FLOOR_DBFS, level_dbfs.max(initial=-120.0) - VOICED_BELOW_PEAK_DB))
    if not len(voiced):
        raise UtteranceError(f"{name}: nothing but silence in it")
    voiced_to = min(len(pcm), (int(voiced[-1]) + 1) * BLOCK_SAMPLES)
    return Utterance(name, text, pcm, int(voiced[0]) * BLOCK_SAMPLES, voiced_to)


class Line:
    """The caller's side of the line, one 20 ms mu-law frame at a time: speech, noise if wanted, else silence (0xFF).

    `offset` is a constant (DC) that a poor line adds to everything.
    """

    def __init__(self, noise_dbfs: float | None = None, offset: int = 0) -> None:
        self.position = 0
        self._noise: npt.NDArray[np.float32] | None = None
        if noise_dbfs is not None or offset:
            generator = np.random.default_rng(8000)
            level = 32768.0 * 10.0 ** (noise_dbfs / 20.0) if noise_dbfs is not None else 0.0
            self._noise = generator.normal(offset, level, NOISE_SECONDS * RATE_HZ).astype(np.float32)
        self._speech: bytes | Samples = b""
        self._said = 0

    @property
    def busy(self) -> bool:
        """Tell whether an utterance is still being said."""
        return self._said < len(self._speech)

    def say(self, spoken: Utterance) -> int:
        """Start to say an utterance; return the sample of the line at which it starts."""
        # With noise the sum must be made before the companding, frame by frame; without, it is made once.
        self._speech = spoken.pcm if self._noise is not None else encode_ulaw(spoken.pcm)
        self._said = 0
        return self.position

    def take(self) -> bytes:
        """Return the next 160 mu-law bytes."""
        part = self._speech[self._said : self._said + FRAME_SAMPLES]
        self._said += len(part)
        start = self.position
        self.position += FRAME_SAMPLES
        if isinstance(part, bytes) and self._noise is None:
            return part if len(part) == FRAME_SAMPLES else part + SILENCE * (FRAME_SAMPLES - len(part))
        assert self._noise is not None
        mixed = self._noise[start % len(self._noise) :][:FRAME_SAMPLES].copy()
        mixed[: len(part)] += np.asarray(part, dtype=np.float32) if len(part) else 0.0
        return encode_ulaw(np.clip(mixed, -32768, 32767).astype(np.int16))


def _read_float_wav(data: bytes, complaint: str) -> tuple[int, Samples]:
    """Read the floating-point WAV files that audio tools like to write; `complaint` is for everything else."""
    # Imported here: scipy takes a second to load, and few recordings are of this kind.
    from scipy.io import wavfile

    try:
        rate_hz, samples = wavfile.read(io.BytesIO(data))
    except (ValueError, EOFError, struct.error):  # scipy reads a file that ends too early as if it went on
        raise UtteranceError(complaint) from None
    if not np.issubdtype(samples.dtype, np.floating):
        raise UtteranceError(complaint)
    mono = samples.reshape(len(samples), -1).mean(axis=1)
    return rate_hz, np.clip(np.rint(mono * 32768.0), -32768, 32767).astype(np.int16)


def _text_of(path: Path) -> str:
    for manifest in (path.parent / "manifest.tsv", path.parent.parent / "manifest.tsv"):
        if not manifest.is_file():
            continue
        with manifest.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                if Path(row.get("file") or "").name == path.name:
                    return row.get("text") or NO_TEXT
    return NO_TEXT
