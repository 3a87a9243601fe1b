"""A worker that is told to stop: no new calls, time for those that live, and what they left is finished (R18)."""

import time
from collections.abc import Callable, Sequence

import structlog

from app.call.shell.admission import Admission
from app.call.shell.recording import Recordings
from app.house.streams import Streams
from app.leads.client import LeadStore
from app.runtime import sleep, spawn
from app.sidecar.link import Link

STOPPING_TAKES_S = 9.0  # of the grace period: to close what still lives, to finish the store, to end the children
CALLS_END_WITHIN_S = 2.0
STORE_STOPS_WITHIN_S = 4.0
CHILDREN_END_WITHIN_S = 2.5
_log = structlog.get_logger("server")


class Drain:
    """The way out of one worker."""

    def __init__(
        self,
        admission: Admission,
        streams: Streams,
        recordings: Recordings,
        store: LeadStore,
        links: Sequence[Link],
    ) -> None:
        self._admission = admission
        self._streams = streams
        self._recordings = recordings
        self._store = store
        self._links = links
        self._is_drained = False
        self._ends_at_s = 0.0

    @property
    def has_begun(self) -> bool:
        """Whether this worker was told to stop."""
        return self._admission.is_closed

    def watch(self, is_wanted: Callable[[], bool], grace_s: float, then: Callable[[], None] = lambda: None) -> None:
        """Notice when this worker is told to stop: no new calls, and those that live may end within `grace_s`.

        Until `then` is called it must go on accepting: Twilio's requests about these calls, and their new streams.
        """
        spawn(self._drain, is_wanted, grace_s, then)

    def _drain(self, is_wanted: Callable[[], bool], grace_s: float, then: Callable[[], None]) -> None:
        while is_wanted():
            sleep(0.2)
        self._admission.is_closed = True
        calls_end_in_s = max(1.0, grace_s - STOPPING_TAKES_S)
        deadline_s, self._ends_at_s = time.monotonic() + calls_end_in_s, time.monotonic() + grace_s
        under_way = {"live_calls": len(self._streams), "messages": self._recordings.under_way}
        _log.info("DRAINING", **under_way, grace_s=calls_end_in_s)
        while self._is_needed() and time.monotonic() < deadline_s:
            sleep(0.1)
        self._streams.close()
        self._is_drained = True
        then()

    def _is_needed(self) -> bool:
        return bool(self._streams or self._admission.on_their_way or self._recordings.under_way)

    def stop(self) -> None:
        """Let the store finish, then end the children, once drained; else they see the worker's end themselves."""
        if not self._admission.is_closed:
            return
        while not self._is_drained:
            sleep(0.05)
        deadline_s = time.monotonic() + CALLS_END_WITHIN_S
        while self._streams and time.monotonic() < deadline_s:  # their last words come before the store's end
            sleep(0.02)
        # What the calls left of the grace is the store's: a busy machine, or a slow database, may need it.
        left_s = self._ends_at_s - time.monotonic() - CHILDREN_END_WITHIN_S
        self._store.stop(max(STORE_STOPS_WITHIN_S, left_s))
        for link in self._links:
            link.stop()
        _log.info("STOPPED")
