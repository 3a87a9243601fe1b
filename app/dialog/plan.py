"""What the dialog hands the call for one turn: the line, what may phrase it better, and what to do besides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.dialog.domain import Asked, Intent
from app.dialog.lines.checks import LineContext
from app.dialog.policy.actions import Action
from app.dialog.policy.state import SlotChange

NO_INPUT_MS = 5_000
NO_INPUT_AGAIN_MS = 7_000
NO_INPUT_ON_HOLD_MS = 15_000


@dataclass(frozen=True, slots=True)
class Plan:
    """One turn of the agent.

    `line` is always complete, checked and speakable. With `messages` an LLM may phrase the turn instead: its stream
    goes through a `ReplyGate` made of `context` and `questions`, which falls back to `line`. `no_input_ms` is how long
    after the line's end the call waits before `Dialog.no_input()`. `phrases` prime the recogniser for the answer.
    """

    line: str
    asked: Asked
    context: LineContext
    questions: tuple[str, ...] = ()
    messages: list[dict[str, str]] | None = None
    extraction: list[dict[str, str]] | None = None
    """Chat messages of the extraction call for this turn, its answer goes to `Dialog.extracted(…, turn)`."""
    turn: int = 0
    phrases: tuple[str, ...] = ()
    no_input_ms: int = NO_INPUT_MS
    ends_call: bool = False
    transfer: bool = False
    actions: tuple[Action, ...] = ()
    changes: tuple[SlotChange, ...] = ()
    confirms: Mapping[str, Any] = field(default_factory=dict)
    """The values that a plain yes to this line would confirm."""
    intent: Intent | None = None
    outcome: str = ""
