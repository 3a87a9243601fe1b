"""The worker's side of the store: say what happened and go on (R14).

Nothing here blocks the hub or raises into a call. A record is kept until the child has it in the database or in its
journal; while the child is being started again records wait here, and beyond a bound in a file that the child adopts.
"""

import os
import time
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, ParamSpec, Protocol

import eventlet
import orjson
import structlog
from eventlet.event import Event

from app.leads.callclock import CallClock
from app.leads.records import Forget, Record
from app.office import StoreUnavailable
from app.sidecar.wire import Op

_RETRY_S = 0.2
_AT_ONCE = 20
"""Records that are sent again in one go, 1 ms of the hub: a thousand wait where a child was away for a minute."""
_SPILLED_AT_ONCE = 100
"""Records that go to one file: 2 ms of the hub, the disk's own time not among them."""
P = ParamSpec("P")
_log = structlog.get_logger("leads")


class StoreLink(Protocol):
    """What is needed of `app.sidecar.link.Link`."""

    @property
    def pid(self) -> int | None:
        """The child's process id, or None while there is none."""

    def open(self, request: Mapping[str, object], listener: Callable[[Op, bytes], None]) -> object:
        """Send a request; `listener` hears END or ERROR once."""

    def stop(self, grace_s: float = ...) -> None:
        """End the child."""


