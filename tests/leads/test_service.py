"""The store child as a real process: killed, cut off from its database, and with a receiver that misbehaves."""

import json
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import text

from app.leads.database import Database, StoreDown
from app.leads.journal import Journal
from app.leads.records import CallEnded, CallStarted, FactsSaved, Requeue, SlotChange, SlotsChanged, TurnSaved
from app.leads.service import Service
from app.sidecar.wire import Op, Unpacker, pack
from tests.leads.harness import Child, wait_until
from tests.leads.postgres import Postgres
from tests.leads.receiver import Receiver

CALLER = "+972500000007"


def now() -> datetime:
    return datetime.now(UTC)


def started(sid: str) -> CallStarted:
    return CallStarted(at=now(), call_sid=sid, from_number=CALLER)


def turn(sid: str, number: int) -> TurnSaved:
    return TurnSaved(at=now(), call_sid=sid, number=number, caller_text=f"תור {number}", state={"turn": number})


def ended(sid: str) -> CallEnded:
    return CallEnded(at=now(), call_sid=sid, outcome="confirmed")


def test_a_call_becomes_a_delivered_lead(url: str, tmp_path: Path, receiver: Receiver) -> None:
    """R14: stored as it happens, delivered when it ends, the caller's number masked in the log (R11.1)."""
    with Child(url, tmp_path, webhook_url=receiver.url, webhook_secret="a secret") as child:
        child.ping()
        slots = SlotsChanged(at=now(), call_sid="CA1", turn=1, changes={"area": SlotChange(value=["חיפה"])})
        child.do(started("CA1"), turn("CA1", 1), slots)
        assert child.query("call_state", call_sid="CA1")[1]["state"] == {"turn": 1}
        child.do(ended("CA1"))
        wait_until(lambda: child.timeline("CA1")["deliveries"][0]["state"] == "delivered", "the delivery")
        assert len(receiver.requests) == 1
        log = child.log()
    assert "call_sid=CA1" in log
    assert CALLER not in log
    assert "secret" not in log


def test_a_child_killed_in_mid_call_loses_nothing_it_confirmed(url: str, tmp_path: Path) -> None:
    """R14: kill -9 in mid-call loses at most what was not confirmed yet."""
    with Child(url, tmp_path) as child:
        child.do(started("CA1"), *(turn("CA1", number) for number in range(20)))
        for number in range(20, 40):
            child.tell(turn("CA1", number))
        child.kill()
    with Child(url, tmp_path) as child:
        told = child.timeline("CA1")["turns"]
        assert [row["number"] for row in told] == list(range(len(told)))
        assert len(told) >= 20
        child.do(*(turn("CA1", number) for number in range(10, 40)), ended("CA1"))
        told = child.timeline("CA1")
        assert len(told["turns"]) == 40
        assert told["lead"]["idempotency_key"] == "lead-CA1"


def test_a_killed_worker_s_last_words_are_written_and_its_calls_are_leads(
    url: str, tmp_path: Path, receiver: Receiver
) -> None:
    """R14: the child reads on until the end of the socket, then makes leads of the abandoned calls."""
    with Child(url, tmp_path, webhook_url=receiver.url) as child:
        child.do(started("CA1"), started("CA2"))
        for number in range(50):
            child.tell(turn("CA1", number))
        child.tell(ended("CA2"))
        child.lose_worker()
    delivered = [request.headers["Idempotency-Key"] for request in receiver.requests]
    assert delivered == ["lead-CA2"], "the other may go on with the next worker"
    with Child(url, tmp_path, webhook_url=receiver.url) as child:
        told = child.timeline("CA1")
        assert len(told["turns"]) == 50
        assert told["call"]["outcome"] == "abandoned"
        assert told["lead"] is not None
        assert child.timeline("CA2")["call"]["outcome"] == "confirmed"


def test_what_waits_together_is_written_together(postgresql_url: str, tmp_path: Path) -> None:
    """R14, R20: a commit costs more than a row; PostgreSQL tells which transaction wrote one."""
    with Child(postgresql_url, tmp_path) as child:
        child.do(started("CA1"))
        child.process.send_signal(signal.SIGSTOP)
        told = [child.tell(turn("CA1", number)) for number in range(18)]
        child.process.send_signal(signal.SIGCONT)
        assert {child.answer(number)[0] for number in told} == {Op.END}
    database = Database(postgresql_url)
    with database.begin(read_only=True) as session:
        transactions = session.scalar(text("SELECT count(DISTINCT xmin::text) FROM turns"))
    database.close()
    assert transactions < 9


def test_signals_to_the_whole_group_leave_the_child_serving(sqlite_url: str, tmp_path: Path) -> None:
    """R18: gunicorn and terminals signal groups; live calls need the store until their worker ends."""
    with Child(sqlite_url, tmp_path) as child:
        child.do(started("CA1"))
        child.process.send_signal(signal.SIGTERM)
        child.process.send_signal(signal.SIGINT)
        child.do(ended("CA1"))
        child.lose_worker()


