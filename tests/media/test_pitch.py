"""The tune of a voice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.media.pitch import held_share, pitches
from tests.media.sounds import Floats, noise, silence, to_pcm

HIGHEST_HZ, LOWEST_HZ = 350, 70


def track(sound: Floats) -> list[float | None]:
    pcm = bytes(320) + to_pcm(sound).tobytes()
    return pitches([pcm[at : at + 640] for at in range(0, len(pcm) - 320, 320)])


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


@pytest.mark.parametrize("hz", [20, 27, 48, 62, 377, 420, 650])
def test_what_is_lower_or_higher_than_any_voice_has_no_other_pitch(hz: float) -> None:
    """A rumble is likest itself at the edge of the range, where a parabola leads anywhere, even below 0 Hz."""
    for heard in track(3000 * np.sin(2 * np.pi * hz * np.arange(800) / 8000)):
        assert heard is None or LOWEST_HZ <= heard <= HIGHEST_HZ


@given(st.binary(min_size=640, max_size=640), st.integers(1, 24), st.floats(5, 1000), st.floats(5, 1000))
def test_a_pitch_is_within_the_range_of_voices(pcm: bytes, smooth: int, low_hz: float, high_hz: float) -> None:
    """Whatever the sound: noise of any colour under a rumble and a whistle."""
    at = 2 * np.pi * np.arange(320) / 8000
    coloured = np.convolve(np.frombuffer(pcm, np.int16), np.ones(smooth) / smooth, "same")
    for sound in (coloured, coloured + 6000 * np.sin(low_hz * at) + 3000 * np.sin(high_hz * at)):
        for heard in track(np.asarray(sound)):
            assert heard is None or LOWEST_HZ <= heard <= HIGHEST_HZ


@given(st.lists(st.binary(min_size=640, max_size=640), max_size=40))
def test_many_sounds_at_once_have_the_pitch_that_each_has_alone(sounds: list[bytes]) -> None:
    assert pitches(sounds) == [pitch for sound in sounds for pitch in pitches([sound])]


def test_a_held_tone_holds_its_pitch_and_noise_does_not() -> None:
    tone = to_pcm(3000 * np.sin(2 * np.pi * 150 * np.arange(1600) / 8000)).tobytes()
    hiss = to_pcm(noise(2000, 200)).tobytes()
    assert held_share([tone[at : at + 320] for at in range(0, len(tone), 320)], 0.06) > 0.8
    assert held_share([hiss[at : at + 320] for at in range(0, len(hiss), 320)], 0.06) < 0.3
    assert held_share([], 0.06) == 0.0
