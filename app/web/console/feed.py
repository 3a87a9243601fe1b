"""What moves in open tabs: rendered once a tick, the same bytes to every tab that shows the same.

A tab is sent whole pictures, never differences: a new one takes the place of what it has not read, so nothing can be
missed, and a tab that reads slowly costs one picture.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from app.office import LiveCalls
from app.runtime import Inbox, now_ms, sleep, spawn
from app.web.console.whole_sends import WholeSends

MOST_TABS = 20
TICK_S, TICK_LATE_S = 0.5, 2.0
LATE_HUB_MS = 20
REDRAWN_EVERY_MS = 5000
STUCK_MS = 30_000
LOGGED_OUT, TRY_AGAIN = 4401, 1013


@dataclass(eq=False, slots=True)
class Tab:
    """One open page: which view it shows, whose session it is, and the picture that waits for it."""

    view: str
    session: str
    socket: WholeSends
    close_code: int | None = None
    _waiting: Inbox = field(default_factory=lambda: Inbox(1, lambda _: True))

    def show(self, message: str) -> None:
        """Let the tab have this instead of what it has not read yet."""
        self._waiting.put(message)

    def next(self, within_ms: int) -> str | None:
        """Return the newest picture, waiting for one; None when there is none in time."""
        item = self._waiting.get(now_ms() + within_ms)
        return None if item is None else item[0]

    def close(self, code: int) -> None:
        """Have the tab closed with this code; what it does not read is cut off."""
        self.close_code = code
        self._waiting.put("")


class Feed:
    """All open tabs of a worker."""

    def __init__(self, office: LiveCalls, draw: Callable[[str], str]) -> None:
        """`draw(view)` renders a view's inside."""
        self.stuck_ms = STUCK_MS
        self._office = office
        self._draw = draw
        self._tabs: list[Tab] = []
        self._last: dict[str, str] = {}
        self._seen = -1
        self._drawn_at_ms = 0
        self._runs = False

    def __len__(self) -> int:
        return len(self._tabs)

    @property
    def is_full(self) -> bool:
        """Whether another tab would be one too many."""
        return len(self._tabs) >= MOST_TABS

    def join(self, tab: Tab) -> None:
        """Show a tab its view from now on, at once and whole."""
        self._tabs.append(tab)
        self._office.tabs_open(len(self._tabs))
        self._last.pop(tab.view, None)
        self._show(tab.view)
        if not self._runs:
            self._runs = True
            spawn(self._run)

    def leave(self, tab: Tab) -> None:
        """Forget a tab."""
        self._tabs.remove(tab)
        self._office.tabs_open(len(self._tabs))
        if not any(one.view == tab.view for one in self._tabs):
            self._last.pop(tab.view, None)

    def end_session(self, session: str) -> None:
        """Close the tabs of a session that was logged out."""
        for tab in self._tabs:
            if tab.session == session:
                tab.close(LOGGED_OUT)

    def _run(self) -> None:
        try:
            while self._tabs:
                sleep(TICK_LATE_S if self._office.status()["hub_lag_p99_ms"] > LATE_HUB_MS else TICK_S)
                self._tick()
        finally:
            self._runs = False

    def _tick(self) -> None:
        for tab in list(self._tabs):
            if tab.socket.stuck_ms() > self.stuck_ms:
                tab.close(TRY_AGAIN)
                tab.socket.cut()
        changes = self._office.changes()
        if changes == self._seen and now_ms() - self._drawn_at_ms < REDRAWN_EVERY_MS:
            return
        self._seen, self._drawn_at_ms = changes, now_ms()
        for view in {tab.view for tab in self._tabs}:
            self._show(view)

    def _show(self, view: str) -> None:
        drawn = self._draw(view)
        if self._last.get(view) == drawn:
            return
        self._last[view] = drawn
        message = json.dumps({"target": "#live", "swap": "innerMorph", "content": drawn}, ensure_ascii=False)
        for tab in self._tabs:
            if tab.view == view:
                tab.show(message)
