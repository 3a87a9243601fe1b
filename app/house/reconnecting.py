"""A call whose stream ended while the call lives: Twilio asks what now, and the talk goes on where it was (R18).

Here while its session waits for the line to come back; on another instance, or after this one's worker died, from what
the store has of it.
"""

import time
from collections.abc import Mapping
from typing import Any

import eventlet
import structlog

from app.house.streams import Streams
from app.leads.client import LeadStore
from app.office import StoreUnavailable
from app.telephony import messages

ASKED_WITHIN_S = 3.0
"""How long a store that is being started, as after the worker's death, is waited for: a call hangs on its answer, and
Twilio waits 15 s. A store that is well answers in milliseconds, so that R3.1's 100 ms hold."""
_ASKED_AGAIN_S = 0.1
RECALLED_WITHIN_S = 0.5
MOST_FROM_STORE = 3
RESUME = "resume"
"""The stream parameter that says that the call has a past in the store."""
_ABANDONED = "abandoned"
"""`leads.lead.ABANDONED`, which brings the database along."""
_MOST_REMEMBERED = 1000
_log = structlog.get_logger("server")


Past = tuple[dict[str, Any], int]
"""A call as the store has it: the dialog's state (`Dialog.state`) and the number of its last turn."""


class Reconnecting:
    """Answers Twilio's `action`, and recalls what was said."""

    def __init__(self, streams: Streams, store: LeadStore) -> None:
        self._streams = streams
        self._store = store
        self._from_store: dict[str, int] = {}

    def __call__(self, params: Mapping[str, str]) -> Mapping[str, str] | None:
        """Judge a signed `action` of a call that is in progress.

        Return what the new stream is to bring along, or None: the call is to end.
        """
        call_sid = params.get("CallSid", "")
        goes_on = self._streams.goes_on(call_sid)
        if goes_on is not None:
            more: Mapping[str, str] | None = {} if goes_on else None
        else:
            more = {RESUME: "1"} if self._is_known(call_sid) else None
        _log.info("STREAM_LOST", call_sid=call_sid, goes_on=more is not None, from_store=bool(more))
        return more

    def recall(self, start: messages.StreamStart) -> Past | None:
        """Return the past of a call that says it has one, waiting a little for it; None where it cannot be had."""
        return self._recall(start.call_sid, RECALLED_WITHIN_S) if RESUME in start.parameters else None

    def _is_known(self, call_sid: str) -> bool:
        times = self._from_store.get(call_sid, 0)
        if times >= MOST_FROM_STORE or self._recall(call_sid, ASKED_WITHIN_S) is None:
            return False
        if len(self._from_store) >= _MOST_REMEMBERED:
            del self._from_store[next(iter(self._from_store))]
        self._from_store[call_sid] = times + 1
        return True

    def _recall(self, call_sid: str, within_s: float) -> Past | None:
        stored = self._stored(call_sid, time.monotonic() + within_s)
        # A call whose instance died counts as abandoned until it goes on; every other end is one.
        is_over = stored.get("ended") and stored.get("outcome") != _ABANDONED
        if not stored.get("state") or is_over:
            return None
        return stored["state"], stored.get("last_turn") or 0

    def _stored(self, call_sid: str, deadline: float) -> dict[str, Any]:
        """Ask until there is an answer; empty where there is none by the deadline."""
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                return self._store.query("call_state", timeout_s=left_s, call_sid=call_sid)
            except ValueError:
                break
            except StoreUnavailable:
                eventlet.sleep(min(_ASKED_AGAIN_S, left_s))
        return {}
