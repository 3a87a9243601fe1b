"""The store child: takes records and queries from the worker, in order, and never loses one.

Four kinds of threads. The reader takes frames off the socket at once, whatever the database does. The store thread
(the process's main one) applies records; what the database cannot take goes to the journal, and everything after it,
until the journal is empty again. Each outbox thread delivers one channel. Operators' questions have a thread and a
connection of their own (`asking`), so that none stands before a call's writes. When the worker is gone, everything
that it sent is still written, its open calls become leads, and the child ends.
"""

import json
import logging
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError

from app.leads.database import StoreDown
from app.leads.journal import Journal
from app.leads.outgoing.outbox import Outbox
from app.leads.queries import ASKED_ALL_THE_TIME, IN_ORDER
from app.leads.questions.asking import Questions
from app.leads.records import RECORD, ByOperator, CallEnded, CallRecord, CallUsed, Forget, MessageStatus, Query, Record
from app.leads.store import Store
from app.leads.upkeep.forgetting import Forgetting
from app.sidecar.wire import Op, Unpacker, WireError, pack

Request = tuple[int, bytes]
"""A stream's number, and what was sent on it."""
_READ_BYTES = 256 * 1024
_MOST_TOGETHER = 20
_CHORES_S = 2.0
_SWEEP_S = 60.0
_LONGEST_RETRY_S = 10.0
_WEDGED_S = 90.0
"""A store thread this long at one thing is stuck: PINGs go unanswered, so that the worker starts another child."""
_FAREWELL_S = 8.0
_log = logging.getLogger("leads")


