"""Everything that can happen to a call, and everything a call can ask for.

Events go in, commands come out (`machine.Call.receive`). Both are plain data, so a recorded call replays exactly.
Numbers tie answers to questions: `stream` counts recognitions, `speech` syntheses, `reply` agent replies; what arrives
for a number that is no longer wanted is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The media stream is open and its token was good."""

    call_sid: str
    stream_sid: str
    caller: str | None
    callee: str | None
    today: date
    past: dict[str, Any] | None = None
    """The dialog's state, where this call began on another stream, with another process."""
    last_turn: int = 0
    """Of that past; without a state it alone may be known, and the turns go on behind it."""


@dataclass(frozen=True, slots=True)
class CallerAudio:
    """Mu-law 8 kHz mono from the caller, any length; `came_at_ms` where it was read before it is handed over."""

    ulaw: bytes
    came_at_ms: int | None = field(default=None, compare=False)

    def came_by(self, now_ms: int) -> int:
        """Return when it came: now, where nobody says otherwise."""
        return now_ms if self.came_at_ms is None else self.came_at_ms


@dataclass(frozen=True, slots=True)
class Dtmf:
    """The caller pressed a key: 0-9, *, #."""

    digit: str


@dataclass(frozen=True, slots=True)
class MarkEchoed:
    """Twilio played the mark, or cleared it."""

    name: str


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """The media stream is over; `reason` is for the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class StreamMoved:
    """The call goes on on another media stream: nothing that waited to be played on the old one will be heard.

    `was_lost`: there was no line for a while, and the caller noticed.
    """

    stream_sid: str
    was_lost: bool = False


@dataclass(frozen=True, slots=True)
class SttHeard:
    """A transcript of recognition `stream`, whole so far; it ends at `end_ms` of the stream's audio (None: unknown)."""

    stream: int
    text: str
    is_final: bool
    stability: float = 0.0
    alternatives: tuple[str, ...] = ()
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SttEnded:
    """Recognition `stream` will say nothing more."""

    stream: int


@dataclass(frozen=True, slots=True)
class SttFailed:
    """Recognition `stream` broke."""

    stream: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class LlmText:
    """A piece of the language model's line for `reply`."""

    reply: int
    delta: str


@dataclass(frozen=True, slots=True)
class LlmEnded:
    """The language model's line for `reply` is whole."""

    reply: int


@dataclass(frozen=True, slots=True)
class LlmFailed:
    """The language model broke off."""

    reply: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Extracted:
    """The language model's reading of a caller turn, as JSON; `number` is that of the `AskExtraction`."""

    number: int
    json_text: str


@dataclass(frozen=True, slots=True)
class SpeechAudio:
    """A piece of the agent's voice for synthesis `speech` (mu-law 8 kHz mono)."""

    speech: int
    ulaw: bytes


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """Synthesis `speech` is whole."""

    speech: int


@dataclass(frozen=True, slots=True)
class SpeechFailed:
    """Synthesis `speech` broke; no engine is left to try."""

    speech: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Tick:
    """The time asked for by `timer()` has come; frames due by `sends_until_ms` go along with those due now."""

    sends_until_ms: int = 0


Event = (
    CallStarted
    | CallerAudio
    | Dtmf
    | MarkEchoed
    | StreamEnded
    | StreamMoved
    | SttHeard
    | SttEnded
    | SttFailed
    | LlmText
    | LlmEnded
    | LlmFailed
    | Extracted
    | SpeechAudio
    | SpeechEnded
    | SpeechFailed
    | Tick
)


class SendMedia(NamedTuple):
    """Send one 20 ms frame (mu-law) to the caller."""

    ulaw: bytes


@dataclass(frozen=True, slots=True)
class SendMark:
    """Ask Twilio to say when everything sent so far was played."""

    name: str


@dataclass(frozen=True, slots=True)
class SendClear:
    """Empty Twilio's buffer: the agent falls silent now."""


@dataclass(frozen=True, slots=True)
class OpenStt:
    """Start recognition `stream` on the primary engine, or on the fallback."""

    stream: int
    is_fallback: bool
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteStt:
    """Give recognition `stream` more caller audio (LINEAR16 8 kHz mono)."""

    stream: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class FinishStt:
    """No more audio for `stream`: its final is wanted."""

    stream: int


@dataclass(frozen=True, slots=True)
class CancelStt:
    """Nobody waits for `stream` any more."""

    stream: int


@dataclass(frozen=True, slots=True)
class AskLlm:
    """Have the language model phrase `reply`."""

    reply: int
    messages: list[dict[str, str]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CancelLlm:
    """The line for `reply` is not wanted any more."""

    reply: int


@dataclass(frozen=True, slots=True)
class AskExtraction:
    """Have the language model read a caller turn, beside the talk: JSON that obeys `schema` (strict)."""

    number: int
    messages: list[dict[str, str]] = field(repr=False)
    schema: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Speak:
    """Synthesise one sentence of `reply`."""

    speech: int
    text: str
    reply: int = 0


@dataclass(frozen=True, slots=True)
class CancelSpeech:
    """Synthesis `speech` is not wanted any more."""

    speech: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """The call is over. `transfer` puts the caller through to the office instead, `message` asks for a message.

    `goodbye` is said where none can be taken.
    """

    transfer: bool = False
    message: bool = False
    goodbye: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """One key event for the log (R11.1)."""

    line: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    level: str = "info"


@dataclass(frozen=True, slots=True)
class Save:
    """Something the store must keep: `turn`, `slots` or `outcome`."""

    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeepSample:
    """A WAV of exactly what STT was given, to listen to (R5.3)."""

    wav: bytes = field(repr=False)


Command = (
    SendMedia
    | SendMark
    | SendClear
    | OpenStt
    | WriteStt
    | FinishStt
    | CancelStt
    | AskLlm
    | CancelLlm
    | AskExtraction
    | Speak
    | CancelSpeech
    | HangUp
    | Log
    | Save
    | KeepSample
)
