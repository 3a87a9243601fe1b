"""Train the second opinion on the caller's name, and say how it does on speech not met (R10.2, R10.6).

    python -m tools.train_names [--look]

Without arguments it writes app/dialog/data/real_estate/names.npz from the turns of training/ and of tests/dialog.
`--look` writes nothing: it leaves a third of the sets out at a time and prints names right, wrong and missed by the
rules alone and with the head. Nothing is drawn by chance.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from app.dialog.domain import Asked
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance, fold
from app.dialog.understanding.ear.whole_words import said
from app.dialog.understanding.judging.judge import Lenient
from app.dialog.understanding.judging.names import (
    BEGINS,
    GOES_ON,
    OFFSETS,
    TABLE,
    TAGS,
    VERSIONS,
    NameTable,
    judged_name,
    may_name,
    name_marks,
    versions,
)
from app.dialog.understanding.turn import Turn
from app.qa.scoring import same_value
from tools.fitting import fit_shares, written_sparse
from tools.labels import Record
from tools.proof import write
from tools.sets import DATA, RULED, TAUGHT, load

SURE = (1.0, 1.5, 0.5)
"""By how much log odds another reading must be likelier than the rules': where they found none, to take theirs away,
and to change it."""
_PENALTY = 1.0
_LEAST_SEEN = 3
_STEPS = 60
_SPREAD = 0.25
"""What a mark counts beside its weight: the smaller, the less is learned of marks that are seldom met."""
_OF_RULES, _OF_KINDS = 0.5, 2.0
"""What a turn weighs that the rules were made for, and one of the lines that hold a rule in place."""
_FOLDS = 3
_WIDTH = VERSIONS * len(OFFSETS)


class _Asker(Lenient):
    """Lets the rules decide, and keeps what they found of a name."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: tuple[frozenset[int], Span[str] | None] | None = None

    def name(self, claimed: frozenset[int], by_rules: Span[str] | None) -> Span[str] | None:
        """Return what the rules found."""
        self.heard = claimed, by_rules
        return by_rules


@dataclass(frozen=True, slots=True)
class NameCase:
    """A turn as the rules read it."""

    taught_by: str
    record: Record
    utterance: Utterance
    claimed: frozenset[int]
    by_rules: Span[str] | None
    weight: float

    @property
    def asked(self) -> Asked:
        """What was asked."""
        return Asked(self.record["asked"])

    @property
    def known(self) -> str:
        """The name known before."""
        return str((self.record.get("state") or {}).get("name") or "")

    def tags(self) -> list[int] | None:
        """Return what each word is by the labels; None: they leave it open, or no words say the name as written."""
        record, optional = self.record, self.record.get("optional") or {}
        tags = [0] * len(self.utterance)
        wanted = [
            name for name in (record["expected"].get("name"), *(record.get("accept") or {}).get("name", [])) if name
        ]
        if not wanted:
            again = any(fold(word) in self.utterance.keys for word in self.known.split())
            return None if "name" in optional or again else tags
        for name in wanted:
            words = tuple(fold(word) for word in name.split())
            starts = [at for at in range(len(tags)) if self.utterance.keys[at : at + len(words)] == words]
            if starts:
                by_rules = -1 if self.by_rules is None else self.by_rules.start
                start = by_rules if by_rules in starts else starts[-1]
                tags[start : start + len(words)] = [BEGINS] + [GOES_ON] * (len(words) - 1)
                return tags
        return None


def cases_of(taught_by: str, records: Sequence[Record], weight: float = 1.0) -> list[NameCase]:
    """Return the turns in which a name is worth looking for."""
    found: list[NameCase] = []
    for record in records:
        utterance, asked, jury = said(record["caller"]), Asked(record["asked"]), _Asker()
        Turn(utterance, asked, record.get("state") or {}, date.fromisoformat(record["today"]), jury).read()
        if jury.heard is not None and may_name(utterance, asked, jury.heard[1]):
            found.append(NameCase(taught_by, record, utterance, *jury.heard, weight))
    return found


