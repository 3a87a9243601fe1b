"""The limits of every setting of the media path: the guideline's numbers, to the last millisecond (R5, R6, R7, R9)."""

from dataclasses import asdict

import pytest

from app.media.agc import AgcSettings
from app.media.bargein import BargeInSettings
from app.media.codec import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, ULAW_SILENCE
from app.media.endpointing import EndpointSettings
from app.media.floor import ThresholdSettings
from app.media.frontend import FrontEndSettings
from app.media.playout import PlayoutSettings
from app.media.vad import VadSettings

Settings = type[AgcSettings | BargeInSettings | EndpointSettings | PlayoutSettings | VadSettings]

LIMITS: list[tuple[Settings, str, float, float, float]] = [
    (VadSettings, "calibration_ms", 300, 500, 1),
    (VadSettings, "attack_ms", 40, 80, 1),
    (VadSettings, "release_ms", 40, 80, 1),
    (BargeInSettings, "voice_ms", 180, 220, 1),
    (BargeInSettings, "grace_ms", 150, 250, 1),
    (EndpointSettings, "min_silence_ms", 350, 500, 1),
    (EndpointSettings, "max_silence_ms", 350, 500, 1),
    (EndpointSettings, "sharp_silence_ms", 200, 350, 1),
    (EndpointSettings, "dictating_silence_ms", 500, 3000, 1),
    (EndpointSettings, "min_utterance_ms", 900, 1200, 1),
    (EndpointSettings, "max_utterance_ms", 4000, 5000, 1),
    (EndpointSettings, "cut_window_ms", 0, 1000, 1),
    (PlayoutSettings, "lead_ms", 60, 400, 20),
    (PlayoutSettings, "tail_silence_ms", 0, 400, 20),
    (PlayoutSettings, "mark_timeout_ms", 50, 1000, 1),
    (AgcSettings, "target_dbfs", -30, -10, 0.5),
    (AgcSettings, "least_gain_db", -20, 0, 0.5),
    (AgcSettings, "most_gain_db", 0, 24, 0.5),
    (AgcSettings, "rise_db", 0.05, 2, 0.01),
    (AgcSettings, "fall_db", 0.05, 2, 0.01),
    (AgcSettings, "memory_frames", 25, 500, 1),
]


@pytest.mark.parametrize(("make", "name", "least", "most", "step"), LIMITS, ids=str)
def test_a_setting_is_taken_up_to_its_limits_and_named_beyond_them(
    make: Settings, name: str, least: float, most: float, step: float
) -> None:
    for value in (least, most):
        assert getattr(make(**{name: value}), name) == value  # type: ignore[arg-type]
    for value in (least - step, most + step):
        with pytest.raises(ValueError, match=name):
            make(**{name: value})  # type: ignore[arg-type]


def test_what_holds_where_nothing_is_set() -> None:
    """R5, R6, R7, R9: the defaults are a promise, too; a frame is 20 ms of 8 kHz mu-law."""
    assert (FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, ULAW_SILENCE) == (20, 160, 8000, 0xFF)
    threshold = {"least_rms": 35.0, "ratio": 2.2, "offset_rms": 8.0}
    vad = {"calibration_ms": 400, "attack_ms": 60, "release_ms": 60, "threshold": threshold, "neural": False}
    assert asdict(VadSettings()) == vad
    assert asdict(BargeInSettings()) == {"voice_ms": 200, "grace_ms": 200}
    assert asdict(EndpointSettings()) == {
        "min_silence_ms": 350,
        "max_silence_ms": 500,
        "sharp_silence_ms": 200,
        "dictating_silence_ms": 1500,
        "min_utterance_ms": 900,
        "max_utterance_ms": 5000,
        "cut_window_ms": 600,
    }
    assert asdict(PlayoutSettings()) == {"lead_ms": 180, "tail_silence_ms": 200, "mark_timeout_ms": 150}
    agc = {"target_dbfs": -20.0, "least_gain_db": -12.0, "most_gain_db": 18.0, "rise_db": 0.3, "fall_db": 0.6}
    assert asdict(AgcSettings()) == {**agc, "memory_frames": 75}
    front = FrontEndSettings()
    assert (asdict(front.gate), front.gate_calibration_ms) == (threshold | {"least_rms": 80.0, "ratio": 2.5}, 300)


@pytest.mark.parametrize("bad", [{"least_rms": 0.0}, {"ratio": 1.0}, {"offset_rms": -0.1}])
def test_a_threshold_that_noise_would_pass_is_refused(bad: dict[str, float]) -> None:
    """R6.1."""
    with pytest.raises(ValueError, match=next(iter(bad))):
        ThresholdSettings(**bad)
    assert ThresholdSettings(least_rms=0.1, ratio=1.1, offset_rms=0.0)
