"""Is what is heard what was sent?"""

from itertools import pairwise

import numpy as np
import pytest

from app.media.likeness import likeness, likenesses
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


def spectra(samples: Floats, hop: int) -> Floats:
    """Bands in double precision, by the Fourier transform."""
    edges = [3, 6, 8, 11, 14, 18, 24, 31, 40, 52, 68]
    frames = np.array([samples[at : at + 160] * np.hanning(160) for at in range(0, len(samples) - 159, hop)])
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    return np.array([power[:, low:high].sum(axis=1) for low, high in pairwise(edges)]).T


def oracle(heard: Floats, sent: Floats) -> tuple[float, float]:
    """Stretch by stretch, as the module's head has it."""
    here, there = spectra(heard, 160), spectra(sent, 80)

    def course(bands: Floats) -> Floats:
        logs = np.log(bands + 0.1 * bands.mean() + 1e-3)
        return np.asarray(logs - logs.mean(axis=0))

    found = []
    for start in range(len(there) - 2 * (FRAMES - 1)):
        stretch = there[start : start + 2 * FRAMES - 1 : 2]
        one, other = course(here), course(stretch)
        score = (one * other).sum() / max(np.sqrt((one**2).sum() * (other**2).sum()), 1e-9)
        found.append((float(score), float(np.sqrt(here.mean() / max(stretch.mean(), 1e-9)))))
    return max(found)


def test_many_lines_are_compared_in_one_pass_as_the_definition_has_it() -> None:
    """R7.1: single precision moves no score by a thousandth of what lies between two voices, at any loudness."""
    chance = np.random.default_rng(7)
    heard, sent = [], []
    for row, name in enumerate(("v001", "v004", "v010", "v022", "w01_04") * 4):
        said = at_dbfs(np.resize(caller(name), 42 * 160), chance.uniform(-45, -3))
        at = int(chance.integers(0, 30 * 160))
        mine = said if row % 2 else at_dbfs(np.resize(caller("w01_02"), 42 * 160), -20)
        heard.append(0.3 * mine[at : at + FRAMES * 160] + noise(20 * FRAMES, chance.choice([0.5, 20, 200]), row))
        sent.append(said)
    found = likenesses(np.array(heard), np.array(sent))
    assert found == [pytest.approx(oracle(*lines), abs=1e-5) for lines in zip(heard, sent, strict=True)]
    assert 5 < sum(one.score > 0.82 for one in found) < 15
