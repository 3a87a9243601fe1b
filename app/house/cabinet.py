"""What the store knows and operators may change: `app.office.Records`, asked of the store child."""

from pathlib import Path
from typing import Any

from app.call.shell.call_files import CallFiles
from app.config import Settings
from app.house.watching import Watching
from app.leads.client import LeadStore
from app.leads.records import Acted, LeadMarked, LeadNoted, SendAgain

Answer = dict[str, Any]
AUDIT_KEEP_DAYS = 365


class Cabinet:
    """See `app.office.Records`. Every question waits in its own greenlet, bounded; none touches the hub meanwhile."""

    def __init__(
        self, store: LeadStore, files: CallFiles, watching: Watching, instance: str, settings: Settings
    ) -> None:
        self._store = store
        self._files = files
        self._watching = watching
        self._instance = instance
        self._settings = settings

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
        """Return how the outbox stands, and how many records the store has not confirmed."""
        return {**self._store.query("store_status"), "unconfirmed": self._store.unconfirmed}

    def retention(self) -> list[Answer]:
        """Return what is kept for a time, for how long, and the oldest of it."""
        files, rows = self._store.query("kept_files"), self._store.query("retention")["oldest"]
        settings = self._settings
        kept = [
            {"kind": kind, "keep": _days(one["keep_s"]), "oldest": one["oldest"], "count": one["count"]}
            for kind, one in files.items()
        ]
        days = {"words": settings.transcript_keep_days, "leads": settings.lead_keep_days, "audit": AUDIT_KEEP_DAYS}
        return [
            *kept,
            *({"kind": kind, "keep": f"{days[kind]} days", "oldest": rows[kind], "count": None} for kind in days),
        ]

    def peaks(self, call_sid: str) -> Answer | None:
        """Return the loudness of both sides of a call over time."""
        if self._files.audio(call_sid) is None:
            return None
        answer = self._store.query("peaks", call_sid=call_sid)
        return answer if answer.pop("known") else None

    def forget(self, number: str, *, dry_run: bool) -> dict[str, int]:
        """Erase everything of a number, or count it."""
        answer = self._store.forget(number, dry_run=dry_run, instance=self._instance)
        sids = answer.pop("call_sids")
        if not dry_run and not answer["live"]:
            for call_sid in sids:
                self._watching.forget(call_sid)
        return answer

    def tape(self, call_sid: str) -> Path | None:
        """Return a call's replay file, where one is kept."""
        return self._files.tape(call_sid)

    def audio(self, call_sid: str) -> Path | None:
        """Return a call's sound, where it is kept."""
        return self._files.audio(call_sid)

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


def _days(seconds: float) -> str:
    return f"{seconds / 86_400:g} days" if seconds >= 86_400 and seconds % 86_400 == 0 else f"{seconds / 3600:g} hours"
