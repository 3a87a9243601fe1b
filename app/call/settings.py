"""What one call is tuned by."""

from dataclasses import dataclass

from app.call.answering.replying import ReplySettings
from app.call.hearing.recognition import RecognitionSettings
from app.dialog.dialog import DialogSettings
from app.media.bargein import BargeInSettings
from app.media.endpointing import EndpointSettings
from app.media.playout import PlayoutSettings
from app.media.vad import VadSettings


@dataclass(frozen=True, slots=True)
class CallSettings:
    """Everything a call is tuned by, machine by machine."""

    vad: VadSettings
    endpointing: EndpointSettings
    barge_in: BargeInSettings
    playout: PlayoutSettings
    hearing: RecognitionSettings
    replying: ReplySettings
    dialog: DialogSettings
    max_call_ms: int
    guesses: bool = False
    keeps_sample: bool = False
    hold_after_ms: int = 1500
    """How late an answer may be before the caller is asked for a moment."""
