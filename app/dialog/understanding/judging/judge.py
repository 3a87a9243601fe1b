"""Whether a value that a reader found is wished for: a learned judge of the words around it (R10.2).

Rules know what they were made on; what callers say besides has no end. The judge is a linear model over the marks of
all words of the turn, each weighed by where it stands as seen from the value, for all topics together, for the value's
own topic, and for whether that topic was asked. It was trained on speech that no rule was made from
(`python -m tools.train_judge`; training/README.md). Pure and deterministic: sums of a table's rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from functools import cache, lru_cache
from io import BytesIO
from math import sqrt
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from app.dialog.domain import TOPICS, Asked
from app.dialog.hebrew.scopes.past import tells_deed
from app.dialog.hebrew.scopes.telling import is_of_today, is_told
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance
from app.dialog.understanding.judging.marks import POSITIONS, frame_marks, marks_of, stretches, whole_marks
from app.dialog.understanding.judging.names import NameTable, judged_name
from app.dialog.understanding.judging.weights import Weights, marks_in, shipped

TABLE = "real_estate/judge.npz"
STRUCK, BESIDE = "area struck", "area beside"
"""Whether a known place that is named is taken back, and whether known places stay beside one that is named."""
QUESTIONS = (*(topic.name for topic in TOPICS if not topic.is_contact), STRUCK, BESIDE)
"""What a judge says of a value: of which topic it is a wish, or what it does to what is known."""
VERSIONS = 3 + len(QUESTIONS)
"""A mark's weights: for every question, when its topic was asked, when it was not, and one for each question."""
FRAME = 0.2
"""What a mark of the value itself counts, whatever else is said; a word's mark counts the less the more there are."""

OVERRULES = 1.8
"""Log odds from which a value is taken that a rule speaks against: a wrong one costs more than one that is missed."""
BARE, NO_MONEY, NO_PLACE, NO_MOVE = "bare number", "no money", "no place", "another time"
"""Why a number is no rooms, or no sum, a name no place and a time none to move in, by the rules: none speaks against
it, but nothing speaks for it."""
_NEEDED = {BARE: 1.5, NO_MONEY: 1.5, NO_PLACE: 1.0, NO_MOVE: 1.0}
"""Log odds from which a value is taken, by the rule that speaks against it; of others `OVERRULES`."""
_TOO_FEW = 1
_CLEARLY, _FOR_SURE = 0.5, 2.5

S = TypeVar("S", bound=Span[Any])


class Verdict(Enum):
    """What is done with a value."""

    TAKEN = "taken"
    DOUBTED = "doubted"
    LEFT = "left"


@cache
def versions(question: str, asked: Asked) -> tuple[int, int, int]:
    """Return which of a mark's weights count for a question about a value."""
    was_asked = question.partition(" ")[0] == asked.value
    return 0, 1 if was_asked else 2, 3 + QUESTIONS.index(question)


class Table:
    """The learned weights.

    `rows`: [marks + 1, VERSIONS, POSITIONS]; the last row, of a mark unknown, is zero. `below`: log odds of being
    wished under which a value is left, and under which it is doubted.
    """

    def __init__(
        self, marks: Sequence[str], rows: npt.NDArray[np.int8], scale: float, below: tuple[float, float]
    ) -> None:
        self.weights = Weights(marks, rows.reshape(len(marks) + 1, VERSIONS, POSITIONS))
        self.frame = lru_cache(maxsize=8192)(self._frame)
        self._scale = scale
        self.below = below

    @classmethod
    def loads(cls, content: bytes) -> "Table":
        """Read a table as `tools.train_judge` writes it."""
        with np.load(BytesIO(content)) as held:
            left, doubted = (float(value) for value in held["below"])
            return cls(marks_in(held["marks"]), held["rows"], float(held["scale"]), (left, doubted))

    def log_odds(self, frame: float, around: float, count: int) -> float:
        """Return the log odds of what the marks of a value itself weigh, and the `count` known ones of the words."""
        return self._scale * (frame * FRAME + around / sqrt(max(1, count)))

    def _frame(self, marks: tuple[str, ...], chosen: tuple[int, int, int]) -> float:
        """Return what the marks of a value itself weigh together by the versions `chosen`."""
        rows, _ = self.weights.together(marks)
        return float(rows[list(chosen), 0].sum())


@cache
def table() -> Table:
    """Return the weights that the product ships with."""
    return shipped(TABLE, Table.loads, "tools.train_judge")


class Jury(Protocol):
    """Says which of the values that a reader found are wished for."""

    heeds_rules: bool
    """Whether the readers leave out what their own rules call no wish before they ask."""
    doubted: dict[str, list[Span[Any]]]
    """The values of a topic that may be wished for or not."""
    left_any: bool
    """Whether any value was not taken: the caller told of what the office asks about, all the same."""

    def wished(self, topic: str, found: Sequence[S]) -> list[S]:
        """Return the values of one topic that are wished for, in order; a rule may speak against one."""

    def holds(self, question: str, value: Span[Any], *, by_rules: bool) -> bool:
        """Return the answer to a question about a value, given the one that the rules would give."""

    def name(self, claimed: frozenset[int], by_rules: Span[str] | None) -> Span[str] | None:
        """Return the caller's name, given the one that the rules found; `claimed` words say something else."""

    def likeliest(self, topic: str, standing: Sequence[S]) -> S:
        """Return the one of several values wished for that the caller means; the first unless another is likelier."""


