"""Levelling speech, and only speech."""

from collections.abc import Callable

import numpy as np
import pytest

from app.media.agc import Agc, AgcSettings, scale
from app.media.codec import encode_ulaw
from app.media.frontend import FrontEnd
from tests.media.sounds import Floats, at_dbfs, caller, noise, silence, to_pcm


def through(samples: Floats) -> Floats:
    frames = FrontEnd().process(encode_ulaw(to_pcm(samples)))
    return np.concatenate([np.frombuffer(frame.pcm, np.int16) for frame in frames]).astype(np.float64)


def speech_dbfs(samples: Floats, like: Floats) -> float:
    """Return the RMS of the frames in which `like` is within 30 dB of its peak."""
    count = min(len(samples), len(like)) // 160
    guide = np.sqrt((like[: count * 160].reshape(-1, 160) ** 2).mean(axis=1))
    loud = samples[: count * 160].reshape(-1, 160)[guide > guide.max() / 30]
    return float(10 * np.log10((loud**2).mean() / 32767**2))


@pytest.mark.parametrize("dbfs", [-35, -28, -20, -14, -10])
@pytest.mark.parametrize("names", [("v001", "w01_01"), ("v004", "v022")])
def test_speech_comes_to_its_target_within_two_seconds(dbfs: float, names: tuple[str, str]) -> None:
    """R5.2: -35..-10 dBFS become -20 +-3 dBFS, and nothing clips."""
    talk = np.concatenate([np.concatenate([at_dbfs(caller(name), dbfs), silence(300)]) for name in names * 2])
    sound = np.concatenate([silence(500), talk])
    levelled = through(sound)
    assert speech_dbfs(levelled[20000:], sound[20000:]) == pytest.approx(-20, abs=3)
    assert np.abs(levelled).max() < 32767


def test_pauses_are_not_lifted() -> None:
    """R5.2: the line's noise keeps its distance from the speech, however long the pause."""
    talk = np.concatenate([at_dbfs(caller("v001"), -30), at_dbfs(caller("v022"), -30)])
    sound = np.concatenate([silence(500), talk, silence(6000)]) + noise(500 + len(talk) // 8 + 6000, 12)
    levelled = through(sound)
    early, late = levelled[-5500 * 8 : -4500 * 8], levelled[-8000:]
    assert late.std() == pytest.approx(early.std(), rel=0.1)


def test_noise_alone_is_left_as_it_is() -> None:
    """R5.2: no pumping on silence, faint or loud."""
    for rms in (20.0, 300.0):
        sound = noise(5000, rms)
        assert through(sound)[16000:].std() <= sound.std() * 1.05


def test_the_gain_is_bounded() -> None:
    """R5.2."""
    for level, gain_db in ((20.0, 18), (25000.0, -12)):
        agc = Agc(AgcSettings())
        for _ in range(300):
            scale(np.full(160, level), level, agc.follow(level, is_speech=True))
        assert 20 * np.log10(agc.gain) == pytest.approx(gain_db, abs=0.01)


def test_a_shout_into_a_raised_gain_bends_and_does_not_wrap() -> None:
    """R5.2."""
    agc = Agc(AgcSettings())
    for _ in range(300):
        scale(np.full(160, 100.0), 100.0, agc.follow(100.0, is_speech=True))
    shout = np.linspace(-32768, 32767, 160)
    bent = shout.copy()
    rms = float(np.sqrt((shout**2).mean()))
    scale(bent, rms, agc.follow(rms, is_speech=True))
    assert (np.diff(bent.astype(int)) >= 0).all()
    assert bent.min() >= -32767


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: AgcSettings(target_dbfs=3), "target_dbfs"),
        (lambda: AgcSettings(least_gain_db=1), "least_gain_db"),
        (lambda: AgcSettings(rise_db=0), "rise_db"),
        (lambda: AgcSettings(memory_frames=1), "memory_frames"),
    ],
)
def test_a_setting_out_of_range_is_named(make: Callable[[], AgcSettings], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        make()
