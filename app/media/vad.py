"""Hearing when the caller speaks: an energy gate over the line's own noise, with time hysteresis (R6.1, R6.2).

All times are media time, in ms.
"""

from dataclasses import dataclass, field
from typing import Protocol

from app.media.codec import FRAME_MS
from app.media.floor import NoiseFloor, ThresholdSettings
from app.media.frontend import Frame


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller speaks. `at_ms` is where the voice set in, some frames before it was believed."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The caller has fallen silent. `at_ms` is the end of the last voiced frame."""

    at_ms: int


VadEvent = SpeechStarted | SpeechStopped


class SpeechConfirmer(Protocol):
    """A second opinion, asked only while the energy gate is open: is this sound speech?"""

    def receive(self, frame: Frame) -> None:
        """Take a frame that is over the threshold, from the first one of a run on."""

    def close(self) -> None:
        """The run is over: what comes next has nothing to do with it."""

    def is_speech(self) -> bool | None:
        """Return the opinion on the latest frames; None while there is none, which counts as yes."""


@dataclass(frozen=True, slots=True)
class VadSettings:
    """`calibration_ms` of noise at the start (300..500); hysteresis before speech is believed (`attack_ms`) and
    before silence is (`release_ms`), each 40..80; the `threshold` formula.
    """

    calibration_ms: int = 400
    attack_ms: int = 60
    release_ms: int = 60
    threshold: ThresholdSettings = field(default_factory=ThresholdSettings)

    def __post_init__(self) -> None:
        for name, low, high in (("calibration_ms", 300, 500), ("attack_ms", 40, 80), ("release_ms", 40, 80)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"VAD {name} is {value}: it must be between {low} and {high} ms")


class Vad:
    """Turn frames into SpeechStarted and SpeechStopped."""

    def __init__(self, settings: VadSettings | None = None, confirmer: SpeechConfirmer | None = None) -> None:
        settings = settings or VadSettings()
        self._floor = NoiseFloor(settings.calibration_ms, settings.threshold)
        self._attack_ms, self._release_ms = settings.attack_ms, settings.release_ms
        self._confirmer = confirmer
        self._calibration: list[Frame] = []
        self._onset_ms: int | None = None
        self._last_voiced_ms = 0
        self.is_speech = False
        self.is_voiced = False
        """Whether the latest frame by itself was voice, without hysteresis."""

    @property
    def noise_floor(self) -> float:
        """The line's noise (RMS, int16 scale); 0 before calibration is complete."""
        return self._floor.level

    @property
    def threshold(self) -> float:
        """The RMS over which a frame is voice."""
        return self._floor.threshold

    @property
    def calibrated(self) -> bool:
        """Whether the noise at the start of the call has been measured."""
        return self._floor.calibrated

    def receive(self, frame: Frame) -> VadEvent | None:
        """Take the next frame; return what it makes certain, if anything."""
        if self._floor.calibrated:
            return self._judge(frame, voiced=self._floor.update(frame.rms))
        self._floor.update(frame.rms)
        self._calibration.append(frame)
        return self._look_back() if self._floor.calibrated else None

    def _look_back(self) -> VadEvent | None:
        """Judge the frames of the calibration, now that there is a threshold: who spoke at once is heard from there."""
        event: VadEvent | None = None
        for frame in self._calibration:
            heard = self._judge(frame, voiced=frame.rms > self._floor.threshold)
            # A sound that came and went before anybody listened is nobody's turn.
            event = heard if isinstance(heard, SpeechStarted) else None if heard else event
        self._calibration.clear()
        return event

    def _judge(self, frame: Frame, *, voiced: bool) -> VadEvent | None:
        if self._confirmer is not None:
            voiced = self._confirmed(self._confirmer, frame, voiced=voiced)
        self.is_voiced = voiced
        end_ms = frame.start_ms + FRAME_MS
        if voiced:
            self._last_voiced_ms = end_ms
            if self.is_speech:
                return None
            if self._onset_ms is None:
                self._onset_ms = frame.start_ms
            if end_ms - self._onset_ms < self._attack_ms:
                return None
            self.is_speech = True
            return SpeechStarted(self._onset_ms)
        if not self.is_speech:
            self._onset_ms = None
            return None
        if end_ms - self._last_voiced_ms < self._release_ms:
            return None
        self.is_speech = False
        self._onset_ms = None
        return SpeechStopped(self._last_voiced_ms)

    def _confirmed(self, confirmer: SpeechConfirmer, frame: Frame, *, voiced: bool) -> bool:
        if voiced:
            confirmer.receive(frame)
            return confirmer.is_speech() is not False
        if not self.is_speech:
            confirmer.close()
        return False