class Lenient:
    """Lets every value stand: the rules alone decide."""

    heeds_rules = True
    left_any = False

    def __init__(self) -> None:
        self.doubted: dict[str, list[Span[Any]]] = {}

    def wished(self, topic: str, found: Sequence[S]) -> list[S]:  # noqa: ARG002 - as a jury is asked
        """Return all values that no rule speaks against."""
        return [value for value in found if not value.against]

    def holds(self, question: str, value: Span[Any], *, by_rules: bool) -> bool:  # noqa: ARG002 - as a jury is asked
        """Return what the rules say."""
        return by_rules

    def name(self, claimed: frozenset[int], by_rules: Span[str] | None) -> Span[str] | None:  # noqa: ARG002 - as above
        """Return what the rules say."""
        return by_rules

    def likeliest(self, topic: str, standing: Sequence[S]) -> S:  # noqa: ARG002 - as a jury is asked
        """Return the first."""
        return standing[0]


LENIENT = Lenient()


class Judge:
    """Judges the values of one turn, and keeps what it doubts."""

    heeds_rules = True
    left_any = False

    def __init__(
        self,
        utterance: Utterance,
        asked: Asked,
        state: Mapping[str, Any],
        weights: Table | None = None,
        names: NameTable | None = None,
    ) -> None:
        self._names = names
        self._utterance, self._asked, self._state = utterance, asked, state
        self._table = weights or table()
        self._weighed: dict[str, tuple[Callable[[int, int], float], int]] = {}
        self.doubted: dict[str, list[Span[Any]]] = {}

    def wished(self, topic: str, found: Sequence[S]) -> list[S]:
        """Return the values that are wished for; what is in doubt goes to `doubted`."""
        if not found:
            return []
        kept: list[S] = []
        starts = [value.start for value in found if not value.against]
        for value in found:
            verdict = self._verdict(topic, value, starts)
            if verdict is Verdict.TAKEN:
                kept.append(value)
            if verdict is Verdict.TAKEN or value.against:
                continue
            self.left_any = True
            # What one has today may well be what one wants again, where it was asked.
            same_again = topic == self._asked.value and is_of_today(self._utterance, value.start)
            if verdict is Verdict.DOUBTED or same_again:
                self.doubted.setdefault(topic, []).append(value)
        if topic == "area":
            return kept
        # Of several values one is chosen: none that a rule speaks against.
        return [value for value in kept if not value.against] or kept

    def holds(self, question: str, value: Span[Any], *, by_rules: bool) -> bool:
        """Return whether more speaks for a yes to a question about a value than for a no.

        What the rules say is a mark, and holds where the log odds are less than `_FOR_SURE` either way.
        """
        if self._is_alone(value):
            return by_rules
        odds = self.odds(question, replace(value, against=f"says {by_rules}"), [])
        return odds > 0 if abs(odds) >= _FOR_SURE else by_rules

    def name(self, claimed: frozenset[int], by_rules: Span[str] | None) -> Span[str] | None:
        """Return the rules' name, or another one that is likelier."""
        known = str(self._state.get("name") or "")
        named = judged_name(self._utterance, self._asked, known, claimed, by_rules, self._names)
        self.left_any = self.left_any or (by_rules is not None and named is None)
        return named

    def likeliest(self, topic: str, standing: Sequence[S]) -> S:
        """Return the first value unless the log odds of another are greater by more than `_CLEARLY`."""
        if len(standing) == 1:
            return standing[0]
        starts = [value.start for value in standing]
        odds = [self.odds(topic, value, starts) for value in standing]
        best = max(range(len(odds)), key=odds.__getitem__)
        return standing[best] if odds[best] > odds[0] + _CLEARLY else standing[0]

    def _verdict(self, topic: str, value: Span[Any], starts: list[int]) -> Verdict:
        if self._asked.value == topic and self._is_alone(value) and not (value.against or self._is_told(value)):
            # The answer and nothing else: there are no words to judge it by.
            return Verdict.TAKEN
        odds = self.odds(topic, value, starts)
        left, doubted = self._table.below
        if value.against:
            needed = _NEEDED.get(value.against, OVERRULES)
            return Verdict.TAKEN if odds >= needed else Verdict.LEFT
        return Verdict.LEFT if odds < left else Verdict.DOUBTED if odds < doubted else Verdict.TAKEN

    def _is_told(self, value: Span[Any]) -> bool:
        """Whether the only word before a value tells of something: "גרתי בלוד", "גרה בלוד"."""
        return is_told(self._utterance, value.start) or tells_deed(self._utterance.key(value.start - 1))

    def _is_alone(self, value: Span[Any]) -> bool:
        return len(self._utterance) - len(value.tokens) <= _TOO_FEW

    def odds(self, topic: str, value: Span[Any], starts: list[int]) -> float:
        """Return the log odds that a value is wished for, `starts` being where its topic's values start."""
        start, end = value.start, value.end
        rivals = [other for other in starts if other != start]
        marks = frame_marks(self._utterance, self._asked, self._state, topic, value, rivals)
        chosen = versions(topic, self._asked)
        frame = self._table.frame(marks, chosen) + self._table.frame(whole_marks(self._utterance), chosen)
        up_to, counted = self._up_to(topic)
        around = 0.0
        for at, (first, last) in enumerate(stretches(start, end, len(self._utterance))):
            if first < last:
                around += up_to(last, at) - up_to(first, at)
        return self._table.log_odds(frame, around, counted)

    def _up_to(self, question: str) -> tuple[Callable[[int, int], float], int]:
        """Return what all words before one weigh together at a position, and how many marks they have that are known.

        By the weights of one question: summed once for all of its values. All are whole numbers: whatever the order,
        they sum to the same.
        """
        held = self._weighed.get(question)
        if held is None:
            words, before = self._table.weights.of_words(marks_of(self._utterance))
            every, of_asked, of_question = versions(question, self._asked)
            chosen = words[:, every] + words[:, of_asked]
            chosen += words[:, of_question]
            held = self._weighed[question] = chosen.item, before[-1]
        return held
