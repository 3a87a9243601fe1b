"""Which conditions of the dialog's rules does any utterance need? (R10.6)

    python -m tools.ablate_dialog app/dialog/understanding/kind.py … [-- SET.jsonl …]

Every `if` of the named modules is switched off by itself and the sets are read again. A line for each: how many turns
are then wrong that were right, how many right that were wrong, how many only read otherwise, and the condition. A
question for None is no rule, and is left alone. What no turn needs may go; what one turn needs is a rule for one turn.
Sets are those of tests/dialog unless others are named.
"""

import ast
import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from app.dialog.hebrew.tokens import normalise
from app.qa.scoring import score_slots
from app.qa.understanding import predict_slots

ROOT = Path(__file__).parent.parent
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """An `if` of a function: where it stands and what it tests."""

    module: str
    function: str
    line: int
    test: str


@dataclass(frozen=True, slots=True)
class Needed:
    """Turns that read otherwise without a condition: wrong now, right now, or as right as before."""

    lost: tuple[str, ...]
    won: tuple[str, ...]
    other: tuple[str, ...]


def conditions(path: Path) -> list[Condition]:
    """Return the conditions of the functions and methods of a module."""
    module = ".".join(path.resolve().relative_to(ROOT).with_suffix("").parts)
    return [
        Condition(module, function.name, branch.lineno, ast.unparse(branch.test))
        for function in _functions(path)
        for branch in ast.walk(function)
        if isinstance(branch, ast.If) and "None" not in ast.unparse(branch.test)
    ]


def without(condition: Condition, records: Sequence[Record], before: Sequence[Record]) -> Needed:
    """Read the records with a condition switched off, and compare with what was read `before`."""
    function = _found(condition)
    whole = function.__code__
    function.__code__ = _switched_off(condition)
    # Whatever was worked out for an utterance was kept by it.
    normalise.cache_clear()
    try:
        now = [_read(record) for record in records]
    finally:
        function.__code__ = whole
        normalise.cache_clear()
    lost: list[str] = []
    won: list[str] = []
    other: list[str] = []
    for record, was, read in zip(records, before, now, strict=True):
        if was != read:
            wrong_before, wrong_now = (bool(score_slots([record], [made]).wrong) for made in (was, read))
            into = other if wrong_before == wrong_now else lost if wrong_now else won
            into.append(record["id"])
    return Needed(tuple(lost), tuple(won), tuple(other))


def _read(record: Record) -> Record:
    try:
        return predict_slots(record)
    except (IndexError, TypeError, ValueError, AttributeError) as error:
        # Needed all the same.
        return {"id": record["id"], "updates": {}, "intent": repr(error)}


def _functions(path: Path) -> Iterator[ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        yield from (member for member in members if isinstance(member, ast.FunctionDef))


def _found(condition: Condition) -> FunctionType:
    """Return the function, of the module or of one of its classes, inside of what keeps its answers."""
    module = importlib.import_module(condition.module)
    holders = [module, *(made for made in vars(module).values() if isinstance(made, type))]
    for holder in holders:
        made = vars(holder).get(condition.function)
        made = getattr(made, "__wrapped__", getattr(made, "__func__", made))
        if isinstance(made, FunctionType) and made.__module__ == condition.module:
            return made
    raise LookupError(f"{condition.module}: no function {condition.function!r}")


def _switched_off(condition: Condition) -> CodeType:
    """Return the function's code with the condition never true."""
    path = ROOT / (condition.module.replace(".", "/") + ".py")
    for function in _functions(path):
        if function.name != condition.function:
            continue
        for branch in ast.walk(function):
            if isinstance(branch, ast.If) and branch.lineno == condition.line:
                branch.test = ast.copy_location(ast.Constant(value=False), branch.test)
                function.decorator_list = []
                return _code_of(ast.Module(body=[function], type_ignores=[]), path, function.name)
    raise LookupError(f"{path}: no condition in line {condition.line}")


def _code_of(tree: ast.Module, path: Path, name: str) -> CodeType:
    compiled = compile(ast.fix_missing_locations(tree), str(path), "exec")
    return next(made for made in compiled.co_consts if isinstance(made, CodeType) and made.co_name == name)


def main(arguments: Sequence[str]) -> None:
    """Print a line for each condition of the modules named."""
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    sets = [Path(name) for name in arguments[cut + 1 :]] or sorted((ROOT / "tests/dialog").glob("utterances_*.jsonl"))
    lines = [line for path in sets for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    records = [json.loads(line) for line in lines]
    before = [predict_slots(record) for record in records]
    for path in map(Path, arguments[:cut]):
        for condition in conditions(path):
            needed = without(condition, records, before)
            counts = f"{len(needed.lost)} lost, {len(needed.won)} won, {len(needed.other)} otherwise"
            sys.stdout.write(f"{counts}\t{path}:{condition.line} {condition.function}: {condition.test}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
