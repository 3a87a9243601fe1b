"""Learning once for all calls that an engine is down, and noticing by itself that it is back (R18).

Without it every call pays for the same lesson: each waits its own deadline before it turns to what stands in. Pure.

    closed      requests go through; `MOST_FAILURES` failures in a row open it
    open        nothing goes through for a while, twice as long each time
    half open   one request at a time goes through as a probe: its success closes the breaker, its failure opens it
"""

from collections.abc import Callable

MOST_FAILURES = 3
FIRST_REST_S = 5.0
LONGEST_REST_S = 60.0
PROBE_S = 10.0
"""A probe without an answer for so long (its caller hung up, say) makes way for another."""


class Breaker:
    """What is known of one engine, shared by all calls of the process."""

    def __init__(self, clock_s: Callable[[], float], on_down: Callable[[], None], on_back: Callable[[], None]) -> None:
        """`on_down` is called when the engine goes, `on_back` when it is back."""
        self._clock_s = clock_s
        self._on_down, self._on_back = on_down, on_back
        self._failures = 0
        self._rest_s = FIRST_REST_S
        self._closed_until_s: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the engine counts as down."""
        return self._closed_until_s is not None

    def allows(self) -> bool:
        """Ask before each request; a probe counts from here."""
        if self._closed_until_s is None:
            return True
        now_s = self._clock_s()
        if now_s < self._closed_until_s:
            return False
        self._closed_until_s = now_s + PROBE_S
        return True

    def succeeded(self) -> None:
        """The engine has answered."""
        self._failures = 0
        self._rest_s = FIRST_REST_S
        if self._closed_until_s is not None:
            self._closed_until_s = None
            self._on_back()

    def failed(self) -> None:
        """A request ended badly, or nobody could wait for it any longer."""
        self._failures += 1
        if self._closed_until_s is not None:
            self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
        elif self._failures < MOST_FAILURES:
            return
        was_open = self.is_open
        self._closed_until_s = self._clock_s() + self._rest_s
        if not was_open:
            self._on_down()
