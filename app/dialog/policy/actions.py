"""What the caller asked to have done outside the talk (R10.5)."""

from dataclasses import dataclass
from enum import StrEnum


class ActionKind(StrEnum):
    """What the caller asked to have done."""

    WHATSAPP = "whatsapp"
    CALLBACK = "callback"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do outside the talk; `confirmed` once it may be done. `words`: when, in the caller's words."""

    kind: ActionKind
    confirmed: bool = False
    words: str = ""
