"""What the worker tells the store of a call: one record a fact, JSON on the wire and in the journal.

Every record carries its own time, so it means the same whenever it is applied, and applying it twice changes nothing.
"""

import math
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

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


class TurnSaved(_Record):
    """One turn, whole. Sent again when more is known of it (how much of the reply was heard): the later record wins.

    `state` is the call's snapshot after the turn, for a reconnect on any instance. `latencies_ms` holds endpointing,
    asr, llm_first_token, tts_first_byte and voice_to_voice as far as they were measured.
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
    summary: str | None = None
    summary_confirmed: bool | None = None
    recording_url: str | None = None
    withdrawn: list[str] = []


class CallEnded(_Record):
    """The call is over. `outcome` is empty where only the end is known, as from Twilio's status webhook (R3.3)."""

    op: Literal["call_ended"] = "call_ended"
    call_sid: CallSid
    outcome: str = ""


class MessageStatus(_Record):
    """A WhatsApp status callback."""

    op: Literal["message_status"] = "message_status"
    message_sid: CallSid
    status: str
    error_code: int | None = None


class Requeue(_Record):
    """An operator sends a failed delivery on its way again."""

    op: Literal["requeue"] = "requeue"
    delivery_id: int


Record = CallStarted | TurnSaved | SlotsChanged | FactsSaved | CallEnded | MessageStatus | Requeue
RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="op")])


class Query(BaseModel):
    """A question to the store; `arguments` are those of the function of that name in `app.leads.queries`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    op: Literal["query"] = "query"
    name: Literal["call_state", "recent_calls", "call_timeline", "recent_leads", "outbox", "latencies"]
    arguments: dict[str, Any] = {}


def transfer_result(dial_call_status: str) -> TransferResult:
    """Return Twilio's DialCallStatus as it is stored; one that is not known is a failure."""
    known: tuple[TransferResult, ...] = get_args(TransferResult)
    return next((result for result in known if result == dial_call_status), "failed")


def storable(value: Any) -> Any:
    """Return `value` without what no database can hold: NUL and lone surrogates in text, numbers that are none."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
