"""The other voices of a room, told from the caller, who is nearer (R6.1, R6.2). Pure.

Babble is speech, for an energy gate and for a network alike. Two things tell it from a caller: its level, for once the
caller is silent no 60 ms reach the level of what was just said; and its evenness, for many voices leave no gap, while
one voice falls to the line's own noise several times a second. What is both far and even is a bed: from then on only
what rises out of it is voice. A single other voice has gaps, too, but stays far below the caller for longer than a
caller does.

Levels are RMS over 60 ms on the int16 scale, in which babble is steadier than frame by frame.
"""

import math
from collections import deque
from collections.abc import Sequence

_SMOOTH_FRAMES = 3
_MEMORY_FRAMES = 75  # 1.5 s

# The level of a stretch of speech rises with its syllables and hardly falls between them.
_RISE, _FALL = 0.15, 0.02
_SYLLABLE_SHARE = 0.5
# What lies between two gaps was one voice, for many leave none: the caller's own, however far it has sunk since its
# first word, unless it is so soft that it may be another's. The level follows its loudest syllable half the way, in dB.
_VOICE_GAP, _LEAST_VOICE_FRAMES, _VOICE_TRUST = 0.1, 12, 0.5
# A caller's syllables reach this share of their own level in any 400 ms; babble 10 dB below the caller rarely does.
_NEAR_SHARE = 0.4
# The caller's level follows that of each stretch with so many near frames by this part of the way, in dB.
_LEAST_NEAR_FRAMES, _TRUST = 15, 0.4

# How long nothing near must have been heard, and over what length the sound must be even: within an utterance, or below
# the caller's level; less where there was a bed a while ago. Where nobody has spoken yet, it takes the longest.
_AFTER_NEAR_FRAMES, _AFTER_NEAR_LIVELY_FRAMES = 35, 30
_FAR_FRAMES, _FAR_EVEN_FRAMES = 50, 50
_FAR_LIVELY_FRAMES, _FAR_EVEN_LIVELY_FRAMES = 20, 18
_LIVELY_FRAMES = 1000  # 20 s
_FAR_SHARE = 0.3
# Before the caller is known: -38 dBFS, and where the gate is open -24 dBFS, as loud as many callers are. Without
# this 14 of 1,200 short words had no end, all in eight voices 5 dB under a loud caller from the first moment; with it
# one, and seven sentences of 360 are cut instead of six.
_LOUDEST_UNKNOWN_RMS, _LOUDEST_OPEN_RMS = 400.0, 2000.0

# Six voices leave no 20 ms as far below their level in a minute, one voice several in a second.
_DIP = 0.05

# Even: the quietest 60 ms are within 12 dB of the mean. No second of one voice was, 93 in 100 of six voices were.
_EVEN, _UNEVEN, _OVER_LINE = 0.25, 2.2, 1.25
# A voice that trails off falls by more than 3 dB in half the time; a held "ehh" moves less than voices do.
_TRAILING = 0.7
_MOVING, _STEADY_FRAMES = 1.5, 50

# One other voice has gaps, and is no bed. What stays 12.5 dB under the loudest syllable before it for so long, with no
# real pause between them, is another's all the same; from then on it takes more than the loudest of it to be heard,
# until it has been gone for a while. The loudest syllable is forgotten by and by as others nearly as loud come: one
# loud word at first made a whole soft sentence another's.
_OTHER_SHARE = 0.235
_LOUDEST_FALL = 0.01
_OTHER_FRAMES, _OTHER_LIVELY_FRAMES, _OTHER_SPEECH = 60, 45, 0.6
_PAUSE_FRAMES = 25
_OVER_OTHER = 1.25
_OTHER_GONE_SHARE, _OTHER_GONE_FRAMES = 0.4, 100

_FOLLOW_EVERY_FRAMES, _FOLLOW_FRAMES = 5, 25
_GAP, _LARGEST_GAP, _GAP_OVER_LINE = 0.12, 0.2, 1.5


