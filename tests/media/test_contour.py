"""How speech ends."""

import math

import numpy as np
import pytest

from app.media.contour import Contour
from app.media.frontend import Frame
from tests.media.sounds import to_pcm


def spoken(levels: list[float], hz: list[float]) -> Contour:
    """Return the contour of a voice with these levels and pitches, one a frame."""
    contour, phase = Contour(), 0.0
    for index, (rms, pitch) in enumerate(zip(levels, hz, strict=True)):
        phases = phase + 2 * np.pi * pitch * np.arange(1, 161) / 8000
        phase = float(phases[-1])
        voice = sum(np.sin(harmonic * phases) / harmonic for harmonic in range(1, 8))
        contour.receive(Frame(index * 20, to_pcm(3000 * np.asarray(voice)).tobytes(), rms))
    return contour


def test_a_falling_voice_sounds_final_and_a_level_or_rising_one_does_not() -> None:
    """R6.3."""
    falling = spoken([2000.0] * 40 + [800.0] * 15, list(np.linspace(220, 190, 40)) + list(np.linspace(180, 120, 15)))
    level = spoken([2000.0] * 55, [180.0] * 55)
    rising = spoken([2000.0] * 55, list(np.linspace(170, 260, 55)))
    assert falling.finality() > 0.85
    assert level.finality() < 0.15
    assert rising.finality() < level.finality()


def test_pitch_and_loudness_each_add_to_it() -> None:
    """R6.3."""
    level = spoken([2000.0] * 55, [180.0] * 55).finality()
    assert spoken([2000.0] * 40 + [600.0] * 15, [180.0] * 55).finality() > level
    assert spoken([2000.0] * 55, [200.0] * 40 + [140.0] * 15).finality() > level


def test_a_tune_that_is_long_over_says_nothing_of_the_end() -> None:
    """R6.3: a hiss follows the voice; the half second before the end counts."""
    fell_long_ago = spoken([2000.0] * 65, [200.0] * 25 + [120.0] * 10 + [0.0] * 30).finality()
    assert fell_long_ago == spoken([2000.0] * 65, [200.0] * 35 + [0.0] * 30).finality()
    assert spoken([2000.0] * 65, [200.0] * 55 + [120.0] * 10).finality() > fell_long_ago


def test_too_little_says_nothing() -> None:
    """R6.3."""
    assert spoken([2000.0] * 10, [180.0] * 10).finality() == 0.5
    assert Contour().finality() == 0.5
    assert Contour().level() == 0.0


def test_frames_of_the_silence_are_not_part_of_the_voice() -> None:
    contour = spoken([2000.0] * 20 + [10.0] * 3, [180.0] * 23)
    contour.trim(400)
    assert round(contour.level()) == 2000
    contour.clear()
    assert contour.level() == 0


def test_a_rumble_under_the_range_of_voices_is_no_tune() -> None:
    """R6.3: a lorry below the words must not break the call."""
    contour = Contour()
    rumble = to_pcm(3000 * np.sin(2 * np.pi * 48 * np.arange(50 * 160) / 8000)).tobytes()
    for index in range(50):
        contour.receive(Frame(index * 20, rumble[index * 320 : index * 320 + 320], 2000.0))
    assert 0 < contour.finality() < 0.15


def test_each_db_and_each_semitone_by_which_a_voice_falls_counts_as_it_was_fitted() -> None:
    """R6.3: 0.25 a dB of the last 200 ms, 0.22 a dB of the last 300's loudest, 0.42 a semitone."""

    def log_odds(levels: list[float], hz: list[float]) -> float:
        finality = spoken(levels, hz).finality()
        return math.log(finality / (1 - finality))

    level = log_odds([2000.0] * 50, [180.0] * 50)
    assert level == pytest.approx(-3.9, abs=0.05)
    quiet_end = log_odds([2000.0] * 240 + [200.0] * 10, [180.0] * 250)
    mean_db = 10 * math.log10((240 * 2000**2 + 10 * 200**2) / 250) - 20 * math.log10(200)
    assert quiet_end - level == pytest.approx(0.25 * mean_db, abs=0.05)
    long_quiet_end = log_odds([2000.0] * 235 + [200.0] * 15, [180.0] * 250)
    mean_db = 10 * math.log10((235 * 2000**2 + 15 * 200**2) / 250) - 20 * math.log10(200)
    assert long_quiet_end - level == pytest.approx(0.25 * mean_db + 0.22 * 20, abs=0.05)
    octave_lower = log_odds([2000.0] * 60, [200.0] * 50 + [100.0] * 10)
    assert octave_lower - level == pytest.approx(0.42 * 12, abs=0.6)


def test_three_hundred_ms_are_enough_to_judge_by_and_five_seconds_are_remembered() -> None:
    """R6.3."""
    assert spoken([2000.0] * 14, [180.0] * 14).finality() == 0.5
    assert spoken([2000.0] * 15, [180.0] * 15).finality() < 0.1
    contour = spoken([100.0] * 10 + [2000.0] * 250, [180.0] * 260)
    assert contour.level() == pytest.approx(2000.0)
    assert contour.level(1) == 2000.0
    assert spoken([100.0] * 10 + [2000.0] * 249, [180.0] * 259).level() < 1999.0
    assert spoken([100.0] * 3 + [2000.0] * 10, [180.0] * 13).level(10) == pytest.approx(2000.0)


def test_a_voice_that_cannot_be_heard_is_as_quiet_as_the_quietest() -> None:
    """R6.3: nothing is ever the logarithm of nothing."""
    silent = spoken([2000.0] * 40 + [0.0] * 15, [180.0] * 55)
    assert silent.finality() == spoken([2000.0] * 40 + [1.0] * 15, [180.0] * 55).finality() > 0.99
    contour = spoken([2000.0] * 20, [180.0] * 20)
    contour.trim(0)
    assert contour.level() == 0.0
