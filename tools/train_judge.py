"""Train the judge of what is wished for, and say how it judges speech that it has not met (R10.2, R10.6).

    python -m tools.train_judge [--look] [SET.jsonl …]

Without arguments it writes app/dialog/data/real_estate/judge.npz from the turns of training/ and, with what the readers
find when their own rules are not heeded, of tests/dialog. `--look` writes nothing: it leaves a fifth of the sets of
training/ out at a time, whole sets, never single turns, and prints what the dialog makes of them with the rules alone
and with a judge that was trained without them. Sets named besides are trained on, too. Nothing is drawn by chance.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from app.dialog.domain import PARTS, SLOT_NAMES, Asked
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance, normalise
from app.dialog.understanding.judging.intents import SILENT
from app.dialog.understanding.judging.judge import LENIENT, TABLE, TOPIC_NAMES, VERSIONS, S, Table
from app.dialog.understanding.judging.marks import POSITIONS, SIDE, frame_marks, marks_of, position
from app.dialog.understanding.turn import Turn
from app.dialog.understanding.understand import understand
from app.qa.scoring import SlotScore, same_value, score_slots
from app.qa.understanding import fold_updates

ROOT = Path(__file__).parent.parent
TAUGHT = ROOT / "training"
RULED = sorted((ROOT / "tests" / "dialog").glob("utterances_*.jsonl"))
DIALOGS = sorted((ROOT / "tests" / "dialog").glob("dialogs*.jsonl"))
_OF_RULES, _OF_KINDS = 2.0, 8.0
"""What a right value weighs that the rules were made for, and one of the lines that hold a rule in place."""
BELOW = (-1.0, 0.4)
"""Log odds under which a value is left, and under which it is doubted. By `--look` the latter keeps out more
than half of what is wrong or invented while no more is missed; from 0.8 on each further wrong one costs a right one."""
_PENALTY = 10.0
_LEAST_SEEN = 3
_FOLDS = 5
_NEAR = 3
_STEPS = 150
_SPREAD = 3.0
_BEFORE, _AFTER = tuple(range(1, SIDE + 1)), tuple(range(SIDE + 1, POSITIONS))
_POSITIONS_OF = (_BEFORE, _AFTER, (*_BEFORE[:_NEAR], *_AFTER[:_NEAR]), (*_BEFORE, *_AFTER))
"""A weight is the sum of one for the very position and of those for its side, for near ones and for any."""

Record = Mapping[str, Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A value that a reader found in a turn, and whether it is wished for; `words` are (mark, position) pairs."""

    taught_by: str
    topic: str
    asked: bool
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
        """Return all values."""
        starts = tuple(value.start for value in found)
        self.found += [(topic, value, starts) for value in found]
        return list(found)

    def likeliest(self, topic: str, standing: Sequence[S]) -> S:  # noqa: ARG002 - as a jury is asked
        """Return the first."""
        return standing[0]


def load(path: Path) -> list[Record]:
    """Return the turns of a set.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line is no JSON.
    """
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def cases_of(record: Record, taught_by: str, weight: float = 1.0) -> Iterator[Case]:
    """Yield every value that a reader finds in a turn, with its rules heeded or not, that the labels judge.

    `weight` is that of a value which the rules take and the labels, too.
    """
    utterance, asked, state = normalise(record["caller"]), Asked(record["asked"]), record.get("state") or {}
    seen: set[tuple[str, int, int, str]] = set()
    for heeds_rules in (True, False):
        recorder = Recorder(heeds_rules=heeds_rules)
        Turn(utterance, asked, state, date.fromisoformat(record["today"]), recorder).read()
        for topic, value, starts in recorder.found:
            label = _label(record, topic, value)
            key = (topic, value.start, value.end, str(value.value))
            if label is None or key in seen:
                continue
            seen.add(key)
            words = _words(utterance, asked, state, topic, (value.start, value.end), starts)
            yield Case(taught_by, topic, asked.value == topic, words, label, weight if heeds_rules and label else 1.0)


