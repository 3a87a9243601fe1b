"""Train the second opinion on what a caller does with a turn, and say how it does on speech not met (R10.2, R10.6).

    python -m tools.train_intents [--look]

Run after `tools.train_judge`, whose judge reads the turns first. A turn of training/ is read by a judge that was
trained without its set, as a caller's will be: the head must not learn to believe what is known by heart. Without
arguments it writes app/dialog/data/real_estate/intents.npz. `--look` writes nothing: it leaves a third of the sets out
at a time and prints intents right by the rules alone and with the head. Nothing is drawn by chance.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from app.dialog.domain import Asked, Intent, Understanding
from app.dialog.hebrew.tokens import Utterance
from app.dialog.understanding.ear.whole_words import said
from app.dialog.understanding.judging.intents import (
    INTENTS,
    TABLE,
    VERSIONS,
    IntentTable,
    judged_intent,
    turn_marks,
    versions,
)
from app.dialog.understanding.judging.judge import Judge, Table, table
from app.dialog.understanding.judging.marks import marks_of
from app.dialog.understanding.turn import Turn
from tools.fitting import fit_shares, written_sparse
from tools.labels import Record
from tools.proof import write
from tools.sets import DATA, RULED, TAUGHT, load
from tools.train_judge import AS_IT_COMES, cases_of, ruled_cases, train

SURE = (0.55, 0.8)
"""The chance from which the rules are overruled, and the one from which a wish that changes the call comes or goes."""
_PENALTY = 1.0
_LEAST_SEEN = 3
_STEPS = 60
_SPREAD = 2.5
_OF_RULES, _OF_KINDS, _OF_TURNS_AS_THEY_COME = 0.5, 4.0, 2.0
"""What a turn weighs that the rules were made for, one of the lines that hold a rule in place, and one of the sets
whose turns are as they come."""
_FOLDS = 3


@dataclass(frozen=True, slots=True)
class IntentCase:
    """A turn as the rules and the judge of wishes read it, and what its caller does."""

    words: tuple[tuple[str, int], ...]
    """(mark, version) pairs."""
    intent: Intent
    weight: float = 1.0


def intent_case(
    utterance: Utterance, asked: Asked, read: Understanding, right: Sequence[str], weight: float = 1.0
) -> IntentCase:
    """Return the case of a turn; `right` holds the intents that its labels allow, the likeliest first."""
    intent = read.intent if read.intent.value in right else Intent(right[0])
    size = len(utterance)
    words = [(mark, 0) for mark in turn_marks(size, asked, read)]
    for index, marks in enumerate(marks_of(utterance)):
        words += [(mark, version) for version in versions(index, size, asked, read.intent) for mark in marks]
    return IntentCase(tuple(words), intent, weight)


def train_intents(cases: Sequence[IntentCase]) -> bytes:
    """Return the table learned from cases, as the product reads it."""
    seen = Counter(word for case in cases for word in set(case.words))
    marks = sorted({mark for (mark, _), times in seen.items() if times >= _LEAST_SEEN})
    row_of = {mark: index for index, mark in enumerate(marks)}
    places = sorted(
        row_of[mark] * VERSIONS + version for (mark, version), times in seen.items() if times >= _LEAST_SEEN
    )
    column_of = {place: column for column, place in enumerate(places)}
    matrix = _matrix(cases, row_of, column_of)
    labels = np.array([INTENTS.index(case.intent) for case in cases])
    shares = np.array([case.weight for case in cases])
    weights = fit_shares(matrix, labels, shares, len(INTENTS), _PENALTY, _STEPS)
    return written_sparse(marks, places, weights, _SPREAD, SURE)


def _matrix(cases: Sequence[IntentCase], row_of: Mapping[str, int], column_of: Mapping[int, int]) -> csr_matrix:
    columns: list[int] = []
    values: list[npt.NDArray[np.float32]] = []
    starts = [0]
    for case in cases:
        found = [(row_of[mark], version) for mark, version in case.words if mark in row_of]
        known = sum(version == 0 for _, version in found)
        own = [column_of[row * VERSIONS + version] for row, version in found if row * VERSIONS + version in column_of]
        columns += own
        values.append(np.full(len(own), _SPREAD / np.sqrt(max(1, known)), np.float32))
        starts.append(starts[-1] + len(own))
    return csr_matrix((np.concatenate(values), np.array(columns), starts), shape=(len(cases), len(column_of)))


Told = tuple[str, Record, Understanding]
"""The set of a turn, the turn, and how the rules and a judge of wishes read it."""


def read(record: Record, weights: Table) -> Understanding:
    """Return a turn as the rules and a judge of wishes read it."""
    heard, asked, state = said(record["caller"]), Asked(record["asked"]), record.get("state") or {}
    return Turn(heard, asked, state, date.fromisoformat(record["today"]), Judge(heard, asked, state, weights)).read()


def taught_turns() -> list[Told]:
    """Return the turns of training/, each read by a judge that was trained on the other half of the sets."""
    sets = {path.stem: load(path) for path in sorted(TAUGHT.glob("*.jsonl"))}
    names, ruled = sorted(sets), ruled_cases()
    told: list[Told] = []
    for half in (0, 1):
        cases = [case for name in names[1 - half :: 2] for record in sets[name] for case in cases_of(record, name)]
        weights = Table.loads(train([*ruled, *cases]))
        told += [(name, record, read(record, weights)) for name in names[half::2] for record in sets[name]]
    return told


def ruled_turns() -> list[Told]:
    """Return the turns of the sets that the rules were made on."""
    return [(path.stem, record, read(record, table())) for path in RULED for record in load(path)]


def _allowed(record: Record) -> list[str]:
    return [record["expected"]["intent"], *(record.get("accept") or {}).get("intent", [])]


def cases_of_turns(told: Sequence[Told], weight: float = 1.0) -> list[IntentCase]:
    """Return the cases of turns that were read."""
    return [
        intent_case(
            said(record["caller"]),
            Asked(record["asked"]),
            turn,
            _allowed(record),
            _weight(name, weight),
        )
        for name, record, turn in told
    ]


def _weight(name: str, otherwise: float) -> float:
    if name.endswith("kinds"):
        return _OF_KINDS
    return _OF_TURNS_AS_THEY_COME if name.startswith(AS_IT_COMES) else otherwise


def look(taught: Sequence[Told], ruled: Sequence[IntentCase]) -> list[str]:
    """Return lines that compare the rules alone and the head on sets that it was not trained on."""
    names = sorted({name for name, _, _ in taught})
    figures: dict[str, list[tuple[bool, bool]]] = {"all": []}
    for fold in range(_FOLDS):
        out = frozenset(names[fold::_FOLDS])
        learned = cases_of_turns([turn for turn in taught if turn[0] not in out])
        weights = IntentTable.loads(train_intents([*learned, *ruled]))
        for name, record, turn in taught:
            if name in out:
                intent = judged_intent(said(record["caller"]), Asked(record["asked"]), turn, weights)
                right = turn.intent.value in _allowed(record), intent.value in _allowed(record)
                figures["all"].append(right)
                figures.setdefault(name.rstrip("_0123456789"), []).append(right)
    return [
        f"{kind:8} {len(rights)} turns | intent: rules {np.mean([rules for rules, _ in rights]):.3f}, head "
        f"{np.mean([head for _, head in rights]):.3f}; mended {sum(head > rules for rules, head in rights)}, "
        f"broken {sum(rules > head for rules, head in rights)}"
        for kind, rights in figures.items()
    ]


def main(arguments: Sequence[str]) -> None:
    """Train, or look."""
    taught, ruled = taught_turns(), cases_of_turns(ruled_turns(), _OF_RULES)
    if "--look" in arguments:
        sys.stdout.write("\n".join(look(taught, ruled)) + "\n")
        return
    content = train_intents([*cases_of_turns(taught), *ruled])
    target = DATA / TABLE
    write(target, content, intents=IntentTable.loads(content))
    sys.stdout.write(f"{target}: {len(taught) + len(ruled)} turns, {len(content)} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
