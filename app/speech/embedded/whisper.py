"""Hear Hebrew with Whisper base (int8, CTranslate2): telephone audio in, several readings out (R15).

The encoder is fed a window of 10 s, not the 30 s it was trained on: three times faster and, on telephone Hebrew, as
good. A shorter window breaks it. A little silence before the speech (calls bring 400 ms of it, `_LEAD_S` is added), and
a breath of noise under it, make short answers ("כן", "חולון") come out right more often than any search setting does;
a longer lead costs the first consonant ("תלום" for "שלום").
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.speech.embedded.mel import log_mel
from app.speech.embedded.resample import TELEPHONE_HZ, WHISPER_HZ, Signal, telephone_to_whisper

READINGS = 5
_WINDOW_S = 10
_LONGEST_S = 15
"""The encoder could take 30 s, but needs 80 MB more for it."""
_LEAD_S = 0.2
_NOISE_RMS = 20.0
_LEVEL_DBFS = -20.0
_LARGEST_GAIN = 20.0
_PEAK = 30_000
_BLOCK_MS = 20
_SPEECH_RMS = 60.0
"""Int16 scale. A 20 ms block below it holds no speech that a caller could mean; telephone silence is 0 to 30."""
_SPEECH_MS = 100
_SURELY_SILENCE = 0.6
_PROMPT = ("<|startoftranscript|>", "<|he|>", "<|transcribe|>", "<|notimestamps|>")
_MOST_TOKENS = 200
_TOKENS_A_SECOND = 20
_GHOSTS = frozenset({"תודה", "תודה רבה", "תודה שצפיתם", "תודה על הצפייה", "כתוביות", "להתראות", "תודה רבה לכם"})
"""What Whisper hears in silence: the ends of the videos it was trained on."""

Pcm = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard, and further readings, best first; empty text: nobody spoke."""

    text: str
    alternatives: tuple[str, ...] = ()


def _byte_alphabet() -> dict[str, int]:
    """Return the byte behind each character of a vocabulary entry (GPT-2's byte-level BPE)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + at): byte for at, byte in enumerate(hidden)}


_BYTES = _byte_alphabet()


def text_of(tokens: list[str]) -> str:
    """Return the words that vocabulary entries spell; special tokens and broken characters are left out."""
    spelled = "".join(token for token in tokens if not token.startswith("<|"))
    return bytes(_BYTES[char] for char in spelled if char in _BYTES).decode("utf-8", "ignore").strip()


def speech_level(pcm: Pcm) -> float | None:
    """Return the RMS (int16 scale) of the blocks that hold speech, or None when there is no speech at all."""
    block = TELEPHONE_HZ * _BLOCK_MS // 1000
    blocks = pcm[: len(pcm) // block * block].reshape(-1, block).astype(np.float64)
    rms = np.sqrt(np.mean((blocks - blocks.mean(axis=1, keepdims=True)) ** 2, axis=1))
    loud = rms[rms > max(_SPEECH_RMS, 0.1 * rms.max(initial=0))]
    return float(np.sqrt(np.mean(loud**2))) if len(loud) * _BLOCK_MS >= _SPEECH_MS else None


def segments(pcm: Pcm, longest_s: float = _LONGEST_S) -> list[Pcm]:
    """Return `pcm` cut, where it is quietest, into pieces that fit the encoder."""
    longest, block = int(longest_s * TELEPHONE_HZ), TELEPHONE_HZ // 5
    cut: list[Pcm] = []
    while len(pcm) > longest:
        last_third = pcm[longest * 2 // 3 : longest]
        energy = np.convolve(last_third.astype(np.float64) ** 2, np.ones(block), "valid")
        at = longest * 2 // 3 + int(energy.argmin()) + block // 2
        cut.append(pcm[:at])
        pcm = pcm[at:]
    return [*cut, pcm]


def prepared(pcm: Pcm, level: float) -> Signal:
    """Return what the recogniser should see of one segment: levelled, led in, at 16 kHz, filled up to a window."""
    gain = min(10 ** (_LEVEL_DBFS / 20) * 32768 / level, _LARGEST_GAIN, _PEAK / max(1, int(np.abs(pcm).max())))
    speech = np.pad(pcm * gain, (int(_LEAD_S * TELEPHONE_HZ), 0))
    speech += np.random.default_rng(0).normal(0, _NOISE_RMS, len(speech))  # the same noise for the same speech
    wide = telephone_to_whisper(np.clip(np.rint(speech), -32768, 32767).astype(np.int16))
    window = max(_WINDOW_S * WHISPER_HZ, -(-len(wide) // 320) * 320)
    return np.pad(wide, (0, window - len(wide)))


class Whisper:
    """The recogniser; one at a time may use it."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        import ctranslate2

        self._array: Any = ctranslate2.StorageView.from_array
        self._model: Any = ctranslate2.models.Whisper(
            str(folder), device="cpu", compute_type="int8", intra_threads=threads, inter_threads=1
        )

    def transcribe(self, pcm: Pcm) -> Transcript:
        """Return what 8 kHz `pcm` says, of any length; an empty text when it holds no speech."""
        heard = [transcript for segment in segments(pcm) if (transcript := self._segment(segment)).text]
        if len(heard) <= 1:
            return heard[0] if heard else Transcript("")
        return Transcript(" ".join(transcript.text for transcript in heard))

    def _segment(self, pcm: Pcm) -> Transcript:
        level = speech_level(pcm)
        if level is None:
            return Transcript("")
        picture = np.ascontiguousarray(log_mel(prepared(pcm, level))[None])
        encoded = self._model.encode(self._array(picture), to_cpu=False)
        tokens = min(_MOST_TOKENS, 20 + len(pcm) * _TOKENS_A_SECOND // TELEPHONE_HZ)
        answer = self._model.generate(
            encoded,
            [list(_PROMPT)],
            beam_size=READINGS,
            num_hypotheses=READINGS,
            max_length=len(_PROMPT) + tokens,
            return_no_speech_prob=True,
        )[0]
        readings = distinct([text_of(sequence) for sequence in answer.sequences])
        if not readings or (answer.no_speech_prob > _SURELY_SILENCE and _plain(readings[0]) in _GHOSTS):
            return Transcript("")
        return Transcript(readings[0], tuple(readings[1:]))


def distinct(readings: list[str]) -> list[str]:
    """Return the readings that differ in more than punctuation, in their order."""
    seen: dict[str, str] = {}
    for reading in readings:
        if plain := _plain(reading):
            seen.setdefault(plain, reading)
    return list(seen.values())


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", "", text).split())