def cases_of_dialog(record: Record, taught_by: str) -> Iterator[Case]:
    """Yield the values that a scripted dialog ends with, where its turns say them."""
    state: dict[str, Any] = {}
    for turn in record["turns"]:
        said = {**record, **turn, "state": state, "expected": record["expected_final"]}
        yield from (case for case in cases_of(said, taught_by, _OF_RULES) if case.wished)
        known = {**state, "caller_id": record.get("caller_id")}
        read = Turn(
            normalise(turn["caller"]), Asked(turn["asked"]), known, date.fromisoformat(record["today"]), LENIENT
        ).read()
        state = fold_updates(state, read.updates)


def ruled_cases() -> list[Case]:
    """Return the cases of the sets that the rules were made on: right values there are to stay right."""
    dialogs = (case for path in DIALOGS for record in load(path) for case in cases_of_dialog(record, path.stem))
    turns = (
        case
        for path in RULED
        for record in load(path)
        for case in cases_of(record, path.stem, _OF_KINDS if path.stem.endswith("kinds") else _OF_RULES)
    )
    return [*turns, *dialogs]


def _words(
    utterance: Utterance,
    asked: Asked,
    state: Record,
    topic: str,
    span: tuple[int, int],
    starts: Sequence[int],
) -> tuple[tuple[str, int], ...]:
    rivals = list(starts)
    rivals.remove(span[0])
    frame = ((mark, 0) for mark in frame_marks(utterance, asked, state, topic, span, rivals))
    around = ((mark, position(index, *span)) for index, marks in enumerate(marks_of(utterance)) for mark in marks)
    return (*frame, *around)


def _label(record: Record, topic: str, value: Span[Any]) -> bool | None:
    """Return whether a value is wished for by a turn's labels; None: they leave it open."""
    meant = value.value
    if topic not in PARTS:
        return _label_of(record, topic, meant)
    labels = [_label_of(record, slot, end) for slot, end in zip(PARTS[topic], meant, strict=True) if end is not None]
    return True if True in labels else None if None in labels else False


def _label_of(record: Record, slot: str, value: Any) -> bool | None:
    expected, accept, optional = record["expected"], record.get("accept") or {}, record.get("optional") or {}
    known = (record.get("state") or {}).get(slot)
    if slot == "area":
        wanted = [[name] for names in (expected.get(slot), *accept.get(slot, [])) for name in names or ()]
        beside = list(optional.get(slot) or ())
        left_open = (beside and same_value(slot, [value], [[name] for name in beside], beside)) or (
            slot not in expected and value in (known or ())
        )
        return True if same_value(slot, [value], wanted, []) and wanted else None if left_open else False
    wanted = [*([expected[slot]] if slot in expected else []), *accept.get(slot, [])]
    if slot in expected and same_value(slot, value, wanted, []):
        return True
    generic = slot == "property_type" and slot in expected and value in ("apartment", "private_house", "commercial")
    may_be = [*wanted, *([optional[slot]] if slot in optional else [])]
    left_open = generic or same_value(slot, value, may_be, []) or (slot not in expected and known == value)
    return None if left_open else False


def train(cases: Sequence[Case]) -> bytes:
    """Return the table learned from cases, as the product reads it."""
    seen = Counter(mark for case in cases for mark in {mark for mark, _ in case.words})
    marks = sorted(mark for mark, times in seen.items() if times >= _LEAST_SEEN)
    row_of = {mark: index for index, mark in enumerate(marks)}
    rows = _by_position(_fit(_designs(cases, row_of), len(marks)))
    held, scale = in_bytes(rows)
    held = np.concatenate([held, np.zeros((1, VERSIONS, POSITIONS), np.int8)])
    return written(marks, rows=held, scale=scale * _SPREAD, below=np.array(BELOW))


def in_bytes(weights: Floats) -> tuple[npt.NDArray[np.int8], float]:
    """Return weights as whole numbers of a byte each, and what one of them stands for."""
    widest = float(np.quantile(np.abs(weights), 0.9999))
    return np.clip(np.round(weights / widest * 127), -127, 127).astype(np.int8), widest / 127


def written(marks: Sequence[str], **held: Any) -> bytes:
    """Return a table's file: its marks and what it holds of them."""
    out = BytesIO()
    np.savez_compressed(out, marks=np.frombuffer("\n".join(marks).encode(), np.uint8), **held)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Design:
    """The cases that are judged by the same `versions` of the weights: of one topic, asked or not."""

    versions: tuple[int, int, int]
    words: csr_matrix
    """[cases, marks x POSITIONS]"""
    labels: Floats
    shares: Floats