class LeadStore:
    """Tells the store child what happens. Every method but `query`, `change` and `stop` returns at once."""

    def __init__(
        self,
        link: StoreLink,
        journal_folder: Path,
        most_waiting: int = 1000,
        clock: CallClock | None = None,
        beside: Callable[[Callable[[], None]], None] = lambda write: write(),
    ) -> None:
        """`beside` does what waits for a disk while the hub goes on (`runtime.offload`)."""
        self._beside = beside
        self._clock = clock or CallClock()
        self._link = link
        self._folder = journal_folder
        self._most_waiting = most_waiting
        self._unconfirmed: dict[int, Record] = {}
        self._next = 0
        self._waiting = self._is_spilling = False
        self._losses = 0

    @property
    def unconfirmed(self) -> int:
        """Records the child has not confirmed yet; a number that stays high means that it is in trouble."""
        return len(self._unconfirmed)

    def tell(self, kind: Callable[P, Record], /, *args: P.args, **fields: P.kwargs) -> None:
        """Say what happened: `tell(TurnSaved, call_sid=…, number=…)`. A record that makes no sense is logged."""
        try:
            record = kind(*args, **fields)
        except ValueError as fault:
            # A fault of ours, not of the call, which goes on; pydantic's own text would hold the caller's words.
            faults = fault.errors(include_input=False, include_url=False) if hasattr(fault, "errors") else str(fault)
            _log.error("record_refused", kind=str(kind), call_sid=fields.get("call_sid"), faults=faults)
            return
        call_sid = fields.get("call_sid")
        if isinstance(call_sid, str) and "at" not in record.model_fields_set:
            record = record.model_copy(update={"at": self._clock.now(call_sid)})
        self._next += 1
        self._unconfirmed[self._next] = record
        if not self._waiting:
            self._send(self._next)
        elif len(self._unconfirmed) > self._most_waiting and not self._is_spilling:
            self._is_spilling = True
            eventlet.spawn_n(self._spill, self._most_waiting)

    def query(self, name: str, timeout_s: float = 2.0, **arguments: Any) -> dict[str, Any]:
        """Ask one of `questions.QUESTIONS`, or of `queries.IN_ORDER`; waits in the calling greenlet.

        Raises:
            StoreUnavailable: no answer in `timeout_s`, or the store is down.
            ValueError: the question makes no sense.
        """
        return self._answer({"op": "query", "name": name, "arguments": arguments}, timeout_s)

    def change(self, record: Record, timeout_s: float = 5.0) -> dict[str, Any]:
        """Have an operator's change written, and wait for it in the calling greenlet.

        Raises:
            StoreUnavailable: it is not known to be written.
            ValueError: it makes no sense.
        """
        return self._answer(record.model_dump(mode="json"), timeout_s)

    def forget(self, number: str, *, dry_run: bool, instance: str, timeout_s: float = 60.0) -> dict[str, Any]:
        """Erase everything of a number, or count it; see `upkeep.forgetting`.

        Raises:
            StoreUnavailable: it is not known to be erased.
            ValueError: it is no number.
        """
        request = Forget(number=number, dry_run=dry_run, instance=instance)
        return self._answer(request.model_dump(mode="json"), timeout_s)

    def stop(self, grace_s: float = 8.0) -> None:
        """Let the child write everything and try what is due, for at most `grace_s`; then end it."""
        deadline = time.monotonic() + grace_s
        while self._unconfirmed and time.monotonic() < deadline:
            eventlet.sleep(0.02)
        try:
            self._ask({"op": "finish"}, max(0.1, deadline - time.monotonic()))
        except StoreUnavailable as fault:
            _log.warning("store_not_finished", why=str(fault))
        while self._is_spilling:
            eventlet.sleep(0.02)
        self._spill(0)
        self._link.stop()

    def _send(self, number: int) -> None:
        request = {"service": "store", "record": self._unconfirmed[number].model_dump(mode="json")}
        self._link.open(request, lambda op, payload: self._answered(number, op, payload))

    def _answered(self, number: int, op: Op, payload: bytes) -> None:
        if op is Op.ERROR:
            error = orjson.loads(payload)
            if error.get("retriable"):
                self._wait()
                return
            _log.error("record_put_aside", why=error.get("message"))
        self._unconfirmed.pop(number, None)

    def _wait(self) -> None:
        self._losses += 1
        if not self._waiting:
            self._waiting = True
            eventlet.spawn_after(_RETRY_S, self._resume)

    def _resume(self, sent_to: int = 0, losses: int | None = None) -> None:
        """Send what waits, in the order in which it was told, a slice at a time; what is told meanwhile waits, too."""
        if self._link.pid is None or (losses is not None and losses != self._losses):  # the child was lost once more
            eventlet.spawn_after(_RETRY_S, self._resume)
            return
        due = list(islice((number for number in self._unconfirmed if number > sent_to), _AT_ONCE))
        for number in due:
            self._send(number)
        if len(due) < _AT_ONCE:
            self._waiting = False
        else:
            eventlet.spawn_after(0, self._resume, due[-1], self._losses)

    def _spill(self, most: int) -> None:
        """Move the oldest that wait to files that the child adopts, a piece at a time, until no more than `most` wait.

        Calls go on meanwhile, however slow the disk is. What the child comes to confirm in between is told it twice.
        """
        while len(self._unconfirmed) > most and self._spill_some():
            eventlet.sleep(0)
        self._is_spilling = False

    def _spill_some(self) -> bool:
        """Move one file's worth of records; False: it could not be done, and they still wait."""
        spilled = dict(islice(self._unconfirmed.items(), _SPILLED_AT_ONCE))
        path = self._folder / f"pending-{time.time_ns()}-{os.getpid()}-w.jsonl"

        def write() -> None:
            self._folder.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".tmp")  # not adopted before it is whole
            unfinished.write_bytes(lines)
            unfinished.rename(path)

        try:
            lines = b"".join(record.model_dump_json().encode() + b"\n" for record in spilled.values())
            self._beside(write)
        except Exception as fault:  # noqa: BLE001 - else nothing would be moved any more, and the end wait for ever
            _log.error("records_not_spilled", waiting=len(self._unconfirmed), why=str(fault))
            return False
        _log.warning("records_spilled", records=len(spilled), file=path.name)
        for number in spilled:
            self._unconfirmed.pop(number, None)
        return True

    def _answer(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        op, answer = self._ask(request, timeout_s)
        if op is Op.END:
            return answer
        if answer.get("code") == "invalid_request":
            raise ValueError(answer.get("message"))
        raise StoreUnavailable(f"{answer.get('code')}: {answer.get('message')}")

    def _ask(self, record: dict[str, Any], timeout_s: float) -> tuple[Op, dict[str, Any]]:
        answered: Event = Event()

        def listener(op: Op, payload: bytes) -> None:
            if op in (Op.END, Op.ERROR) and not answered.ready():
                answered.send((op, orjson.loads(payload)))

        self._link.open({"service": "store", "record": record}, listener)
        answer = answered.wait(timeout=timeout_s)
        if answer is None:
            raise StoreUnavailable(f"no answer within {timeout_s:g} s")
        op, content = answer
        return op, content
