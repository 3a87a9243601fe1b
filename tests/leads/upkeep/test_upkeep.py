"""What is kept for a time, and what is erased at once; on SQLite and on PostgreSQL."""

import json
import os
import time
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from app.call.shell.audio_file import HEADER, header
from app.leads.command import forget_command
from app.leads.models import Channel, DeliveryState
from app.leads.outgoing.deliveries import Change
from app.leads.questions import QUESTIONS
from app.leads.questions.quality import next_unsettled
from app.leads.records import CallBack, CallEnded, CallStarted, FactsSaved, SlotChange, SlotsChanged, TurnSaved
from app.leads.store import Store
from app.leads.upkeep.files import CallFiles, Kept
from app.leads.upkeep.forgetting import Forgetting
from app.leads.upkeep.keeper import Keeper
from app.leads.upkeep.sweeping import Keep, Sweep
from app.telephony.recordings import RecordingAccount, delete_recording
from tests.emulators.twilio_rest import TwilioRestEmulator
from tests.leads.conftest import Clock

NUMBER, OTHER = "+972501234567", "+972529999999"
WORDS = "דירה בחולון"


def ring(store: Store, clock: Clock, sid: str, number: str = NUMBER, said: str | None = None) -> None:
    """One ended call, with everything that a call leaves."""
    at = clock.pass_s(60)
    store.apply(CallStarted(at=at, call_sid=sid, from_number=number, to_number="+972770000000"))
    turn = {"caller_text": WORDS, "agent_text": "מה התקציב?", "agent_heard": "מה", "state": {"words": WORDS}}
    store.apply(TurnSaved(at=at, call_sid=sid, number=1, **turn))
    changes = {"area": SlotChange(value=["חולון"], quote=WORDS)}
    changes |= {"phone": SlotChange(value=said, quote="אפס חמש")} if said else {}
    store.apply(SlotsChanged(at=at, call_sid=sid, turn=1, changes=changes))
    store.apply(FactsSaved(at=at, call_sid=sid, call_back=CallBack(when_text=WORDS)))
    store.apply(CallEnded(at=at, call_sid=sid, outcome="confirmed"))


def ask(store: Store, name: str, **arguments: Any) -> dict[str, Any]:
    with store.database.begin(read_only=True) as session:
        return QUESTIONS[name](session, **arguments)


def everything(store: Store) -> str:
    """All that the database holds, as text."""
    with store.database.begin(read_only=True) as session:
        tables = ("calls", "turns", "slots", "leads", "deliveries", "call_texts", "operator_actions", "interruptions")
        rows = [row for table in tables for row in session.execute(text(f"SELECT * FROM {table}"))]
    return "\n".join(str(tuple(row)) for row in rows)


def keeper(store: Store, clock: Clock, files: CallFiles | None = None) -> Keeper:
    return Keeper(Sweep(store.database, Keep(), clock), files or CallFiles(()), pause_s=0)


def forgetting(store: Store, clock: Clock, folder: Path, files: CallFiles | None = None) -> Forgetting:
    return Forgetting(store.database, files or CallFiles(()), folder, "https://office.example/leads", "key", clock)


def test_words_are_blanked_after_their_time_and_figures_stay(store: Store, clock: Clock) -> None:
    """Console 8: turns, quotes, transcripts, the index of words; nothing younger."""
    ring(store, clock, "CA1")
    clock.pass_s(timedelta(days=181).total_seconds())
    ring(store, clock, "CA2", OTHER)
    keeper(store, clock).sweep()
    assert WORDS not in "\n".join(line for line in everything(store).splitlines() if "CA1" in line)
    (row,) = ask(store, "calls", words="בחולון")["calls"]
    assert row["call_sid"] == "CA2"
    old = ask(store, "call", call_sid="CA1")
    assert (old["call"]["from_number"], old["slots"]["area"]["value"], old["turns"][0]["caller_text"]) == (
        NUMBER,
        ["חולון"],
        "",
    )
    assert old["lead"]["slots"] == {"area": ["חולון"]}
    keeper(store, clock).sweep()
    assert ask(store, "call", call_sid="CA2")["turns"][0]["caller_text"] == WORDS


