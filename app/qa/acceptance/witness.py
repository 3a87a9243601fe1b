"""What came from the server in one call, message by message, and what of it Twilio would not take. Pure.

Beside the player, who knows what was heard, this is what the wire showed: times are samples since the stream's start.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64
from dataclasses import dataclass, field
from typing import Any

from app.qa.player import END_MARK, PAUSE_SAMPLES, QUIET, SAMPLES_PER_MS

_CONTENT: dict[str, tuple[str, frozenset[str]]] = {
    "media": ("media", frozenset({"payload"})),
    "mark": ("mark", frozenset({"name"})),
    "clear": ("", frozenset()),
}
_SHOWN = 3


@dataclass(slots=True)
class Witness:
    """Notes every message of the server's; the lists are in the order of arrival."""

    media_at: list[int] = field(default_factory=list)
    clears_at: list[int] = field(default_factory=list)
    waiting_ms: list[float] = field(default_factory=list)
    """Audio waiting to be played, after each media message."""
    tails_ms: list[float] = field(default_factory=list)
    """Silence before each end mark."""
    mark_faults: list[str] = field(default_factory=list)
    message_faults: list[str] = field(default_factory=list)
    _playout_end: int = 0
    _tail: int = 0
    _speaks: bool = False

    def hear(self, message: dict[str, Any], now: int) -> None:
        """Take one message."""
        event = message.get("event")
        if fault := message_fault(message):
            self.message_faults.append(fault)
        if event == "media":
            self._hear_media(message, now)
        elif event == "mark" and str(message["mark"]["name"]).startswith(END_MARK):
            if not self._speaks:
                self.mark_faults.append("an end mark without speech before it")
            else:
                self.tails_ms.append(self._tail / SAMPLES_PER_MS)
            self._speaks, self._tail = False, 0
        elif event == "clear":
            self.clears_at.append(now)
            self._playout_end = min(self._playout_end, now)
            self._speaks, self._tail = False, 0

    def end(self, now: int) -> None:
        """The caller hangs up: what was said out by now must have had its mark."""
        if self._speaks and now - self._playout_end >= PAUSE_SAMPLES:
            self.mark_faults.append("a reply without an end mark")

    def sent_after_clear(self, within_ms: int) -> list[int]:
        """Return for each clear how many frames came so soon after it."""
        within = within_ms * SAMPLES_PER_MS
        return [sum(at < one <= at + within for one in self.media_at) for at in self.clears_at]

    def _hear_media(self, message: dict[str, Any], now: int) -> None:
        try:
            ulaw = a2b_base64(message["media"]["payload"])
        except (Base64Error, KeyError, TypeError, ValueError):
            return
        if self._speaks and now - self._playout_end >= PAUSE_SAMPLES:
            self.mark_faults.append("a reply without an end mark")
        self.media_at.append(now)
        self._playout_end = max(now, self._playout_end) + len(ulaw)
        self.waiting_ms.append((self._playout_end - now) / SAMPLES_PER_MS)
        quiet = len(ulaw) - len(ulaw.rstrip(QUIET))
        self._speaks = self._speaks or quiet < len(ulaw)
        self._tail = quiet if quiet < len(ulaw) else self._tail + quiet


def message_fault(message: dict[str, Any]) -> str:
    """Say why Twilio would not take a message, or play it badly; nothing: an empty text."""
    event = str(message.get("event"))
    if event not in _CONTENT:
        return f"an event {event!r}"
    part, keys = _CONTENT[event]
    wanted = {"event", "streamSid"} | ({part} if part else set())
    if set(message) != wanted:
        return f"{event} with the keys {', '.join(sorted(message))}"
    if part and (not isinstance(message[part], dict) or set(message[part]) != keys):
        return f"{event} whose {part} is not {{{', '.join(keys)}}}"
    if event == "media":
        try:
            ulaw = a2b_base64(message["media"]["payload"], strict_mode=True)
        except (Base64Error, TypeError, ValueError):
            return "media whose payload is no base64"
        if ulaw.startswith((b"RIFF", b"ID3")):
            return "media with a file's header"
        if not ulaw:
            return "media without audio"
    return ""


def some(faults: list[str]) -> str:
    """Say a few of many faults, each once."""
    different = list(dict.fromkeys(faults))
    more = f" and {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""
    return "; ".join(different[:_SHOWN]) + more
