"""What the acceptance callers say: the sample sentences, and sounds made of them (R12.1). 8 kHz int16."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.qa.player import SAMPLES_PER_MS
from app.qa.utterance import RATE_HZ, Utterance, UtteranceError, load_utterance, utterance

Samples = npt.NDArray[np.int16]

SAMPLES = Path(__file__).parents[3] / "samples"
SENTENCE, AREA, YES = "w01_01_ef_dora.wav", "w01_02_ef_dora.wav", "w01_07_ef_dora.wav"
LONG = ("v022_em_alex.wav", "v001_ef_dora.wav", "w01_01_ef_dora.wav", "w01_03_ef_dora.wav")
PAUSE_MS, LONG_MS = 300, 7000
WEAK_DBFS, WEAK_OFFSET = -38.0, 500
BURST_MS, COUGH_MS, BURST_DBFS = 120, 250, -18.0
_FULL_SCALE = 32768.0
_SEED = 8000


@dataclass(frozen=True, slots=True)
class Sounds:
    """Everything the callers of a run need. `sentences` are what they ask for; `yes` a short answer."""

    sentences: tuple[Utterance, ...]
    yes: Utterance
    with_pause: Utterance
    long: Utterance
    weak: Utterance
    burst: Utterance
    cough: Utterance


def load_sounds(wavs: tuple[Path, ...] = (), folder: Path = SAMPLES) -> Sounds:
    """Load the samples; `wavs` replace the sentences.

    Raises:
        UtteranceError: a file cannot be used.
    """
    sentences = tuple(load_utterance(path) for path in wavs) or (load_utterance(folder / SENTENCE),)
    first, area = sentences[0], load_utterance(folder / AREA)
    return Sounds(
        sentences=sentences,
        yes=load_utterance(folder / YES),
        with_pause=joined("a sentence with a pause", (first, area), PAUSE_MS),
        long=long_speech([load_utterance(folder / name) for name in LONG]),
        weak=at_level(first, WEAK_DBFS),
        burst=noise("a burst of noise", BURST_MS),
        cough=noise("a cough", COUGH_MS),
    )


def voiced(spoken: Utterance) -> Samples:
    """Return the part of an utterance in which it is heard."""
    return spoken.pcm[spoken.voiced_from : spoken.voiced_to]


def level_dbfs(spoken: Utterance) -> float:
    """Return the level of the voiced part (RMS, full scale is a square wave's)."""
    power = np.square(voiced(spoken).astype(np.float64) / _FULL_SCALE).mean()
    return float(10.0 * np.log10(power + 1e-12))


def joined(name: str, parts: tuple[Utterance, ...], gap_ms: int) -> Utterance:
    """Say the parts one after the other, `gap_ms` of silence between them."""
    gap = np.zeros(gap_ms * SAMPLES_PER_MS, dtype=np.int16)
    pieces = [piece for part in parts for piece in (voiced(part), gap)][:-1]
    return utterance(name, np.concatenate(pieces), " … ".join(part.text for part in parts))


def long_speech(parts: list[Utterance]) -> Utterance:
    """Speak for 7 s without a pause that could be taken for an end."""
    whole = np.concatenate([voiced(part) for part in parts])
    needed = LONG_MS * SAMPLES_PER_MS
    if len(whole) < needed:
        raise UtteranceError(f"the samples make {len(whole) / RATE_HZ:.1f} s of speech; 7 s are needed")
    return utterance("7 s of speech", whole[:needed])


def at_level(spoken: Utterance, dbfs: float) -> Utterance:
    """Return an utterance made as loud as `dbfs` says; its voiced part stays where it was."""
    factor = 10.0 ** ((dbfs - level_dbfs(spoken)) / 20.0)
    pcm = np.clip(np.rint(spoken.pcm * factor), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
    return Utterance(f"{spoken.name} at {dbfs:g} dBFS", spoken.text, pcm, spoken.voiced_from, spoken.voiced_to)


def noise(name: str, length_ms: int) -> Utterance:
    """Return a burst of white noise, like a knock on the handset or a cough."""
    generator = np.random.default_rng(_SEED)
    level = _FULL_SCALE * 10.0 ** (BURST_DBFS / 20.0)
    pcm = np.clip(generator.normal(0.0, level, length_ms * SAMPLES_PER_MS), -32768, 32767).astype(np.int16)
    return Utterance(name, "", pcm, 0, len(pcm))
