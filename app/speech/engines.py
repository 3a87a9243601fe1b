"""What a call asks of speech and language engines, whoever provides them.

An engine opens streams. A stream answers through `listener`, which is called on the hub with an event below and
must not block; after `Done` or `Failed` nothing more comes. `cancel()` silences a stream at once: no event arrives
after it returns. Text is NFC Hebrew. Caller audio is LINEAR16 8 kHz mono, agent audio mu-law 8 kHz mono.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcript of the whole stream so far (not a delta).

    `stability` is 0..1 for interims (0: unknown); `alternatives` are further readings, best first, without `text`;
    `end_ms` is where in the stream's audio the text ends (None: unknown).
    """

    text: str
    is_final: bool
    stability: float = 0.0
    alternatives: tuple[str, ...] = ()
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Audio:
    """Some mu-law 8 kHz mono bytes of the agent's voice, any length."""

    ulaw: bytes


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the language model's answer, as it streams."""

    delta: str


@dataclass(frozen=True, slots=True)
class Done:
    """The stream ended well. A language model says how many tokens it read and wrote, as far as it is known."""

    tokens_read: int = 0
    tokens_written: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """The stream ended badly. `code` is stable and greppable: `unavailable`, `timeout`, `invalid_request`,
    `unauthenticated`, `quota`, `stream_too_long`, `child_died`, `internal`.
    """

    code: str
    message: str
    retriable: bool


SttEvent = Heard | Done | Failed
TtsEvent = Audio | Done | Failed
LlmEvent = Text | Done | Failed


class Stream(Protocol):
    """A running synthesis or completion."""

    def cancel(self) -> None:
        """Stop caring; free what it holds. Safe to call twice and after the end."""


class SttStream(Stream, Protocol):
    """A running recognition of one caller turn."""

    def write(self, pcm: bytes) -> None:
        """Add caller audio (LINEAR16 8 kHz mono, any length)."""

    def finish(self) -> None:
        """Say that the caller's turn is over; the final transcript is wanted as soon as possible."""


class SttEngine(Protocol):
    """Turns a caller's voice into Hebrew text."""

    name: str

    def open(self, phrases: tuple[str, ...], listener: Callable[[SttEvent], None]) -> SttStream:
        """Start a recognition. `phrases` are words to expect here, most likely first (speech contexts)."""


class TtsEngine(Protocol):
    """Turns Hebrew text (words only, no digits) into a voice."""

    name: str
    voice: str

    def open(self, text: str, listener: Callable[[TtsEvent], None]) -> Stream:
        """Start to speak `text`."""


class LlmEngine(Protocol):
    """Writes the agent's next line."""

    name: str

    def open(self, messages: list[dict[str, str]], listener: Callable[[LlmEvent], None]) -> Stream:
        """Start a completion of `messages` (OpenAI roles: system, user, assistant)."""


class JsonEngine(Protocol):
    """Reads a caller turn into a JSON document of a given form."""

    name: str

    def open(
        self, messages: list[dict[str, str]], schema: dict[str, Any], listener: Callable[[LlmEvent], None]
    ) -> Stream:
        """Start a reading: one `Text` with the whole document, then `Done`."""