class Room:
    """Follow one line; give it every frame once the line's noise is known."""

    def __init__(self) -> None:
        self._before = (0.0, 0.0)  # the powers of the two frames before: with the latest they are 60 ms
        self._recent: deque[float] = deque(maxlen=_MEMORY_FRAMES)
        self._frames = self._lively_until = 0
        self._near_frames = 0
        self._own = self._caller = 0.0
        self._voice_peak, self._voice_frames = 0.0, 0
        self._since_own = self._since_caller = 0
        self._loudest = 0.0
        self._since_speech = _PAUSE_FRAMES
        self._since_loud = self._soft_frames = 0
        self._other_until = 0
        self._other = 0.0
        self._since_other = 0
        self.level = 0.0
        """RMS over the last 60 ms."""
        self.bed = 0.0
        """The calm level of the voices in the room; 0 while there are none."""

    @property
    def other_rms(self) -> float:
        """What the level must be over to be more than the one other voice that is heard; 0 while there is none."""
        return _OVER_OTHER * self._other

    @property
    def far_frames(self) -> int:
        """For how long nothing was heard as loud as the present speech, and as the caller is, once known."""
        if self._other:
            return self._since_loud
        return min(self._since_own, self._since_caller) if self._caller else self._since_own

    def speech_began(self) -> None:
        """A stretch of speech begins."""
        self._own, self._near_frames, self._since_own = 0.0, 0, 0
        self._voice_peak, self._voice_frames = 0.0, 0
        if self._since_speech >= _PAUSE_FRAMES:
            self._loudest, self._soft_frames = 0.0, 0

    def speech_ended(self) -> None:
        """It is over: how loud it was tells how loud the caller is."""
        if self._near_frames >= _LEAST_NEAR_FRAMES:
            self._caller = self._caller * (self._own / self._caller) ** _TRUST if self._caller else self._own

    def receive(self, rms: float, line_rms: float, *, is_speech: bool) -> bool:
        """Take a frame's level, the line's, and whether there is speech; return whether a bed was found with it."""
        first, second = self._before
        power = rms * rms
        self._before = second, power
        level = self.level = math.sqrt((first + second + power) / _SMOOTH_FRAMES)
        self._recent.append(level)
        self._frames += 1
        self._measure(level, is_speech=is_speech)
        if self._other:
            self._follow_other(level)
        elif is_speech and self._is_other:
            self._other, self._since_other = max(self._last(min(self._since_loud, _OTHER_FRAMES))), 0
            return True
        if self.bed:
            self._follow(rms, line_rms, is_speech=is_speech)
            return False
        self.bed = self._found(line_rms, is_speech=is_speech)
        return self.bed > 0

    def refute(self) -> None:
        """What seemed to be a bed was none."""
        self.bed = self._other = 0.0
        self._since_own = self._since_caller = self._since_loud = 0

    @property
    def _is_other(self) -> bool:
        needed = _OTHER_LIVELY_FRAMES if self._frames < self._other_until else _OTHER_FRAMES
        if self._since_loud < needed or self._soft_frames < _OTHER_SPEECH * needed:
            return False
        return not _is_trailing(self._last(needed))

    def _follow_other(self, level: float) -> None:
        if level > _OTHER_GONE_SHARE * self._other:
            self._since_other = 0
            self._other_until = self._frames + _LIVELY_FRAMES
            return
        self._since_other += 1
        if self._since_other >= _OTHER_GONE_FRAMES:
            self._other = 0.0

    def _measure(self, level: float, *, is_speech: bool) -> None:
        self._since_own += 1
        self._since_loud += 1
        self._soft_frames += is_speech
        self._since_speech = 0 if is_speech else self._since_speech + 1
        self._since_caller += 1
        if is_speech:
            self._follow_own(level)
        if self._caller and level >= _NEAR_SHARE * self._caller:
            self._since_caller = 0
        if level >= _OTHER_SHARE * self._loudest:
            self._since_loud = self._soft_frames = 0

    def _follow_own(self, level: float) -> None:
        if level > self._loudest:
            self._loudest = level
        elif level >= _OTHER_SHARE * self._loudest:
            self._loudest += (level - self._loudest) * _LOUDEST_FALL
        if level > self._own:
            self._own += (level - self._own) * (_RISE if self._own else 1.0)
        elif level > _SYLLABLE_SHARE * self._own:
            self._own += (level - self._own) * _FALL
        if level >= _VOICE_GAP * self._own:
            self._voice_peak, self._voice_frames = max(self._voice_peak, level), self._voice_frames + 1
        else:
            self._end_voice()
        if level >= _NEAR_SHARE * self._own:
            self._since_own = 0
            self._near_frames += 1

    def _end_voice(self) -> None:
        if self._voice_frames >= _LEAST_VOICE_FRAMES and _OTHER_SHARE * self._loudest <= self._voice_peak < self._own:
            self._own *= (self._voice_peak / self._own) ** _VOICE_TRUST
        self._voice_peak, self._voice_frames = 0.0, 0

    def _found(self, line_rms: float, *, is_speech: bool) -> float:
        """Return the level of a bed that has become certain with this frame, else 0."""
        is_lively = self._frames < self._lively_until
        after_near = _AFTER_NEAR_LIVELY_FRAMES if is_lively else _AFTER_NEAR_FRAMES
        if is_speech and self._since_own >= after_near:
            window = self._last(after_near - 2)
            is_voices = self._since_own >= _STEADY_FRAMES or max(window) > _MOVING * min(window)
            return _bed(window, line_rms, _FAR_SHARE * self._own) if is_voices else 0.0
        if self._frames % _FOLLOW_EVERY_FRAMES:
            return 0.0
        if not self._caller:
            is_known = len(self._recent) == _MEMORY_FRAMES
            loudest = _LOUDEST_OPEN_RMS if is_speech else _LOUDEST_UNKNOWN_RMS
            return _bed(self._last(_MEMORY_FRAMES), line_rms, loudest) if is_known else 0.0
        far, even = (_FAR_LIVELY_FRAMES, _FAR_EVEN_LIVELY_FRAMES) if is_lively else (_FAR_FRAMES, _FAR_EVEN_FRAMES)
        return _bed(self._last(even), line_rms, _FAR_SHARE * self._caller) if self._since_caller >= far else 0.0

    def _follow(self, rms: float, line_rms: float, *, is_speech: bool) -> None:
        far_frames = self.far_frames if is_speech else self._since_caller
        if far_frames < _SMOOTH_FRAMES:
            return
        self._lively_until = self._frames + _LIVELY_FRAMES
        is_gap = self.level < max(_GAP * self.bed, min(_GAP_OVER_LINE * line_rms, _LARGEST_GAP * self.bed))
        if is_gap or rms < _DIP * self.bed:
            self.bed = 0.0
        elif far_frames >= _FOLLOW_FRAMES and self._frames % _FOLLOW_EVERY_FRAMES == 0:
            calm = _calm(self._last(min(far_frames - 2, _FAR_EVEN_FRAMES)))
            if calm < _OVER_LINE * line_rms:
                self.bed = 0.0
            elif not self._caller or calm < _FAR_SHARE * self._caller:
                self.bed = calm

    def _last(self, frames: int) -> list[float]:
        return list(self._recent)[-frames:]


def _bed(window: Sequence[float], line_rms: float, most_rms: float) -> float:
    """Return how loud the voices are of which this sound consists; 0 when it is none of many, or not so far away."""
    mean = math.sqrt(sum([level * level for level in window]) / len(window))
    if min(window) < _EVEN * mean or _is_trailing(window):
        return 0.0
    calm = _calm(window)
    is_bed = max(window) <= _UNEVEN * calm and _OVER_LINE * line_rms < calm <= most_rms
    return calm if is_bed else 0.0


def _is_trailing(window: Sequence[float]) -> bool:
    """Whether it sinks, in its peaks or on the whole, from one half to the other."""
    half = len(window) // 2
    first, second = window[:half], window[half:]
    return max(second) < _TRAILING * max(first) or sum(second) / len(second) < _TRAILING * sum(first) / len(first)


def _calm(levels: Sequence[float]) -> float:
    """Return the mean of the quiet ones, as the calibration takes it."""
    ranked = sorted(levels)
    most = 2 * ranked[len(ranked) // 5]
    calm = [level for level in ranked if level <= most]
    return sum(calm) / len(calm)
