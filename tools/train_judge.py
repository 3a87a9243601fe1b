"""Train the judge of what is wished for, and say how it judges speech that it has not met (R10.2, R10.6).

    python -m tools.train_judge [--look] [SET.jsonl …]

Without arguments it writes app/dialog/data/real_estate/judge.npz from the turns of training/ and, with what the readers
find when their own rules are not heeded, of tests/dialog. `--look` writes nothing: it leaves a fifth of the sets of
training/ out at a time, whole sets, never single turns, and prints what the dialog makes of them with the rules alone
and with a judge that was trained without them. Sets named besides are trained on, too. Nothing is drawn by chance.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from app.dialog.domain import SLOT_NAMES, Asked
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance
from app.dialog.understanding.ear.whole_words import said
from app.dialog.understanding.judging.intents import SILENT
from app.dialog.understanding.judging.judge import FRAME, LENIENT, STRUCK, TABLE, VERSIONS, S, Table, versions
from app.dialog.understanding.judging.marks import POSITIONS, SIDE, frame_marks, marks_of, position, whole_marks
from app.dialog.understanding.turn import Turn
from app.dialog.understanding.understand import understand
from app.qa.scoring import SlotScore, score_slots
from app.qa.understanding import fold_updates
from tools.fitting import Floats, in_bytes, least, written
from tools.labels import Record, label_of, leaves_area_open
from tools.proof import write
from tools.sets import DATA, DIALOGS, RULED, TAUGHT, load

_OF_RULES, _OF_KINDS, _OF_NO_KIND = 2.0, 8.0, 4.0
"""What a right value weighs that the rules were made for, one of the lines that hold a rule in place, and a value there
that is to be left alone."""
AS_IT_COMES = "mixed"
"""The sets whose turns are of every kind, as they come to an office."""
_OF_TURNS_AS_THEY_COME = 4.0
"""What a value weighs that such a set has."""
BELOW = (-1.0, 1.05)
"""Log odds under which a value is left, and under which it is doubted. Up to about here what the latter keeps out of
speech unmet is wrong as often as right, and known sets lose nothing."""
_PENALTY = 5.0
_LEAST_SEEN = 3
_FOLDS = 5
_NEAR = 3
_STEPS = 150
_SPREAD = 3.0
_BEFORE, _AFTER = tuple(range(1, SIDE + 1)), tuple(range(SIDE + 1, POSITIONS))
_POSITIONS_OF = (_BEFORE, _AFTER, (*_BEFORE[:_NEAR], *_AFTER[:_NEAR]), (*_BEFORE, *_AFTER))
_WIDTH = POSITIONS + len(_POSITIONS_OF)
"""A weight is the sum of one for the very position and of those for its side, for near ones and for any."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Case:
    """A value that a reader found in a turn, and whether it is wished for; `words` are (mark, position) pairs."""

    taught_by: str
    topic: str
    versions: tuple[int, int, int]
    """The weights of a mark that count: they are of the topic, asked or not."""
    words: tuple[tuple[str, int], ...]
    wished: bool
    weight: float = 1.0


class Recorder:
    """A jury that lets every value stand and keeps what it was asked."""

    left_any = False

    def __init__(self, *, heeds_rules: bool) -> None:
        self.heeds_rules = heeds_rules
        self.doubted: dict[str, list[Span[Any]]] = {}
        self.found: list[tuple[str, Span[Any], tuple[int, ...]]] = []

    def wished(self, topic: str, found: Sequence[S]) -> list[S]:
        """Return all values that no rule speaks against."""
        standing = [value for value in found if not value.against]
        starts = tuple(value.start for value in standing)
        self.found += [(topic, value, starts) for value in found]
        return standing

    def holds(self, question: str, value: Span[Any], *, by_rules: bool) -> bool:
        """Return what the rules say."""
        self.found.append((question, replace(value, against=f"says {by_rules}"), ()))
        return by_rules

    def name(self, claimed: frozenset[int], by_rules: Span[str] | None) -> Span[str] | None:  # noqa: ARG002 - a jury
        """Return what the rules say."""
        return by_rules

    def likeliest(self, topic: str, standing: Sequence[S]) -> S:  # noqa: ARG002 - as a jury is asked
        """Return the first."""
        return standing[0]


