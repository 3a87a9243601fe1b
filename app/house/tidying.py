"""What ended calls leave behind is freed soon, and not by chance."""

from collections.abc import Callable
from typing import Any

TIDIES_AFTER_S = 1.0
"""From the first call that ended; what ends in between is freed with it. Looking through what lives takes 2 ms, freeing
an ended call 1.5 ms: what thirty callers left in ten seconds held the hub for 50 ms.
"""


class Tidying:
    """Has the collector come by once calls have ended."""

    def __init__(self, tidy: Callable[[], None], spawn_after: Callable[..., Any]) -> None:
        """`spawn_after(seconds, work)` runs work later, in a greenlet of its own."""
        self._tidy = tidy
        self._spawn_after = spawn_after
        self._is_due = False

    def call_ended(self) -> None:
        """Note that there is something to be freed."""
        if not self._is_due:
            self._is_due = True
            self._spawn_after(TIDIES_AFTER_S, self._run)

    def _run(self) -> None:
        self._is_due = False
        self._tidy()
