"""Is this sound speech? A neural second opinion on what is loud enough to be (R6.2, R7.5).

Energy alone takes a knock, a key tone or music on hold for a caller. The network is asked only while the energy gate
is open, and told a little of what came before, so that it hears the onset.
"""

from collections import deque
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from app.media.codec import SAMPLE_RATE_HZ
from app.media.frontend import Frame
from app.media.pitch import held_share
from app.media.silero import CHUNK_SAMPLES, Silero

# Measured on 61 callers at -18 to -35 dBFS in five noises at 20 to 5 dB against 20 minutes of eleven noises: of 900
# utterances none was denied, of 450 runs of noise none was believed, but babble, which is speech. With 80 ms before the
# onset key tones began to pass, with a bar of 0.5 for one chunk music did.
_BEFORE_FRAMES = 2
_SURE = 0.8
_LIKELY = 0.4
# A word that drowns in hiss never sounds likely to the network. 130 ms of it that are so a little, with a voice's pitch
# held in half of the last 200 ms, are a word: of 23 noises at three levels none was over 0.14 with such a pitch.
_PERHAPS, _PERHAPS_CHUNKS = 0.17, 4
_PITCH_FRAMES, _PITCH_STEP, _PITCH_HELD = 10, 0.08, 0.5
# Once believed, speech is speech until two chunks say clearly that it is none.
_UNLIKELY = 0.15
# The opinion comes 60 ms after the onset, nine times in ten within 120. From here on silence means no.
_PATIENCE_CHUNKS = 6


class NeuralConfirmer:
    """Judge runs of sound with Silero's network. Give it every frame of the call."""

    def __init__(self) -> None:
        self.network = Silero()
        self._before: deque[npt.NDArray[np.int16]] = deque(maxlen=_BEFORE_FRAMES)
        self._waiting = np.zeros(0, np.int16)
        self._latest: deque[bytes] = deque(maxlen=_PITCH_FRAMES)
        self._probabilities: deque[float] = deque(maxlen=_PERHAPS_CHUNKS)
        self._is_open = False
        self._chunks = 0
        self._opinion: bool | None = None
        self._probability = 0.0
        self.speech_until_ms = 0
        """The end of the latest 32 ms that sounded like speech, in media time."""

    def receive(self, frame: Frame, *, is_open: bool) -> None:
        """Take the next frame; only while the gate `is_open` it is looked at."""
        samples: npt.NDArray[np.int16] = np.frombuffer(frame.pcm, np.int16)
        self._latest.append(frame.pcm)
        if not is_open:
            self._is_open, self._opinion = False, None
            self._before.append(samples)
            return
        if self._is_open:
            waiting = np.concatenate((self._waiting, samples))
        else:
            self._is_open, self._chunks, self._probability = True, 0, 0.0
            self.network.reset()
            self._probabilities.clear()
            waiting = np.concatenate((*self._before, samples))
            self._before.clear()
        while len(waiting) >= CHUNK_SAMPLES:
            self._judge(self.network.process(waiting[:CHUNK_SAMPLES]))
            waiting = waiting[CHUNK_SAMPLES:]
            if self._probability >= _LIKELY:
                self.speech_until_ms = frame.end_ms - len(waiting) * 1000 // SAMPLE_RATE_HZ
        self._waiting = waiting

    def next_chunks(self, frames: Iterable[Frame]) -> list[npt.NDArray[np.int16]]:
        """Return the chunks that the network is to hear with these frames should the gate, now open, stay so."""
        if not self._is_open:
            return []
        waiting = np.concatenate((self._waiting, np.frombuffer(b"".join([frame.pcm for frame in frames]), np.int16)))
        ends = range(CHUNK_SAMPLES, len(waiting) + 1, CHUNK_SAMPLES)
        return [waiting[end - CHUNK_SAMPLES : end] for end in ends]

    @property
    def is_speech(self) -> bool | None:
        """The opinion on the run of sound that is open; None while there is none yet."""
        return self._opinion

    @property
    def probability(self) -> float:
        """How much the latest 32 ms sounded like speech; 0 while the gate is closed."""
        return self._probability if self._is_open else 0.0

    def _judge(self, probability: float) -> None:
        before, self._probability = self._probability, probability
        self._chunks += 1
        self._probabilities.append(probability)
        if probability >= _SURE or min(probability, before) >= _LIKELY or self._is_drowned_word:
            self._opinion = True
        elif self._opinion:
            self._opinion = max(probability, before) >= _UNLIKELY
        elif self._chunks >= _PATIENCE_CHUNKS:
            self._opinion = False

    @property
    def _is_drowned_word(self) -> bool:
        """Whether it sounds like speech a little for a while, and like a voice."""
        if self._opinion or len(self._probabilities) < _PERHAPS_CHUNKS or min(self._probabilities) < _PERHAPS:
            return False
        return held_share(self._latest, _PITCH_STEP) >= _PITCH_HELD
