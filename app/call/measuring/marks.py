"""When what is sent is heard: Twilio plays frames one after the other, and marks tell how far behind it is. Pure."""

from app.media.codec import FRAME_MS

_LONGEST_LAG_MS = 2000


class PlayingClock:
    """The far end's loudspeaker, as well as it can be known here. Times are monotonic ms."""

    def __init__(self) -> None:
        self._plays_until_ms = 0
        self._due_ms: dict[str, int] = {}
        self.holes = 0
        """How often a frame came after what was sent before it had been played, within one stretch of talk."""
        self.lag_ms: int | None = None
        """The least a mark was late: the way there and back, as no pause of ours makes it less."""

    def sent_frame(self, now_ms: int, *, goes_on: bool) -> int:
        """Take a frame that is sent now; return when its first sample is played, were there no way to go.

        `goes_on`: it follows another of the same stretch of talk, so that a pause before it is a hole.
        """
        self.holes += goes_on and now_ms > self._plays_until_ms
        starts_ms = max(now_ms, self._plays_until_ms)
        self._plays_until_ms = starts_ms + FRAME_MS
        return starts_ms

    def sent_mark(self, name: str, now_ms: int) -> None:
        """A mark follows the frames sent so far."""
        self._due_ms[name] = max(now_ms, self._plays_until_ms)

    def cleared(self, now_ms: int) -> None:
        """What was sent and not played yet is dropped."""
        self._plays_until_ms = now_ms
        self._due_ms.clear()

    def mark_came(self, name: str, now_ms: int) -> None:
        """Twilio says that everything before a mark was played."""
        due_ms = self._due_ms.pop(name, None)
        if due_ms is not None and 0 <= now_ms - due_ms <= _LONGEST_LAG_MS:
            self.lag_ms = now_ms - due_ms if self.lag_ms is None else min(self.lag_ms, now_ms - due_ms)
