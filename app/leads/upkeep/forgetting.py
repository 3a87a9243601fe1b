"""Everything of one number erased: calls from it, calls in which it was left or said, what came of them, their files.

One transaction; files, and recordings at Twilio, after it. What remains is one line in the audit with an HMAC of the
number, and, where a receiver was sent the lead, a notice to it that the lead is erased. Done twice, the second time
finds nothing.
"""

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import phonenumbers
from sqlalchemy import String, cast, delete, func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.leads.calls.folding import backwards
from app.leads.database import Database
from app.leads.models import (
    Call,
    Channel,
    Delivery,
    DeliveryState,
    Interruption,
    Lead,
    MessageReport,
    OperatorAction,
    Slot,
    Turn,
)
from app.leads.upkeep.files import CallFiles
from app.telephony.recordings import RecordingError

LIVE_WITHIN = timedelta(minutes=10)
ERASED = "erased"
MOST_DELETING_S = 20.0
"""Calls' writes wait meanwhile (they lose nothing)."""
_MOST_CALLS = 1000
_READ_TURNS = 5000
_log = logging.getLogger("leads.upkeep")


def e164(number: str) -> str:
    """Return a number in any spelling, or a call's SID, as it is stored.

    Raises:
        ValueError: this is neither.
    """
    if number[:2] in ("CA", "BR") and number.isalnum() and len(number) == 34:
        return number  # a caller who withheld the number is known by the call alone
    try:
        parsed = phonenumbers.parse(number, "IL")
    except phonenumbers.NumberParseException:
        raise ValueError(f"{number[:30]!r} is no telephone number") from None
    if not phonenumbers.is_possible_number(parsed):
        raise ValueError(f"{number[:30]!r} is no telephone number: it has too few or too many digits")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class Forgetting:
    """Erases; blocking."""

    def __init__(
        self,
        database: Database,
        files: CallFiles,
        journal_folder: Path,
        webhook_url: str | None,
        audit_key: str,
        clock: Callable[[], datetime],
        delete_recording: Callable[[str], None] | None = None,
    ) -> None:
        """`delete_recording` removes at Twilio what a message's address names, or raises `RecordingError`."""
        self._database = database
        self._files = files
        self._rejected = journal_folder / "rejected.jsonl"
        self._webhook_url = webhook_url
        self._audit_key = audit_key.encode()
        self._clock = clock
        self._delete_recording = delete_recording

    def __call__(self, number: str, *, dry_run: bool, instance: str = "") -> dict[str, Any]:
        """Erase everything of `number`, or count it; `live` above 0: a call of it is under way, nothing was erased.

        Raises:
            ValueError: it is no number.
        """
        wanted = e164(number)
        quoting = _quoting(self._database, wanted) if wanted.startswith("+") else set()
        with self._database.begin(read_only=dry_run) as session:
            sids = _calls_of(session, wanted, quoting)
            counts = _counts(session, sids)
            live = select(func.count()).where(
                Call.call_sid.in_(sids), Call.ended_at.is_(None), Call.last_activity_at > self._clock() - LIVE_WITHIN
            )
            counts["live"] = session.scalar(live) or 0
            files = self._files.of_calls(sids)
            counts["files"] = len(files)
            counts["rejected_lines"] = self._rejected_lines(wanted, sids, remove=False)
            recordings = _recordings_of(session, sids)
            counts["recordings"] = len(recordings)
            if dry_run or counts["live"]:
                return {**counts, "call_sids": sids}
            if sids or counts["rejected_lines"]:
                self._erase(session, sids, wanted, instance)
        for path in files:
            path.unlink(missing_ok=True)
        self._rejected_lines(wanted, sids, remove=True)
        self._squeeze()
        counts["recordings_left"] = self._delete_at_twilio(recordings)
        return {**counts, "call_sids": sids}

    def _erase(self, session: Session, sids: list[str], wanted: str, instance: str) -> None:
        sent = select(Lead.idempotency_key).join(Delivery, Delivery.lead_id == Lead.id)
        sent = sent.where(Lead.call_sid.in_(sids), Delivery.channel == Channel.WEBHOOK.value, Delivery.attempts > 0)
        told = session.scalars(sent).all()
        messages = select(Delivery.vendor_id).join(Lead, Lead.id == Delivery.lead_id).where(Lead.call_sid.in_(sids))
        known = [sid for sid in session.scalars(messages) if sid]
        session.execute(delete(MessageReport).where(MessageReport.message_sid.in_(known)))
        leads = select(Lead.id).where(Lead.call_sid.in_(sids))
        session.execute(delete(Delivery).where(Delivery.lead_id.in_(leads)))
        session.execute(delete(Lead).where(Lead.call_sid.in_(sids)))
        session.execute(delete(Call).where(Call.call_sid.in_(sids)))
        for lead_id in told:
            self._tell_receiver(session, lead_id)
        mac = hmac.new(self._audit_key, wanted.encode(), hashlib.sha256).hexdigest()[:32]
        session.add(OperatorAction(at=self._clock(), action="forget", subject=f"hmac:{mac}", instance=instance))

    def _tell_receiver(self, session: Session, lead_id: str) -> None:
        if self._webhook_url is None:
            return
        now, name = self._clock(), hashlib.sha256(lead_id.encode()).hexdigest()[:32]
        sid = f"{ERASED}-{name}"
        session.add(
            Call(call_sid=sid, channel=ERASED, started_at=now, last_activity_at=now, ended_at=now, turn_count=0)
        )
        session.flush()
        notice = {"event": "lead.erased", "lead_id": lead_id}
        lead = Lead(
            call_sid=sid,
            idempotency_key=sid,
            payload=notice,
            created_at=now,
            channel=ERASED,
            contact_backwards="",
            status="handled",
        )
        session.add(lead)
        session.flush()
        delivery = Delivery(
            lead_id=lead.id,
            channel=Channel.WEBHOOK.value,
            target=self._webhook_url,
            message={},
            state=DeliveryState.PENDING.value,
            next_attempt_at=now,
            created_at=now,
            updated_at=now,
        )
        session.add(delivery)

    def _rejected_lines(self, wanted: str, sids: list[str], *, remove: bool) -> int:
        """Count, or take out, lines that no database took and that hold the number or one of its calls."""
        if not self._rejected.is_file():
            return 0
        signs = [json.dumps(sign)[1:-1] for sign in (wanted, *sids)]
        lines = self._rejected.read_text(errors="replace").splitlines(keepends=True)
        kept = [line for line in lines if not any(sign in line for sign in signs)]
        if remove and len(kept) < len(lines):
            part = self._rejected.with_suffix(".part")
            part.write_text("".join(kept))
            part.replace(self._rejected)
        return len(lines) - len(kept)

    def _delete_at_twilio(self, recordings: list[str]) -> int:
        """Return how many could not be deleted; the log names each, for it to be deleted by hand."""
        deadline_s, left = time.monotonic() + MOST_DELETING_S, 0
        for url in recordings:
            why = ""
            if self._delete_recording is None:
                why = "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are needed for it"
            elif time.monotonic() > deadline_s:
                why = f"Twilio took more than {MOST_DELETING_S:g} s for those before it"
            else:
                try:
                    self._delete_recording(url)
                except RecordingError as fault:
                    why = str(fault)
            if why:
                left += 1
                _log.warning("delete recording %s in Twilio's console: %s", url.rpartition("/")[2], why)
        return left

    def _squeeze(self) -> None:
        """Leave nothing of it in SQLite's own log of changes (its pages are wiped as they are freed)."""
        if self._database.engine.dialect.name == "sqlite":
            connection = self._database.engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()


