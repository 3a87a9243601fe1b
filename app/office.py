"""What the operator's pages, the softphone and the metrics may see and do of a live worker: one door, `Office`.

The web never sees the house behind it. Answers are JSON-ready; times are ISO 8601 UTC, numbers E.164 and unmasked: to
mask them is the page's part. Nothing here holds the hub: what is about live calls is in memory and comes at once; what
is asked of the store goes to the store child, and the asking greenlet waits, bounded.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

Answer = dict[str, Any]


class StoreUnavailable(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """The store did not answer in time, or refused; the message says which and why. Nothing told to it is lost."""


class LiveCalls(Protocol):
    """What happens now, from memory; none of it waits."""

    def live(self) -> list[Answer]:
        """Return the calls that live here, the oldest first.

        Each: `call_sid, channel, from_number, started_at, state, turns, interim, last_caller, last_agent,
        slots: {name: {value, quote, confirmed}}, last_answer_ms, last_seq`.
        """

    def changes(self) -> int:
        """Return a number that grows with everything worth showing in `live`."""

    def events(self, call_sid: str, after: int = 0) -> tuple[list[Answer], int]:
        """Return what happened in a call since `after`, and what to pass next; a call that ended is kept for a while.

        Each: `seq`, `at_ms` (since the stream's start), `event` and the event's own fields. An event is a log line,
        or one of those that are never logged: `INTERIM {turn, text}`, `PLANNED {turn, text}`, `SAYING {turn, reply,
        text}`, `SAID {turn, reply, text, heard}`, `SLOTS {turn, slots, asked, confirms}`, `TIMING {turn, …}`. The
        last of a call is `CALL_ENDED`.
        A gap in `seq` means that older ones were dropped. An unknown call has none: `([], after)`.
        """

    def knows(self, call_sid: str) -> bool:
        """Whether `events` has anything of this call."""

    def clock0_epoch_ms(self, call_sid: str) -> int:
        """Return when a known call's clock stood at 0, in ms of Unix time."""

    @property
    def development(self) -> bool:
        """Whether this is development mode: no Twilio account, and this machine is trusted."""

    def status(self) -> Answer:
        """Return how the worker is.

        `version, commit, started_at, instance, development, public_base_url, engines: {stt, stt_fallback, llm, tts},
        children: [{name, up, restarts, last_end}], engines_down: {name: bool}, troubles: {kind: what},
        hub_lag_p99_ms, live_calls, max_calls, draining, unconfirmed, disk_free_bytes, started_at_s`
        (Unix time). What only the store knows (the outbox) is in `Records.store_status`.
        """

    def book(self, call_sid: str) -> bool:
        """Count a browser call on its way against MAX_CALLS, as Twilio's are; False: full, or the worker is ending."""

    def browser_token(self, call_sid: str) -> str:
        """Return the one-call token with which a browser call's stream starts (60 s, once, this SID alone)."""

    def refused(self, why: str) -> None:
        """Count somebody who was not let in to a call: `rate`."""

    def tabs_open(self, count: int) -> None:
        """Note how many pages are kept up to date."""

    def login_tried(self, result: str) -> None:
        """Count an attempt to log in: ok, bad or locked."""

    def metrics(self) -> Iterator[bytes]:
        """Return the metrics as OpenMetrics text, a family at a time; the hub goes on between them."""


class Records(Protocol):
    """Questions to the store and changes in it. Each waits in its greenlet, at most 2 s (a change: 5 s).

    Raises:
        StoreUnavailable: no answer in time, or the store is down.
        ValueError: what is asked makes no sense (no such lead, no such flag, less than three digits); the message says
            why.
    """

    def today(self, since: str, until: str) -> Answer:
        """Return the first page's figures for Israel's day `since`…`until`.

        `call_backs, undelivered, messages, leads` (lists of lead rows, at most 20), `…_total` of each, `calls,
        answered, answer_p50_ms`. Browser calls are in none of them.
        """

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
        """Return `{"calls": [row], "next": cursor | None}`, newest first.

        A row: `call_sid, channel, started_at, ended_at, from_number, name, area, budget_max, outcome, end_reason,
        turns, answer_p50_ms, flags, instance`. Flags: interrupted, fallback, slow, fault. `number`: the end or
        the whole of a number in any spelling; `words`: each must stand in what was said or heard.
        """

    def call(self, call_sid: str) -> Answer:
        """Return one call whole: `known, call, turns, interruptions, slots, lead, deliveries`.

        `lead` may be that of another call of the caller's, in which this one is counted.
        """

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
        """Return `{"leads": [row], "next": cursor | None}`, newest first.

        `status`: new, call_back, handled, undelivered.

        A row: `id, call_sid, channel, created_at, status, name, phone, phone_confirmed, slots: {name: value}, owner,
        wants_human, transfer, call_back, call_back_at, handled_at, note, tries, summary, whatsapp_requested,
        whatsapp_not_sent, recording_url, outcome, deliveries: [{id, channel, state, attempts, last_error,
        next_attempt_at, updated_at}]`.
        """

    def lead(self, lead_id: int) -> Answer:
        """Return a lead's row with `known`, `slots_detail`, its deliveries' `history`, and `other_rings`.

        Those are the SIDs of the caller's other calls that are counted in it, the newest last.
        """

    def quality(self, since: str, until: str) -> Answer:
        """Return `days` and the `worst` turns.

        A day: `day, turns, steps: {step: {count, p50_ms, p95_ms}}, verdicts: {verdict: n}, fallbacks, withdrawn`.
        """

    def actions(self, limit: int = 100) -> list[Answer]:
        """Return the operators' latest actions: `at, action, subject, instance`."""

    def retention(self) -> list[Answer]:
        """Return `kind, keep, oldest, count` of everything that is kept for a time."""

    def store_status(self) -> Answer:
        """Return `outbox: {channel: {state: n}}, outbox_oldest_s, unconfirmed`."""

    def peaks(self, call_sid: str) -> Answer | None:
        """Return `duration_ms, caller, agent` (peaks 0…127, 50 a second) of a call's kept audio."""

    def audio(self, call_sid: str) -> Path | None:
        """Return the stereo WAV of a call's kept audio, caller left (mu-law 8 kHz)."""

    def tape(self, call_sid: str) -> Path | None:
        """Return the replay file of a call, where one was kept."""

    def set_status(self, lead_id: int, status: str) -> None:
        """Mark a lead: new, call_back or handled."""

    def set_note(self, lead_id: int, text: str) -> None:
        """Write the operator's note on a lead."""

    def send_again(self, lead_id: int, channel: str = "webhook") -> None:
        """Send a lead on its way (again) through `channel`; makes the delivery where none exists."""

    def audit(self, action: str, subject: str) -> None:
        """Note an operator's action; `subject` must be masked."""

    def forget(self, number: str, *, dry_run: bool) -> Mapping[str, int]:
        """Erase everything of a number (any spelling), or count it: calls, turns, leads, deliveries, files, live, …

        `live` above 0: nothing was erased, for a call of that number is under way.

        Raises:
            ValueError: this is no telephone number.
        """


class Office(LiveCalls, Records, Protocol):
    """Both: what `create_flask` is given."""
