"""The tune of a voice."""

import numpy as np
import pytest

from app.media.pitch import PitchTracker
from tests.media.sounds import Floats, noise, silence, to_pcm


def track(sound: Floats) -> list[float | None]:
    tracker = PitchTracker()
    pcm = to_pcm(sound).tobytes()
    return [tracker.receive(pcm[at : at + 320]) for at in range(0, len(pcm), 320)]


@pytest.mark.parametrize("hz", [80, 110, 150, 220, 300])
def test_a_voice_is_followed_within_half_a_semitone(hz: float) -> None:
    phases = 2 * np.pi * hz * np.arange(2400) / 8000
    voice = sum(1000 * np.sin(harmonic * phases) / harmonic for harmonic in range(1, 8))
    for heard in track(np.asarray(voice))[2:]:
        assert heard is not None
        assert abs(12 * np.log2(heard / hz)) < 0.5


def test_noise_and_silence_have_no_pitch() -> None:
    assert track(silence(200)) == [None] * 10
    assert sum(heard is not None for heard in track(noise(2000, 1000))) < 10
