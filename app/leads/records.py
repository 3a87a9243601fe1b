"""What the worker tells the store of a call: one record a fact, JSON on the wire and in the journal.

Every record carries its own time, so it means the same whenever it is applied, and applying it twice changes nothing.
"""

import math
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

ABANDONED = "abandoned"
"""Outcome of a call whose end nobody reported: its worker is gone, its line was lost, or nothing happened for long."""
LOST = "lost"
"""Reason of an end that may be none: the line broke, or the worker ends, and the call may go on elsewhere."""

MOVED = "moved"
"""Reason of an end that is none: another instance has taken the call over on a newer stream of it."""

CallSid = Annotated[str, Field(min_length=1, max_length=64)]


class _Storable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        return storable(value)


class _Record(_Storable):
    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


class CallStarted(_Record):
    """A call reached the media path (again, after a reconnect) or left a recorded message."""

    op: Literal["call_started"] = "call_started"
    call_sid: CallSid
    stream_sid: str = ""
    from_number: str = ""
    to_number: str = ""
    channel: Literal["call", "browser", "recording"] = "call"


class CallServed(_Record):
    """Who serves a call, and since when: `clock0_at` is where the times of its turns count from."""

    op: Literal["call_served"] = "call_served"
    call_sid: CallSid
    clock0_at: AwareDatetime
    instance: str = ""
    app_version: str = ""
    engines: dict[str, str] = {}


class CallUsed(_Record):
    """What a call cost, in units: stt_ms, tts_chars, tts_cached_chars, llm_calls, llm_in_tokens, llm_out_tokens…"""

    op: Literal["call_used"] = "call_used"
    call_sid: CallSid
    usage: dict[str, int]


class Segments(_Storable):
    """The time from the end of the caller's voice to the first sample of the answer, step after step, in ms.

    They lie end to end: what was measured adds up to `Timing.answer_ms`. Null: nobody measured it.
    """

    endpointing: int | None = None
    """Voice end → end of utterance."""
    asr: int | None = None
    """→ the turn's text stands."""
    llm: int | None = None
    """→ first token; 0 where no language model was asked."""
    sentence: int | None = None
    """→ first sentence that may be spoken."""
    tts: int | None = None
    """→ first byte of its voice."""
    own: int | None = None
    """→ ready to be spoken: what this process waited."""
    held: int | None = None
    """→ begun to be spoken: kept back from a caller who might not have been done; 0 from one who surely was."""
    send: int | None = None
    """→ first frame sent."""
    path: int | None = None
    """→ first sample heard, as the marks tell it."""


class Timing(_Storable):
    """When a turn's steps came, in ms since the stream's start (`CallServed.clock0_at`); null: not measured."""

    speech_from: int | None = None
    speech_to: int | None = None
    eou: int | None = None
    eou_kind: Literal["adaptive", "sharp", "dictating", "forced"] | None = None
    first_interim: int | None = None
    text_at: int | None = None
    stt_source: str | None = None
    """final, interim, fallback or gave_up."""
    llm_first_token: int | None = None
    first_sentence: int | None = None
    line_source: Literal["rules", "llm", "late"] | None = None
    """Who phrased it; late: the language model was asked and the template spoke."""
    tts_first_byte: int | None = None
    tts_source: Literal["cache", "engine"] | None = None
    first_frame: int | None = None
    first_heard: int | None = None
    heard_by: Literal["mark", "clock"] | None = None
    agent_to: int | None = None
    answer_ms: int | None = None
    """Voice end → first heard; null for a reply that nobody heard, or that answers no turn."""
    segments: Segments = Field(default_factory=Segments)
    voice_ms: int | None = None
    heard_ms: int | None = None
    own_wait_ms: int | None = None
    """How long what engines brought waited for this process, within the segments above."""
    holding: bool = False
    guesses: int = 0
    guess_used: bool | None = None
    moments: dict[str, int] = Field(default_factory=dict)
    """When else something happened on the way: holding (a phrase before a late answer), guess_used, guess_wrong,
    stt_late, llm_late, tts_late (an engine was not waited for any longer)."""
    withdrawn: int = 0
    """Replies to this turn that were taken back because the caller went on."""
    faults: int = 0
    """Times that cannot be (below 0, above a minute) and were stored as null."""
    holes: int = 0
    """Pauses in the agent's voice that were not meant."""


Verdict = Literal["floor", "resumed", "withdrawn", "late_words", "near_end"]


class InterruptionSaved(_Record):
    """The caller spoke over the agent. Times in ms since the stream's start.

    `verdict`: floor (the caller has it), resumed (a false alarm), late_words (resumed, but words came), withdrawn (so
    early that the reply was taken back), near_end (the agent had as good as finished); empty: the call ended first.
    """

    op: Literal["interruption"] = "interruption"
    call_sid: CallSid
    number: int = Field(ge=1)
    turn: int = Field(ge=0)
    reply: int
    onset_ms: int | None = None
    clear_at_ms: int
    heard_ms: int
    speech_ms: int | None = None
    words: str = ""
    verdict: Verdict | Literal[""] = ""
    verdict_at_ms: int | None = None


class TurnSaved(_Record):
    """One turn, whole. Sent again when more is known of it (how much of the reply was heard): the later record wins.

    `state` is the call's snapshot after the turn, for a reconnect on any instance. `latencies_ms` holds endpointing,
    asr, llm_first_token, tts_first_byte and voice_to_voice as far as they were measured; `timing` tells more, later.
    """

    op: Literal["turn"] = "turn"
    call_sid: CallSid
    number: int = Field(ge=0)
    caller_text: str = ""
    agent_text: str = ""
    agent_heard: str | None = None
    asked: str = ""
    intent: str = ""
    latencies_ms: dict[str, float | None] = {}
    timing: Timing | None = None
    state: dict[str, Any] | None = None