def cases_of(record: Record, taught_by: str, weight: float = 1.0, otherwise: float = 1.0) -> Iterator[Case]:
    """Yield every value that a reader finds in a turn, with its rules heeded or not, that the labels judge.

    `weight` is that of a value which the rules take and the labels, too, `otherwise` of any other.
    """
    utterance, asked, state = said(record["caller"]), Asked(record["asked"]), record.get("state") or {}
    seen: set[tuple[str, int, int, str]] = set()
    for heeds_rules in (True, False):
        recorder = Recorder(heeds_rules=heeds_rules)
        Turn(utterance, asked, state, date.fromisoformat(record["today"]), recorder).read()
        for topic, value, starts in recorder.found:
            label = label_of(record, topic, value)
            key = (topic, value.start, value.end, str(value.value))
            if label is None or key in seen:
                continue
            seen.add(key)
            words = _words(utterance, asked, state, topic, value, starts)
            ruled = heeds_rules and label and not value.against
            yield Case(
                taught_by, topic, versions(topic, asked), words, label, max(weight, otherwise) if ruled else otherwise
            )


def cases_of_saying_again(record: Record, taught_by: str, otherwise: float = 1.0) -> Iterator[Case]:
    """Yield the places of a turn as known ones that it names again: saying a wish twice takes nothing of it back.

    Speech that names a known place is mostly speech that changes it, in sets as on the line: without these the judge
    would learn that whoever says a place again gives it up.
    """
    places = record["expected"].get("area")
    if not places or leaves_area_open(record):
        return
    state = {**(record.get("state") or {}), "area": places}
    expected = {slot: value for slot, value in record["expected"].items() if slot != "area"}
    again = {**record, "state": state, "expected": expected}
    yield from (case for case in cases_of(again, taught_by, otherwise=otherwise) if case.topic == STRUCK)


def cases_of_set(records: Sequence[Record], taught_by: str) -> list[Case]:
    """Return the cases of the turns of a set that is trained on."""
    weight = _OF_TURNS_AS_THEY_COME if taught_by.startswith(AS_IT_COMES) else 1.0
    return [
        case
        for record in records
        for read in (cases_of, cases_of_saying_again)
        for case in read(record, taught_by, otherwise=weight)
    ]


def cases_of_dialog(record: Record, taught_by: str) -> Iterator[Case]:
    """Yield the values that a scripted dialog ends with, where its turns say them."""
    state: dict[str, Any] = {}
    for turn in record["turns"]:
        told = {**record, **turn, "state": state, "expected": record["expected_final"]}
        yield from (case for case in cases_of(told, taught_by, _OF_RULES) if case.wished)
        known = {**state, "caller_id": record.get("caller_id")}
        read = Turn(
            said(turn["caller"]), Asked(turn["asked"]), known, date.fromisoformat(record["today"]), LENIENT
        ).read()
        state = fold_updates(state, read.updates)


def ruled_cases() -> list[Case]:
    """Return the cases of the sets that the rules were made on: right values there are to stay right."""
    dialogs = (case for path in DIALOGS for record in load(path) for case in cases_of_dialog(record, path.stem))
    turns = (
        case
        for path in RULED
        for weights in ((_OF_KINDS, _OF_NO_KIND) if path.stem.endswith("kinds") else (_OF_RULES, 1.0),)
        for record in load(path)
        for case in cases_of(record, path.stem, *weights)
    )
    return [*turns, *dialogs]


def _words(
    utterance: Utterance,
    asked: Asked,
    state: Record,
    topic: str,
    value: Span[Any],
    starts: Sequence[int],
) -> tuple[tuple[str, int], ...]:
    rivals = [other for other in starts if other != value.start]
    of_value = frame_marks(utterance, asked, state, topic, value, rivals)
    frame = ((mark, 0) for mark in (*of_value, *whole_marks(utterance)))
    span = value.start, value.end
    around = ((mark, position(index, *span)) for index, marks in enumerate(marks_of(utterance)) for mark in marks)
    return (*frame, *around)


