"""The language model's second opinion on what the caller said: asked beside the talk, merged when it comes. Pure."""

from collections.abc import Sequence
from itertools import count

from app.call.events import AskExtraction, Command, Extracted, Log, Save
from app.dialog.dialog import Dialog
from app.dialog.llm.extraction import schema
from app.dialog.plan import Plan


class Extractions:
    """The extractions of one call that are under way. What they change is spoken of in the next turn, not in this."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._asked: dict[int, tuple[int, int]] = {}

    def ask(self, plan: Plan, turn: int) -> list[Command]:
        """Ask for the reading of the turn that `plan` answers; `turn` is its number in the store.

        A turn that is asked about again was half a sentence before: what is made of the half counts no more.
        """
        self._asked = {number: turns for number, turns in self._asked.items() if turns[1] != turn}
        if plan.extraction is None:
            return []
        number = next(self._numbers)
        self._asked[number] = (plan.turn, turn)
        return [AskExtraction(number, plan.extraction, schema()["schema"])]

    def receive(self, event: Extracted, dialog: Dialog, others: Sequence[Dialog]) -> list[Command]:
        """Merge a reading into the dialog and into its `others`: the one to go back to, the one guessed ahead."""
        turns = self._asked.pop(event.number, None)
        if turns is None:
            return []
        for other in others:
            other.extracted(event.json_text, turns[0])
        changes = dialog.extracted(event.json_text, turns[0])
        if not changes:
            return []
        saved = {"turn": turns[1], "changes": changes, "state": dialog.state}
        return [
            Log("EXTRACTED", {"turn": turns[1], "slots": [change.slot for change in changes]}),
            Save("extracted", saved),
        ]
