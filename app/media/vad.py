"""Hearing when the caller speaks: an energy gate over the line's own noise, with time hysteresis (R6.1, R6.2).

All times are media time, in ms.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from app.media.codec import FRAME_MS
from app.media.floor import NoiseFloor, ThresholdSettings
from app.media.frontend import Frame
from app.media.pitch import held_share
from app.media.room import Room

# A word's end sinks into the line's noise before it is over: for so long after the voice, frames over this share of the
# threshold (still 1.4 times the noise) belong to it.
_TAIL_MS = 100
_TAIL_SHARE = 0.65
# Where a network listens, what is hardly over the noise belongs to it for as long as it sounds like speech.
_WEAK_SHARE = 0.5
_WEAK_PROBABILITY = 0.6
_LONGEST_WEAK_MS = 100

# Of a caller 10 dB over a noise the weaker syllables drown for the gate; the network is sure of them all the same.
# They count for so long at most, as others may have begun to speak: of 360 sentences 27 / 42 had no end or were cut
# without this, 8 / 24 with it. Nor is the noise learned from them: when it was, it rose by 3 dB in a sentence, and more
# of it drowned (7 / 7 of 360 in another corpus, 5 / 5 now). Among others, whose voices the network hears, too, nothing
# of this: learned from nobody's voice, the noise was too low for a word to end (3 -> 20 of 80 at 5 dB).
_DROWNED_PROBABILITY, _LONGEST_DROWNED_MS = 0.9, 300

# In a room full of voices, which are speech too, it is the near voice that counts: where the caller is less than 16 dB
# over the noise, what comes next must reach half the caller's own level to be the caller again.
_NEAR_SHARE = 0.5
_LOUD_ROOM = 6.0
# Over the agent, the loud frames on average: in babble at 10 dB nineteen in twenty interruptions by the caller are over
# 0.9 of the caller's level, nine in ten other voices under 0.8; a soft word must do. Where the caller is 22 dB over the
# noise there is nobody to be taken for the caller. It takes a second of voice to know the level.
_NEAR_SHARE_OVER_AGENT = 0.7
_LIVELY_ROOM = 12.0
_LEAST_VOICED_FRAMES = 50
_LEVEL_RATE = 1 / 50

# An "ehh" is as even as many voices, but holds one tune: so much of half a second moves less than a semitone a frame.
_TUNE_FRAMES = 26
_SAME_PITCH, _HELD_SHARE = 0.06, 0.75


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
    """A second opinion on what is loud enough to be speech."""

    def receive(self, frame: Frame, *, is_open: bool) -> None:
        """Take the next frame of the call. While the energy gate is closed (`is_open` is false) it costs nothing."""

    @property
    def is_speech(self) -> bool | None:
        """The opinion on the run of sound that is open; None while there is none yet."""

    @property
    def probability(self) -> float:
        """How much the latest sound is like speech, 0..1."""

    @property
    def speech_until_ms(self) -> int:
        """Where the latest sound that was like speech ended, in media time."""

    @property
    def is_alone(self) -> bool:
        """Whether nothing like a voice was heard before this one, which is then the only one there is."""

    @property
    def voiced_before_ms(self) -> int:
        """With the frame that opens the gate: for how long, up to there, it has sounded like speech; else 0."""


@dataclass(frozen=True, slots=True)
class VadSettings:
    """`calibration_ms` of noise at the start (300..500); hysteresis before speech is believed (`attack_ms`) and
    before silence is (`release_ms`), each 40..80; the `threshold` formula; whether a network has to confirm (`neural`).
    """

    calibration_ms: int = 400
    attack_ms: int = 60
    release_ms: int = 60
    threshold: ThresholdSettings = field(default_factory=ThresholdSettings)
    neural: bool = False

    def __post_init__(self) -> None:
        for name, low, high in (("calibration_ms", 300, 500), ("attack_ms", 40, 80), ("release_ms", 40, 80)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"VAD {name} is {value}: it must be between {low} and {high} ms")


class Vad:
    """Turn frames into SpeechStarted and SpeechStopped.

    Sound opens the gate by its energy. With a `confirmer`, only what it calls speech becomes SpeechStarted; what it
    denies leaves no trace.
    """

    def __init__(self, settings: VadSettings | None = None, confirmer: SpeechConfirmer | None = None) -> None:
        settings = settings or VadSettings()
        self._floor = NoiseFloor(settings.calibration_ms, settings.threshold)
        self._attack_ms, self._release_ms = settings.attack_ms, settings.release_ms
        self._confirmer = confirmer
        self._room = Room()
        self._recent_pcm: deque[bytes] = deque(maxlen=_TUNE_FRAMES)
        self._calibration: list[Frame] = []
        self._onset_ms: int | None = None
        self._loud_ms = 0
        self._peak = self._voice_level = 0.0
        self._voiced_frames = 0
        self._last_loud_ms = self._last_voiced_ms = self._tail_until_ms = 0
        self.threshold = self._floor.threshold
        """The RMS over which the latest frame is voice: over the line's noise, and over the voices of the room."""
        self.is_speech = False
        self.is_voiced = False
        """Whether the latest frame by itself was voice, without hysteresis."""

    @property
    def noise_floor(self) -> float:
        """The line's noise (RMS, int16 scale); 0 before calibration is complete."""
        return self._floor.level

    @property
    def _room_threshold(self) -> float:
        bed = self._room.bed
        return max(self._floor.threshold_over(bed) if bed else 0.0, self._room.other_rms)

    @property
    def calibrated(self) -> bool:
        """Whether the noise at the start of the call has been measured."""
        return self._floor.calibrated

    @property
    def onset_ms(self) -> int | None:
        """Where the voice of the moment set in, or a sound that may turn out to be one; None while there is none."""
        return None if self.opinion is False else self._onset_ms

    @property
    def opinion(self) -> bool | None:
        """Whether the sound of the moment is speech; None while that is open. False before the calibration is."""
        if not self._floor.calibrated:
            return False
        if self._confirmer is None:
            return True if self.is_speech else None
        return self._confirmer.is_speech

    @property
    def caller_rms(self) -> float | None:
        """How loud this caller speaks; None until enough was heard to know."""
        return self._voice_level if self._voiced_frames >= _LEAST_VOICED_FRAMES else None

    @property
    def _is_loud_room(self) -> bool:
        """Whether the caller is heard hardly over the line's noise, and parts of what is said not at all."""
        return self._voice_level < _LOUD_ROOM * self._floor.level

    @property
    def _is_heard_by_the_network(self) -> bool:
        """Whether it is sure that the only voice there is goes on, though the gate may not hear it in a loud room."""
        confirmer = self._confirmer
        if confirmer is None or not (self.is_speech and confirmer.is_alone and self._is_loud_room):
            return False
        return confirmer.probability >= _DROWNED_PROBABILITY

    @property
    def near_rms(self) -> float:
        """What a voice over the agent's must reach on average to be taken for the caller's; 0 in a quiet room."""
        caller_rms = self.caller_rms
        if caller_rms is None or caller_rms >= _LIVELY_ROOM * self._floor.level:
            return 0.0
        return _NEAR_SHARE_OVER_AGENT * caller_rms

    @property
    def voiced_before_ms(self) -> int:
        """With a voice's first loud frame: for how long it was to be heard before, too soft to count; else 0."""
        return self._confirmer.voiced_before_ms if self._confirmer else 0

    def is_faint_voice(self, frame: Frame) -> bool:
        """Whether the latest frame, hardly over the noise and soon behind what was, sounds like speech all the same."""
        threshold = max(self.threshold, frame.echo_rms)
        if self._confirmer is None or frame.rms <= _WEAK_SHARE * threshold:
            return False
        if frame.end_ms - self._last_loud_ms > _LONGEST_WEAK_MS:
            return False
        return self._confirmer.probability >= _WEAK_PROBABILITY

    def receive(self, frame: Frame) -> VadEvent | None:
        """Take the next frame; return what it makes certain, if anything."""
        if self._floor.calibrated:
            loud = self._floor.update(frame.rms, is_speech=self._is_heard_by_the_network)
            return self._judge(frame, loud=loud and frame.rms > frame.echo_rms)
        self._floor.update(frame.rms)
        self._calibration.append(frame)
        return self._look_back() if self._floor.calibrated else None

    def _look_back(self) -> VadEvent | None:
        """Judge the frames of the calibration, now that there is a threshold: who spoke at once is heard from there.

        A word that is over already is told start first; its end follows with the next frame.
        """
        started: VadEvent | None = None
        for frame in self._calibration:
            loud = frame.rms > max(self._floor.threshold, frame.echo_rms)
            if started is None:
                started = self._judge(frame, loud=loud)
            elif loud:
                if self._confirmer is not None:
                    self._confirmer.receive(frame, is_open=True)
                self._last_voiced_ms = frame.end_ms
        self._calibration.clear()
        return started

    def _judge(self, frame: Frame, *, loud: bool) -> VadEvent | None:
        end_ms = frame.start_ms + FRAME_MS
        found_bed = self._look_around(frame)
        room_threshold = self._room_threshold
        self.threshold = max(self._floor.threshold, room_threshold)
        # Single frames of many voices are loud, 60 ms of them are not.
        loud = loud and self._room.level > room_threshold
        if found_bed and self.is_speech:
            return self._end_in_bed(end_ms)
        if loud:
            self._last_loud_ms = end_ms
        denied = self._confirmer is not None and self._is_denied(self._confirmer, frame, loud=loud)
        self.is_voiced = loud and not denied
        if not self.is_speech:
            return self._await_speech(frame, end_ms, loud=loud)
        if self.is_voiced:
            self._voice_level += (frame.rms - self._voice_level) * (_LEVEL_RATE if self._voice_level else 1.0)
            self._voiced_frames += 1
            self._last_voiced_ms = end_ms
            self._tail_until_ms = end_ms + _TAIL_MS
            return None
        if denied and self._confirmer is not None:
            # It takes the network some frames to be sure that only noise is left.
            self._last_voiced_ms = min(self._last_voiced_ms, self._confirmer.speech_until_ms)
        elif self._is_tail(frame, end_ms):
            self._last_voiced_ms = end_ms
        if end_ms - self._last_voiced_ms < self._release_ms:
            return None
        self.is_speech = False
        self._onset_ms = None
        self._room.speech_ended()
        return SpeechStopped(self._last_voiced_ms)

    def _look_around(self, frame: Frame) -> bool:
        """Let the room be heard; return whether a bed of voices has become certain."""
        line_rms = self._floor.level
        rms = frame.rms if frame.rms > frame.echo_rms else min(frame.rms, line_rms)
        self._recent_pcm.append(frame.pcm)
        if not self._room.receive(rms, line_rms, is_speech=self.is_speech):
            return False
        if held_share(self._recent_pcm, _SAME_PITCH) >= _HELD_SHARE:
            self._room.refute()
            return False
        return True

    def _end_in_bed(self, end_ms: int) -> SpeechStopped:
        """The caller has been silent for a while; behind are others. Where nobody spoke, speech ends where it began."""
        assert self._onset_ms is not None
        self.is_speech = self.is_voiced = False
        near_ms = end_ms - self._room.far_frames * FRAME_MS
        self._last_voiced_ms = max(self._onset_ms, near_ms)
        if near_ms > self._onset_ms:
            self._room.speech_ended()
        self._onset_ms = None
        return SpeechStopped(self._last_voiced_ms)

    def _is_tail(self, frame: Frame, end_ms: int) -> bool:
        threshold = max(self.threshold, frame.echo_rms)
        is_end = frame.rms > _TAIL_SHARE * threshold and end_ms <= self._tail_until_ms
        return is_end or self.is_faint_voice(frame) or self._is_drowned(end_ms)

    def _is_drowned(self, end_ms: int) -> bool:
        """Whether the only voice there is goes on, little over the line's noise, by the network's word."""
        is_recent = end_ms - self._last_loud_ms <= _LONGEST_DROWNED_MS
        return is_recent and not self._room.bed and self._is_heard_by_the_network

    def _await_speech(self, frame: Frame, end_ms: int, *, loud: bool) -> SpeechStarted | None:
        if loud:
            # The onset is where the sound set in, also when it takes the confirmer some frames to call it speech.
            if self._onset_ms is None:
                self._onset_ms, self._loud_ms, self._peak = frame.start_ms, 0, 0.0
            self._loud_ms += FRAME_MS
            self._peak = max(self._peak, frame.rms)
        elif self._onset_ms is not None:
            # A weak word comes through noise in bits, which the confirmer tells from crackling.
            broken = self._confirmer is None or end_ms - self._last_loud_ms >= self._release_ms
            self._onset_ms = None if broken else self._onset_ms
        if self._onset_ms is None or self._loud_ms < self._attack_ms or not (self._is_confirmed and self._is_near):
            return None
        self.is_speech = True
        self._room.speech_began()
        self._last_voiced_ms = self._last_loud_ms
        self._tail_until_ms = end_ms + _TAIL_MS
        return SpeechStarted(self._onset_ms)

    @property
    def _is_confirmed(self) -> bool:
        return self._confirmer is None or self._confirmer.is_speech is True

    @property
    def _is_near(self) -> bool:
        return not self._is_loud_room or self._peak >= _NEAR_SHARE * self._voice_level

    def _is_denied(self, confirmer: SpeechConfirmer, frame: Frame, *, loud: bool) -> bool:
        """Ask for the second opinion; a run of sound stays open over gaps as short as the release."""
        is_recent = self._last_loud_ms > 0 and frame.start_ms - self._last_loud_ms < self._release_ms
        confirmer.receive(frame, is_open=loud or self.is_speech or is_recent)
        return confirmer.is_speech is False