def test_what_ends_with_the_worker_is_still_delivered(url: str, tmp_path: Path, receiver: Receiver) -> None:
    """R14: an instance that is stopped may be the last for hours; a lead that has not settled yet goes out.

    So do those of calls that nobody goes on with; where others have the database, one of them may, and they wait.
    """
    with Child(url, tmp_path, webhook_url=receiver.url, settle_s=5.0) as child:
        child.do(started("CA1"), ended("CA1"), started("CA2"), started("CA3"))
        child.do(CallEnded(at=now(), call_sid="CA2", outcome="goodbye_incomplete", reason="lost"))
        assert child.answer(child.tell({"op": "finish"}))[0] is Op.END
        outcomes = [child.timeline(sid)["call"]["outcome"] for sid in ("CA1", "CA2", "CA3")]
        assert outcomes == ["confirmed", "abandoned", "abandoned"]
        delivered = [request.headers["Idempotency-Key"] for request in receiver.requests]
        for_good = [] if url.startswith("postgresql") else ["lead-CA2", "lead-CA3"]
        assert sorted(delivered) == ["lead-CA1", *for_good]


def test_a_lead_waits_through_restarts_for_its_receiver(sqlite_url: str, tmp_path: Path, receiver: Receiver) -> None:
    """R14: retried across restarts under one idempotency key, until acknowledged, then never again."""
    receiver.answers.append(500)
    with Child(sqlite_url, tmp_path, webhook_url=receiver.url) as child:
        child.do(started("CA1"), ended("CA1"))
        wait_until(lambda: "HTTP 500" in child.timeline("CA1")["deliveries"][0]["last_error"], "the first failure")
        child.kill()
    with Child(sqlite_url, tmp_path, webhook_url=receiver.url) as child:
        wait_until(lambda: child.timeline("CA1")["deliveries"][0]["state"] == "delivered", "the delivery")
        assert child.timeline("CA1")["deliveries"][0]["attempts"] == 2
        child.kill()
    with Child(sqlite_url, tmp_path, webhook_url=receiver.url) as child:
        child.do(started("CA2"), ended("CA2"))
        wait_until(lambda: child.timeline("CA2")["deliveries"][0]["state"] == "delivered", "the second lead")
    keys = [request.headers["Idempotency-Key"] for request in receiver.requests]
    assert keys == ["lead-CA1"] * 2 + ["lead-CA2"]


def test_a_refused_lead_is_visible_and_goes_out_when_an_operator_says_so(
    sqlite_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    """R14: what cannot be delivered is visible, never dropped."""
    receiver.answers.append(410)
    with Child(sqlite_url, tmp_path, webhook_url=receiver.url) as child:
        child.do(started("CA1"), ended("CA1"))
        wait_until(lambda: child.timeline("CA1")["deliveries"][0]["state"] == "failed_permanently", "the refusal")
        (row,) = child.query("outbox")[1]["undelivered"]
        assert (row["call_sid"], row["last_error"]) == ("CA1", "HTTP 410")
        child.do(Requeue(at=now(), delivery_id=row["id"]))
        wait_until(lambda: child.timeline("CA1")["deliveries"][0]["state"] == "delivered", "the delivery")


class DownStore:
    """A store whose database cannot be reached; counts who tries."""

    def __init__(self) -> None:
        self.database = self
        self.tries = 0

    def begin(self, *, read_only: bool) -> NoReturn:
        assert read_only
        self.tries += 1
        raise StoreDown("connection timed out")

    def sweep(self) -> int:
        return 0

    def start(self) -> None:
        """No operator asks."""


def test_what_is_asked_all_the_time_does_not_keep_records_waiting_for_a_database_that_is_down(tmp_path: Path) -> None:
    """R14, R18: each try may take seconds, and a question comes twice a second; one that a call hangs on is tried."""
    ours, theirs = socket.socketpair()
    store: Any = DownStore()
    service = Service(theirs, store, Journal(tmp_path), [], store, store, 0.0, 0.0)
    for number, name in enumerate(["served_by"] * 4 + ["call_state"], 1):
        query = {"op": "query", "name": name, "arguments": {}}
        ours.sendall(pack(number, Op.OPEN, json.dumps({"record": query}).encode()))
    ours.shutdown(socket.SHUT_WR)
    service.run()
    answers = [json.loads(payload) for _, op, payload in Unpacker().feed(ours.recv(100_000)) if op is Op.ERROR]
    assert [answer["code"] for answer in answers] == ["store_down"] * 5
    assert store.tries == 2


def test_while_the_database_is_down_records_wait_in_order_even_through_a_kill(
    postgres: Postgres, postgresql_url: str, tmp_path: Path
) -> None:
    """R14: writes are queued, on disk, and replayed in order when the store is back; nothing lost."""
    with Child(postgresql_url, tmp_path) as child:
        child.do(started("CA1"), turn("CA1", 0))
        postgres.stop()
        try:
            answers = child.do(*(turn("CA1", number) for number in range(1, 30)))
            assert all(answer.get("journaled") for answer in answers)
            assert child.query("journal") == (Op.END, {"waiting": 29}), "which no database could tell"
            op, error = child.query("call_state", call_sid="CA1")
            assert (op, error["code"], error["retriable"]) == (Op.ERROR, "store_down", True)
            child.kill()
        finally:
            postgres.start()
    postgres.stop()
    try:
        child = Child(postgresql_url, tmp_path)  # started while the database is down
        child.do(ended("CA1"))
    finally:
        postgres.start()
    with child:

        def whole() -> bool:
            op, told = child.query("call_timeline", call_sid="CA1")
            return op is Op.END and told["lead"] is not None

        wait_until(whole, "the replay")
        told = child.timeline("CA1")
        assert [row["number"] for row in told["turns"]] == list(range(30))
        assert len(told["lead"]["payload"]["transcript"]) == 30
        child.do(started("CA2"))
        assert list((tmp_path / "journal").iterdir()) == []


@contextmanager
def no_room_for_files(child: Child) -> Iterator[None]:
    """Let no file of the child's grow any further."""
    _, most = resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE, (32 * 1024, most))
    yield
    resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE, (most, most))


