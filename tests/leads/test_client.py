"""The worker's side, over a real link to a real child, on eventlet's hub."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import eventlet
import pytest
from eventlet.event import Event
from structlog.testing import capture_logs

from app.config import load
from app.leads.callclock import CallClock
from app.leads.childconfig import VARIABLE, StoreChildConfig, child_environment, store_child_config
from app.leads.client import LeadStore
from app.leads.records import RECORD, CallEnded, CallStarted, FactsSaved, SlotChange, SlotsChanged, TurnSaved
from app.office import StoreUnavailable
from app.sidecar.link import Link
from app.sidecar.wire import Op
from tests.leads.receiver import Receiver

CALLER = "+972500000007"


def wait_until(true: Callable[[], object], what: str, every_s: float = 0.02) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        eventlet.sleep(every_s)


class Worker:
    """A link and a store on it, as the worker has them."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.config = StoreChildConfig(
            database_url=f"sqlite:///{folder}/agent.db", journal_folder=folder / "journal", settle_s=0.0, **config
        )
        self.link = Link("app.leads", {VARIABLE: self.config.model_dump_json()}, name="store")
        self.store = LeadStore(self.link, self.config.journal_folder)

    def timeline(self, call_sid: str) -> dict[str, Any]:
        try:
            return self.store.query("call_timeline", timeout_s=20.0, call_sid=call_sid)
        except StoreUnavailable:  # the child is being started again
            return {"turns": [], "lead": None, "deliveries": []}


@pytest.fixture
def worker(tmp_path: Path, receiver: Receiver) -> Iterator[Worker]:
    made = Worker(tmp_path, webhook_url=receiver.url)
    yield made
    made.link.stop(0.1)


def test_a_call_told_through_the_link_is_a_lead_when_the_worker_stops(worker: Worker, receiver: Receiver) -> None:
    """R14, R18: an orderly stop leaves nothing behind."""
    store = worker.store
    worker.link.start()
    store.tell(CallStarted, call_sid="CA1", from_number=CALLER)
    store.tell(TurnSaved, call_sid="CA1", number=1, caller_text="דירה בחיפה", latencies_ms={"asr": 100}, state={"n": 1})
    area = SlotChange(value=["חיפה"], quote="בחיפה")
    store.tell(SlotsChanged, call_sid="CA1", turn=1, changes={"area": area})
    store.tell(FactsSaved, call_sid="CA1", summary="דירה בחיפה")
    store.tell(CallEnded, call_sid="CA1", outcome="confirmed")
    assert store.query("call_state", timeout_s=20.0, call_sid="CA1")["state"] == {"n": 1}
    store.stop()
    assert store.unconfirmed == 0
    (request,) = receiver.requests
    lead = json.loads(request.body)
    assert (lead["summary"], lead["slots"]["area"]["value"]) == ("דירה בחיפה", ["חיפה"])


def test_a_correction_after_the_clock_was_set_back_is_the_newer(worker: Worker) -> None:
    """R14: "no, in Bat Yam" three seconds of wall clock before what it corrects; its turn is stored, too."""
    walls = iter([datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 23, 11, 59, 57, tzinfo=UTC)])
    store = LeadStore(worker.link, worker.config.journal_folder, clock=CallClock(lambda: next(walls)))
    worker.link.start()
    for turn, town in enumerate(("חולון", "בת ים"), 1):
        store.tell(TurnSaved, call_sid="CA1", number=1, caller_text=town, latencies_ms={}, state={"turn": turn})
        store.tell(SlotsChanged, call_sid="CA1", turn=turn, changes={"area": SlotChange(value=[town], quote=town)})
    state = store.query("call_state", timeout_s=20.0, call_sid="CA1")
    assert (state["slots"]["area"]["value"], state["state"]) == (["בת ים"], {"turn": 2})
    assert worker.timeline("CA1")["turns"][0]["caller_text"] == "בת ים"


def test_a_child_killed_under_a_call_costs_no_record(worker: Worker) -> None:
    """R14: what the child had not confirmed is told again, in order."""
    store = worker.store
    worker.link.start()
    store.tell(CallStarted, call_sid="CA1", from_number=CALLER)
    for number in range(30):
        store.tell(TurnSaved, call_sid="CA1", number=number, caller_text="כן")
        if number in (5, 20):
            wait_until(lambda: worker.link.ready, "the child")
            eventlet.sleep(0)
            kill(worker.link)
    store.tell(CallEnded, call_sid="CA1", outcome="confirmed")
    wait_until(lambda: store.unconfirmed == 0, "the last confirmation")
    told = worker.timeline("CA1")
    assert [turn["number"] for turn in told["turns"]] == list(range(30))
    assert len(told["lead"]["payload"]["transcript"]) == 30


def kill(link: Link) -> None:
    import os
    import signal

    pid = link.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: link.pid != pid, "the end of the child")


