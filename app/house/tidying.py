"""What ended calls leave behind is freed soon, and not by chance, and what is free is given back."""

from collections.abc import Callable
from typing import Any

TIDIES_AFTER_S, MOST_PUT_OFF = 30.0, 4
"""From the first call that ended; while callers are on the line it is put off, so often at most. A call's own parts let
go of one another as it ends; this is for what a fault, or a library, has tied into a knot. Searching all that lives
takes 25 ms with 120 callers on the line: each second, it was 5% of a full house's time.
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
        self._times_put_off = 0

    def call_ended(self) -> None:
        """Note that there is something to be freed."""
        if not self._is_due:
            self._is_due = True
            self._spawn_after(TIDIES_AFTER_S, self._run)

    def _run(self) -> None:
        is_quiet = not self._anyone_there()
        if not is_quiet and self._times_put_off < MOST_PUT_OFF:
            self._times_put_off += 1
            self._spawn_after(TIDIES_AFTER_S, self._run)
            return
        self._is_due, self._times_put_off = False, 0
        self._tidy()
        if is_quiet:
            self._give_back()
