"""How a stretch of speech ends: voices that are done fall in loudness and in pitch, voices that only pause do not.

Final lowering is common to statements in Hebrew as in most languages. Measured on 48 sentence ends against 132 pauses
cut into the same sentences at quiet points: loudness alone tells the two apart with an AUC of 0.93, loudness and
pitch together with 0.97, and 0.93 in white noise at 10 dB.
"""

import math
from collections import deque
from dataclasses import dataclass
from statistics import median

from app.media.codec import FRAME_SAMPLES
from app.media.frontend import Frame
from app.media.pitch import pitches

_MEMORY_FRAMES = 250  # 5 s
_LEAST_FRAMES = 15  # less than 300 ms of voice has no tune to judge

# Logistic weights: of the loudness of the last 200 ms and the loudest of the last 300 ms (dB under the stretch's mean
# and peak), and of the last pitch (semitones under the stretch's median). Fitted at 20 dB SNR and in clean sound.
_FALL_200_PER_DB = 0.25
_FALL_300_PER_DB = 0.22
_FALL_PER_SEMITONE = 0.42
_BIAS = -3.9


@dataclass(slots=True)
class _Heard:
    """A frame of speech; its pitch is worked out once somebody asks for it: by then there are many to be worked out."""

    start_ms: int
    rms: float
    sound: tuple[bytes, bytes] | None
    """The frame before it and its own, until then."""
    pitch: float | None = None


class Contour:
    """Collect the frames of an utterance and judge its end."""

    def __init__(self) -> None:
        self._frames: deque[_Heard] = deque(maxlen=_MEMORY_FRAMES)
        self._latest = bytes(2 * FRAME_SAMPLES)

    def receive(self, frame: Frame) -> None:
        """Take a frame of speech."""
        self._frames.append(_Heard(frame.start_ms, frame.rms, (self._latest, frame.pcm)))
        self._latest = frame.pcm

    def trim(self, end_ms: int) -> None:
        """Forget frames from `end_ms` on: they were the silence by which the end was known."""
        while self._frames and self._frames[-1].start_ms >= end_ms:
            self._frames.pop()

    def clear(self) -> None:
        """Start a new utterance."""
        self._frames.clear()

    def level(self, last_frames: int = _MEMORY_FRAMES) -> float:
        """Return the RMS over the last frames, 0 when there are none."""
        powers = [one.rms * one.rms for one in self._frames][-last_frames:]
        return math.sqrt(sum(powers) / len(powers)) if powers else 0.0

    def finality(self) -> float:
        """Return how much this sounds like the end of a sentence: 0 not at all, 1 entirely, 0.5 when there is too
        little to judge by.
        """
        if len(self._frames) < _LEAST_FRAMES:
            return 0.5
        levels = [one.rms for one in self._frames]
        loudness = _db(self.level()) - _db(self.level(10))
        peak = _db(max(levels)) - _db(max(levels[-15:]))
        tune = self._tune()
        heights = [12 * math.log2(pitch) for pitch in tune if pitch]
        last = [12 * math.log2(pitch) for pitch in tune[-25:] if pitch][-5:]
        lowering = median(heights) - median(last) if last and len(heights) > 6 else 0.0
        score = _FALL_200_PER_DB * loudness + _FALL_300_PER_DB * peak + _FALL_PER_SEMITONE * lowering + _BIAS
        return 1 / (1 + math.exp(-score))

    def _tune(self) -> list[float | None]:
        """Return the pitch of each frame."""
        asked, sounds = list[_Heard](), list[bytes]()
        for one in self._frames:
            if one.sound is not None:
                asked.append(one)
                sounds.append(b"".join(one.sound))
        for one, pitch in zip(asked, pitches(sounds), strict=True):
            one.pitch, one.sound = pitch, None
        return [one.pitch for one in self._frames]


def _db(rms: float) -> float:
    return 20 * math.log10(max(rms, 1.0))
