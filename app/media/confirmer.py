"""Is this sound speech? A neural second opinion on what is loud enough to be (R6.2, R7.5).

Energy alone takes a knock, a key tone or music on hold for a caller. The network is asked only while the energy gate
is open. From its state at rest it hears no voice in noise: it must know the noise first, so it hears what came before;
but not where others were speaking, for then it would take all that follows for speech.
"""

from collections import deque
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from app.media.codec import FRAME_SAMPLES, SAMPLE_RATE_HZ
from app.media.frontend import Frame
from app.media.pitch import held_share
from app.media.silero import CHUNK_SAMPLES, Silero

# Of 1,200 words at 10 and 5 dB in five noises none is denied; of the 4,300 runs of sound in two hours of 19 noises two
# are believed. With 40 ms before the onset one word in four of those in hiss was never likely at 5 dB.
_BEFORE_FRAMES = 15
# The surer, the sooner: so many chunks in a row of this probability are speech. With two of 0.4 key tones were.
_BELIEVED = ((1, 0.9), (2, 0.6), (3, 0.4))
_LIKELY = 0.5
# Where there was speech before the onset, but for its soft beginning, the network starts at rest with so much of it.
_BEGINNING_FRAMES = 5
_AMONG_OTHERS_FRAMES = 2
# Before the caller speaks the network is under 0.1 in a hiss, in rain and in a train, and over it in babble 10 dB under
# the caller nine times in ten. It is asked where the gate has been closed for so long since it was asked before.
_NOBODY, _ALONE_FRAMES = 0.1, 25
# A word that drowns in hiss never sounds likely to the network. 130 ms of it that are so a little, with a voice's pitch
# held in half of the last 200 ms, are a word: of 23 noises at three levels none was over 0.14 with such a pitch.
# What has sounded for longer than a word and was none is music.
_PERHAPS, _PERHAPS_CHUNKS = 0.17, 4
_WORD_CHUNKS = 24
_PITCH_FRAMES, _PITCH_STEP, _PITCH_HELD = 10, 0.08, 0.5
# Once believed, speech is speech until two chunks say clearly that it is none.
_UNLIKELY = 0.15
# The opinion comes 60 ms after the onset, nine times in ten within 120. From here on silence means no.
_PATIENCE_CHUNKS = 6

_SAMPLE_BYTES = 2
_CHUNK_BYTES = CHUNK_SAMPLES * _SAMPLE_BYTES
_BYTES_PER_MS = SAMPLE_RATE_HZ * _SAMPLE_BYTES // 1000

Samples = npt.NDArray[np.int16]


class NeuralConfirmer:
    """Judge runs of sound with Silero's network. Give it every frame of the call."""

    def __init__(self) -> None:
        self.network = Silero()
        self._before: deque[bytes] = deque(maxlen=_BEFORE_FRAMES)
        self._waiting = b""
        self._latest: deque[bytes] = deque(maxlen=_PITCH_FRAMES)
        self._probabilities: deque[float] = deque(maxlen=_PERHAPS_CHUNKS)
        self._is_open = False
        self._closed_frames = self._chunks = 0
        self._opinion: bool | None = None
        self._probability = 0.0
        self._bar = _LIKELY
        self.speech_until_ms = 0
        """The end of the latest 32 ms that sounded like speech, in media time."""
        self.voiced_before_ms = 0
        """With the frame that opens the gate: for how long, up to there, it has sounded like speech; else 0."""
        self.is_alone = False
        """Whether nothing like a voice was heard before this one, which is then the only one there is."""

    def receive(self, frame: Frame, *, is_open: bool) -> None:
        """Take the next frame; only while the gate `is_open` it is looked at."""
        self._latest.append(frame.pcm)
        self.voiced_before_ms = 0
        if is_open:
            self._hear(frame)
        else:
            self._is_open, self._opinion = False, None
            self._closed_frames += 1
        self._before.append(frame.pcm)

    def _hear(self, frame: Frame) -> None:
        if not self._is_open:
            self._open()
        waiting = self._waiting + frame.pcm
        while len(waiting) >= _CHUNK_BYTES:
            self._judge(self.network.process(np.frombuffer(waiting, np.int16, CHUNK_SAMPLES)))
            waiting = waiting[_CHUNK_BYTES:]
            if self._probability >= self._bar:
                self.speech_until_ms = frame.end_ms - len(waiting) // _BYTES_PER_MS
        self._waiting = waiting

    def _open(self) -> None:
        """A run of sound begins: let the network hear what came before."""
        self._is_open, self._chunks, self._probability, self._bar = True, 0, 0.0, _LIKELY
        self.network.reset()
        before = np.frombuffer(b"".join(self._before), np.int16)
        beginning = len(before) - FRAME_SAMPLES * _BEGINNING_FRAMES
        heard, voiced_from, likeliest = 0, len(before), 0.0
        while heard + CHUNK_SAMPLES <= len(before):
            probability = self.network.process(before[heard : heard + CHUNK_SAMPLES])
            is_likely = probability >= _LIKELY
            if heard + CHUNK_SAMPLES <= beginning:
                likeliest = max(likeliest, probability)
            voiced_from = min(voiced_from, heard) if is_likely else len(before)
            heard += CHUNK_SAMPLES
            if is_likely and heard <= beginning:
                self.network.reset()
                heard, voiced_from = len(before) - FRAME_SAMPLES * _AMONG_OTHERS_FRAMES, len(before)
                break
        if self._closed_frames >= _ALONE_FRAMES:
            self.is_alone = likeliest < _NOBODY
        self._closed_frames = 0
        self._waiting = before[heard:].tobytes()
        self.voiced_before_ms = (len(before) - voiced_from) * 1000 // SAMPLE_RATE_HZ

    def next_chunks(self, frames: Iterable[Frame]) -> list[Samples]:
        """Return the chunks that the network is to hear with these frames should the gate, now open, stay so."""
        if not self._is_open:
            return []
        waiting = b"".join([self._waiting, *(frame.pcm for frame in frames)])
        starts = range(0, len(waiting) - _CHUNK_BYTES + 1, _CHUNK_BYTES)
        return [np.frombuffer(waiting, np.int16, CHUNK_SAMPLES, start) for start in starts]

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
        latest = list(self._probabilities)
        if any(self._chunks >= chunks and min(latest[-chunks:]) >= bar for chunks, bar in _BELIEVED):
            self._opinion, self._bar = True, _LIKELY
        elif self._is_drowned_word:
            self._opinion, self._bar = True, _PERHAPS  # all of it is no likelier than that
        elif self._opinion:
            self._opinion = max(probability, before) >= _UNLIKELY
        elif self._chunks >= _PATIENCE_CHUNKS:
            self._opinion = False

    @property
    def _is_drowned_word(self) -> bool:
        """Whether it sounds like speech a little for a while, and like a voice."""
        if self._opinion or not _PERHAPS_CHUNKS <= self._chunks <= _WORD_CHUNKS or min(self._probabilities) < _PERHAPS:
            return False
        return held_share(self._latest, _PITCH_STEP) >= _PITCH_HELD
