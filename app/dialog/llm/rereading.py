"""The language model's second reading of each turn: asked for with the answer, merged before the next turn (R10.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app.dialog.domain import TOPIC_OF, Intent, Understanding
from app.dialog.llm import prompts
from app.dialog.llm.extraction import merge_extraction, missed_wish
from app.dialog.policy.folding import Fold
from app.dialog.policy.state import DialogState, SlotChange, Source

# A reading that comes later than this is not waited for any more.
_MOST_TURNS = 4
_SHORT_ANSWER_WORDS = 2
_CAN_DOUBT = ("budget", "area", "deal", "property_type")
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class _Heard:
    text: str
    understood: Understanding
    slots: Mapping[str, Any]


class Rereading:
    """The turns of one call whose second reading may still come."""

    def __init__(self, memory: DialogState) -> None:
        self._memory = memory
        self._turns: dict[int, _Heard] = {}

    def copy(self, memory: DialogState) -> "Rereading":
        """Return the same turns beside another memory of the call."""
        copied = Rereading(memory)
        copied._turns = dict(self._turns)
        return copied

    def remember(self, text: str, understood: Understanding) -> None:
        """Note what this turn was understood as, and in which state."""
        turn = self._memory.turn
        self._turns[turn] = _Heard(text, understood, dict(self._memory.slots))
        self._turns.pop(turn - _MOST_TURNS, None)

    def messages(self, asked_line: str, today: date) -> list[dict[str, str]] | None:
        """Return what to ask the model about this turn; None: there is nothing more to be read."""
        heard = self._turns[self._memory.turn]
        is_short = len(heard.text.split()) <= _SHORT_ANSWER_WORDS
        if is_short and heard.understood.intent is not Intent.UNCLEAR and not heard.understood.unsure:
            return None
        return prompts.extraction_messages(heard.text, asked_line, heard.slots, today)

    def merge(self, json_text: str, turn: int) -> tuple[SlotChange, ...]:
        """Merge the reading of an earlier turn; what a later turn has said stands. Returns what changed."""
        memory = self._memory
        heard = self._turns.pop(turn, None)
        if heard is None or memory.outcome:
            return ()
        merged = merge_extraction(json_text, heard.text, heard.understood, heard.slots)
        stale = {slot for slot, change in memory.provenance.items() if change["turn"] > turn}
        fresh = {
            slot: value
            for slot, value in merged.updates.items()
            if slot not in stale and heard.understood.updates.get(slot, _ABSENT) != value
        }
        fold = Fold(memory)
        fold.apply(replace(merged, updates=fresh), heard.text, Source.LLM)
        for slot in merged.unsure:
            topic = TOPIC_OF.get(slot, slot)
            doubtful = topic in _CAN_DOUBT and memory.knows(topic) and topic not in memory.unsure
            if doubtful and slot not in stale:
                memory.unsure.append(topic)
        self._doubt_wish(missed_wish(json_text, heard.text, heard.understood))
        return tuple(fold.changes)

    def _doubt_wish(self, wish: Intent | None) -> None:
        """Have the caller asked about a wish that only the language model heard; once a call."""
        memory = self._memory
        fulfilled = {
            Intent.HUMAN: memory.human_asked,
            Intent.WHATSAPP: memory.whatsapp,
            Intent.SCHEDULE: memory.callback,
        }
        if wish is not None and not (fulfilled.get(wish) or wish in memory.doubts or wish in memory.unsure):
            memory.unsure.append(wish.value)
