"""Hears which of the sample recordings some telephone audio holds: by correlation, which filters do not spoil."""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.qa.utterance import load_utterance

Sound = npt.NDArray[np.float64]
LEAST_LIKENESS = 0.45
_PAD = 4000


@cache
def samples(folder: str) -> tuple[tuple[str, Sound], ...]:
    """Return text and voiced sound (8 kHz) of each recording that the folder's manifest.tsv lists."""
    with (Path(folder) / "manifest.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    found = []
    for row in rows:
        spoken = load_utterance(Path(folder) / row["file"])
        found.append((row["text"], spoken.pcm[spoken.voiced_from : spoken.voiced_to].astype(np.float64)))
    return tuple(found)


def heard_texts(pcm: bytes, folder: str) -> list[str]:
    """Return the texts of the samples in LINEAR16 8 kHz audio, in the order in which they were said."""
    audio = np.frombuffer(pcm[: len(pcm) & ~1], dtype="<i2").astype(np.float64)
    audio = np.concatenate([np.zeros(_PAD), audio, np.zeros(_PAD)])
    candidates = sorted((_likeness(audio, sound), text, len(sound)) for text, sound in samples(folder))
    taken: list[tuple[int, int, str]] = []
    for (likeness, start), text, length in reversed(candidates):
        overlaps = any(start < to - length // 4 and from_ < start + length - length // 4 for from_, to, _ in taken)
        if likeness >= LEAST_LIKENESS and not overlaps:
            taken.append((start, start + length, text))
    return [text for _, _, text in sorted(taken)]


def _likeness(audio: Sound, sound: Sound) -> tuple[float, int]:
    """Return the best normalised correlation of a sound with any place of the audio, and that place."""
    if len(audio) < len(sound):
        audio = np.concatenate([audio, np.zeros(len(sound) - len(audio))])
    size = len(audio) + len(sound)
    products = np.fft.irfft(np.fft.rfft(audio, size) * np.conj(np.fft.rfft(sound, size)), size)
    places = len(audio) - len(sound) + 1
    energy = np.concatenate([[0.0], np.cumsum(np.square(audio))])
    local = energy[len(sound) : len(sound) + places] - energy[:places]
    likeness = products[:places] / (np.linalg.norm(sound) * np.sqrt(np.maximum(local, 1.0)) + 1e-9)
    likeness[local < 0.2 * local.max(initial=0.0)] = 0.0
    best = int(np.argmax(likeness))
    return float(likeness[best]), best
