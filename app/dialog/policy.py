"""What to ask next and what an answer means at this point of the call (R10.2, R10.5, R17).

The state holds everything the dialog remembers; it is plain data, so that it can be stored after every turn, sent to
another instance, and replayed. `next_step` reads it; `Fold` changes it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from app.dialog.phones import takes_whatsapp
from app.dialog.slots import PARTS, TOPIC_OF, WISHES, Asked, Understanding


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


SEEKER_STEPS = (Step.DEAL, Step.AREA, Step.PROPERTY_TYPE, Step.ROOMS, Step.BUDGET, Step.TIMING)
CONTACT_STEPS = (Step.NAME, Step.PHONE)
SLOT_STEPS = frozenset({*SEEKER_STEPS, *CONTACT_STEPS})
HOMES = frozenset(
    {
        "apartment",
        "penthouse",
        "garden_apartment",
        "roof_apartment",
        "duplex",
        "triplex",
        "housing_unit",
        "cottage",
        "private_house",
        "villa",
        "semi_detached",
    }
)
_ASKED = {
    Step.CALLER_ID: Asked.PHONE_CONFIRM,
    Step.READ_BACK: Asked.PHONE_CONFIRM,
    Step.SUMMARY: Asked.SUMMARY_CONFIRM,
    Step.CALLBACK_TIME: Asked.NEXT_STEP,
    Step.MOBILE: Asked.PHONE,
    Step.OFFER_CALLBACK: Asked.NEXT_STEP,
    Step.DONE: Asked.ANYTHING_ELSE,
}
MOST_MISSES = 3


@dataclass
class DialogState:
    """All the dialog remembers of a call; JSON-able by `asdict`."""

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
        """Return the state as plain data."""
        return asdict(self)

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


def asked_of(state: DialogState) -> Asked:
    """Return the question kind an answer is to be understood by."""
    step = Step(state.step)
    if step is Step.SURE:
        return Asked.NEXT_STEP if state.about in WISHES else Asked(state.about)
    return _ASKED.get(step) or Asked(step.value)


def confirms(state: DialogState) -> dict[str, Any]:
    """Return the values that a plain yes to the standing question confirms."""
    match Step(state.step):
        case Step.CALLER_ID:
            return {"phone": state.caller_number}
        case Step.READ_BACK:
            return {"phone": state.slots.get("phone")}
        case Step.SURE:
            return {slot: state.slots[slot] for slot in PARTS.get(state.about, (state.about,)) if slot in state.slots}
        case Step.SUMMARY:
            return {slot: value for slot, value in state.slots.items() if TOPIC_OF.get(slot, slot) in SEEKER_STEPS}
    return {}


def next_step(state: DialogState) -> Step:
    """Return what to ask next; DONE when the call is to be closed."""
    if state.finished:
        return Step.DONE
    if state.mode == Mode.SEEK and state.unsure:
        return Step.SURE
    sought = _sought_steps(state)
    for step in sought:
        if step.value not in state.passed:
            return step
    if not state.settled("name") and "name" not in state.passed:
        return Step.NAME
    contact = _phone_step(state)
    if contact is not None:
        return contact
    if sought:
        return sought[0]
    if not state.settled("name"):
        return Step.NAME
    if state.mode != Mode.SEEK:
        return Step.DONE
    if not state.summary_confirmed:
        return Step.SUMMARY
    return _last_step(state)


def open_steps(state: DialogState) -> tuple[Step, ...]:
    """Return every question that words said now may answer, in the order in which they are to be asked.

    A name is looked for only where it is next, for any word may be one.
    """
    sought = _sought_steps(state, known_type=False)
    asked_now = sum(step.value not in state.passed and step.value != state.step for step in sought)
    contact = [Step.NAME] if not asked_now and not state.settled("name") else []
    if _phone_step(state) is Step.PHONE:
        contact.append(Step.PHONE)
    return (*sought, *contact)


def _sought_steps(state: DialogState, *, known_type: bool = True) -> list[Step]:
    """Return the open questions about what is sought; `known_type`: rooms only when a home is."""
    if state.mode != Mode.SEEK:
        return []
    kind = state.slots.get("property_type")
    has_rooms = kind in HOMES or (kind is None and not known_type)
    return [step for step in SEEKER_STEPS if not state.settled(step.value) and (step is not Step.ROOMS or has_rooms)]


def _phone_step(state: DialogState) -> Step | None:
    if state.slots.get("phone"):
        return None if state.phone_confirmed or "read_back" in state.left_open else Step.READ_BACK
    if state.settled("phone"):
        return None
    return Step.CALLER_ID if state.caller_number and not state.caller_number_denied else Step.PHONE


def _last_step(state: DialogState) -> Step:
    if state.callback and not state.callback_words and not state.settled("callback_time"):
        return Step.CALLBACK_TIME
    phone = state.slots.get("phone")
    if state.whatsapp and phone and not takes_whatsapp(phone) and not state.settled(Step.MOBILE.value):
        return Step.MOBILE
    if state.whatsapp or state.callback or not phone:
        return Step.DONE
    return Step.ANYTHING_ELSE if state.next_step_settled else Step.NEXT_STEP


class Fold:
    """Applies what was understood to the state, remembering what changed in this turn."""

    def __init__(self, state: DialogState) -> None:
        self.state = state
        self.changes: list[SlotChange] = []
        self.corrected = False
        self.withdrawn = False
        self.refused: list[str] = []

    def apply(self, understood: Understanding, text: str, source: Source = Source.PARSER) -> None:
        """Fold one utterance's updates, refusals and doubts into the state."""
        state = self.state
        deal = understood.updates.get("deal")
        if deal and state.slots.get("deal") not in (None, deal) and not self._gives_budget(understood):
            # A monthly rent says nothing about a purchase: the old figure would only mislead.
            for slot in PARTS["budget"]:
                state.slots.pop(slot, None)
        for slot, value in understood.updates.items():
            doubtful = bool({slot, TOPIC_OF.get(slot, slot)} & set(understood.unsure))
            self.set(slot, value, understood.quotes.get(slot, text), unsure=doubtful, source=source)
            topic = TOPIC_OF.get(slot, slot)
            switched = topic == "budget" and "deal" in understood.updates
            if value is None and topic not in CONTACT_STEPS and not state.settled(topic) and not switched:
                # "Never mind the rooms": what was taken back is not asked for again.
                state.left_open.append(topic)
        self._infer_deal(text, source)
        for slot in understood.refused:
            topic = TOPIC_OF.get(slot, slot)
            if topic not in state.refused and not state.knows(topic):
                state.refused.append(topic)
                self.refused.append(topic)

    def _infer_deal(self, text: str, source: Source) -> None:
        """Take a sum that no home can be bought for as a rent, when the deal is not known otherwise."""
        state = self.state
        highest = state.slots.get("budget_max")
        if state.slots.get("deal") is None and highest and _LEAST_RENT <= highest <= _MOST_RENT:
            self.set("deal", "rent", text, source=source)

    def set(
        self, slot: str, value: object, quote: str, *, unsure: bool = False, source: Source = Source.PARSER
    ) -> None:
        """Set one slot (None: withdraw it) and keep its provenance."""
        state, topic = self.state, TOPIC_OF.get(slot, slot)
        before = state.slots.get(slot)
        if value == before:
            return
        change = SlotChange(slot, value, quote, state.turn, unsure, source.value)
        self.changes.append(change)
        state.provenance[slot] = asdict(change)
        if value is None:
            state.slots.pop(slot, None)
            self.withdrawn = True
        else:
            self.corrected = self.corrected or before is not None
            state.slots[slot] = value
        for gone in (state.refused, state.left_open, state.unsure, state.passed):
            if topic in gone:
                gone.remove(topic)
        if unsure and value is not None and topic in _CAN_DOUBT and state.doubts.get(topic, 0) < _MOST_DOUBTS:
            state.unsure.append(topic)
        state.misses.pop(topic, None)
        if slot == "phone":
            state.phone_confirmed = value is not None and value == state.caller_number
            state.phone_digits = ""

    @staticmethod
    def _gives_budget(understood: Understanding) -> bool:
        return any(slot in understood.updates for slot in PARTS["budget"])

    @property
    def said_in_doubt(self) -> list[str]:
        """Return the topics whose new value may be wrong and is only said back: those with no question of their own."""
        topics = [TOPIC_OF.get(change.slot, change.slot) for change in self.changes if change.unsure and change.value]
        asked_about = {*self.state.unsure, *(step.value for step in CONTACT_STEPS)}
        return list(dict.fromkeys(topic for topic in topics if topic not in asked_about))

    @property
    def values(self) -> dict[str, Any]:
        """Return the slots this turn gave a value."""
        return {change.slot: change.value for change in self.changes if change.value is not None}


# A doubtful name or phone is settled by its own confirmation; a doubtful deal, type, time or room count is said back
# in the acknowledgement and again in the summary, and costs no question of its own.
_MOST_DOUBTS = 2
_LEAST_RENT, _MOST_RENT = 500, 60_000
_CAN_DOUBT = frozenset({"budget", "area"})
