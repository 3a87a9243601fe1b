"""What the dialog remembers of a call (R10.2, R17, R18).

Plain data, so that it can be stored after every turn, sent to another instance, and replayed. `next_question` reads
it; `folding` changes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from app.dialog.domain import PARTS, TOPICS


class Step(StrEnum):
    """What the dialog waits for."""

    GREETING = "greeting"
    DEAL = "deal"
    AREA = "area"
    PROPERTY_TYPE = "property_type"
    ROOMS = "rooms"
    BUDGET = "budget"
    TIMING = "timing"
    NAME = "name"
    PHONE = "phone"
    CALLER_ID = "caller_id"
    """Whether the calling number may be called back."""
    READ_BACK = "read_back"
    """Whether a dictated number was heard right."""
    SURE = "sure"
    """Whether a doubtful value was heard right."""
    SUMMARY = "summary"
    NEXT_STEP = "next_step"
    CALLBACK_TIME = "callback_time"
    MOBILE = "mobile"
    """Where a summary by WhatsApp is to go, when the number given is a landline's."""
    OFFER_CALLBACK = "offer_callback"
    ANYTHING_ELSE = "anything_else"
    DONE = "done"


class Mode(StrEnum):
    """Whose call this is: a seeker gets all questions, the others only those about calling them back."""

    SEEK = "seek"
    HUMAN = "human"
    OWNER = "owner"
    CALLBACK = "callback"


class Source(StrEnum):
    """Where a value came from."""

    PARSER = "parser"
    LLM = "llm"
    DTMF = "dtmf"
    CALLER_ID = "caller_id"


@dataclass(frozen=True, slots=True)
class SlotChange:
    """A slot's new value with its provenance: the caller's words, the turn, and whether it has two readings (R14)."""

    slot: str
    value: Any
    quote: str
    turn: int
    unsure: bool = False
    source: str = Source.PARSER.value

    def as_json(self) -> dict[str, Any]:
        """Return the change as plain data."""
        copied: dict[str, Any] = _copied({each: getattr(self, each) for each in self.__slots__})
        return copied


SEEKER_STEPS = tuple(Step(topic.name) for topic in TOPICS if not topic.is_contact)
CONTACT_STEPS = tuple(Step(topic.name) for topic in TOPICS if topic.is_contact)
SLOT_STEPS = frozenset({*SEEKER_STEPS, *CONTACT_STEPS})


@dataclass
class DialogState:
    """All the dialog remembers of a call: plain data."""

    slots: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    left_open: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    """Topics the caller went past: asked again when everything else is known."""
    said_back: list[str] = field(default_factory=list)
    """Topics the last line said back as heard in doubt: a plain "no" is about them."""
    doubts: dict[str, int] = field(default_factory=dict)
    """How often each topic was asked about as heard in doubt."""
    denied: dict[str, list[Any]] = field(default_factory=dict)
    """Values of a slot that were heard and were not what the caller had said."""
    step: str = Step.GREETING.value
    about: str = ""
    """The topic a SURE or OFFER_CALLBACK question is about."""
    side: str = ""
    """A question of the line itself (silence, hold, abuse) that stands before the step's question."""
    mode: str = Mode.SEEK.value
    turn: int = 0
    misses: dict[str, int] = field(default_factory=dict)
    misses_in_row: int = 0
    caller_number: str | None = None
    caller_number_denied: bool = False
    phone_confirmed: bool = False
    phone_digits: str = ""
    """Digits of a number dictated so far."""
    keys: str = ""
    """Digits of a number keyed so far."""
    summary_confirmed: bool = False
    next_step_settled: bool = False
    finished: bool = False
    wishes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What is wished beside the slots, by kind: the caller's words (`quote`) and the `turn` (R23)."""
    reopened: bool = False
    """The caller went on after the goodbye: what is left is to ask whether there is anything else."""
    confirmed: list[str] = field(default_factory=list)
    """Kinds of actions that were confirmed at a close."""
    owes_introduction: bool = False
    """The caller has not heard who speaks: the office, the assistant being digital, the recording."""
    asks: dict[str, int] = field(default_factory=dict)
    """How often each question was asked."""
    whatsapp: bool = False
    callback: bool = False
    callback_words: str = ""
    human_asked: bool = False
    owner: bool = False
    abuses: int = 0
    silences: int = 0
    last_opening: str = ""
    last_question: str = ""
    outcome: str = ""

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Self:
        """Restore a state from its stored form; unknown keys of a newer version are ignored."""
        known = {each.name for each in fields(cls)}
        return cls(**{key: value for key, value in saved.items() if key in known})

    def as_json(self) -> dict[str, Any]:
        """Return the state as plain data, which no later turn changes."""
        copied: dict[str, Any] = _copied(vars(self))
        return copied

    def copy(self) -> Self:
        """Return a state of its own: what happens to one does not happen to the other."""
        return type(self)(**self.as_json())

    def knows(self, topic: str) -> bool:
        """Whether the caller has given this topic."""
        return any(self.slots.get(slot) is not None for slot in PARTS.get(topic, (topic,)))

    def settled(self, topic: str) -> bool:
        """Whether this topic needs no question: given, declined or left open."""
        return self.knows(topic) or topic in self.refused or topic in self.left_open

    @property
    def collected(self) -> bool:
        """Whether nothing is left to ask about what is sought."""
        return all(self.settled(step.value) for step in (*SEEKER_STEPS, *CONTACT_STEPS) if step is not Step.ROOMS)

    def result(self) -> str:
        """Return the outcome so far: the stored one, or what the call would count as if it ended now."""
        if self.outcome:
            return self.outcome
        if self.mode == Mode.HUMAN:
            return "human"
        if self.mode == Mode.CALLBACK:
            return "whatsapp" if self.whatsapp and not self.callback else "schedule"
        if self.mode == Mode.OWNER and not (self.whatsapp or self.callback):
            # Whose call it is stands in the lead; how far it came is said as of every other.
            return "collected" if self.slots.get("phone") else "goodbye_incomplete"
        owner = self.mode == Mode.OWNER
        if self.whatsapp and (owner or self.next_step_settled or self.summary_confirmed or self.collected):
            return "whatsapp"
        if self.callback:
            return "schedule"
        if self.summary_confirmed:
            return "confirmed"
        return "collected" if self.collected else "goodbye_incomplete"


def _copied(held: Any) -> Any:
    """Return plain data anew. `copy.deepcopy`, which knows all kinds of objects, takes twenty times as long."""
    if isinstance(held, dict):
        # Most of it is words and numbers, which nothing changes.
        return {key: _copied(value) if isinstance(value, (dict, list)) else value for key, value in held.items()}
    return [_copied(value) for value in held] if isinstance(held, list) else held