def test_while_the_database_is_full_records_wait_in_order(
    url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """R14: calls go on, and nothing is lost once there is room again."""
    with Child(url, tmp_path) as child:
        child.do(started("CA1"), turn("CA1", 0))
        is_sqlite = url.startswith("sqlite")
        with no_room_for_files(child) if is_sqlite else request.getfixturevalue("postgres").full(url):
            long = "מילה " * 400
            records = [TurnSaved(at=now(), call_sid="CA1", number=number, caller_text=long) for number in range(1, 12)]
            answers = child.do(*records)
            assert answers[-1].get("journaled")
            child.ping()
        child.do(ended("CA1"))
        wait_until(lambda: child.timeline("CA1")["lead"] is not None, "the replay")
        assert [row["number"] for row in child.timeline("CA1")["turns"]] == list(range(12))


def test_a_record_no_database_takes_costs_none_of_those_that_came_with_it(url: str, tmp_path: Path) -> None:
    """R14: what comes in one burst is written in one transaction, and one by one where that cannot be."""
    too_large = SlotsChanged(at=now(), call_sid="CA1", turn=2**70, changes={"area": SlotChange(value=["חיפה"])})
    with Child(url, tmp_path) as child:
        child.do(started("CA1"))
        for _ in range(3):
            records = (turn("CA1", 1), too_large, turn("CA1", 2), started("CA2"), turn("CA2", 1), ended("CA1"))
            answers = [child.answer(number)[0] for number in [child.tell(record) for record in records]]
            assert answers == [Op.END, Op.ERROR, Op.END, Op.END, Op.END, Op.END]
        assert [row["number"] for row in child.timeline("CA1")["turns"]] == [1, 2]
        assert child.timeline("CA1")["call"]["outcome"] == "confirmed"
        assert [row["number"] for row in child.timeline("CA2")["turns"]] == [1]
    assert len((tmp_path / "journal" / "rejected.jsonl").read_text().splitlines()) == 3


def test_instances_that_tell_of_the_same_calls_in_another_order_lose_nothing(
    postgresql_url: str, tmp_path: Path
) -> None:
    """R14, R18: transactions of several calls may meet in a deadlock; then each record is written by itself."""
    for home in ("one", "two"):
        (tmp_path / home).mkdir()
    with Child(postgresql_url, tmp_path / "one") as one, Child(postgresql_url, tmp_path / "two") as two:
        one.do(started("CA1"), started("CA2"))
        told = [
            (child, child.tell(turn(sid, number)))
            for step in range(0, 40, 2)
            for child, sids, number in ((one, ("CA1", "CA2"), step), (two, ("CA2", "CA1"), step + 1))
            for sid in sids
        ]
        assert {child.answer(number)[0] for child, number in told} == {Op.END}
        one.do(ended("CA1"), ended("CA2"))
        for sid in ("CA1", "CA2"):
            wait_until(lambda sid=sid: len(one.timeline(sid)["turns"]) == 40, "what waited in a journal")  # type: ignore[misc]


def test_nonsense_is_put_aside_and_the_next_record_is_served(sqlite_url: str, tmp_path: Path) -> None:
    """R14: one bad record costs neither itself nor those behind it."""
    with Child(sqlite_url, tmp_path) as child:
        for nonsense in ({"op": "turn", "call_sid": "CA1"}, {"op": "fly"}, {"call_sid": "CA1"}):
            op, error = child.answer(child.tell(nonsense))
            assert (op, error["code"], error["retriable"]) == (Op.ERROR, "invalid_request", False)
        facts = FactsSaved(at=now(), call_sid="CA" + "x" * 62, summary="ש" * 100_000)
        child.do(facts, started("CA1"))
        assert child.query("call_state", call_sid="CA1")[1]["known"]
        op, error = child.query("call_timeline", wrong=1)
        assert (op, error["code"]) == (Op.ERROR, "invalid_request")
    assert len((tmp_path / "journal" / "rejected.jsonl").read_text().splitlines()) == 3