def test_leads_and_numbers_go_after_two_years_and_the_call_is_still_counted(store: Store, clock: Clock) -> None:
    """Console 8: who it was is forgotten."""
    ring(store, clock, "CA1", said=OTHER)
    clock.pass_s(timedelta(days=731).total_seconds())
    keeper(store, clock).sweep()
    assert NUMBER not in everything(store)
    assert OTHER not in everything(store)
    assert ask(store, "call", call_sid="CA1")["call"]["outcome"] == "confirmed"
    assert ask(store, "leads")["leads"] == []


def test_a_finished_day_is_summed_up_once(store: Store, clock: Clock) -> None:
    """Console 1: quality over months is read, not computed."""
    ring(store, clock, "CA1")
    day = {"since": "2026-11-21T22:00:00+00:00", "until": "2026-11-22T22:00:00+00:00"}
    before = ask(store, "quality", **day)["days"]
    clock.pass_s(86_400 * 2)
    keeper(store, clock).sweep()
    with store.database.begin(read_only=True) as session:
        kept = [row[0] for row in session.execute(text("SELECT day FROM quality_days ORDER BY day"))]
    assert kept == ["2026-11-22"]
    assert ask(store, "quality", **day)["days"] == before


def test_a_day_is_summed_up_once_its_last_calls_have_come_in(store: Store, clock: Clock) -> None:
    """R19: three hours after midnight in Israel, for what waited in a journal belongs to it."""
    ring(store, clock, "CA1")
    clock.now = datetime(2026, 11, 23, 0, 59, 59, tzinfo=UTC)
    with store.database.begin(read_only=True) as session:
        assert next_unsettled(session, clock()) is None
        assert next_unsettled(session, clock.pass_s(1)) == date(2026, 11, 22)


def test_what_an_older_version_stored_is_found_after_the_first_sweep(store: Store, clock: Clock) -> None:
    """R14: a new version's pages show old calls, too."""
    ring(store, clock, "CA1")
    with store.database.begin() as session:
        session.execute(text("UPDATE calls SET turn_count = NULL, from_backwards = ''"))
        session.execute(text("UPDATE leads SET contact_backwards = NULL, needs_attention = false, status = 'new'"))
        session.execute(text("DELETE FROM call_texts"))
    assert ask(store, "calls", words="בחולון")["calls"] == []
    keeper(store, clock).sweep()
    for found in (ask(store, "calls", words="בחולון"), ask(store, "calls", number="4567")):
        assert [row["call_sid"] for row in found["calls"]] == ["CA1"]
    (lead,) = ask(store, "leads", status="undelivered")["leads"]
    assert lead["status"] == "call_back"


def test_everything_of_a_number_is_erased_and_nothing_of_others(store: Store, clock: Clock, tmp_path: Path) -> None:
    """C43: calls from it and calls in which it was left; the receiver of a lead hears of it once."""
    ring(store, clock, "CA1")
    ring(store, clock, "CA2", "anonymous", said=NUMBER)
    ring(store, clock, "CA3", OTHER)
    sent = store.deliveries.claim(Channel.WEBHOOK, 60, ahead_s=60)
    assert sent is not None
    store.deliveries.record(sent, Change(DeliveryState.DELIVERED, None, ""))
    folder = tmp_path / "audio"
    folder.mkdir()
    for sid in ("CA1", "CA3"):
        (folder / f"{sid}.wav").write_bytes(header(0))
    (tmp_path / "rejected.jsonl").write_text(f'{{"call_sid":"CA2"}}\n{{"n":"{NUMBER}"}}\n{{"call_sid":"CA3"}}\n')
    forget = forgetting(store, clock, tmp_path, CallFiles([Kept("audio", folder, 1e9)]))
    counts = forget("050-123-4567", dry_run=True)
    assert {name: counts[name] for name in ("calls", "turns", "leads", "files", "rejected_lines", "live")} == {
        "calls": 2,
        "turns": 2,
        "leads": 2,
        "files": 1,
        "rejected_lines": 2,
        "live": 0,
    }
    assert ask(store, "call", call_sid="CA1")["known"]
    forget("050-123-4567", dry_run=False, instance="here")
    left = everything(store)
    for spelling in (NUMBER, "0501234567", "501234567", NUMBER[::-1][:9]):
        assert spelling not in left
    assert [path.name for path in folder.iterdir()] == ["CA3.wav"]
    assert (tmp_path / "rejected.jsonl").read_text() == '{"call_sid":"CA3"}\n'
    assert ask(store, "call", call_sid="CA3")["known"]
    (action,) = ask(store, "actions")["actions"]
    assert action["action"] == "forget"
    assert action["subject"].startswith("hmac:")
    notices = [claim for _ in range(3) if (claim := store.deliveries.claim(Channel.WEBHOOK, 3600, ahead_s=60))]
    payloads = [claim.payload for claim in notices if claim.payload.get("event")]
    assert payloads == [{"event": "lead.erased", "lead_id": "lead-CA1"}]
    assert [lead["call_sid"] for lead in ask(store, "leads")["leads"]] == ["CA3"]
    assert forget("050-123-4567", dry_run=False)["calls"] == 0
    assert len(ask(store, "actions")["actions"]) == 1


