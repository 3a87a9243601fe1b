"""Whether a value that a reader found is wished for: a learned judge of the words around it (R10.2).

Rules know what they were made on; what callers say besides has no end. The judge is a linear model over the marks of
all words of the turn, each weighed by where it stands as seen from the value, for all topics together, for the value's
own topic, and for whether that topic was asked. It was trained on speech that no rule was made from
(`python -m tools.train_judge`; training/README.md). Pure and deterministic: sums of a table's rows.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from io import BytesIO
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from app.dialog import data
from app.dialog.domain import TOPICS, Asked
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance
from app.dialog.understanding.judging.marks import POSITIONS, frame_marks, marks_of, stretches
from app.dialog.understanding.judging.weights import Floats, Weights, marks_in

TABLE = "real_estate/judge.npz"
TOPIC_NAMES = tuple(topic.name for topic in TOPICS)
VERSIONS = 3 + len(TOPIC_NAMES)
"""A mark's weights: for every topic, when the topic was asked, when it was not, and one for each topic."""

_TOO_FEW = 1
_CLEARLY = 0.5
_AT = np.arange(POSITIONS)

S = TypeVar("S", bound=Span[Any])


class Verdict(Enum):
    """What is done with a value."""

    TAKEN = "taken"
    DOUBTED = "doubted"
    LEFT = "left"


class Table:
    """The learned weights.

    `rows`: [marks + 1, VERSIONS, POSITIONS]; the last row, of a mark unknown, is zero. `below`: log odds of being
    wished under which a value is left, and under which it is doubted.
    """

    def __init__(
        self, marks: Sequence[str], rows: npt.NDArray[np.int8], scale: float, below: tuple[float, float]
    ) -> None:
        self.word = Weights(marks, rows.reshape(len(marks) + 1, VERSIONS, POSITIONS)).word
        """Returns the sum of some marks' rows [VERSIONS, POSITIONS], and how many of them are known."""
        self._scale = scale
        self.below = below

    @classmethod
    def loads(cls, content: bytes) -> "Table":
        """Read a table as `tools.train_judge` writes it."""
        with np.load(BytesIO(content)) as held:
            left, doubted = (float(value) for value in held["below"])
            return cls(marks_in(held["marks"]), held["rows"], float(held["scale"]), (left, doubted))

    def log_odds(self, score: float, count: int) -> float:
        """Return the log odds of a sum over `count` known marks."""
        return score * self._scale / float(np.sqrt(max(1, count)))


@cache
def table() -> Table:
    """Return the weights that the product ships with."""
    return Table.loads(data.read_bytes(TABLE))


class Jury(Protocol):
    """Says which of the values that a reader found are wished for."""

    heeds_rules: bool
    """Whether the readers leave out what their own rules call no wish before they ask."""
    doubted: dict[str, list[Span[Any]]]
    """The values of a topic that may be wished for or not."""
    left_any: bool
    """Whether any value was not taken: the caller told of what the office asks about, all the same."""

    def wished(self, topic: str, found: Sequence[S]) -> list[S]:
        """Return the values of one topic that are wished for, in order."""

    def likeliest(self, topic: str, standing: Sequence[S]) -> S:
        """Return the one of several values wished for that the caller means; the first unless another is likelier."""


class Lenient:
    """Lets every value stand: the rules alone decide."""

    heeds_rules = True
    left_any = False

    def __init__(self) -> None:
        self.doubted: dict[str, list[Span[Any]]] = {}

    def wished(self, topic: str, found: Sequence[S]) -> list[S]:  # noqa: ARG002 - as a jury is asked
        """Return all values."""
        return list(found)

    def likeliest(self, topic: str, standing: Sequence[S]) -> S:  # noqa: ARG002 - as a jury is asked
        """Return the first."""
        return standing[0]


LENIENT = Lenient()


class Judge:
    """Judges the values of one turn, and keeps what it doubts."""

    heeds_rules = True
    left_any = False

    def __init__(
        self, utterance: Utterance, asked: Asked, state: Mapping[str, Any], weights: Table | None = None
    ) -> None:
        self._utterance, self._asked, self._state = utterance, asked, state
        self._table = weights or table()
        self._weighed: tuple[Floats, int] | None = None
        self.doubted: dict[str, list[Span[Any]]] = {}

    def wished(self, topic: str, found: Sequence[S]) -> list[S]:
        """Return the values that are wished for; what is in doubt goes to `doubted`."""
        kept: list[S] = []
        for value in found:
            verdict = self._verdict(topic, value, [other.start for other in found])
            if verdict is Verdict.TAKEN:
                kept.append(value)
                continue
            self.left_any = True
            if verdict is Verdict.DOUBTED:
                self.doubted.setdefault(topic, []).append(value)
        return kept

    def likeliest(self, topic: str, standing: Sequence[S]) -> S:
        """Return the first value unless the log odds of another are greater by more than `_CLEARLY`."""
        if len(standing) == 1:
            return standing[0]
        starts = [value.start for value in standing]
        odds = [self.odds(topic, value, starts) for value in standing]
        best = max(range(len(odds)), key=odds.__getitem__)
        return standing[best] if odds[best] > odds[0] + _CLEARLY else standing[0]

    def _verdict(self, topic: str, value: Span[Any], starts: list[int]) -> Verdict:
        if self._asked.value == topic and len(self._utterance) - len(value.tokens) <= _TOO_FEW:
            # The answer and nothing else: there are no words to judge it by.
            return Verdict.TAKEN
        odds = self.odds(topic, value, starts)
        left, doubted = self._table.below
        return Verdict.LEFT if odds < left else Verdict.DOUBTED if odds < doubted else Verdict.TAKEN

    def odds(self, topic: str, value: Span[Any], starts: list[int]) -> float:
        """Return the log odds that a value is wished for, `starts` being where its topic's values start."""
        start, end = value.start, value.end
        rivals = list(starts)
        rivals.remove(start)
        frame, count = self._table.word(
            frame_marks(self._utterance, self._asked, self._state, topic, (start, end), rivals)
        )
        up_to, counted = self._up_to()
        first, last = np.array(stretches(start, end, len(self._utterance))).T
        around = up_to[last, :, _AT] - up_to[first, :, _AT]
        chosen = [0, 1 if self._asked.value == topic else 2, 3 + TOPIC_NAMES.index(topic)]
        score = frame[chosen, 0].sum() + around[:, chosen].sum()
        return self._table.log_odds(float(score), count + counted)

    def _up_to(self) -> tuple[Floats, int]:
        """Return what all words before each one weigh together, and how many marks they have that are known.

        The former is [words + 1, VERSIONS, POSITIONS], of whole numbers: whatever the order, they sum to the same.
        """
        if self._weighed is None:
            summed = [self._table.word(marks) for marks in marks_of(self._utterance)]
            nothing = np.zeros((VERSIONS, POSITIONS), np.float32)
            words = np.concatenate([nothing, *(rows for rows, _ in summed)]).reshape(-1, VERSIONS, POSITIONS)
            self._weighed = np.add.accumulate(words, dtype=np.float32), sum(count for _, count in summed)
        return self._weighed
