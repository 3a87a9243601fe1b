"""What ended calls leave behind is freed soon, and not by chance, and what is free is given back."""

from collections.abc import Callable
from typing import Any

TIDIES_AFTER_S = 30.0
"""From the first call that ended. A call's own parts let go of one another as it ends; this is for what a fault, or a
library, has tied into a knot. Searching all that lives takes 25 ms with 120 callers on the line: each second, it was 5%
of a full house's time.
"""


class Tidying:
    """Has the collector come by once calls have ended, and gives free memory back once nobody is on the line."""

    def __init__(
        self,
        tidy: Callable[[], None],
        give_back: Callable[[], None],
        anyone_there: Callable[[], bool],
        spawn_after: Callable[..., Any],
    ) -> None:
        """`spawn_after(seconds, work)` runs work later, in a greenlet of its own."""
        self._tidy = tidy
        self._give_back = give_back
        self._anyone_there = anyone_there
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
        if not self._anyone_there():
            self._give_back()
