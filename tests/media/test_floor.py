"""The line's noise."""

import pytest

from app.media.floor import NoiseFloor, ThresholdSettings


def floor(levels: list[float]) -> NoiseFloor:
    measured = NoiseFloor(400, ThresholdSettings())
    for level in levels:
        measured.update(level)
    return measured


def test_a_calm_line_is_measured_in_the_calibration() -> None:
    """R6.1, R6.2."""
    measured = floor([50.0] * 20)
    assert measured.calibrated
    assert measured.level == pytest.approx(50)
    assert measured.threshold == pytest.approx(50 * 2.2 + 8)
    assert not floor([50.0] * 19).calibrated


def test_a_silent_line_has_the_least_threshold() -> None:
    """R6.2: a filtered line can be quieter than any codec."""
    assert floor([0.0] * 500).threshold == 35


def test_a_caller_who_speaks_at_once_is_not_taken_for_noise() -> None:
    """R6.1: the calibration completes on what gaps there are."""
    talking = floor([900.0, 2500.0, 4000.0, 3000.0, 1500.0] * 4)
    assert talking.calibrated
    assert talking.threshold < 900


def test_a_loud_but_steady_line_is_believed_at_once() -> None:
    """R6.1."""
    assert floor([1000.0, 1040.0, 980.0, 1010.0] * 5).threshold > 2000


def test_slow_changes_are_followed_both_ways() -> None:
    """R6.1."""
    assert floor([100.0] * 20 + [180.0] * 200).level == pytest.approx(180, rel=0.05)
    assert floor([100.0] * 20 + [20.0] * 100).level == pytest.approx(20, rel=0.05)


def test_a_line_that_grows_louder_is_followed_over_a_second_and_one_that_falls_silent_at_once() -> None:
    """R6.1: a floor that is too high makes the agent deaf."""
    assert 140 < floor([100.0] * 20 + [180.0] * 50).level < 165
    assert floor([100.0] * 20 + [5.0] * 10).level < 14


def test_a_fan_switched_on_is_noise_after_three_seconds() -> None:
    """R6.1: or it would hold the gate open for the rest of the call."""
    fan = NoiseFloor(400, ThresholdSettings())
    for _ in range(100):
        fan.update(30.0)
    voiced = [fan.update(600.0 + index % 7 * 20) for index in range(400)]
    assert voiced[0]
    assert not any(voiced[180:])


def test_a_long_talk_with_gaps_does_not_raise_the_floor() -> None:
    """R6.1."""
    talking = floor([30.0] * 20 + ([3000.0] * 30 + [40.0] * 2) * 30)
    assert talking.level < 60


@pytest.mark.parametrize(("rms", "is_speech", "level"), [(180.0, True, 100), (180.0, False, 180), (60.0, True, 60)])
def test_a_line_grows_no_louder_by_what_is_known_for_speech(rms: float, is_speech: bool, level: float) -> None:
    """R6.1: a caller's weak syllables are under the threshold; the line may still have become quieter."""
    measured = floor([100.0] * 20)
    assert not any(measured.update(rms, is_speech=is_speech) for _ in range(140))
    assert measured.level == pytest.approx(level, rel=0.1)


@pytest.mark.parametrize("bad", [{"least_rms": 0.0}, {"ratio": 1.0}, {"offset_rms": -1.0}])
def test_a_threshold_that_makes_no_sense_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="voice threshold"):
        ThresholdSettings(**bad)