def _calls_of(session: Session, wanted: str, quoting: set[str]) -> list[str]:
    if not wanted.startswith("+"):
        return list(session.scalars(select(Call.call_sid).where(Call.call_sid == wanted)))
    digits = backwards(wanted)
    said = select(Slot.call_sid).where(Slot.slot == "phone", cast(Slot.value, String).contains(wanted))
    left = select(Lead.call_sid).where(Lead.contact_backwards == digits)
    query = select(Call.call_sid).where(
        or_(
            Call.from_backwards == digits,
            Call.call_sid.in_(left),
            Call.call_sid.in_(said),
            Call.call_sid.in_(list(quoting)[:_MOST_CALLS]),
        ),
        Call.channel != ERASED,
    )
    return list(session.scalars(query.limit(_MOST_CALLS)))


def _recordings_of(session: Session, sids: list[str]) -> list[str]:
    facts = session.scalars(select(Call.facts).where(Call.call_sid.in_(sids)))
    return [url for known in facts if (url := known.get("recording_url"))]


def _quoting(database: Database, wanted: str) -> set[str]:
    """Return the calls in whose words, or in an operator's note on them, the number stands, however it is said.

    It reads every turn: an erasure is rare, and nothing of the number may stay. A slice a transaction, for that takes
    seconds (9 s of 500,000 turns), and nobody else is to wait for it.
    """
    from app.leads.upkeep.quoting import Quoted  # the words of numbers: the store child does without them till then

    number = Quoted(wanted)
    found = set()
    for sid, turns in groupby(_turns(database), itemgetter(0)):
        _, callers, agents = zip(*turns, strict=True)
        if number.stands_in(callers) or number.stands_in(agents):
            found.add(sid)
    for column, sid in ((Interruption.words, Interruption.call_sid), (Lead.note, Lead.call_sid)):
        with database.begin(read_only=True) as session:
            texts = session.execute(select(sid, column).where(column != "")).all()
        found |= {one for one, text in texts if number.stands_in([text])}
    return found


def _turns(database: Database) -> Iterator[tuple[str, str, str]]:
    """Return the words of every turn, a call's in order; a slice in memory at a time."""
    key = tuple_(Turn.call_sid, Turn.number)
    query = select(Turn.call_sid, Turn.caller_text, Turn.agent_text, Turn.number).order_by(*key).limit(_READ_TURNS)
    last: tuple[str, int] = ("", 0)
    while True:
        with database.begin(read_only=True) as session:
            rows = session.execute(query.where(key > tuple_(*last))).all()
        if not rows:
            return
        yield from ((sid, caller, agent) for sid, caller, agent, _ in rows)
        last = (rows[-1].call_sid, rows[-1].number)


def _counts(session: Session, sids: list[str]) -> dict[str, int]:
    counts = {"calls": len(sids)}
    for name, table in (("turns", Turn), ("slots", Slot), ("interruptions", Interruption), ("leads", Lead)):
        query = select(func.count()).select_from(table).where(table.call_sid.in_(sids))
        counts[name] = session.scalar(query) or 0
    leads = select(Lead.id).where(Lead.call_sid.in_(sids))
    counts["deliveries"] = session.scalar(select(func.count()).where(Delivery.lead_id.in_(leads))) or 0
    return counts