class Service:
    """One worker's store, on the child's end `connection` of the socketpair (blocking)."""

    def __init__(
        self,
        connection: socket.socket,
        store: Store,
        journal: Journal,
        outboxes: Sequence[Outbox],
        questions: Questions,
        forgetting: Forgetting,
        last_ahead_s: float,
        stop_ahead_s: float,
    ) -> None:
        """At the end what is due within so many seconds is tried at once: `last_ahead_s` where the worker is gone.

        `stop_ahead_s`: where the server was told to stop.
        """
        self._connection = connection
        self._store = store
        self._journal = journal
        self._outboxes = outboxes
        self._questions = questions
        self._forgetting = forgetting
        self._last_ahead_s, self._stop_ahead_s = last_ahead_s, stop_ahead_s
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._looked_at: deque[Request | None] = deque()
        self._sending = threading.Lock()
        self._open_calls: set[str] = set()
        self._busy_since: float | None = None
        self._down_since: float | None = None
        self._retry_at = 0.0
        self._retry_s = 1.0

    def run(self) -> None:
        """Serve until the worker closes the socket or dies."""
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        self._questions.start()
        self._adopt()
        next_sweep = 0.0
        for outbox in self._outboxes:
            outbox.start()
        self._send(0, Op.EVENT, {"ready": True})
        while True:
            try:
                request = self._looked_at.popleft() if self._looked_at else self._requests.get(timeout=_CHORES_S)
            except queue.Empty:
                pass
            else:
                if request is None:
                    break
                self._serve(*request)
            now = time.monotonic()
            if now >= self._retry_at:
                self._retry_at = now + _CHORES_S
                self._adopt()
            if now >= next_sweep and self._down_since is None:
                next_sweep = now + _SWEEP_S
                self._sweep()
        self._farewell(self._last_ahead_s)
        _log.info("the worker is gone, the store child ends")

    def _read(self) -> None:
        unpacker = Unpacker()
        try:
            while data := self._connection.recv(_READ_BYTES):
                for stream_id, op, payload in unpacker.feed(data):
                    if op is Op.OPEN:
                        self._take(stream_id, payload)
                    elif op is Op.PING and not self._wedged():
                        self._send_frame(pack(stream_id, Op.PONG))
        except (OSError, WireError) as fault:
            _log.info("the worker's socket ended: %s", fault)
        self._requests.put(None)

    def _take(self, stream_id: int, payload: bytes) -> None:
        """Put a request where it is answered: a call's own in their order, an operator's question beside them."""
        question = _question(payload)
        if question is None:
            self._requests.put((stream_id, payload))
        else:
            self._questions.ask(question, partial(self._reply, stream_id))

    def _reply(self, stream_id: int, answer: dict[str, Any] | None, code: str, message: str) -> None:
        if answer is None:
            self._send(stream_id, Op.ERROR, _error(code, message, retriable=code != "invalid_request"))
        else:
            self._send(stream_id, Op.END, answer)

    def _wedged(self) -> bool:
        since = self._busy_since
        return since is not None and time.monotonic() - since > _WEDGED_S

    def _serve(self, stream_id: int, payload: bytes) -> None:
        self._busy_since = time.monotonic()
        try:
            self._answer(stream_id, payload)
        finally:
            self._busy_since = None

    def _answer(self, stream_id: int, payload: bytes) -> None:
        try:
            request = json.loads(payload)["record"]
            op = request["op"]
        except (ValueError, KeyError, TypeError):
            self._refuse(stream_id, payload, "not a request: expected {'service': 'store', 'record': {'op': …}}")
            return
        if op == "query":
            self._query(stream_id, request)
            return
        if op == "forget":
            self._forget(stream_id, request)
            return
        if op == "finish":
            self._farewell(self._stop_ahead_s)
            self._send(stream_id, Op.END, {})
            return
        try:
            record = RECORD.validate_python(request)
        except ValidationError as fault:
            self._refuse(stream_id, payload, _faults(fault))
            return
        self._note(record)
        if not len(self._journal):  # else it would overtake what waits
            if self._wrote_together(stream_id, record):
                return
            try:
                self._store.apply(record)
            except StoreDown as fault:
                self._went_down(fault)
            except Exception as fault:  # noqa: BLE001 - one bad record must not stop those after it
                if isinstance(record, ByOperator):  # there is somebody to tell: nothing need be put aside
                    self._send(stream_id, Op.ERROR, _error("invalid_request", str(fault), retriable=False))
                    return
                self._refuse(stream_id, _line(record), f"{type(fault).__name__}: {fault}")
                return
            else:
                self._send(stream_id, Op.END, {})
                return
        self._journal.append(_line(record))
        self._send(stream_id, Op.END, {"journaled": True})

    def _wrote_together(self, stream_id: int, record: Record) -> bool:
        """Write a record with those that wait right behind it, if there are any, in one transaction.

        So a turn's words, slots and facts cost one commit, and the slower the database, the more share one. Where that
        cannot be (one of them is bad, another instance wrote the same call), each is written, or put aside, by itself.
        """
        if not isinstance(record, CallRecord):
            return False
        others = list(self._next_records())
        if not others:
            return False
        try:
            self._store.apply_together([record, *(other for _, other in others)])
        except Exception:  # noqa: BLE001 - which of them it was shows one by one
            self._looked_at.extendleft(reversed([request for request, _ in others]))
            return False
        for _, other in others:
            self._note(other)
        for number in (stream_id, *(request[0] for request, _ in others)):
            self._send(number, Op.END, {})
        return True

    def _next_records(self) -> Iterator[tuple[Request, CallRecord]]:
        """Take the requests that wait next, as long as they are good records of calls."""
        for _ in range(_MOST_TOGETHER - 1):
            try:
                request = self._looked_at.popleft() if self._looked_at else self._requests.get_nowait()
            except queue.Empty:
                return
            record = _record_of(request)
            if record is None:
                self._looked_at.appendleft(request)
                return
            assert request is not None
            yield request, record

    def _note(self, record: Record) -> None:
        if isinstance(record, CallEnded):
            self._open_calls.discard(record.call_sid)
        elif not isinstance(record, MessageStatus | ByOperator | CallUsed):  # that may be told behind the end
            # Not only at its start: that may have been told to a child before this one.
            self._open_calls.add(record.call_sid)

    def _query(self, stream_id: int, request: object) -> None:
        try:
            query = Query.model_validate(request)
            if query.name in ASKED_ALL_THE_TIME:
                self._spare_what_is_down()
            with self._store.database.begin(read_only=True) as session:
                answer = IN_ORDER[query.name](session, **query.arguments)
        except StoreDown as fault:
            if not self._was_just_down:
                self._went_down(fault)
            self._send(stream_id, Op.ERROR, _error("store_down", str(fault), retriable=True))
        except Exception as fault:  # noqa: BLE001 - the asker hears of it, the others go on
            self._send(stream_id, Op.ERROR, _error("invalid_request", str(fault), retriable=False))
        else:
            self._send(stream_id, Op.END, answer)

    def _forget(self, stream_id: int, request: dict[str, Any]) -> None:
        """Between the calls' writes: it erases what they wrote."""
        try:
            forget = Forget.model_validate(request)
            answer = self._forgetting(forget.number, dry_run=forget.dry_run, instance=forget.instance)
        except StoreDown as fault:
            self._send(stream_id, Op.ERROR, _error("store_down", str(fault), retriable=True))
        except ValueError as fault:
            self._send(stream_id, Op.ERROR, _error("invalid_request", str(fault), retriable=False))
        else:
            self._send(stream_id, Op.END, answer)

    def _refuse(self, stream_id: int, line: bytes, reason: str) -> None:
        self._journal.reject(line, reason)
        self._send(stream_id, Op.ERROR, _error("invalid_request", reason, retriable=False))

    def _adopt(self) -> None:
        """Replay what waits: this process's journal, and those of processes that died."""
        self._busy_since = time.monotonic()
        try:
            adopted = self._journal.adopt()
            if adopted:
                _log.info("found %d records that were not in the store yet", adopted)
            if self._journal:
                replayed = self._journal.replay(self._replay_line)
                _log.info("wrote %d records that had waited", replayed)
            self._down_since, self._retry_s = None, 1.0
        except StoreDown as fault:
            self._went_down(fault)
        finally:
            self._busy_since = None

    def _replay_line(self, line: bytes) -> None:
        self._busy_since = time.monotonic()
        try:
            self._store.apply(RECORD.validate_json(line))
        except StoreDown:
            raise
        except Exception as fault:  # noqa: BLE001 - one bad record must not hold up those behind it
            self._journal.reject(line, f"{type(fault).__name__}: {fault}")

    def _spare_what_is_down(self) -> None:
        """Try no database that was down a moment ago: records wait behind whoever tries."""
        if self._was_just_down:
            raise StoreDown("it was down a moment ago")

    @property
    def _was_just_down(self) -> bool:
        return self._down_since is not None and time.monotonic() < self._retry_at

    def _went_down(self, fault: StoreDown) -> None:
        now = time.monotonic()
        if self._down_since is None:
            self._down_since = now
            _log.error("the store is down, records go to the journal until it is back: %s", fault)
        self._retry_at = now + self._retry_s
        self._retry_s = min(self._retry_s * 2, _LONGEST_RETRY_S)

    def _sweep(self) -> None:
        try:
            abandoned = self._store.sweep()
        except StoreDown as fault:
            self._went_down(fault)
        except Exception:  # noqa: BLE001 - tried again in a minute
            _log.exception("looking for abandoned calls failed")
        else:
            if abandoned:
                _log.info("closed %d abandoned calls", abandoned)

    def _farewell(self, ahead_s: float) -> None:
        """Write what waits, make leads of the worker's open calls, and try what is due within `ahead_s`."""
        deadline = time.monotonic() + _FAREWELL_S
        self._adopt()
        try:
            if self._open_calls:
                count = self._store.abandon(self._open_calls)
                self._open_calls = set()
                _log.info("closed %d calls whose worker is gone", count)
            for outbox in self._outboxes:
                outbox.stop(max(0.0, deadline - time.monotonic()))
            for outbox in self._outboxes:
                while time.monotonic() < deadline and outbox.deliver_one(ahead_s):
                    pass
        except StoreDown as fault:
            _log.error("the store is down at the end; what is missing is done at the next start: %s", fault)

    def _send(self, stream_id: int, op: Op, answer: object) -> None:
        payload = json.dumps(answer, ensure_ascii=False, default=str).encode()
        self._send_frame(pack(stream_id, op, payload))

    def _send_frame(self, frame: bytes) -> None:
        try:
            with self._sending:
                self._connection.sendall(frame)
        except OSError:
            pass  # the worker is gone: the reader notices, and what it sent is still written


def _record_of(request: Request | None) -> CallRecord | None:
    """Return the record of a call that a request holds, else None."""
    try:
        record = RECORD.validate_python(json.loads(request[1])["record"]) if request else None
    except (ValueError, KeyError, TypeError):
        return None
    return record if isinstance(record, CallRecord) else None


def _question(payload: bytes) -> dict[str, Any] | None:
    """Return what is asked if this is an operator's question, else None."""
    if b'"query"' not in payload:
        return None
    try:
        request = json.loads(payload)["record"]
        is_question = request["op"] == "query" and request["name"] not in IN_ORDER
    except (ValueError, KeyError, TypeError):
        return None
    return request if is_question else None


def _line(record: Record) -> bytes:
    return record.model_dump_json().encode()


def _error(code: str, message: str, *, retriable: bool) -> dict[str, object]:
    return {"code": code, "message": message, "retriable": retriable}


def _faults(fault: ValidationError) -> str:
    """Name what is wrong with a record, without the caller's words."""
    errors = fault.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors)
