"""Deciding that the caller is done: the end of an utterance, EOU (R6.3, R6.4).

Silence alone is a poor judge: callers stop in the middle of a phone number, and consonants stop the voice for 150 ms.
How long a silence must be follows from what else is known: how the voice fell (`Contour`), how the words so far sound
(`Interim`, where a recogniser runs), and how this caller has paused before.

    interim      wait
    unknown      350..500 ms by the voice's fall
    complete     350 ms; 200 ms when voice and energy fell, the latter sharply, and this caller does not rest so long
    open         500 ms
    dictating    1500 ms: digits come in groups. The one exception to R6.3's 500 ms

All times are media time, in ms.
"""

import math
from dataclasses import dataclass
from typing import Literal

from app.media.contour import Contour
from app.media.frontend import Frame
from app.media.vad import SpeechStarted, SpeechStopped

Sound = Literal["complete", "open", "unknown", "dictating"]


@dataclass(frozen=True, slots=True)
class Interim:
    """How the words heard so far in this turn sound."""

    text_sounds: Sound


@dataclass(frozen=True, slots=True)
class EndOfUtterance:
    """The caller's utterance is over at `at_ms`, after `silence_ms` without voice.

    `utterance_ms` is the length from speech start, silence included, or from the last forced cut. `forced`: only the
    segment is cut (it would grow too long), the caller's turn goes on and another EndOfUtterance follows. `in_doubt`:
    only the silence says that it is over, neither the voice nor the words do.
    """

    at_ms: int
    silence_ms: int
    utterance_ms: int
    forced: bool
    in_doubt: bool = False


