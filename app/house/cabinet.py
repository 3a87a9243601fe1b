"""What the store knows and operators may change: `app.office.Records`, asked of the store child."""

from pathlib import Path
from typing import Any

from app.call.shell.call_files import CallFiles
from app.leads.client import LeadStore
from app.leads.records import Acted, LeadMarked, LeadNoted, SendAgain

Answer = dict[str, Any]


class Cabinet:
    """See `app.office.Records`. Every question waits in its own greenlet, bounded; none touches the hub meanwhile."""

    def __init__(self, store: LeadStore, files: CallFiles, instance: str) -> None:
        self._store = store
        self._files = files
        self._instance = instance

    def today(self, since: str, until: str) -> Answer:
        """Return the first page's figures."""
        return self._store.query("today", since=since, until=until)

    def calls(
        self,
        since: str | None = None,
        until: str | None = None,
        outcome: str | None = None,
        flag: str | None = None,
        number: str | None = None,
        words: str | None = None,
        before: str | None = None,
        limit: int = 50,
        *,
        tests: bool = False,
    ) -> Answer:
        """Return a page of calls."""
        wanted: Answer = {
            "since": since,
            "until": until,
            "outcome": outcome,
            "flag": flag,
            "number": number,
            "words": words,
        }
        return self._store.query("calls", **wanted, tests=tests, before=before, limit=limit)

    def call(self, call_sid: str) -> Answer:
        """Return one call whole."""
        return self._store.query("call", call_sid=call_sid)

    def leads(
        self,
        status: str | None = None,
        since: str | None = None,
        until: str | None = None,
        number: str | None = None,
        words: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> Answer:
        """Return a page of leads."""
        wanted: Answer = {"status": status, "since": since, "until": until, "number": number, "words": words}
        return self._store.query("leads", **wanted, before=before, limit=limit)

    def lead(self, lead_id: int) -> Answer:
        """Return one lead whole."""
        return self._store.query("lead", lead_id=lead_id)

    def quality(self, since: str, until: str) -> Answer:
        """Return each day's figures, and the worst turns."""
        return self._store.query("quality", since=since, until=until)

    def actions(self, limit: int = 100) -> list[Answer]:
        """Return operators' latest actions."""
        actions: list[Answer] = self._store.query("actions", limit=limit)["actions"]
        return actions

    def store_status(self) -> Answer:
        """Return how the outbox and the journal stand."""
        return {**self._store.query("store_status"), "unconfirmed": self._store.unconfirmed}

    def tape(self, call_sid: str) -> Path | None:
        """Return a call's replay file, where one is kept."""
        return self._files.tape(call_sid)

    def set_status(self, lead_id: int, status: str) -> None:
        """Mark a lead."""
        marked = {"lead_id": lead_id, "status": status, "instance": self._instance}
        self._store.change(LeadMarked.model_validate(marked))

    def set_note(self, lead_id: int, text: str) -> None:
        """Write a note on a lead."""
        self._store.change(LeadNoted(lead_id=lead_id, text=text, instance=self._instance))

    def send_again(self, lead_id: int, channel: str = "webhook") -> None:
        """Send a lead out, again or now."""
        wanted = {"lead_id": lead_id, "channel": channel, "instance": self._instance}
        self._store.change(SendAgain.model_validate(wanted))

    def audit(self, action: str, subject: str) -> None:
        """Note an operator's action."""
        self._store.change(Acted(action=action, subject=subject, instance=self._instance))
