"""What a caller does with a turn, where the rules' word is weak: a learned second opinion (R10.2).

The rules of `understanding/acts.py` decide first. This head is a linear model over the marks of every word, over where
in the turn they stand, what was asked, and what the rules made of the turn; it overrules them only where it is sure,
and surer still where a call would end, be handed on or be put off by it. Trained on speech that no rule was made from
(`python -m tools.train_intents`). Pure and deterministic: sums of a table's rows.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from math import sqrt

import numpy as np
import numpy.typing as npt

from app.dialog.domain import TOPIC_OF, WISHES, Asked, Intent, Understanding
from app.dialog.hebrew.tokens import Utterance
from app.dialog.understanding.judging.marks import marks_of
from app.dialog.understanding.judging.weights import Floats, Weights, read_sparse, shipped

TABLE = "real_estate/intents.npz"
INTENTS = tuple(Intent)
_APART = (Asked.PHONE, Asked.PHONE_CONFIRM, Asked.SUMMARY_CONFIRM, Asked.NEXT_STEP, Asked.ANYTHING_ELSE)
"""The questions whose answers are other words than those to a question about the search."""
_ANYWHERE, _FIRST, _EARLY, _LAST, _OF_RULES = range(5)
_OF_ASKED = _OF_RULES + len(INTENTS)
VERSIONS = _OF_ASKED + len(_APART) + 1
"""A mark's weights: wherever it stands, as the first word, among the first three, as the last one, then with each
intent of the rules and after each question apart, or another."""
_GRAVE = WISHES | {Intent.CONFIRM}
"""What is not to come from a guess: a call's end or another course of it, and a yes that nobody said."""
_EARLY_WORDS = 3
_LONGEST = 8
_FLAGS = ("hold", "abuse", "asks_robot", "asks_listing", "asks_who", "more_to_say")


class IntentTable:
    """The learned weights.

    `rows`: [marks + 1, VERSIONS, intents]; the last row, of a mark unknown, is zero. `sure`: the chance from which the
    rules are overruled, and the one from which a wish that changes the course of the call comes or goes or a yes comes.
    """

    def __init__(
        self, marks: Sequence[str], rows: npt.NDArray[np.int8], scale: float, sure: tuple[float, float]
    ) -> None:
        self._weights = Weights(marks, rows)
        self._scale = scale
        self.sure = sure

    @classmethod
    def loads(cls, content: bytes) -> "IntentTable":
        """Read a table as `tools.train_intents` writes it."""
        marks, rows, scale, (plain, grave) = read_sparse(content, VERSIONS, len(INTENTS))
        return cls(marks, rows, scale, (plain, grave))

    def chances(self, utterance: Utterance, asked: Asked, read: Understanding) -> Floats:
        """Return the chance of each of `INTENTS`."""
        size = len(utterance)
        sums, before = self._weights.of_words(marks_of(utterance))
        frame, count = self._weights.together(turn_marks(size, asked, read))
        # Whole numbers: whatever the order, they sum to the same.
        total = frame[_ANYWHERE] + sums[1, _FIRST] + sums[min(size, _EARLY_WORDS), _EARLY]
        total += sums[-1, _LAST] - sums[-2, _LAST]
        for version in _wherever(asked, read.intent):
            total += sums[-1, version]
        odds = total * (self._scale / sqrt(max(1, before[-1] + count)))
        shares = np.exp(odds - odds.max())
        return np.asarray(shares / shares.sum(), np.float32)


SILENT = IntentTable(["="], np.zeros((2, VERSIONS, len(INTENTS)), np.int8), 1.0, (2.0, 2.0))
"""Never overrules: the rules alone decide."""


@cache
def intent_table() -> IntentTable:
    """Return the weights that the product ships with."""
    return shipped(TABLE, IntentTable.loads, "tools.train_intents")


def versions(index: int, size: int, asked: Asked, by_rules: Intent) -> tuple[int, ...]:
    """Return which of its weights count for the marks of the word at `index`."""
    places = [*_wherever(asked, by_rules)]
    if index == 0:
        places.append(_FIRST)
    if index < _EARLY_WORDS:
        places.append(_EARLY)
    if index == size - 1:
        places.append(_LAST)
    return tuple(places)


@cache
def _wherever(asked: Asked, by_rules: Intent) -> tuple[int, int, int]:
    """Return which of its weights count for the marks of every word."""
    question = _APART.index(asked) if asked in _APART else len(_APART)
    return _ANYWHERE, _OF_RULES + INTENTS.index(by_rules), _OF_ASKED + question


def turn_marks(size: int, asked: Asked, read: Understanding) -> tuple[str, ...]:
    """Return the marks of the turn itself: its question, its length, and what the rules made of it."""
    facts = [f"asked {asked.value}", f"long {min(size // 2, _LONGEST)}", f"empty {not read.updates}"]
    facts += [f"has {slot}" for slot in read.updates]
    facts += [flag for flag in _FLAGS if getattr(read, flag)]
    held: Mapping[str, object] = {
        "errand": read.errand,
        "refused": read.refused,
        "wishes": read.wishes,
        "digits": read.phone_digits,
        "doubted": read.doubted,
    }
    facts += [name for name, value in held.items() if value]
    rules = read.intent.value
    return ("=", f"={rules}", *(f"={fact}" for fact in facts), *(f"={rules} {fact}" for fact in facts))


def _told(read: Understanding) -> set[str]:
    """Return the topics of which a turn tells something."""
    return {TOPIC_OF.get(slot, slot) for slot, value in read.updates.items() if value is not None}


def judged_intent(
    utterance: Utterance, asked: Asked, read: Understanding, weights: IntentTable | None = None
) -> Intent:
    """Return the intent of a turn: that of the rules, unless another is likely enough to overrule them."""
    if not len(utterance) or read.injection:
        return read.intent
    table = weights or intent_table()
    chances = table.chances(utterance, asked, read)
    best = INTENTS[int(chances.argmax())]
    plain, grave = table.sure
    # "יובל, תודה": what answers the question declines nothing.
    declines = best is Intent.DENY and asked.value in _told(read)
    needed = grave if best in _GRAVE or declines or read.intent in WISHES else plain
    return best if chances.max() >= needed else read.intent
