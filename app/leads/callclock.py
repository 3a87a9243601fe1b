"""When something happened in a call, by a clock that cannot be set back in mid-call (R14).

Of two records about one fact the later one wins, whatever order they reach the store in. So a call's time runs on from
its first record by the monotonic clock: a correction after a step of the wall clock is still the newer.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

_MOST_CALLS = 500
"""Some ten minutes of a full house. An older call is set by the wall once more, which only a step would show."""


class CallClock:
    """The calls' clocks, each set by the wall once; the calls that began last are kept."""

    def __init__(
        self,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        steady_s: Callable[[], float] = monotonic,
        most_calls: int = _MOST_CALLS,
    ) -> None:
        """`steady_s` counts seconds that nobody sets."""
        self._wall = wall
        self._steady_s = steady_s
        self._most_calls = most_calls
        self._set: dict[str, tuple[datetime, float]] = {}

    def now(self, call_sid: str) -> datetime:
        """Return the time in a call."""
        if call_sid not in self._set:
            if len(self._set) >= self._most_calls:
                del self._set[next(iter(self._set))]
            self._set[call_sid] = (self._wall(), self._steady_s())
        wall, steady_s = self._set[call_sid]
        return wall + timedelta(seconds=self._steady_s() - steady_s)
