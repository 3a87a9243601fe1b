"""Whisper is shown the picture it was trained on (R15)."""

import numpy as np
import pytest

from app.speech.embedded.mel import filter_bank, log_mel
from app.speech.embedded.resample import kokoro_to_telephone, telephone_to_whisper


def tone(hertz: float, rate_hz: int, seconds: float = 0.5) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return a tone of amplitude 0.5."""
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(np.float32)


def test_the_filter_bank_matches_the_published_one() -> None:
    """R15: samples of the bank that ships with Whisper (mel_filters.npz, 80 bands)."""
    bank = filter_bank()
    assert bank.shape == (80, 201)
    assert bank[0, 1] == pytest.approx(0.02486259, abs=1e-6)
    assert bank[79].max() == pytest.approx(0.0031647116, abs=1e-6)
    assert bank.sum() == pytest.approx(1.9990242, rel=1e-4)


@pytest.mark.parametrize(
    ("frame", "band", "around"),
    [(10, 9, [1.1990, 1.3006, 1.2778]), (100, 44, [1.1251, 1.2800, 1.0216]), (190, 59, [0.5973, 1.2011, 1.1300])],
)
def test_the_picture_matches_a_reference(frame: int, band: int, around: list[float]) -> None:
    """R15: the ridge of a chirp, as faster-whisper 1.2.1 draws it."""
    at = np.arange(32000) / 16000
    picture = log_mel((0.3 * np.sin(2 * np.pi * (200 * at + 900 * at**2))).astype(np.float32))
    assert picture.shape == (80, 200)
    assert picture[band - 1 : band + 2, frame] == pytest.approx(around, abs=1e-3)
    assert picture.mean() == pytest.approx(-0.50978, abs=1e-4)


@pytest.mark.parametrize("hertz", [300, 1000, 3300])
def test_the_telephone_band_passes_both_resamplers(hertz: int) -> None:
    """R5.1: within half a decibel, at the right pitch and in place."""
    up = telephone_to_whisper((tone(hertz, 8000) * 32767).astype(np.int16))
    assert up[1000:7000] == pytest.approx(tone(hertz, 16000)[1000:7000], abs=0.03)
    down = kokoro_to_telephone(tone(hertz, 24000))
    assert down[500:3500] == pytest.approx(tone(hertz, 8000)[500:3500], abs=0.03)


def test_what_is_above_the_telephone_band_does_not_fold_back() -> None:
    """R5.1: a 6 kHz tone would become 2 kHz."""
    assert np.abs(kokoro_to_telephone(tone(6000, 24000))[500:3500]).max() < 0.001


def test_nothing_stays_nothing() -> None:
    """R15: empty audio is no fault."""
    assert len(telephone_to_whisper(np.zeros(0, np.int16))) == len(kokoro_to_telephone(np.zeros(0, np.float32))) == 0