def train(cases: Sequence[NameCase]) -> bytes:
    """Return the table learned from cases, as the product reads it."""
    told = [(case, tags) for case in cases if (tags := case.tags()) is not None]
    marks_of_turns = [
        name_marks(case.utterance, case.asked, case.known, case.claimed, case.by_rules) for case, _ in told
    ]
    seen = Counter(mark for words in marks_of_turns for marks in words for mark in set(marks))
    marks = ["=edge", *sorted(mark for mark, times in seen.items() if times >= _LEAST_SEEN)]
    row_of = {mark: index for index, mark in enumerate(marks)}
    words = [_columns(case.asked, words, row_of) for (case, _), words in zip(told, marks_of_turns, strict=True)]
    columns = [*chain.from_iterable(words)]
    places, compact = np.unique(np.concatenate(columns), return_inverse=True)
    starts = np.cumsum([0, *map(len, columns)])
    values = np.full(len(compact), _SPREAD, np.float32)
    matrix = csr_matrix((values, compact, starts), shape=(len(columns), len(places)))
    labels = np.array([tag for _, tags in told for tag in tags])
    shares = np.array([case.weight for case, tags in told for _ in tags])
    weights = fit_shares(matrix, labels, shares, len(TAGS), _PENALTY, _STEPS)
    return written_sparse(marks, places, weights, _SPREAD, SURE)


def _columns(asked: Asked, words: Sequence[tuple[str, ...]], row_of: Mapping[str, int]) -> list[npt.NDArray[np.int64]]:
    """Return of each word the places of the weights that count."""
    rows = [[row_of[mark] for mark in marks if mark in row_of] for marks in words]
    padded = [*[[0]] * -OFFSETS[0], *rows, *[[0]] * OFFSETS[-1]]
    found: list[npt.NDArray[np.int64]] = []
    for index in range(len(words)):
        near = [
            row * _WIDTH + version * len(OFFSETS) + offset
            for offset in range(len(OFFSETS))
            for row in padded[index + offset]
            for version in versions(asked)
        ]
        found.append(np.array(near, np.int64))
    return found


def all_cases() -> tuple[list[NameCase], list[NameCase]]:
    """Return the turns of training/ and those that the rules were made on."""
    taught = [case for path in sorted(TAUGHT.glob("*.jsonl")) for case in cases_of(path.stem, load(path))]
    ruled = [
        case
        for path in RULED
        for case in cases_of(path.stem, load(path), _OF_KINDS if path.stem.endswith("kinds") else _OF_RULES)
    ]
    return taught, ruled


def look(taught: Sequence[NameCase], ruled: Sequence[NameCase]) -> list[str]:
    """Return lines that compare the rules alone and the head on sets that it was not trained on."""
    names = sorted({case.taught_by for case in taught})
    by_rules, by_head = Counter[str](), Counter[str]()
    for fold_at in range(_FOLDS):
        out = frozenset(names[fold_at::_FOLDS])
        weights = NameTable.loads(train([*ruled, *(case for case in taught if case.taught_by not in out)]))
        for case in taught:
            if case.taught_by in out:
                named = judged_name(case.utterance, case.asked, case.known, case.claimed, case.by_rules, weights)
                by_rules[_verdict(case.record, case.by_rules)] += 1
                by_head[_verdict(case.record, named)] += 1
    return [
        f"{label}: " + ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("right", "wrong", "invented", "missed"))
        for label, counts in (("rules", by_rules), ("head", by_head))
    ]


def _verdict(record: Record, found: Span[str] | None) -> str:
    expected: Any = record["expected"].get("name")
    wanted = [name for name in (expected, *(record.get("accept") or {}).get("name", [])) if name]
    if found is None:
        return "missed" if expected else "none"
    if same_value("name", found.value, wanted, []):
        return "right"
    return "wrong" if expected else "none" if "name" in (record.get("optional") or {}) else "invented"


def main(arguments: Sequence[str]) -> None:
    """Train, or look."""
    taught, ruled = all_cases()
    if "--look" in arguments:
        sys.stdout.write("\n".join(look(taught, ruled)) + "\n")
        return
    content = train([*taught, *ruled])
    target = DATA / TABLE
    write(target, content, names=NameTable.loads(content))
    sys.stdout.write(f"{target}: {len(taught) + len(ruled)} turns, {len(content)} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
