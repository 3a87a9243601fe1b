"""The caller's line against the clock: audio that does not come is silence, and what comes late was said earlier.

Carriers may suppress silence, and a network may stall; in both no frame comes, and nothing that is judged in media time
would ever end. So the machine fills in what is missing. When a stall is over its audio comes all at once: then it is
known how long ago each frame was spoken. Pure; times are monotonic ms.
"""

from app.media.codec import FRAME_MS

SILENT_AFTER_MS = 200  # behind silence, no frame for so long is more of it
CUT_OFF_AFTER_MS = 600  # behind voice it may be a stall: most are over by then
SURE_AFTER_MS = 40  # a process that was held up looks into its socket once more before it believes that nothing came
FILL_EVERY_MS = 60
JITTER_MS = 60  # so much audio at once is no burst
BURST_WITHIN_MS = 300  # a stall's audio comes as soon as it is over, if it comes at all


class Line:
    """What is missing of one call's audio, and how late the audio is that comes."""

    def __init__(self) -> None:
        self._until_ms: int | None = None
        self._missed_at_ms: int | None = None
        self._filled_ms = 0
        self._owed_ms = self._ahead_ms = self._back_at_ms = 0

    def begin(self, now_ms: int) -> None:
        """The stream is open, or another one is: audio is awaited from here."""
        self._until_ms, self._missed_at_ms = now_ms, None
        self._filled_ms = self._owed_ms = self._ahead_ms = 0

    @property
    def is_quiet(self) -> bool:
        """Whether no audio has come since silence was filled in."""
        return self._filled_ms > 0

    @property
    def is_overdue(self) -> bool:
        """Whether audio is missed, which may be there already: nothing was filled in for it so far."""
        return self._missed_at_ms is not None and not self._filled_ms

    def came(self, length_ms: int, now_ms: int) -> None:
        """So much audio has come."""
        if self._until_ms is None:
            self._until_ms = now_ms
        if self._filled_ms:
            self._owed_ms, self._ahead_ms, self._filled_ms = self._filled_ms, 0, 0
            self._back_at_ms = now_ms
        elif self._ahead_ms >= self._owed_ms - JITTER_MS:
            self._owed_ms = 0  # all that was held back has come
        self._ahead_ms += length_ms - (now_ms - self._until_ms)
        if self._ahead_ms <= JITTER_MS and now_ms - self._back_at_ms > BURST_WITHIN_MS:
            self._owed_ms = 0  # nothing was held back: the caller, or the carrier, was silent
        self._until_ms = now_ms
        self._missed_at_ms = None

    def late_ms(self, left_ms: int) -> int:
        """Return how long ago a frame was spoken, of which `left_ms` of the audio that came with it are still ahead."""
        if not self._owed_ms or self._ahead_ms <= JITTER_MS:
            return 0
        return max(self._owed_ms - self._ahead_ms, 0) + left_ms

    def missing_frames(self, now_ms: int, *, is_speech: bool) -> int:
        """Return how many frames of silence are to be filled in now; `is_speech`: the last to come were voice."""
        due_ms = self.timer(is_speech=is_speech)
        if self._until_ms is None or due_ms is None or now_ms < due_ms:
            return 0
        if self._missed_at_ms is None and not self._filled_ms:
            self._missed_at_ms = now_ms
            return 0
        frames = (now_ms - self._until_ms) // FRAME_MS
        self._filled_ms += frames * FRAME_MS
        self._until_ms += frames * FRAME_MS
        return frames

    def timer(self, *, is_speech: bool) -> int | None:
        """Return when to ask for `missing_frames`."""
        if self._until_ms is None:
            return None
        if self._filled_ms:
            return self._until_ms + FILL_EVERY_MS
        if self._missed_at_ms is not None:
            return self._missed_at_ms + SURE_AFTER_MS
        return self._until_ms + (CUT_OFF_AFTER_MS if is_speech else SILENT_AFTER_MS)
