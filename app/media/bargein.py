"""Hearing the caller over the agent: barge-in (R7.1, R7.2). All times are media time, in ms."""

from dataclasses import dataclass

from app.media.codec import FRAME_MS
from app.media.frontend import Frame

_BAR_STEP = 1.4  # 3 dB
_MOST_STEPS = 4
_BAR_SHARE = 0.5  # of the caller's own level: no false alarm makes the agent deaf to the caller
_LONGEST_VOICE_MS = 220
_CLOSURE_FRAMES = 6
# A voice farther away than the caller's must go on for so long.
_FAR_VOICE_MS = 500


@dataclass(frozen=True, slots=True)
class BargeInDetected:
    """The caller speaks while the agent does. `onset_ms` is where the voice set in: the words start there."""

    onset_ms: int


@dataclass(frozen=True, slots=True)
class BargeInSettings:
    """`voice_ms` of continuous voice stop the agent (180..220), but none in the first `grace_ms` (150..250)."""

    voice_ms: int = 200
    grace_ms: int = 200

    def __post_init__(self) -> None:
        if not 180 <= self.voice_ms <= 220:
            raise ValueError(f"barge-in voice_ms is {self.voice_ms}: it must be between 180 and 220 ms")
        if not 150 <= self.grace_ms <= 250:
            raise ValueError(f"barge-in grace_ms is {self.grace_ms}: it must be between 150 and 250 ms")


class BargeIn:
    """Find one barge-in in each agent utterance."""

    def __init__(self, settings: BargeInSettings | None = None) -> None:
        settings = settings or BargeInSettings()
        self._grace_ms = settings.grace_ms
        self._voice_ms = settings.voice_ms
        self._steps = 0
        self._armed_from_ms: int | None = None
        self._onset_ms: int | None = None
        self._missed = 0
        self._power, self._frames = 0.0, 0
        self._is_confirmed = False

    @property
    def is_counting(self) -> bool:
        """Whether a voice is under way: until there is one, frames that are not over the threshold mean nothing."""
        return self._onset_ms is not None

    def agent_started(self, at_ms: int) -> None:
        """The agent's utterance starts to be heard at `at_ms`: the grace begins."""
        self._armed_from_ms = at_ms + self._grace_ms
        self._onset_ms = None

    def raise_bar(self) -> None:
        """After a false alarm: ask for louder (3 dB a time, 12 dB at most) and longer voice in this call."""
        self._steps = min(self._steps + 1, _MOST_STEPS)

    def lower_bar(self) -> None:
        """A false alarm was none."""
        self._steps = max(self._steps - 1, 0)

    def receive(
        self,
        frame: Frame,
        threshold: float,
        *,
        opinion: bool | None = True,
        near_rms: float = 0.0,
        caller_rms: float | None = None,
        is_faint: bool = False,
        before_ms: int = 0,
        over_echo: bool = False,
    ) -> BargeInDetected | None:
        """Take the next frame, the voice threshold (RMS) and whether a closer look calls this speech.

        While that is not known (None) voice is counted, but does not stop the agent. A single quiet frame does not
        break a voice, nor a consonant's closure one that is known to be speech. A voice that stays under `near_rms`
        on average is hardly the caller's, and must go on for longer. `caller_rms` is the caller's level, once known.
        A voice known to be speech goes on in a frame that `is_faint`, and none is broken by it; one that sets in with
        this frame was to be heard, too soft to count, for `before_ms`. None of that counts `over_echo`: where the
        agent's own voice is louder than the noise, it may be that.
        """
        if self._armed_from_ms is None:
            return None
        is_loud = opinion is not False and frame.rms > self._bar_over(threshold, caller_rms)
        goes_on = is_faint and not over_echo and self._is_confirmed and self._onset_ms is not None
        if not is_loud and not goes_on:
            # A voice on which there is no opinion yet is not over where it sounds like one.
            self._missed += not is_faint or over_echo
            # The opinion is of what was loud a moment ago.
            self._is_confirmed = self._is_confirmed or (opinion is True and not over_echo)
            if self._missed > (_CLOSURE_FRAMES if self._is_confirmed else 1):
                self._onset_ms = None
            return None
        self._missed = 0
        if self._onset_ms is None:
            self._onset_ms, self._is_confirmed = frame.start_ms - (0 if over_echo else before_ms), False
            self._power, self._frames = 0.0, 0
        if is_loud:
            self._power += frame.rms * frame.rms
            self._frames += 1
        self._is_confirmed = self._is_confirmed or opinion is True
        end_ms = frame.start_ms + FRAME_MS
        is_near = self._power >= near_rms * near_rms * self._frames
        near_ms = _LONGEST_VOICE_MS if self._steps else self._voice_ms
        needed_ms = near_ms if is_near else _FAR_VOICE_MS
        if not self._is_confirmed or end_ms - self._onset_ms < needed_ms or end_ms < self._armed_from_ms:
            return None
        onset_ms, self._armed_from_ms, self._onset_ms = self._onset_ms, None, None
        return BargeInDetected(onset_ms)

    def _bar_over(self, threshold: float, caller_rms: float | None) -> float:
        bar = threshold * _BAR_STEP**self._steps
        return bar if caller_rms is None else max(threshold, min(bar, _BAR_SHARE * caller_rms))
