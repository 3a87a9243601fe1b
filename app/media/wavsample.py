"""Every N-th call keeps a few seconds of what speech recognition was given, to listen to (R5.3).

Weak recognition has its root in weak audio more often than not. This room decides and collects; writing the file and
removing it after its retention time is done elsewhere.
"""

from dataclasses import dataclass

import numpy as np

from app.media.codec import FRAME_MS, SAMPLE_RATE_HZ
from app.media.wav import write_wav


@dataclass(frozen=True, slots=True)
class SampleSettings:
    """Of every `every_n_calls` calls the first is sampled (0: none), up to `length_ms` of it (2000..3000)."""

    every_n_calls: int = 20
    length_ms: int = 3000

    def __post_init__(self) -> None:
        if self.every_n_calls < 0:
            raise ValueError(f"every_n_calls is {self.every_n_calls}: it must be 0 (no samples) or more")
        if not 2000 <= self.length_ms <= 3000:
            raise ValueError(f"length_ms is {self.length_ms}: it must be between 2000 and 3000 ms")


def is_sampled(call_number: int, settings: SampleSettings) -> bool:
    """Return whether the n-th call of this process (from 0) keeps a sample."""
    return settings.every_n_calls > 0 and call_number % settings.every_n_calls == 0


class SpeechSample:
    """Collect the first seconds of one call's speech; give it the very bytes that recognition gets."""

    def __init__(self, settings: SampleSettings | None = None) -> None:
        length_ms = (settings or SampleSettings()).length_ms
        self._wanted_bytes = length_ms // FRAME_MS * FRAME_MS * SAMPLE_RATE_HZ // 1000 * 2
        self._pcm = bytearray()

    @property
    def is_full(self) -> bool:
        """Whether no more is wanted."""
        return len(self._pcm) >= self._wanted_bytes

    def add(self, pcm: bytes) -> None:
        """Take LINEAR16 8 kHz mono, any length; what is over the wanted length is left out."""
        self._pcm += pcm[: self._wanted_bytes - len(self._pcm)]

    def wav(self) -> bytes | None:
        """Return what was collected as a WAV file; None when the caller never spoke."""
        if not self._pcm:
            return None
        return write_wav(np.frombuffer(self._pcm, np.int16), SAMPLE_RATE_HZ)
