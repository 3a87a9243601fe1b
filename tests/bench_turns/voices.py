"""What the scripts' voices say, as sound: the sample callers, and the embedded voice with its own voices and others.

Synthesised speech is kept in `data/bench-turns`, so that only the first run pays for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.media.codec import decode_ulaw
from app.media.wav import parse_wav, write_wav
from tests.bench_turns.models import CACHE, ROOT, models_with
from tests.bench_turns.scripts import Script

SPEECH_RMS = 2600.0  # about -22 dBFS
_BLOCK = 80  # 10 ms
_SILENT_DB = 30.0
_APART_BLOCKS = 30

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Said:
    """Something said without a pause: `samples` begin and end with voice, `voiced` marks its 10 ms blocks."""

    name: str
    kind: str  # sentence, phone or word
    text: str
    samples: Floats
    voiced: npt.NDArray[np.bool_]


def load(script: Script) -> tuple[list[Said], str]:
    """Return everything there is to say, and a line about where it comes from."""
    said = list(_sampled()) if script.files else []
    files = len(said)
    said += [_said(*one) for one in _synthesised(script)]
    more = f"{len(said) - files} synthesised" if len(said) > files else "none synthesised: no models in data/models"
    return said, f"{script.name}: {files} sample callers, {more} ({', '.join(script.voices)})"


def _sampled() -> Iterator[Said]:
    folder = ROOT / "samples"
    rows = [line.split("\t") for line in (folder / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    for row in rows:
        yield _said(row[0], _kind(row[-1]), row[-1], _read(folder / row[0]))


def _kind(text: str) -> str:
    if text.startswith("אפס חמש"):
        return "phone"
    return "word" if " " not in text else "sentence"


def _read(path: Path) -> Floats:
    return parse_wav(path.read_bytes()).mono().astype(np.float64)


def _synthesised(script: Script) -> Iterator[tuple[str, str, str, Floats]]:
    kinds = (("sentence", script.sentences), ("phone", script.phones), ("word", script.words))
    wanted = [
        (f"{kind}-{number}-{voice}", kind, text, voice)
        for kind, texts in kinds
        for voice in script.voices
        for number, text in enumerate(texts)
    ]
    paths = {name: CACHE / f"{name}.wav" for name, *_ in wanted}
    if not all(path.exists() for path in paths.values()):
        models = models_with(script.voices)
        if models is None:
            return
        from app.speech.embedded.kokoro import Speaker

        speaker = Speaker(models, threads=1)
        for name, _, text, voice in wanted:
            if not paths[name].exists():
                paths[name].write_bytes(write_wav(decode_ulaw(b"".join(speaker.speak(text, voice))), 8000))
    for name, kind, text, _ in wanted:
        yield name, kind, text, _read(paths[name])


def _said(name: str, kind: str, text: str, samples: Floats) -> Said:
    levels = _levels(samples)
    voiced = levels > _loud(levels) - _SILENT_DB
    first, last = int(voiced.argmax()), len(voiced) - int(voiced[::-1].argmax())
    samples, voiced = samples[first * _BLOCK : last * _BLOCK], voiced[first:last]
    loud = np.repeat(voiced, _BLOCK)
    return Said(name, kind, text, samples * (SPEECH_RMS / np.sqrt((samples[loud] ** 2).mean())), voiced)


def _levels(samples: Floats) -> Floats:
    blocks = samples[: len(samples) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    decibels: Floats = 10 * np.log10((blocks**2).mean(axis=1) + 1)
    return decibels


def _loud(levels: Floats) -> float:
    return float(np.percentile(levels, 90))


def pause_points(said: Said, count: int) -> list[int]:
    """Return up to `count` quiet places (samples) within the middle of what is said, apart from each other."""
    smooth = np.convolve(_levels(said.samples), np.ones(4) / 4, "same")
    blocks = len(smooth)
    points: list[int] = []
    for number in range(count):
        low, high = (int(blocks * (0.25 + 0.55 * part / count)) for part in (number, number + 1))
        low = max(low, points[-1] // _BLOCK + _APART_BLOCKS) if points else low
        if high - low > 5:
            points.append((low + int(smooth[low:high].argmin())) * _BLOCK)
    return points