@pytest.mark.parametrize(("status", "left"), [(204, 0), (404, 0), (500, 1)])
def test_a_message_left_at_twilio_is_deleted_there_and_one_that_is_not_is_told(
    store: Store, clock: Clock, tmp_path: Path, status: int, left: int
) -> None:
    """C43: by REST, once everything here is gone."""
    sid = "RE" + "4" * 32
    with TwilioRestEmulator(recordings={sid: b"RIFF"}) as twilio:
        twilio.fail_next = [] if status == 204 else [(status, 0)]
        ring(store, clock, "CA1")
        store.apply(FactsSaved(at=clock.now, call_sid="CA1", recording_url=twilio.recording_url(sid)))
        account = RecordingAccount(twilio.account_sid, twilio.auth_token, twilio.url)
        forget = Forgetting(
            *(store.database, CallFiles(()), tmp_path, None, "key", clock),
            delete_recording=partial(delete_recording, account),
        )
        assert forget(NUMBER, dry_run=True)["recordings"] == 1
        assert twilio.requests == []
        assert forget(NUMBER, dry_run=False)["recordings_left"] == left
        assert [(one.method, one.status) for one in twilio.requests] == [("DELETE", status)]
    assert not ask(store, "call", call_sid="CA1")["known"]


@pytest.mark.parametrize(
    ("words", "is_of_it"),
    [
        ("הטלפון של אשתי 050-123-4567", True),
        ("+972 50 1234567 תתקשרו", True),
        ("זה 0501234567.", True),
        ("אפס חמישים אחת שתיים שלוש ארבע חמש שש שבע", True),
        ("אפס חמישים אחת שתיים שלוש ארבע חמש שש שמונה", False),
        ("זה 0501234568", False),
        ("החוזה 99905012345670", False),
        ("דירה 50 ברחוב 123 קומה 4 דירה 567", False),
    ],
)
def test_a_call_that_only_quotes_the_number_is_erased_with_it(
    store: Store, clock: Clock, tmp_path: Path, words: str, is_of_it: bool
) -> None:
    """C43: in whatever spelling, and no call with a number that is only like it."""
    ring(store, clock, "CA1", OTHER)
    turn = TurnSaved(at=clock.now, call_sid="CA1", number=2, caller_text=words, agent_text="תודה", agent_heard="תודה")
    store.apply(turn)
    counts = forgetting(store, clock, tmp_path)("0501234567", dry_run=False)
    assert counts["calls"] == is_of_it
    assert ask(store, "call", call_sid="CA1")["known"] is not is_of_it


def test_nothing_of_a_number_whose_call_is_under_way_is_erased(store: Store, clock: Clock, tmp_path: Path) -> None:
    """Console 8: "try again after it"."""
    ring(store, clock, "CA1")
    store.apply(CallStarted(at=clock.now, call_sid="CA2", from_number=NUMBER))
    assert forgetting(store, clock, tmp_path)("0501234567", dry_run=False)["live"] == 1
    assert ask(store, "call", call_sid="CA1")["known"]