def _designs(cases: Sequence[Case], row_of: Mapping[str, int]) -> list[_Design]:
    groups: dict[tuple[int, int, int], list[Case]] = {}
    for case in cases:
        versions = (0, 1 if case.asked else 2, 3 + TOPIC_NAMES.index(case.topic))
        groups.setdefault(versions, []).append(case)
    return [
        _Design(
            versions,
            _words_of(held, row_of),
            np.array([1.0 if case.wished else -1.0 for case in held]),
            np.array([case.weight for case in held]),
        )
        for versions, held in sorted(groups.items())
    ]


def _words_of(cases: Sequence[Case], row_of: Mapping[str, int]) -> csr_matrix:
    known = [[row_of[mark] * POSITIONS + at for mark, at in case.words if mark in row_of] for case in cases]
    starts = np.cumsum([0, *map(len, known)])
    columns = np.fromiter((column for held in known for column in held), np.int32, int(starts[-1]))
    values = np.repeat([_SPREAD / np.sqrt(max(1, len(held))) for held in known], [len(held) for held in known])
    return csr_matrix((values.astype(np.float32), columns, starts), shape=(len(cases), len(row_of) * POSITIONS))


def _by_position(weights: Floats) -> Floats:
    """Return what a mark weighs at each position, [..., POSITIONS]; `weights`: [..., POSITIONS + 4]."""
    rows = weights[..., :POSITIONS].copy()
    for group, positions in enumerate(_POSITIONS_OF, POSITIONS):
        rows[..., positions] += weights[..., group, None]
    return rows


def _by_weight(slopes: Floats) -> Floats:
    """Return how the cost rises with each weight, [..., POSITIONS + 4], given how it does by position."""
    return np.concatenate([slopes, *(slopes[..., of].sum(axis=-1, keepdims=True) for of in _POSITIONS_OF)], axis=-1)


def _fit(designs: Sequence[_Design], marks: int) -> Floats:
    """Return the weights [marks, VERSIONS, POSITIONS + 4] of a logistic regression with a quadratic penalty."""
    seen = np.zeros((marks, VERSIONS, POSITIONS))
    for design in designs:
        seen[:, design.versions] += (design.words.getnnz(axis=0) > 0).reshape(marks, 1, POSITIONS)
    # A weight of a mark that is nowhere seen at its positions stays zero.
    used = _by_weight(seen) > 0
    across = [design.words.T.tocsr() for design in designs]

    def cost(weights: Floats) -> tuple[float, Floats]:
        every = np.zeros(used.shape)
        every[used] = weights
        rows = _by_position(every)
        slopes, total = np.zeros(rows.shape), float(weights @ weights) * _PENALTY / 2
        for design, back in zip(designs, across, strict=True):
            margins = design.labels * (design.words @ rows[:, design.versions].sum(axis=1).astype(np.float32).ravel())
            slope = -design.shares * design.labels / (1 + np.exp(np.clip(margins, -50, 50)))
            total += float(design.shares @ np.logaddexp(0, -margins))
            slopes[:, design.versions] += (back @ slope.astype(np.float32)).reshape(marks, 1, POSITIONS)
        return total, _by_weight(slopes)[used] + _PENALTY * weights

    weights = np.zeros(used.shape)
    weights[used] = least(cost, int(used.sum()), _STEPS)
    return weights


def least(cost: Callable[[Floats], tuple[float, Floats]], size: int, steps: int) -> Floats:
    """Return the `size` weights of least cost, looked for from zero in so many steps; `cost` gives its slope, too."""
    options = {"maxiter": steps, "maxcor": 6, "ftol": 1e-6}
    return np.asarray(minimize(cost, np.zeros(size), jac=True, method="L-BFGS-B", options=options).x)


def look(taught: Mapping[str, list[Record]], ruled: Sequence[Case]) -> list[str]:
    """Return lines that compare the rules alone and a judge on sets that it was not trained on."""
    names = sorted(taught)
    cases = {name: [case for record in taught[name] for case in cases_of(record, name)] for name in names}
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
        *(case for name, records in taught.items() for record in records for case in cases_of(record, name)),
    ]
    target = ROOT / "app" / "dialog" / "data" / TABLE
    target.write_bytes(train(cases))
    sys.stdout.write(f"{target}: {len(cases)} values judged, {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