def test_without_a_child_records_go_to_a_file_that_the_next_child_adopts(tmp_path: Path) -> None:
    """R14: bounded in memory, nothing lost."""
    first = Worker(tmp_path)
    store = LeadStore(first.link, first.config.journal_folder, most_waiting=10)
    store.tell(CallStarted, call_sid="CA1", from_number=CALLER)  # the link was never started

    def spilled() -> bool:
        store.tell(TurnSaved, call_sid="CA1", number=store.unconfirmed, caller_text="כן")
        return any(first.config.journal_folder.glob("*.jsonl"))

    wait_until(spilled, "the file")
    assert store.unconfirmed <= 10
    store.tell(CallEnded, call_sid="CA1", outcome="goodbye")
    store.stop(0.2)
    second = Worker(tmp_path)
    second.link.start()
    wait_until(lambda: second.timeline("CA1").get("lead"), "the adopted records")
    wait_until(lambda: not list(first.config.journal_folder.iterdir()), "the journal to be emptied")
    second.store.stop()


class DeafLink:
    """A link whose child takes everything and answers nothing."""

    pid = 1

    def __init__(self) -> None:
        self.opened: list[Mapping[str, object]] = []

    def open(self, request: Mapping[str, object], listener: Callable[[Op, bytes], None]) -> object:
        self.opened.append(request)
        return None

    def stop(self, grace_s: float = 0.0) -> None:
        pass


class FlakyLink(DeafLink):
    """A link that answers each request at once: that its child has died, while `is_down`, else that all is well."""

    is_down = True

    def open(self, request: Mapping[str, object], listener: Callable[[Op, bytes], None]) -> object:
        eventlet.spawn_n(listener, Op.ERROR if self.is_down else Op.END, b'{"retriable": true}')
        return super().open(request, listener)

    def numbers(self) -> list[int]:
        return [request["record"]["number"] for request in self.opened]  # type: ignore[index]


def test_a_thousand_records_that_waited_are_sent_in_order_and_never_many_at_once(tmp_path: Path) -> None:
    """R14: a call's frames go out in between; what is told meanwhile comes behind."""
    link = FlakyLink()
    store = LeadStore(link, tmp_path)
    store.tell(TurnSaved, call_sid="CA1", number=0, caller_text="כן")
    eventlet.sleep(0)
    for number in range(1, 990):
        store.tell(TurnSaved, call_sid="CA1", number=number, caller_text="כן")
    assert len(link.opened) == 1  # the rest waits for the child
    link.is_down = False
    link.opened.clear()
    most = sent = 0
    deadline = time.monotonic() + 30
    while store.unconfirmed and time.monotonic() < deadline:
        eventlet.sleep(0)
        most, sent = max(most, len(link.opened) - sent), len(link.opened)
        if sent == 500:
            store.tell(TurnSaved, call_sid="CA1", number=990, caller_text="כן")
    assert link.numbers() == list(range(991))
    assert most <= 20


def test_a_child_that_dies_while_records_are_sent_again_gets_them_from_the_first(tmp_path: Path) -> None:
    """R14: what it had confirmed is not sent twice, what it had not is, in order."""
    link = FlakyLink()
    store = LeadStore(link, tmp_path)
    for number in range(100):
        store.tell(TurnSaved, call_sid="CA1", number=number, caller_text="כן")
        eventlet.sleep(0)
    link.is_down = False
    wait_until(lambda: store.unconfirmed < 100, "the first slice", every_s=0)
    link.is_down = True
    eventlet.sleep(0.05)
    confirmed = 100 - store.unconfirmed
    assert 0 < confirmed < 100
    link.is_down = False
    link.opened.clear()
    wait_until(lambda: not store.unconfirmed, "the rest")
    assert link.numbers() == list(range(confirmed, 100))


def test_what_does_not_fit_goes_to_files_a_piece_at_a_time(tmp_path: Path) -> None:
    """R14, server.md: the oldest first; the hub is not held for a thousand."""
    store = LeadStore(FlakyLink(), tmp_path, most_waiting=150)
    for number in range(350):
        store.tell(TurnSaved, call_sid="CA1", number=number, caller_text="כן")
        eventlet.sleep(0)
    files = [path.read_bytes().splitlines() for path in sorted(tmp_path.glob("pending-*.jsonl"))]
    assert [len(lines) for lines in files] == [100, 100]
    assert [json.loads(line)["number"] for lines in files for line in lines] == list(range(200))
    assert store.unconfirmed == 150


def test_a_slow_disk_holds_up_nobody_who_tells_and_nothing_is_lost(tmp_path: Path) -> None:
    """R14: what is told while a file is written waits behind it; the end waits for the file."""
    disk: list[Event] = []

    def slowly(write: Callable[[], None]) -> None:
        disk.append(Event())
        disk[-1].wait()
        write()

    store = LeadStore(FlakyLink(), tmp_path, most_waiting=150, beside=slowly)
    told = 0
    while told < 300:
        store.tell(TurnSaved, call_sid="CA1", number=told, caller_text="כן")
        told += 1
        eventlet.sleep(0)
    assert len(disk) == 1  # one file at a time
    assert store.unconfirmed == told
    over = eventlet.spawn(store.stop, 0.0)
    while not over.dead:
        eventlet.sleep(0)
        for file in disk:
            if not file.ready():
                file.send()
    written = [path.read_bytes().splitlines() for path in sorted(tmp_path.glob("pending-*.jsonl"))]
    assert [json.loads(line)["number"] for lines in written for line in lines] == list(range(told))


