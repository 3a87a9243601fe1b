"""Who is let in: an instance at its limit, or about to stop, takes a message instead of a call (R18). Pure."""

from collections.abc import Callable, Mapping

from app.dialog.hebrew.speakable import speakable
from app.telephony import twiml

FULL_LINE = (
    "שלום, הגעתם אל {office}. כל השיחות שלנו תפוסות כרגע. אפשר להשאיר הודעה אחרי הצליל: שם, מספר טלפון ומה אתם מחפשים,"
    " ונחזור אליכם."
)
NO_VOICE_LINE = (
    "שלום, הגעתם אל {office}. יש אצלנו תקלה זמנית בקו. אפשר להשאיר הודעה אחרי הצליל: שם, מספר טלפון ומה אתם מחפשים,"
    " ונחזור אליכם."
)
THANKS_LINE = "תודה רבה, ההודעה התקבלה ונחזור אליכם בהקדם. להתראות."
RECORDING_PATH, OVERFLOW_ENDED_PATH = "/webhook/handle_recording", "/webhook/overflow_ended"
ARRIVES_WITHIN_S = 15.0
"""From the webhook to the media stream's start message; a call that takes longer is not coming."""

MUTE_S, LONGEST_MUTE_S = 5.0, 60.0
"""After a call that could not be given a voice, callers are asked for a message for so long; then one tries again. Each
further such call in a row doubles it.
"""
FORGIVEN_AFTER_S = 120.0
"""A voice that was lost so long ago says nothing about the next loss."""

FEW_CALLS = 4
"""So many are let in however late the process runs: a late voice is better than none."""

_MOST_REMEMBERED = 1000


class Admission:
    """Counts the calls that live or are on their way; answers None, or the TwiML of what there is instead.

    That is a message, or where there is one the office's other number, and the message if nobody answers there.
    """

    def __init__(
        self,
        most_calls: int,
        office_name: str,
        public_base_url: str | None,
        live: Callable[[], int],
        clock_s: Callable[[], float],
        overflow_number: str | None = None,
        is_late: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_late` tells whether the process is too late for another call, whatever `most_calls` says."""
        self.most_calls = most_calls
        self._is_late = is_late
        self._live = live
        self._clock_s = clock_s
        self._on_their_way: dict[str, float] = {}
        self._sent_to_recorder: dict[str, None] = {}
        self.message = ask_for_message(FULL_LINE, office_name, public_base_url)
        """TwiML that asks for a message."""
        told_at = (public_base_url or "") + OVERFLOW_ENDED_PATH
        self._instead = twiml.dial(overflow_number, action_url=told_at) if overflow_number else self.message
        self._mute_until_s = 0.0
        self._mute_s = MUTE_S
        self.is_closed = False
        self.why_not = ""
        """Why the last caller was not let in: draining, muted, full or late."""

    def __call__(self, params: Mapping[str, str]) -> bytes | None:
        """Judge a signed incoming call."""
        now_s, call_sid = self._clock_s(), params.get("CallSid", "")
        others = self.on_their_way - (call_sid in self._on_their_way)
        self.why_not = self._judge(self._live() + others, now_s)
        if self.why_not:
            self._on_their_way.pop(call_sid, None)
            self._remember(call_sid)
            return self._instead
        self._on_their_way[call_sid] = now_s
        return None

    @property
    def on_their_way(self) -> int:
        """How many calls were let in whose streams have not started yet."""
        now_s = self._clock_s()
        self._on_their_way = {sid: at for sid, at in self._on_their_way.items() if now_s - at < ARRIVES_WITHIN_S}
        return len(self._on_their_way)

    def sent_to_recorder(self, call_sid: str) -> bool:
        """Tell whether this call was asked for a message, or put through to another number."""
        return call_sid in self._sent_to_recorder

    def voice_lost(self, call_sid: str) -> None:
        """A live call is handed to the recorder, for no engine speaks, or hears; the next ones go there at once."""
        self._remember(call_sid)
        now_s = self._clock_s()
        if now_s < self._mute_until_s:
            return  # a call that was in already: nobody has tried again
        is_in_a_row = bool(self._mute_until_s) and now_s - self._mute_until_s < FORGIVEN_AFTER_S
        self._mute_s = min(2 * self._mute_s, LONGEST_MUTE_S) if is_in_a_row else MUTE_S
        self._mute_until_s = now_s + self._mute_s

    def arrived(self, call_sid: str) -> None:
        """Its stream has started: it counts among the living now."""
        self._on_their_way.pop(call_sid, None)

    def _judge(self, calls: int, now_s: float) -> str:
        if self.is_closed:
            return "draining"
        if now_s < self._mute_until_s:
            return "muted"
        if calls >= self.most_calls:
            return "full"
        return "late" if calls >= FEW_CALLS and self._is_late() else ""

    def _remember(self, call_sid: str) -> None:
        if len(self._sent_to_recorder) >= _MOST_REMEMBERED:
            del self._sent_to_recorder[next(iter(self._sent_to_recorder))]
        self._sent_to_recorder[call_sid] = None


def ask_for_message(line: str, office_name: str, public_base_url: str | None) -> bytes:
    """Return the TwiML in which Twilio's voice says `line` and takes a message."""
    # Twilio takes an address relative to the document's, too, should ours not be known.
    action = (public_base_url or "") + RECORDING_PATH
    return twiml.record(line.replace("{office}", speakable(office_name)), action)


def thanks() -> bytes:
    """Return the TwiML for a caller whose message has been recorded."""
    return twiml.say_and_hang_up(THANKS_LINE)
