"""Callers with exact labels: what is said when, on what line, in what noise."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from app.media.codec import encode_ulaw
from tests.bench_turns.noises.sounds import Noise
from tests.bench_turns.voices import SPEECH_RMS, Floats, Said, pause_points

LEAD_MS, TAIL_MS = 1200, 2000
_LINE_RMS = 8.0  # -72 dBFS: a digital line at rest
_CLOSURE_BLOCKS = 15  # shorter gaps between voiced blocks are part of the words


@dataclass(frozen=True, slots=True)
class Utterance:
    """One stretch of speech within a clip. `pauses_ms` are the (start, end) of the silences put into it."""

    start_ms: int
    end_ms: int
    text: str
    pauses_ms: tuple[tuple[int, int], ...] = ()

    def words_by(self, at_ms: int) -> str:
        """Return the words said by then, taking them to be equally long letter by letter."""
        spoken = min(at_ms, self.end_ms) - self.start_ms - self._paused(at_ms)
        whole = self.end_ms - self.start_ms - self._paused(self.end_ms)
        words = self.text.split()
        letters = np.cumsum([len(word) + 1 for word in words])
        return " ".join(words[: int((letters <= (letters[-1] + 1) * spoken / whole).sum())])

    def _paused(self, by_ms: int) -> int:
        return sum(min(end, by_ms) - start for start, end in self.pauses_ms if start < by_ms)


@dataclass(frozen=True, slots=True)
class Clip:
    """One line: mu-law as Twilio sends it, a label for each 20 ms frame, and what was said when."""

    name: str
    ulaw: bytes
    voiced: npt.NDArray[np.bool_]
    utterances: tuple[Utterance, ...] = field(default=())


def clip(
    said: Sequence[Said],
    random: np.random.Generator,
    *,
    noise: Noise | None = None,
    snr_db: float = 20.0,
    pauses_ms: Sequence[int] = (),
    gain_db: float = 0.0,
    gap_ms: int = 2500,
    lead_ms: int = LEAD_MS,
) -> Clip:
    """Return a line on which all of this is said, one after another; every utterance gets these pauses inside."""
    sound, labels, utterances = [np.zeros(lead_ms * 8)], [np.zeros(lead_ms // 10, bool)], []
    at_ms = lead_ms
    for one in said:
        samples, voiced, gaps = _with_pauses(one, pauses_ms)
        length_ms = len(samples) // 8
        shifted = tuple((at_ms + start, at_ms + end) for start, end in gaps)
        utterances.append(Utterance(at_ms, at_ms + length_ms, one.text, shifted))
        sound += [samples, np.zeros(gap_ms * 8)]
        labels += [_bridged(voiced), np.zeros(gap_ms // 10, bool)]
        at_ms += length_ms + gap_ms
    wave = np.concatenate(sound) * 10 ** (gain_db / 20)
    wave = wave + random.normal(0, _LINE_RMS, len(wave))
    if noise:
        wave += noise(len(wave) // 8, random) * SPEECH_RMS * 10 ** ((gain_db - snr_db) / 20)
    label = np.concatenate(labels)
    frames: npt.NDArray[np.bool_] = label[: len(label) // 2 * 2].reshape(-1, 2).max(axis=1)
    name = f"{said[0].name} x{len(said)}" if said else "noise"
    return Clip(name, to_ulaw(wave), frames, tuple(utterances))


def noise_only(noise: Noise, ms: int, random: np.random.Generator, rms: float) -> Clip:
    """Return a line on which nobody speaks: two seconds of rest, then noise."""
    wave = np.concatenate([np.zeros(16000), noise(ms, random) * rms])
    wave = wave + random.normal(0, _LINE_RMS, len(wave))
    return Clip("noise", to_ulaw(wave), np.zeros(len(wave) // 160, bool))


def to_ulaw(wave: Floats) -> bytes:
    """Encode for the telephone."""
    return encode_ulaw(np.clip(np.rint(wave), -32768, 32767).astype(np.int16))


def _with_pauses(said: Said, pauses_ms: Sequence[int]) -> tuple[Floats, npt.NDArray[np.bool_], list[tuple[int, int]]]:
    samples, voiced, gaps = said.samples, said.voiced, []
    points = pause_points(said, len(pauses_ms))
    for index in reversed(range(len(points))):
        # The sound fades over 10 ms each side, so that the cut itself makes no click.
        point, pause_ms = points[index], pauses_ms[index]
        before, after = samples[:point].copy(), samples[point:].copy()
        before[-80:] *= np.linspace(1, 0, len(before[-80:]))
        after[:80] *= np.linspace(0, 1, len(after[:80]))
        samples = np.concatenate([before, np.zeros(pause_ms * 8), after])
        voiced = np.concatenate([voiced[: point // 80], np.zeros(pause_ms // 10, bool), voiced[point // 80 :]])
    shift = 0
    for point, pause_ms in zip(points, pauses_ms, strict=False):
        # Where the voice rested by itself, the pause is longer by that.
        before_ms, after_ms = _rest_ms(said.voiced[: point // 80][::-1]), _rest_ms(said.voiced[point // 80 :])
        gaps.append((point // 8 + shift - before_ms, point // 8 + shift + pause_ms + after_ms))
        shift += pause_ms
    return samples, voiced, gaps


def _rest_ms(voiced: npt.NDArray[np.bool_]) -> int:
    """Return for how long there is no voice at first."""
    return 10 * int(voiced.argmax()) if voiced.any() else 0


def _bridged(voiced: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Fill the closures of consonants: they are part of the words."""
    filled, last = voiced.copy(), None
    for index in np.flatnonzero(voiced):
        if last is not None and index - last <= _CLOSURE_BLOCKS:
            filled[last:index] = True
        last = int(index)
    return filled