class SlotChange(_Storable):
    """A slot's new full value (None: withdrawn) and the caller's words behind it."""

    value: Any
    quote: str = ""
    confidence: float | None = None
    confirmed: bool = False


class SlotsChanged(_Record):
    """What a turn changed in what is known (R10.2)."""

    op: Literal["slots"] = "slots"
    call_sid: CallSid
    turn: int = Field(ge=0)
    changes: dict[Annotated[str, Field(max_length=32)], SlotChange]


class WhatsAppRequest(_Storable):
    """A summary the caller asked for. `variables` fill the template, `body` is the text without one."""

    to: str = Field(pattern=r"^\+\d{8,15}$")
    body: str = Field(max_length=1600)
    variables: dict[str, str] = {}


class CallBack(_Storable):
    """When the caller wants to be called: in the caller's words, and as Israel's time as far as they are clear.

    `day` alone: no hour was named. `when` is the hour, or where a stretch begins that ends at `until`.
    """

    when_text: str = ""
    day: date | None = None
    when: AwareDatetime | None = None
    until: AwareDatetime | None = None


TransferResult = Literal["started", "completed", "answered", "busy", "no-answer", "failed", "canceled"]
NotSent = Literal["landline", "number_not_confirmed", "no_number"]


class WishKept(_Storable):
    """What the caller wishes of a home beside the slots, in their words (R23)."""

    wish: str
    quote: str
    turn: int


class FactsSaved(_Record):
    """What is known of the call besides its slots; None leaves the earlier value, `withdrawn` names those taken back.

    `whatsapp_not_sent`: the caller asked for the summary, and this is why it does not go out. `transfer`: how putting
    the caller through went, "started" or one of Twilio's DialCallStatus.
    """

    op: Literal["facts"] = "facts"
    call_sid: CallSid
    whatsapp: WhatsAppRequest | None = None
    whatsapp_not_sent: NotSent | None = None
    call_back: CallBack | None = None
    wants_human: bool | None = None
    transfer: TransferResult | None = None
    owner: bool | None = None
    refused: list[str] | None = None
    wishes: list[WishKept] | None = None
    summary: str | None = None
    summary_confirmed: bool | None = None
    recording_url: str | None = None
    withdrawn: list[str] = []


class CallEnded(_Record):
    """The call is over. `outcome` is empty where only the end is known, as from Twilio's status webhook (R3.3).

    `reason`: who ended it, as far as this process knows (stop, agent_done, max_call, lost, moved, fault, …).
    """

    op: Literal["call_ended"] = "call_ended"
    call_sid: CallSid
    outcome: str = ""
    reason: str = ""


class MessageStatus(_Record):
    """A WhatsApp status callback."""

    op: Literal["message_status"] = "message_status"
    message_sid: CallSid
    status: str
    error_code: int | None = None


class ByOperator(_Record):
    """What an operator does; noted with the instance whose page it was done on."""

    instance: str = ""


class Requeue(ByOperator):
    """A delivery that was given up goes on its way again."""

    op: Literal["requeue"] = "requeue"
    delivery_id: int


class SendAgain(ByOperator):
    """A lead goes out (again, or now) through a channel; where it never did, its delivery is made."""

    op: Literal["send_again"] = "send_again"
    lead_id: int
    channel: Literal["webhook", "whatsapp"] = "webhook"


class LeadMarked(ByOperator):
    """What is to be done about a lead."""

    op: Literal["lead_marked"] = "lead_marked"
    lead_id: int
    status: Literal["new", "call_back", "handled"]


class LeadNoted(ByOperator):
    """The operator's note on a lead."""

    op: Literal["lead_noted"] = "lead_noted"
    lead_id: int
    text: str = Field(max_length=4000)


class Acted(ByOperator):
    """Something else an operator did, for the audit; `subject` holds no whole number."""

    op: Literal["acted"] = "acted"
    action: str = Field(min_length=1, max_length=32)
    subject: str = Field(default="", max_length=200)


CallRecord = CallStarted | CallServed | TurnSaved | InterruptionSaved | SlotsChanged | FactsSaved | CallUsed | CallEnded
Record = CallRecord | MessageStatus | Requeue | SendAgain | LeadMarked | LeadNoted | Acted
RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="op")])


class Forget(BaseModel):
    """Everything of a number is to be erased, or counted; answered with the counts, and never journaled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    op: Literal["forget"] = "forget"
    number: str = Field(min_length=1, max_length=64)
    dry_run: bool
    instance: str = ""


class Query(BaseModel):
    """A question to the store; `arguments` are those of the function of that name in `app.leads.questions`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    op: Literal["query"] = "query"
    name: str
    arguments: dict[str, Any] = {}


def transfer_result(dial_call_status: str) -> TransferResult:
    """Return Twilio's DialCallStatus as it is stored; one that is not known is a failure."""
    known: tuple[TransferResult, ...] = get_args(TransferResult)
    return next((result for result in known if result == dial_call_status), "failed")


def storable(value: Any) -> Any:
    """Return `value` without what no database can hold: NUL and lone surrogates in text, numbers that are none."""
    if isinstance(value, str):
        # What is printable holds neither, as nearly all text does; a turn's record has a hundred of them.
        return value if value.isprintable() else value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
