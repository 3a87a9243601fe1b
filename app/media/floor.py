"""How loud the line is when nobody speaks, and from what level on a frame counts as voice (R6.1, R6.2)."""

from dataclasses import dataclass

from app.media.codec import FRAME_MS

# A caller who talks into the calibration must still be heard after it: -38 dBFS is the most that is taken for noise,
# unless the sound is steady as no speech is, its loud frames hardly louder than its quiet ones.
_LOUDEST_UNSTEADY_RMS = 400.0
_STEADY_RATIO = 1.6
_QUIET_SHARE, _LOUD_SHARE = 0.2, 0.9

# The floor moves towards frames without voice: up over about a second, down faster, and at once from far above, for a
# floor that is too high makes the agent deaf while one that is too low costs a moment of false voice.
_RISE = 1 / 50
_FALL = 1 / 15
_DROP = 1 / 4
_FAR_BELOW = 0.4

# The quietest frame of three seconds: speech has gaps and closures in any three seconds, a fan has none. Steady noise
# dips about 15% below its mean in so many frames.
_WINDOW_BLOCKS = 6
_BLOCK_FRAMES = 25
_DIP = 1.15


@dataclass(frozen=True, slots=True)
class ThresholdSettings:
    """From what RMS (int16 scale) on a frame is voice: `max(least_rms, noise_floor * ratio + offset_rms)`."""

    least_rms: float = 35.0
    ratio: float = 2.2
    offset_rms: float = 8.0

    def __post_init__(self) -> None:
        if self.least_rms <= 0 or self.ratio <= 1 or self.offset_rms < 0:
            raise ValueError(
                "the voice threshold needs least_rms above 0, ratio above 1 and offset_rms of 0 or more, "
                f"not {self.least_rms}, {self.ratio}, {self.offset_rms}"
            )


class NoiseFloor:
    """Measure the line's noise at the start of a call and follow it afterwards; feed it one RMS value per 20 ms."""

    def __init__(self, calibration_ms: int, settings: ThresholdSettings) -> None:
        self._settings = settings
        self._calibration_frames = calibration_ms // FRAME_MS
        self._heard: list[float] = []
        self._blocks = [float("inf")] * _WINDOW_BLOCKS
        self._block_least = float("inf")
        self._frames = 0
        self.calibrated = False
        self.level = 0.0
        self.threshold = settings.least_rms

    def update(self, rms: float, *, is_speech: bool = False) -> bool:
        """Take the next frame's RMS; return whether it is voice (never before calibration is complete).

        `is_speech`: it is known for speech, however soft, so the line has not grown louder by it.
        """
        self._frames += 1
        if rms < self._block_least:  # `min` takes three times as long, twice a frame
            self._block_least = rms
        if self._frames % _BLOCK_FRAMES == 0:
            self._close_block()
        if not self.calibrated:
            self._calibrate(rms)
            return False
        voiced = rms > self.threshold
        if not voiced and not (is_speech and rms > self.level):
            rate = _RISE if rms > self.level else _FALL if rms > self.level * _FAR_BELOW else _DROP
            self._set_level(self.level + (rms - self.level) * rate)
        return voiced

    def _calibrate(self, rms: float) -> None:
        self._heard.append(rms)
        if len(self._heard) < self._calibration_frames:
            return
        # The mean of the quiet frames only: whoever speaks at once still breathes between syllables.
        ranked = sorted(self._heard)
        quiet, loud = ranked[int(len(ranked) * _QUIET_SHARE)], ranked[int(len(ranked) * _LOUD_SHARE)]
        calm = [level for level in ranked if level <= 2 * quiet]
        noise = sum(calm) / len(calm)
        self._heard.clear()
        self.calibrated = True
        self._set_level(noise if loud <= quiet * _STEADY_RATIO else min(noise, _LOUDEST_UNSTEADY_RMS))

    def _close_block(self) -> None:
        self._blocks[self._frames // _BLOCK_FRAMES % _WINDOW_BLOCKS] = self._block_least
        self._block_least = float("inf")
        least = min(self._blocks)
        if self.calibrated and self._frames >= _BLOCK_FRAMES * _WINDOW_BLOCKS and least > self.level:
            self._set_level(least * _DIP)

    def threshold_over(self, level: float) -> float:
        """Return the RMS from which on a frame is voice over noise of this level: the guideline's formula."""
        return max(self._settings.least_rms, level * self._settings.ratio + self._settings.offset_rms)

    def _set_level(self, level: float) -> None:
        self.level = level
        self.threshold = self.threshold_over(level)
