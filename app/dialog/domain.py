"""What the office wants to know of a caller, and what one caller utterance says about it (R10.2).

Shared words of the dialog's rooms: `understand` fills an `Understanding`, `policy.folding` folds it into the state.
Values are those of the evaluation sets: whole ILS, rooms with halves, E.164 phones, canonical Hebrew area names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Topic:
    """What the office asks about as one: the slots it is known as, in the order in which it is asked."""

    name: str
    slots: tuple[str, ...]
    is_contact: bool = False
    """Who calls, rather than what is sought."""
    is_asked_back: bool = False
    """A value heard in doubt has a question of its own; of the others it is only said back."""
    is_counted: bool = False
    """Numbers and times: what the grammar read of them stands, whatever a language model reads."""


TOPICS = (
    Topic("deal", ("deal",)),
    Topic("area", ("area",), is_asked_back=True),
    Topic("property_type", ("property_type",)),
    Topic("rooms", ("rooms_min", "rooms_max"), is_counted=True),
    Topic("budget", ("budget_min", "budget_max"), is_asked_back=True, is_counted=True),
    Topic("timing", ("timing",), is_counted=True),
    Topic("name", ("name",), is_contact=True),
    Topic("phone", ("phone",), is_contact=True, is_counted=True),
)
"""The one table of what is to be known: everything that goes through all topics or slots reads it."""
PARTS: Mapping[str, tuple[str, ...]] = {topic.name: topic.slots for topic in TOPICS if len(topic.slots) > 1}
"""Topics that are asked about as one and known as two slots."""
TOPIC_OF = {slot: topic for topic, slots in PARTS.items() for slot in slots}
SLOT_NAMES = tuple(slot for topic in TOPICS for slot in topic.slots)


class Intent(StrEnum):
    """What the caller does with an utterance; one per turn, precedence as in the evaluation sets."""

    PROVIDE_INFO = "provide_info"
    CONFIRM = "confirm"
    DENY = "deny"
    GOODBYE = "goodbye"
    HUMAN = "human"
    REPEAT = "repeat"
    WHATSAPP = "whatsapp"
    SCHEDULE = "schedule"
    UNCLEAR = "unclear"


WISHES = frozenset({Intent.HUMAN, Intent.WHATSAPP, Intent.SCHEDULE, Intent.GOODBYE})
"""Intents that change the course of the call: when they are heard in doubt, the caller is asked."""


class Asked(StrEnum):
    """What the agent's last question was about."""

    GREETING = "greeting"
    DEAL = "deal"
    AREA = "area"
    PROPERTY_TYPE = "property_type"
    ROOMS = "rooms"
    BUDGET = "budget"
    TIMING = "timing"
    NAME = "name"
    PHONE = "phone"
    PHONE_CONFIRM = "phone_confirm"
    SUMMARY_CONFIRM = "summary_confirm"
    NEXT_STEP = "next_step"
    ANYTHING_ELSE = "anything_else"


class Errand(StrEnum):
    """What a caller rings about when it is no search of their own."""

    OWNER = "owner"
    """Sells or lets a property of their own."""
    ROOM_MATE = "room_mate"
    """Has a home and looks for a room-mate, or for somebody to take it over."""
    BROKER = "broker"
    JOB = "job"
    WRONG_NUMBER = "wrong_number"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller wishes of a home beside the slots: which wish, and the words for it (R23).

    `wanted` false: it is not needed, or not wanted any more.
    """

    kind: str
    quote: str
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Understanding:
    """What one caller utterance means.

    `updates` holds only slots whose value changes, each with its new full value (`area`: the full list after the turn;
    `None`: withdrawn). `quotes` gives the caller's words behind each update. `refused` are slots the caller will not
    give. `doubted` are values that may be no wish ("אני גר בלוד", asked where to search): asked back, not taken.
    `unsure` are slots with two readings: confirm before relying on them. `errand`: what the caller rings about when it
    is no search; `owner`: they sell or let a property of their own. `hold`: the caller asked for a moment.
    `phone_digits`: digits of a number still being dictated. The remaining flags are acts that need an answer of their
    own.
    """

    updates: dict[str, Any] = field(default_factory=dict)
    doubted: dict[str, Any] = field(default_factory=dict)
    intent: Intent = Intent.UNCLEAR
    quotes: dict[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    owner: bool = False
    errand: Errand | None = None
    hold: bool = False
    abuse: bool = False
    injection: bool = False
    asks_robot: bool = False
    asks_listing: bool = False
    asks_who: bool = False
    more_to_say: bool = False
    wishes: tuple[Wish, ...] = ()
    phone_digits: str = ""


class Understand(Protocol):
    """Reads one caller utterance; pure and deterministic."""

    def __call__(
        self,
        text: str,
        *,
        asked: Asked,
        state: dict[str, Any],
        today: date,
        alternatives: tuple[str, ...] = (),
        agent: str = "",
    ) -> Understanding:
        """Return what the utterance means at this point of the call."""
