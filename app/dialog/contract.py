"""What a dialog is made of: the office's settings, the parser it reads by, the history it keeps."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from app.dialog.slots import Asked, Understanding

CALLER_NUMBER = re.compile(r"\+[1-9]\d{7,14}")
# Withheld numbers arrive as words ("anonymous") or as these, which spell such words on a keypad (facts of Twilio).
WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})


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


@dataclass(frozen=True, slots=True)
class DialogSettings:
    """What the office sets. `recorded`: the greeting says so. `transfer_number`: where a person answers.

    `fine_ear`: the recogniser writes what was said, so that its first reading stands; else it writes what it sounded
    like, and its readings together are compared with what is expected (`by_ear`).
    """

    office_name: str = "משרד התיווך"
    agent_name: str = "נועה"
    transfer_number: str | None = None
    uses_llm: bool = False
    recorded: bool = False
    fine_ear: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """One entry of the history: who spoke and what was heard of it."""

    who: str
    text: str


def callable_number(number: str | None) -> str | None:
    """Return the number if it can be called back: not withheld, and in E.164."""
    return number if number and CALLER_NUMBER.fullmatch(number) and number not in WITHHELD else None
