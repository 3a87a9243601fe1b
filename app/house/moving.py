"""A call that has moved to another instance on the same database: a second stream of it was opened there (R18).

Twilio may repeat its webhook, or ask elsewhere what now. The newer stream has the call; here it ends within a second.
Without a database in common nobody could know.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from app.house.streams import Streams
from app.office import StoreUnavailable
from app.runtime import sleep, spawn

LOOKS_EVERY_S = 0.5
TOLD_WITHIN_S = 1.0


class Moving:
    """Asks the store who serves this instance's calls, and lets go of those that somebody else took up later."""

    def __init__(self, streams: Streams, ask: Callable[..., dict[str, Any]], instance: str) -> None:
        """`ask` is `LeadStore.query`; `instance` is this one."""
        self._streams = streams
        self._ask = ask
        self._instance = instance

    def run(self) -> None:
        """Look from now on (blocks its greenlet)."""
        while True:
            sleep(LOOKS_EVERY_S)
            self.look()

    def look(self) -> None:
        """Let go of what has moved.

        Who is named, if not this instance, was the last to tell the store, and not always the last to take the call
        up: its store may have been away meanwhile. So the times decide; where a clock is ahead both talk on.
        """
        here = {session.call_sid: session for session in self._streams if session.is_live}
        if not here:
            return
        try:
            served = self._ask("served_by", timeout_s=TOLD_WITHIN_S, call_sids=list(here))["instances"]
        except (StoreUnavailable, ValueError):
            return  # asked again in a moment
        for call_sid, session in here.items():
            instance, since_s = served.get(call_sid, (self._instance, 0.0))
            if instance != self._instance and since_s > session.taken_up_s and session.is_live:
                spawn(partial(session.leave_to, instance))
