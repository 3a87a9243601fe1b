"""What a call is served by; shared by all calls of the process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from app.call.shell.audio_file import AudioFile
from app.call.shell.ledger import Store
from app.speech.engines import JsonEngine, LlmEngine, SttEngine
from app.speech.voice import Voice
from app.telephony import messages


class Telephone(Protocol):
    """What can be done to the call itself, off the hub's back."""

    def hang_up(self, call_sid: str) -> bool:
        """End the call; False if only closing the stream can."""

    def transfer(self, call_sid: str) -> bool:
        """Put the caller through to the office; False if that cannot be done."""

    def take_message(self, call_sid: str) -> bool:
        """Have another voice than ours ask for a message; False if that cannot be done."""


@dataclass(frozen=True, slots=True)
class Services:
    """What a call is served by; shared by all calls of the process."""

    stt: SttEngine
    stt_fallback: SttEngine | None
    llm: LlmEngine | None
    voice: Voice
    store: Store
    telephone: Telephone
    admit: Callable[[messages.StreamStart], str | None]
    """Judges a start message's token: None is a yes, else the reason for closing with 1008."""
    keep_sample: Callable[[str, bytes], None]
    open_tape: Callable[[str], Callable[[bytes], None] | None]
    open_audio: Callable[[str], AudioFile | None]
    on_log: Callable[[str, str, dict[str, Any]], None]
    recall: Callable[[messages.StreamStart], tuple[dict[str, Any] | None, int] | None] = lambda _: None
    """Returns the past of a call that began elsewhere: the dialog's state and last turn's number; may wait a little."""
    extractor: JsonEngine | None = None
    """Reads each caller turn once more, beside the talk."""
