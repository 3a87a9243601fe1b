"""Is what is heard what was sent?"""

import numpy as np
import pytest

from app.media.likeness import likeness
from tests.media.sounds import Floats, at_dbfs, caller, noise

SENT = at_dbfs(np.concatenate([caller("w01_01"), caller("w01_03")]), -20)[4000 : 4000 + 42 * 160]
FRAMES = 12


def room(sound: Floats) -> Floats:
    """The way through a room: the sound itself, and 60 ms of its reflections."""
    reflections = np.random.default_rng(5).normal(size=480) * np.exp(-np.arange(480) / 80) / 3
    reflections[0] = 1
    return np.convolve(sound, reflections)[: len(sound)]


def narrow(sound: Floats) -> Floats:
    """A handset that passes little over 1800 Hz."""
    at = np.arange(65) - 32
    return np.convolve(sound, np.sinc(at * 3600 / 8000) * np.hamming(65), "same")


@pytest.mark.parametrize("way", [lambda sound: sound, room, narrow])
@pytest.mark.parametrize("at", [800, 1930, 3000])
def test_what_comes_back_is_like_what_was_sent_and_its_gain_is_known(way: object, at: int) -> None:
    """R7.1: whatever of 600 ms the lag is, through a room or a handset, in the line's noise."""
    assert callable(way)
    back = way(SENT)
    back = back * (0.2 * SENT.std() / back.std())
    found = likeness(back[at : at + FRAMES * 160] + noise(20 * FRAMES, 20), SENT)
    assert found.score > 0.82
    assert 0.14 < found.gain < 0.28


@pytest.mark.parametrize("name", ["v001", "v004", "v010", "v022", "w01_04"])
def test_another_voice_is_not(name: str) -> None:
    """R7.1: nor two at once, the other the louder."""
    other = at_dbfs(caller(name), -25)[2400 : 2400 + FRAMES * 160]
    assert likeness(other + noise(20 * FRAMES, 20), SENT).score < 0.82
    assert likeness(other + 0.1 * SENT[1600 : 1600 + FRAMES * 160], SENT).score < 0.82


def test_silence_is_like_nothing() -> None:
    assert likeness(np.zeros(FRAMES * 160), np.zeros(42 * 160)).score == 0