def train(cases: Sequence[Case]) -> bytes:
    """Return the table learned from cases, as the product reads it."""
    seen = Counter(mark for case in cases for mark in {mark for mark, _ in case.words})
    marks = sorted(mark for mark, times in seen.items() if times >= _LEAST_SEEN)
    row_of = {mark: index for index, mark in enumerate(marks)}
    rows = _by_position(_fit(cases, row_of))
    held, scale = in_bytes(rows)
    held = np.concatenate([held, np.zeros((1, VERSIONS, POSITIONS), np.int8)])
    return written(marks, rows=held, scale=scale * _SPREAD, below=np.array(BELOW))


def _heard(cases: Sequence[Case], row_of: Mapping[str, int]) -> tuple[csr_matrix, Ints]:
    """Return what each case hears, [cases, kinds of words], and which weights a kind sums, [kinds, at most so many].

    A kind of word is a mark at a position, before weights of some versions; -1: no weight more.
    """
    every = sorted({case.versions for case in cases})
    size = len(row_of) * POSITIONS
    held = [
        np.array([row_of[mark] * POSITIONS + at for mark, at in case.words if mark in row_of], np.int64)
        + every.index(case.versions) * size
        for case in cases
    ]
    kinds, columns = np.unique(np.concatenate(held), return_inverse=True)
    values = np.concatenate([_shares([mark for mark, _ in case.words if mark in row_of]) for case in cases])
    starts = np.cumsum([0, *map(len, held)])
    heard = csr_matrix((values, columns, starts), shape=(len(cases), len(kinds)))
    mark, at = np.divmod(kinds % size, POSITIONS)
    groups = [np.where(np.isin(at, of), POSITIONS + more, -1) for more, of in enumerate(_POSITIONS_OF)]
    weights = [
        np.where(of < 0, -1, (mark * VERSIONS + version) * _WIDTH + of)
        for version in np.array(every)[kinds // size].T
        for of in (at, *groups)
    ]
    return heard, np.stack(weights, axis=1)


def _shares(marks: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return how much each mark of a case counts, as `Table.log_odds` has it."""
    of_frame = np.array([mark.startswith("=") for mark in marks], bool)
    return np.where(of_frame, FRAME, 1 / np.sqrt(max(1, (~of_frame).sum()))).astype(np.float32) * np.float32(_SPREAD)


def _by_position(weights: Floats) -> Floats:
    """Return what a mark weighs at each position, [..., POSITIONS]; `weights`: [..., _WIDTH]."""
    rows = weights[..., :POSITIONS].copy()
    for group, positions in enumerate(_POSITIONS_OF, POSITIONS):
        rows[..., positions] += weights[..., group, None]
    return rows


def _fit(cases: Sequence[Case], row_of: Mapping[str, int]) -> Floats:
    """Return the weights [marks, VERSIONS, _WIDTH] of a logistic regression with a quadratic penalty."""
    heard, weights_of = _heard(cases, row_of)
    labels = np.array([1.0 if case.wished else -1.0 for case in cases])
    shares = np.array([case.weight for case in cases])
    present = weights_of >= 0
    # A weight of a mark that is nowhere heard at its positions stays zero.
    used, columns = np.unique(weights_of[present], return_inverse=True)
    starts = np.concatenate([[0], present.sum(axis=1).cumsum()])
    ones = np.ones(len(columns), np.float32)
    summed = csr_matrix((ones, columns, starts), shape=(len(weights_of), len(used)))
    heard_across, summed_across = heard.T.tocsr(), summed.T.tocsr()

    def cost(weights: Floats) -> tuple[float, Floats]:
        margins = labels * (heard @ (summed @ weights.astype(np.float32)))
        slope = (-shares * labels / (1 + np.exp(np.clip(margins, -50, 50)))).astype(np.float32)
        total = float(shares @ np.logaddexp(0, -margins)) + float(weights @ weights) * _PENALTY / 2
        return total, np.asarray(summed_across @ (heard_across @ slope), np.float64) + _PENALTY * weights

    weights = np.zeros((len(row_of), VERSIONS, _WIDTH))
    weights.reshape(-1)[used] = least(cost, len(used), _STEPS)
    return weights


def look(taught: Mapping[str, list[Record]], ruled: Sequence[Case]) -> list[str]:
    """Return lines that compare the rules alone and a judge on sets that it was not trained on."""
    names = sorted(taught)
    cases = {name: cases_of_set(taught[name], name) for name in names}
    alone, judged = [], []
    for fold in range(_FOLDS):
        out = names[fold::_FOLDS]
        learned = [case for name in names if name not in out for case in cases[name]]
        table = Table.loads(train([*ruled, *learned]))
        lenient = Table(["="], np.zeros((2, VERSIONS, POSITIONS), np.int8), 1.0, (-1.0, -1.0))
        for name in out:
            alone += [(name, record, _predict(record, lenient)) for record in taught[name]]
            judged += [(name, record, _predict(record, table)) for record in taught[name]]
    kinds = sorted({name.rstrip("0123456789") for name in names})
    lines = [f"{'all':8} rules {_figures(alone)}", f"{'all':8} judge {_figures(judged)}"]
    for kind in kinds:
        for label, told in (("rules", alone), ("judge", judged)):
            lines.append(f"{kind:8} {label} {_figures([x for x in told if x[0].rstrip('0123456789') == kind])}")
    by_slot = (f"{slot:14} rules {_by_slot(alone, slot)}   judge {_by_slot(judged, slot)}" for slot in SLOT_NAMES)
    return [*lines, *by_slot]


Told = tuple[str, Record, dict[str, Any]]


def _predict(record: Record, table: Table) -> dict[str, Any]:
    result = understand(
        record["caller"],
        asked=Asked(record["asked"]),
        state=record.get("state") or {},
        today=date.fromisoformat(record["today"]),
        weights=table,
        intents=SILENT,
    )
    return {"id": record["id"], "updates": result.updates, "intent": result.intent.value, "doubted": result.doubted}


def _score(told: Sequence[Told]) -> SlotScore:
    return score_slots([dict(record) for _, record, _ in told], [prediction for _, _, prediction in told])


def _figures(told: Sequence[Told]) -> str:
    score = _score(told)
    per_100 = 100 / max(1, score.hits + score.misses)
    return (
        f"{score.turns} turns | F1 {score.f1:.3f} | intent {score.intent_accuracy:.3f} | nothing invented "
        f"{score.empty_turns_right}/{score.empty_turns} = {score.empty_turn_ok:.3f} | wrong or invented per 100 "
        f"{per_100 * score.inventions:.1f} | missed per 100 {per_100 * score.misses:.1f}"
    )


def _by_slot(told: Sequence[Told], slot: str) -> str:
    only = [
        (
            name,
            {
                **record,
                "expected": {key: value for key, value in record["expected"].items() if key in (slot, "intent")},
            },
            {**prediction, "updates": {key: value for key, value in prediction["updates"].items() if key == slot}},
        )
        for name, record, prediction in told
    ]
    score = _score(only)
    return f"F1 {score.f1:.3f}, {score.hits} right, {score.inventions} wrong, {score.misses} missed"


def main(arguments: Sequence[str]) -> None:
    """Train, or look."""
    more = [Path(name) for name in arguments if not name.startswith("--")]
    taught = {path.stem: load(path) for path in (*sorted(TAUGHT.glob("*.jsonl")), *more)}
    ruled = ruled_cases()
    if "--look" in arguments:
        sys.stdout.write("\n".join(look(taught, ruled)) + "\n")
        return
    cases = [
        *ruled,
        *(case for name, records in taught.items() for case in cases_of_set(records, name)),
    ]
    content = train(cases)
    target = DATA / TABLE
    write(target, content, weights=Table.loads(content))
    sys.stdout.write(f"{target}: {len(cases)} values judged, {len(content)} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
