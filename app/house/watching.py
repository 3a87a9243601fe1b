"""What is to be seen of this worker's calls: each call's latest events, and its state now. In memory, bounded.

Calls tell by `note`, which never waits; whoever looks on takes copies. Numbers stay whole in here and are masked in
events.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.telephony.numbers import mask_number

EVENTS_KEPT = 1000
ENDED_KEPT = 50
INTERIM_EVERY_MS = 250


@dataclass(slots=True)
class LiveCall:
    """One call as it stands."""

    call_sid: str
    channel: str
    from_number: str
    started_at: str
    state: str = ""
    turns: int = 0
    interim: str = ""
    last_caller: str = ""
    last_agent: str = ""
    slots: dict[str, dict[str, Any]] = field(default_factory=dict)
    last_answer_ms: int | None = None
    last_seq: int = 0

    def see(self, event: str, fields: Mapping[str, Any]) -> None:
        """Take in what an event changes."""
        if event.startswith("STATE→"):
            self.state = event.removeprefix("STATE→")
        match event:
            case "INTERIM":
                self.interim = fields["text"]
            case "ASR_TEXT":
                self.interim, self.last_caller = "", fields["text"]
                self.turns = max(self.turns, fields["turn"])
            case "PLANNED" | "SAYING":
                self.last_agent = fields["text"]
            case "SLOTS":
                self.slots = fields["slots"]
            case "TURN":
                self.last_answer_ms = fields["endpointing_ms"] + fields["total_ms"]


class _Watched:
    """One call's events, numbered from 1."""

    def __init__(self, call: LiveCall, clock0_ms: int, clock0_epoch_ms: int) -> None:
        self.call = call
        self.is_over = False
        self.clock0_epoch_ms = clock0_epoch_ms
        self.clock0_ms = clock0_ms
        self._events: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)
        self._interim_at_ms = -INTERIM_EVERY_MS

    def note(self, event: str, fields: Mapping[str, Any], now_ms: int) -> bool:
        """Keep an event; False for one that comes too soon after its like."""
        at_ms = now_ms - self.clock0_ms
        if event == "INTERIM":
            if at_ms - self._interim_at_ms < INTERIM_EVERY_MS:
                return False
            self._interim_at_ms = at_ms
        self.call.last_seq += 1
        self._events.append({**fields, "seq": self.call.last_seq, "at_ms": at_ms, "event": event})
        self.call.see(event, fields)
        return True

    def after(self, seq: int) -> list[dict[str, Any]]:
        """Return the kept events with a higher number."""
        newer: list[dict[str, Any]] = []
        for event in reversed(self._events):
            if event["seq"] <= seq:
                break
            newer.append(event)
        return newer[::-1]


class Watching:
    """All calls of this worker that live, and those that ended last."""

    def __init__(self, now_ms: Callable[[], int], channel_of: Callable[[str], str]) -> None:
        """`channel_of` tells a call's channel by its SID."""
        self._now_ms = now_ms
        self._channel_of = channel_of
        self._calls: dict[str, _Watched] = {}
        self._changes = 0

    def since_start_ms(self, call_sid: str) -> int:
        """Return how long ago a call's stream started; 0 for a call that is not here."""
        watched = self._calls.get(call_sid)
        return self._now_ms() - watched.clock0_ms if watched else 0

    def note(self, call_sid: str, event: str, fields: Mapping[str, Any]) -> None:
        """Take one event of a call; its first is CALL_STARTED, its last CALL_ENDED."""
        now_ms = self._now_ms()
        if event == "CALL_STARTED":
            self._begin(call_sid, str(fields.get("caller") or ""), now_ms)
            fields = {**fields, "caller": mask_number(str(fields.get("caller") or ""))}
        watched = self._calls.get(call_sid)
        if watched is None or not watched.note(event, fields, now_ms):
            return
        self._changes += 1
        if event == "CALL_ENDED":
            watched.is_over = True
            self._forget_oldest()

    def live(self) -> list[dict[str, Any]]:
        """Return the calls that live, as `office.LiveCalls.live` has them."""
        return [asdict(one.call) for one in self._calls.values() if not one.is_over]

    def changes(self) -> int:
        """Return a number that grows with every event."""
        return self._changes

    def events(self, call_sid: str, after: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Return the events of a call with a number above `after`, and the number to go on from."""
        watched = self._calls.get(call_sid)
        events = watched.after(after) if watched else []
        return events, events[-1]["seq"] if events else after

    def knows(self, call_sid: str) -> bool:
        """Whether a call is here."""
        return call_sid in self._calls

    def clock0_epoch_ms(self, call_sid: str) -> int:
        """Return when a call's clock stood at 0, in ms of Unix time."""
        return self._calls[call_sid].clock0_epoch_ms

    def forget(self, call_sid: str) -> None:
        """Keep nothing of an ended call."""
        if call_sid in self._calls and self._calls[call_sid].is_over:
            del self._calls[call_sid]

    def _begin(self, call_sid: str, caller: str, now_ms: int) -> None:
        started = datetime.now(UTC)
        call = LiveCall(call_sid, self._channel_of(call_sid), caller, started.isoformat())
        self._calls.pop(call_sid, None)  # a reconnect begins anew, behind the others
        self._calls[call_sid] = _Watched(call, now_ms, int(started.timestamp() * 1000))

    def _forget_oldest(self) -> None:
        ended = [sid for sid, one in self._calls.items() if one.is_over]
        for call_sid in ended[: max(0, len(ended) - ENDED_KEPT)]:
            del self._calls[call_sid]
