"""What a scripted caller answers: by the order of the script, or by what the agent asked (R10.6, R12.1).

Pure. Real callers do three things: say their piece in the order they had in mind, answer whatever is asked (again and
again, in the same words), or listen and say yes or no to what the agent says it has heard. `Manner` names them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from app.dialog.domain import PARTS
from app.qa.scoring import same_value

S = TypeVar("S")
_ENDS = frozenset({"next_step", "anything_else"})


class Manner(StrEnum):
    """How a scripted caller takes questions."""

    ORDER = "order"
    """One utterance after the other, whatever is asked."""
    ASKED = "asked"
    """The utterance for the question, said again when it is asked again."""
    TRUTHFUL = "truthful"
    """As ASKED, but yes or no when a heard value is to be confirmed."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the agent wants to know: `asked` as in the dialog sets; `confirms` the values a yes would confirm."""

    asked: str
    confirms: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Said(Generic[S]):
    asked: str
    gives: frozenset[str]
    sound: S
    said: bool = False


class Answering(Generic[S]):
    """One scripted caller; `S` is whatever an utterance is to its player.

    `turns` are (asked, slots it gives, sound) in the script's order; `expected` the slots the caller means to give.
    Without `no` a wrong value is answered by the right one, said again.
    """

    def __init__(
        self,
        turns: Sequence[tuple[str, frozenset[str], S]],
        expected: Mapping[str, Any],
        manner: Manner,
        *,
        yes: S | None = None,
        no: S | None = None,
        cities: Sequence[str] = (),
    ) -> None:
        self._turns = [_Said(asked, gives, sound) for asked, gives, sound in turns]
        self._expected = expected
        self._manner = manner
        self._yes = yes
        self._no = no
        self._cities = list(cities)
        self._denied = False

    def answer(self, question: Question) -> S | None:
        """Return what to say now; None: the caller has nothing more to say and hangs up."""
        if self._manner is Manner.ORDER:
            return self._take(next((turn for turn in self._turns if not turn.said), None))
        wrong = self._wrong(question.confirms) if self._manner is Manner.TRUTHFUL else ()
        if self._manner is Manner.TRUTHFUL and question.confirms:
            if not wrong:
                self._denied = False
                return self._take(self._scripted(question.asked)) or self._yes
            self._denied = not self._denied
            if self._denied and self._no is not None:
                return self._no
            return self._take(self._giving(wrong[0])) or self._no or self._yes
        scripted = self._scripted(question.asked) or self._latest(question.asked)
        if scripted is None and question.asked not in _ENDS:
            for slot in PARTS.get(question.asked, (question.asked,)):
                scripted = scripted or self._giving(slot)
            if scripted is None and question.asked.endswith("_confirm"):
                return self._yes
            scripted = scripted or next((turn for turn in self._turns if not turn.said), None)
        return self._take(scripted)

    def _wrong(self, confirms: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(
            slot
            for slot, value in confirms.items()
            if not same_value(slot, value, [self._expected.get(slot)], self._cities)
        )

    def _scripted(self, asked: str) -> "_Said[S] | None":
        return next((turn for turn in self._turns if turn.asked == asked and not turn.said), None)

    def _latest(self, asked: str) -> "_Said[S] | None":
        """Return what was said last about this: a correction, if one was made, else the answer."""
        slots = frozenset(PARTS.get(asked, (asked,)))
        said = [turn for turn in self._turns if turn.said and (turn.asked == asked or turn.gives & slots)]
        giving = [turn for turn in said if turn.gives & slots]
        return next(reversed(giving or said), None)

    def _giving(self, slot: str) -> "_Said[S] | None":
        giving = [turn for turn in self._turns if slot in turn.gives]
        return giving[-1] if giving else None

    @staticmethod
    def _take(turn: "_Said[S] | None") -> S | None:
        if turn is None:
            return None
        turn.said = True
        return turn.sound


def slots_right(slots: Mapping[str, Any], expected: Mapping[str, Any], cities: Sequence[str] = ()) -> int:
    """Return how many of the expected slots have the expected value."""
    return sum(same_value(slot, slots.get(slot), [value], list(cities)) for slot, value in expected.items())