def test_a_call_with_a_withheld_number_is_erased_by_its_sid(store: Store, clock: Clock, tmp_path: Path) -> None:
    """Console 8."""
    sid = "CA" + "7" * 32
    ring(store, clock, sid, "anonymous")
    assert forgetting(store, clock, tmp_path)(sid, dry_run=False)["calls"] == 1
    assert not ask(store, "call", call_sid=sid)["known"]


@pytest.mark.parametrize("nonsense", ["", "hello", "12", "CA12"])
def test_what_is_no_number_is_refused(store: Store, clock: Clock, tmp_path: Path, nonsense: str) -> None:
    """Console 8: and says so."""
    with pytest.raises(ValueError, match="no telephone number"):
        forgetting(store, clock, tmp_path)(nonsense, dry_run=True)


def test_sqlite_keeps_nothing_in_its_files(store: Store, clock: Clock, tmp_path: Path) -> None:
    """C43: pages are wiped as they are freed, and the log of changes is emptied."""
    if store.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's files are its own")
    ring(store, clock, "CA1")
    forgetting(store, clock, tmp_path)(NUMBER, dry_run=False)
    path = Path(str(store.database.engine.url.database))
    for file in (path, path.with_name(path.name + "-wal")):
        assert b"501234567" not in file.read_bytes()


def command(url: str, folder: Path, *arguments: str, answer: str = "") -> Result:
    env = {"DATABASE_URL": url, "DATA_DIR": str(folder)}
    return CliRunner(env=env).invoke(forget_command, arguments, input=answer)


def test_the_command_counts_asks_and_erases(store: Store, clock: Clock, url: str, tmp_path: Path) -> None:
    """Console 8: four digits to be repeated, else nothing happens."""
    ring(store, clock, "CA1")
    shown = command(url, tmp_path, "050-1234567", "--dry-run")
    assert (shown.exit_code, "calls 1" in shown.output) == (0, True)
    wrong = command(url, tmp_path, "050-1234567", answer="0000\n")
    assert (wrong.exit_code, ask(store, "call", call_sid="CA1")["known"]) == (1, True)
    right = command(url, tmp_path, "050-1234567", answer="4567\n")
    assert (right.exit_code, "erased" in right.output) == (0, True)
    assert not ask(store, "call", call_sid="CA1")["known"]


def test_files_go_when_their_time_is_over_and_others_are_never_touched(tmp_path: Path) -> None:
    """C44: with recording switched off, too; a folder of the operator's may hold other things."""
    kinds = [
        Kept("samples", tmp_path / "samples", 3600),
        Kept("tapes", tmp_path / "calls", 7200),
        Kept("audio", None, 1),
    ]
    for folder, name, age_s in (
        ("samples", "CAold.wav", 4000),
        ("samples", "CAnew.wav", 0),
        ("calls", "CAold.jsonl", 8000),
        ("calls", "notes.txt", 8000),
        ("calls", "CAnew.jsonl", 4000),
    ):
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        os.utime(path, (time.time() - age_s,) * 2)
    files = CallFiles(kinds)
    assert files.sweep(time.time()) == 2
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["CAnew.jsonl", "CAnew.wav", "notes.txt"]
    kept = files.kept_files()
    assert (kept["samples"]["count"], kept["tapes"]["count"], kept["audio"]["count"]) == (1, 1, 0)


def test_peaks_show_who_spoke_when(tmp_path: Path) -> None:
    """Console 3: a player draws the waveform without reading the sound."""
    folder = tmp_path / "audio"
    folder.mkdir()
    loud, silent = 0x80, 0xFF  # of mu-law: the loudest and none
    seconds = bytes([loud, silent]) * 8000 + bytes([silent, loud]) * 8000
    (folder / "CA1.wav").write_bytes(header(len(seconds)) + seconds)
    files = CallFiles([Kept("audio", folder, 1e9)])
    peaks = files.peaks("CA1")
    assert (peaks["duration_ms"], len(peaks["caller"]), len(peaks["agent"])) == (2000, 100, 100)
    assert peaks["caller"] == [127] * 50 + [0] * 50
    assert peaks["agent"] == [0] * 50 + [127] * 50
    assert json.loads(json.dumps(peaks)) == peaks
    assert files.peaks("CA2") == {"known": False}
    assert HEADER.size == 58
