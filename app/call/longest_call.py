"""When a call has lasted long enough: a warning, a goodbye, and the end. Pure; times are monotonic ms."""

from enum import Enum, auto

LAST_WORDS_MS = 60_000
PATIENCE_MS = 15_000
_LOOK_AGAIN_MS = 500


class Step(Enum):
    """What is to be done now."""

    WARN = auto()
    SAY_GOODBYE = auto()
    HANG_UP = auto()


class LongestCall:
    """Ends one call around `max_ms` after it was answered; never into somebody's words, unless they never end."""

    def __init__(self, max_ms: int, now_ms: int) -> None:
        self.due_ms = now_ms + max_ms - LAST_WORDS_MS
        """When to ask for the next `step`."""
        self._over_at_ms = now_ms + max_ms + 2 * PATIENCE_MS
        self._put_off_until_ms: int | None = None
        self._warned = False

    def step(self, now_ms: int, *, is_free: bool, is_silent: bool) -> Step | None:
        """Return what is due; `is_free`: the floor is the caller's for certain, `is_silent`: and nobody speaks."""
        if now_ms < self.due_ms:
            return None
        if now_ms >= self._over_at_ms:
            return Step.HANG_UP
        if self._put_off_until_ms is None:
            self._put_off_until_ms = now_ms + PATIENCE_MS
        if not is_free or (not is_silent and now_ms < self._put_off_until_ms):
            self.due_ms = now_ms + _LOOK_AGAIN_MS
            return None
        self._put_off_until_ms = None
        if self._warned:
            self.due_ms = now_ms + PATIENCE_MS
            return Step.SAY_GOODBYE
        self._warned = True
        self.due_ms = max(now_ms, self._over_at_ms - 2 * PATIENCE_MS)
        return Step.WARN