EndpointEvent = SpeechStarted | SpeechStopped | Frame | Interim


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """The guideline's numbers, in ms.

    `min_silence_ms`..`max_silence_ms` (within 350..500) bound the adaptive wait; `sharp_silence_ms` (200..350) is for
    a sharp fall; `dictating_silence_ms` (500..3000) while digits are dictated; an utterance lasts at least
    `min_utterance_ms` (900..1200, silence included) and its segments at most `max_utterance_ms` (4000..5000), cut at
    a quiet point of its last `cut_window_ms` (0..1000) where there is one.
    """

    min_silence_ms: int = 350
    max_silence_ms: int = 500
    sharp_silence_ms: int = 200
    dictating_silence_ms: int = 1500
    min_utterance_ms: int = 900
    max_utterance_ms: int = 5000
    cut_window_ms: int = 600

    def __post_init__(self) -> None:
        for name, low, high in (
            ("min_silence_ms", 350, 500),
            ("max_silence_ms", self.min_silence_ms, 500),
            ("sharp_silence_ms", 200, 350),
            ("dictating_silence_ms", 500, 3000),
            ("min_utterance_ms", 900, 1200),
            ("max_utterance_ms", 4000, 5000),
            ("cut_window_ms", 0, 1000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"endpointing {name} is {value}: it must be between {low} and {high} ms")


# Finality (see Contour) from which the shortest wait applies, and below which the longest. `make bench-turns` chose
# them: of pauses within sentences two in forty score over the first, nine in ten under the second.
_SURE, _UNSURE = 0.8, 0.4
# From here on a voice that fell agrees with words that sound complete. Without words 200 ms are for nobody: voices rest
# for 220 to 340 ms in the midst of a sentence, after a fall as sharp and as final as any end's.
_PLAUSIBLE = 0.5

# A sharp fall: this far from the voice's last 100 ms to the silence after it.
_SHARP_RATIO = 10.0
_SHARP_FRAMES = 5

# Shorter gaps are consonants, not the caller's pace. A caller who goes on so soon after an EOU was cut in upon.
_SHORTEST_PAUSE_MS = 160
_CUT_IN_MS = 900
_PACE_MARGIN_MS = 60
_PACE_DECAY = 0.9

# A frame this quiet beside the voice is a good place to cut; one louder than that in a silence may be the voice again,
# where it is over the silence, too. 2.2: as far over a noise as the gate asks for; at 3 five sentences of 360, whose
# next word began softly in some noise, ended in the very moment they went on.
_QUIET_RATIO = 0.1
_VOICE_OVER_SILENCE = 2.2
# What the VAD has not called speech in so many frames is the line's noise, grown louder.
_DOUBT_FRAMES = 10


class Endpointer:
    """Turn speech, silence and the sound of words into EndOfUtterance.

    For each frame give the VAD's event first, if there is one, then the frame.
    """

    def __init__(self, settings: EndpointSettings | None = None) -> None:
        self._settings = settings or EndpointSettings()
        self._contour = Contour()
        self._turn_start_ms: int | None = None
        self._segment_start_ms = 0
        self._stopped_ms: int | None = None
        self._silence_power = 0.0
        self._silence_frames = 0
        self._doubted_frames = 0
        self._voice_level = 0.0
        self._finality: float | None = None
        self._sound: Sound = "unknown"
        self._pace_ms = 0.0
        self._cut_in = False

    @property
    def is_open(self) -> bool:
        """Whether there is an utterance that may end; without one, frames mean nothing."""
        return self._turn_start_ms is not None

    @property
    def wait_ms(self) -> int:
        """How much silence would end the utterance, by what is known now."""
        settings = self._settings
        if self._sound == "dictating":
            return settings.dictating_silence_ms
        if self._sound == "open":
            return settings.max_silence_ms
        if self._sound == "complete":
            is_sharp = self._fell_sharply and self._how_final() >= _PLAUSIBLE
            rests = self._cut_in or self._pace_ms > settings.min_silence_ms
            return settings.sharp_silence_ms if is_sharp and not rests else settings.min_silence_ms
        doubt = max((_SURE - self._how_final()) / (_SURE - _UNSURE), 0.0)
        by_voice = settings.min_silence_ms + doubt * (settings.max_silence_ms - settings.min_silence_ms)
        return round(min(max(by_voice, self._pace_ms), settings.max_silence_ms))

    @property
    def _is_in_doubt(self) -> bool:
        """Whether the voice did not end as one does that is done; of a caller who rests so long, less will do."""
        rests = self._pace_ms >= self._settings.max_silence_ms
        return self._how_final() < (_PLAUSIBLE if rests else _UNSURE)

    def receive(self, event: EndpointEvent) -> EndOfUtterance | None:
        """Take what happened next; return the end it makes certain, if any."""
        if isinstance(event, Frame):
            return self._on_frame(event)
        if isinstance(event, SpeechStarted):
            self._on_started(event.at_ms)
        elif isinstance(event, SpeechStopped):
            self._on_stopped(event.at_ms)
        elif self._turn_start_ms is not None:
            self._sound = event.text_sounds
        return None

    def reset(self) -> None:
        """Forget the utterance in progress: the next SpeechStarted begins a new one. The learned pace stays."""
        self._turn_start_ms = None
        self._stopped_ms = None
        self._sound = "unknown"
        self._contour.clear()

    def _on_started(self, at_ms: int) -> None:
        if self._stopped_ms is not None:
            self._learn_pace(at_ms - self._stopped_ms, ended=self._turn_start_ms is None)
        if self._turn_start_ms is None:
            self._turn_start_ms = self._segment_start_ms = at_ms
            self._sound = "unknown"
            self._contour.clear()
        self._stopped_ms = None

    def _learn_pace(self, pause_ms: int, *, ended: bool) -> None:
        if pause_ms < _SHORTEST_PAUSE_MS or pause_ms > _CUT_IN_MS:
            self._cut_in = self._cut_in and not ended
            return
        self._cut_in = self._cut_in or ended
        self._pace_ms = max(pause_ms + _PACE_MARGIN_MS, self._pace_ms * _PACE_DECAY)

    def _on_stopped(self, at_ms: int) -> None:
        self._stopped_ms = at_ms
        self._silence_power, self._silence_frames, self._doubted_frames = 0.0, 0, 0
        self._contour.trim(at_ms)
        self._finality = None
        self._voice_level = self._contour.level(_SHARP_FRAMES)

    def _may_be_voice(self, rms: float) -> bool:
        if self._silence_frames == 0:
            return False
        silence = math.sqrt(self._silence_power / self._silence_frames)
        return rms > max(_VOICE_OVER_SILENCE * silence, _QUIET_RATIO * self._voice_level)

    def _how_final(self) -> float:
        """Return the voice's finality, worked out for the first that asks: most silences are over by then."""
        if self._finality is None:
            self._finality = self._contour.finality()
        return self._finality

    @property
    def _fell_sharply(self) -> bool:
        if self._silence_frames < _SHARP_FRAMES:
            return False
        silence = math.sqrt(self._silence_power / self._silence_frames)
        return self._voice_level > _SHARP_RATIO * silence

    def _on_frame(self, frame: Frame) -> EndOfUtterance | None:
        if self._turn_start_ms is None:
            return None
        now_ms = frame.end_ms
        if self._stopped_ms is None:
            self._contour.receive(frame)
            return self._cut(now_ms) if self._must_cut(frame.rms, now_ms) else None
        if self._doubted_frames < _DOUBT_FRAMES and self._may_be_voice(frame.rms):
            # The VAD will know in a moment: an utterance must not end just when the caller goes on.
            self._doubted_frames += 1
            return None
        self._silence_power += frame.rms * frame.rms
        self._silence_frames += 1
        silence_ms = now_ms - self._stopped_ms
        if (
            silence_ms < self._settings.sharp_silence_ms
            or now_ms - self._turn_start_ms < self._settings.min_utterance_ms
        ):
            return None
        if silence_ms < self.wait_ms:
            too_long = now_ms - self._segment_start_ms >= self._settings.max_utterance_ms
            return self._cut(now_ms) if too_long and self._sound == "dictating" else None
        length_ms = now_ms - self._segment_start_ms
        ended = EndOfUtterance(now_ms, silence_ms, length_ms, forced=False, in_doubt=self._is_in_doubt)
        self._turn_start_ms = None
        return ended

    def _must_cut(self, rms: float, now_ms: int) -> bool:
        left_ms = self._segment_start_ms + self._settings.max_utterance_ms - now_ms
        if left_ms > self._settings.cut_window_ms:
            return False
        return left_ms <= 0 or rms < _QUIET_RATIO * self._contour.level()

    def _cut(self, now_ms: int) -> EndOfUtterance:
        silence_ms = 0 if self._stopped_ms is None else now_ms - self._stopped_ms
        cut = EndOfUtterance(now_ms, silence_ms, now_ms - self._segment_start_ms, forced=True)
        self._segment_start_ms = now_ms
        return cut
