"""When the caller speaks."""

from collections.abc import Callable

import numpy as np
import pytest

from app.media.frontend import Frame, FrontEnd
from app.media.vad import SpeechStarted, SpeechStopped, Vad, VadEvent, VadSettings
from tests.media.sounds import Floats, caller, frames, noise, silence, to_ulaw

CALM = [10.0] * 25


def heard(levels: list[float], vad: Vad | None = None) -> list[VadEvent]:
    vad = vad or Vad()
    return [event for frame in frames(levels) if (event := vad.receive(frame))]


def test_speech_is_told_by_its_true_edges() -> None:
    """R6.2: hysteresis delays the news, not the times in it."""
    assert heard(CALM + [500.0] * 30 + [10.0] * 10) == [SpeechStarted(500), SpeechStopped(1100)]


def test_hysteresis_works_both_ways() -> None:
    """R6.2: 40 ms of click open nothing, 40 ms of closure close nothing."""
    assert heard(CALM + [500.0] * 2 + [10.0] * 10) == []
    assert heard(CALM + [500.0] * 10 + [10.0] * 2 + [500.0] * 10) == [SpeechStarted(500)]


@pytest.mark.parametrize("attack_ms", [40, 60, 80])
def test_hysteresis_is_a_setting(attack_ms: int) -> None:
    """R6.2."""
    vad = Vad(VadSettings(attack_ms=attack_ms))
    for frame in frames(CALM):
        vad.receive(frame)
    needed = next(n for n in range(1, 9) if vad.receive(Frame(480 + n * 20, b"", 500.0)))
    assert needed * 20 == attack_ms


def test_nothing_is_believed_before_the_calibration_and_nothing_is_lost_by_it() -> None:
    """R6.1: who speaks at once is heard from the first frame."""
    vad = Vad()
    levels = [2500.0, 900.0, 4000.0, 1500.0] * 10
    events = [(frame.start_ms, event) for frame in frames(levels) if (event := vad.receive(frame))]
    assert events == [(380, SpeechStarted(0))]


def test_a_word_within_the_calibration_is_told_with_both_its_ends() -> None:
    """R6.1, R6.4."""
    assert heard([10.0] * 4 + [900.0, 2000.0] * 4 + [10.0] * 30) == [SpeechStarted(80), SpeechStopped(240)]


def test_the_state_can_be_read() -> None:
    """R6.1, R6.2."""
    vad = Vad()
    assert not vad.calibrated
    heard([100.0] * 25 + [2000.0] * 5, vad)
    assert vad.calibrated
    assert vad.is_speech
    assert vad.is_voiced
    assert vad.noise_floor == pytest.approx(100)
    assert vad.threshold == pytest.approx(228)


def test_a_word_end_sinking_into_noise_belongs_to_the_word() -> None:
    """R6.2: noise of 100 gives a threshold of 228; the tail counts, for 100 ms at most."""
    calm = [100.0] * 25
    assert heard(calm + [2000.0] * 10 + [200.0, 160.0] + [100.0] * 9)[-1] == SpeechStopped(740)
    assert heard(calm + [2000.0] * 10 + [200.0] * 20)[-1] == SpeechStopped(800)


def edges(sound: Floats) -> list[VadEvent]:
    vad = Vad()
    return [event for frame in FrontEnd().process(to_ulaw(sound)) if (event := vad.receive(frame))]


@pytest.mark.parametrize("snr_db", [10, 20, 60])
@pytest.mark.parametrize("name", ["v001", "v004", "w01_07"])
def test_a_caller_is_found_in_noise(name: str, snr_db: float) -> None:
    """R6.2: starts and stops within 150 ms of where they are in clean sound."""
    talk = caller(name)
    level = float((talk**2).mean() ** 0.5)
    sound = np.concatenate([silence(1000), talk, silence(800)])
    clean, noisy = edges(sound), edges(sound + noise(len(sound) // 8, level / 10 ** (snr_db / 20)))
    assert abs(noisy[0].at_ms - clean[0].at_ms) <= 150
    assert abs(noisy[-1].at_ms - clean[-1].at_ms) <= 150


class Denier:
    """A second opinion that changes its mind on request."""

    def __init__(self) -> None:
        self.opinion: bool | None = False
        self.heard = self.closed = 0

    def receive(self, frame: Frame) -> None:
        self.heard += 1

    def close(self) -> None:
        self.closed += 1

    def is_speech(self) -> bool | None:
        return self.opinion


def test_a_confirmer_is_asked_only_while_the_gate_is_open_and_has_the_last_word() -> None:
    """R6.2."""
    denier = Denier()
    vad = Vad(confirmer=denier)
    assert heard(CALM + [500.0] * 20, vad) == []
    assert denier.heard == 20
    denier.opinion = True
    assert vad.receive(Frame(900, b"", 500.0)) == SpeechStarted(500)
    denier.opinion = False
    later = [vad.receive(Frame(920 + 20 * index, b"", 500.0)) for index in range(4)]
    assert SpeechStopped(920) in later


def test_a_confirmer_without_an_opinion_does_not_deny() -> None:
    """R6.4: a model that is late must not cost a short word."""
    denier = Denier()
    denier.opinion = None
    assert heard(CALM + [500.0] * 5, Vad(confirmer=denier)) == [SpeechStarted(500)]
    assert denier.closed > 0


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: VadSettings(calibration_ms=200), "calibration_ms"),
        (lambda: VadSettings(attack_ms=20), "attack_ms"),
        (lambda: VadSettings(release_ms=100), "release_ms"),
    ],
)
def test_a_setting_out_of_range_is_named(make: Callable[[], VadSettings], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        make()
