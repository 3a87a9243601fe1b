"""A call whose stream ended while the call lives: Twilio asks what now, and the talk goes on where it was (R18).

Here while its session waits for the line to come back; on another instance, or after this one's worker died, from what
the store has of it.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import eventlet
import structlog

from app.house.streams import Streams
from app.leads.client import LeadStore
from app.leads.records import ABANDONED
from app.office import StoreUnavailable
from app.runtime import spawn_after
from app.telephony import messages

ASKED_WITHIN_S = 3.0
"""How long a store that is being started, as after the worker's death, is waited for: a call hangs on its answer, and
Twilio waits 15 s. A store that is well answers in milliseconds, so that R3.1's 100 ms hold."""
_ASKED_AGAIN_S = 0.1
RECALLED_WITHIN_S = 0.5
UNASKED_WITHIN_S = 0.02
"""The same where nothing says that the call has a past: it has, if Twilio repeated its webhook at another instance."""
MOST_FROM_STORE = 3
RESUME = "resume"
"""The stream parameter that says that the call has a past in the store, and the number of its last turn."""
_MOST_REMEMBERED = 1000
_MOST_EXPECTED = 100
EXPECTED_FOR_S = 20.0
"""A stream comes within a second or two of Twilio's question, or never: then nothing of what was said stays here."""
V = TypeVar("V")
_log = structlog.get_logger("server")


Past = tuple[dict[str, Any] | None, int]
"""A call as the store has it: the dialog's state (`Dialog.state`) and the number of its last turn. None: the state
cannot be had; the talk begins anew, behind what is stored.
"""


class Reconnecting:
    """Answers Twilio's `action`, and recalls what was said."""

    def __init__(
        self,
        streams: Streams,
        store: LeadStore,
        later: Callable[[float, Callable[[], None]], Any] = spawn_after,
        *,
        has_company: bool = False,
    ) -> None:
        """`later` calls something after so many seconds; `has_company`: other instances write to the same database."""
        self._has_company = has_company
        self._streams = streams
        self._store = store
        self._later = later
        self._from_store: dict[str, int] = {}
        self._expected: dict[str, Past] = {}
        """What the store told of calls whose streams are on their way."""

    def __call__(self, params: Mapping[str, str]) -> Mapping[str, str] | None:
        """Judge a signed `action` of a call that is in progress.

        Return what the new stream is to bring along, or None: the call is to end.
        """
        call_sid = params.get("CallSid", "")
        goes_on = self._streams.goes_on(call_sid)
        if goes_on is not None:
            more: Mapping[str, str] | None = {} if goes_on else None
        else:
            past = self._known(call_sid)
            more = {RESUME: str(past[1])} if past else None
        _log.info("STREAM_LOST", call_sid=call_sid, goes_on=more is not None, from_store=bool(more))
        return more

    def recall(self, start: messages.StreamStart) -> Past | None:
        """Return the past of a call that says it has one, or has one elsewhere; the store is not waited for long."""
        last_turn = start.parameters.get(RESUME)
        if last_turn is None:
            return self._recall(start.call_sid, UNASKED_WITHIN_S) if self._has_company else None
        expected = self._expected.pop(start.call_sid, None)
        past = self._recall(start.call_sid, RECALLED_WITHIN_S) or expected
        return past or (None, int(last_turn) if last_turn.isdecimal() else 0)

    def _known(self, call_sid: str) -> Past | None:
        times = self._from_store.get(call_sid, 0)
        past = self._recall(call_sid, ASKED_WITHIN_S) if times < MOST_FROM_STORE else None
        if past is not None:
            _remember(self._from_store, call_sid, times + 1, _MOST_REMEMBERED)
            _remember(self._expected, call_sid, past, _MOST_EXPECTED)
            self._later(EXPECTED_FOR_S, lambda: self._expect_no_more(call_sid, past))
        return past

    def _expect_no_more(self, call_sid: str, past: Past) -> None:
        if self._expected.get(call_sid) is past:
            del self._expected[call_sid]

    def _recall(self, call_sid: str, within_s: float) -> Past | None:
        stored = self._stored(call_sid, time.monotonic() + within_s)
        # A call whose instance died counts as abandoned until it goes on; every other end is one.
        is_over = stored.get("ended") and stored.get("outcome") != ABANDONED
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


def _remember(known: dict[str, V], call_sid: str, what: V, most: int) -> None:
    """Keep `what` of a call, at the cost of the one that was kept first."""
    known[call_sid] = what
    if len(known) > most:
        del known[next(iter(known))]