def test_a_fault_at_the_disk_s_side_keeps_the_records_and_is_tried_again(tmp_path: Path) -> None:
    """R14: whatever broke, the next record that finds no room goes on with it, and the end does not wait for it."""
    faults = [RuntimeError("no thread")]

    def broken_once(write: Callable[[], None]) -> None:
        if faults:
            raise faults.pop()
        write()

    store = LeadStore(FlakyLink(), tmp_path, most_waiting=150, beside=broken_once)
    for number in range(200):
        store.tell(TurnSaved, call_sid="CA1", number=number, caller_text="כן")
        eventlet.sleep(0)
    assert not faults
    eventlet.sleep(0)
    assert store.unconfirmed <= 150
    store.stop(0.0)
    lines = [line for path in tmp_path.glob("pending-*.jsonl") for line in path.read_bytes().splitlines()]
    assert sorted(json.loads(line)["number"] for line in lines) == list(range(200))


def test_a_child_that_never_answers_holds_up_no_call(tmp_path: Path) -> None:
    """R14: a query has a deadline, a record none; what was not confirmed is on disk at the end."""
    store = LeadStore(DeafLink(), tmp_path)
    store.tell(TurnSaved, call_sid="CA1", number=1, caller_text="שלום")
    with pytest.raises(StoreUnavailable, match="no answer"):
        store.query("call_state", timeout_s=0.05, call_sid="CA1")
    with capture_logs() as logs:
        store.stop(0.05)
    assert [line["event"] for line in logs] == ["store_not_finished", "records_spilled"]
    (file,) = tmp_path.glob("pending-*.jsonl")
    record = RECORD.validate_json(file.read_bytes())
    assert isinstance(record, TurnSaved)
    assert record.caller_text == "שלום"


def test_a_record_that_makes_no_sense_is_logged_and_the_call_goes_on(tmp_path: Path) -> None:
    """R14: a fault of ours is not the caller's."""
    link = DeafLink()
    store = LeadStore(link, tmp_path)
    store.tell(TurnSaved, call_sid="CA1", number=-1)
    store.tell(CallStarted, call_sid="CA1", channel="carrier pigeon")
    assert (link.opened, store.unconfirmed) == ([], 0)


def test_the_child_s_configuration_comes_from_the_settings(tmp_path: Path) -> None:
    """R1.3: one typed settings object; SQLite in DATA_DIR unless DATABASE_URL is set."""
    config = store_child_config(load({"DATA_DIR": str(tmp_path), "LEAD_WEBHOOK_URL": "https://office.example/"}))
    assert config.database_url == f"sqlite:///{tmp_path}/agent.db"
    assert config.webhook_url == "https://office.example/"
    url = "postgres://office:secret@db.example/leads"
    assert store_child_config(load({"DATABASE_URL": url})).database_url == url
    told = {
        "LEAD_WEBHOOK_SECRET": "hook",
        "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        "TWILIO_AUTH_TOKEN": "a token",
        "WHATSAPP_FROM": "+972500000001",
        "WHATSAPP_TEMPLATE_SID": "HX" + "2" * 32,
        "SAMPLE_KEEP_HOURS": "2",
        "AUDIO_KEEP_DAYS": "3",
        "TAPE_KEEP_DAYS": "4",
        "TRANSCRIPT_KEEP_DAYS": "5",
        "LEAD_KEEP_DAYS": "6",
        "LOG_CALLS": str(tmp_path / "calls"),
    }
    whole = store_child_config(load(told))
    assert (whole.webhook_secret, whole.twilio_auth_token, whole.audit_key) == ("hook", "a token", "a token")
    assert (whole.whatsapp_from, whole.whatsapp_template_sid) == ("+972500000001", told["WHATSAPP_TEMPLATE_SID"])
    assert (whole.sample_keep_s, whole.audio_keep_s, whole.tape_keep_s) == (7200, 259_200, 345_600)
    assert (whole.words_keep_days, whole.lead_keep_days, whole.tape_folder) == (5, 6, tmp_path / "calls")
    assert whole.delete_recording() is not None
    assert config.delete_recording() is None
    assert store_child_config(load({"LEAD_WEBHOOK_SECRET": "hook"})).audit_key == "hook"
    assert store_child_config(load({"MAX_CALL_MINUTES": "20"})).idle_s == 1200
    assert config.idle_s >= 600
    callback = "https://agent.example.com/webhook/message_status"
    carried = child_environment(load({"DATABASE_URL": url}), callback)[VARIABLE]
    assert StoreChildConfig.model_validate_json(carried).whatsapp_status_callback == callback


def test_the_worker_never_loads_what_blocks() -> None:
    """R8.3: SQLAlchemy's locks and the database drivers stay out of the process with the hub."""
    program = (
        "import sys, app.leads.client, app.leads.childconfig\n"
        "print([name for name in ('sqlalchemy', 'alembic', 'psycopg', 'requests', 'sqlite3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
