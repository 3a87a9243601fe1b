"""Which conditions of the dialog's rules does any utterance need? (R10.6)

    python -m tools.ablate_dialog app/dialog/understanding/slots/kind.py … [-- SET.jsonl …]

The sets are read once, and each condition's turns noted: those in which an `if` is true, a term of an "and" false, or
one of an "or" true. Then each is switched off by itself, and its own turns are read again. A line for each condition:
in how many turns it decides, how many are then wrong that were right, how many right that were wrong, how many only
read otherwise, where it stands, and what it says. A question for None is no rule, and is left alone. What decides
nowhere and what no turn needs may go; what one turn needs is a rule for one turn. Sets are those of tests/dialog unless
others are named.
"""

import ast
import importlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from app.qa.scoring import score_slots
from app.qa.understanding import predict_slots

ROOT = Path(__file__).parent.parent
ENOUGH = 5
"""So many turns lost show that a condition is needed; the rest of its turns is not read again."""
_NO_RULES = ("None", "isinstance")
_SWITCH = "__decides"
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a function: where it stands, what it tests, and what it is when it decides nothing."""

    path: Path
    function: str
    line: int
    column: int
    test: str
    idle: bool
    whole: bool
    """Whether it is all that an `if` or a comprehension asks; else it is a term."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Turns that read otherwise without a condition: wrong now, right now, or as right as before."""

    lost: tuple[str, ...]
    won: tuple[str, ...]
    other: tuple[str, ...]


@dataclass(slots=True)
class Switchboard:
    """Conditions of the modules put in, each with a switch; `met` are those that decided since it was emptied."""

    conditions: list[Condition] = field(default_factory=list)
    off: set[int] = field(default_factory=set)
    met: set[int] = field(default_factory=set)
    _plain: list[tuple[FunctionType, CodeType]] = field(default_factory=list)
    _forget: list[Callable[[], None]] = field(default_factory=list)

    def decides(self, number: int, value: Any) -> Any:
        """Return what condition `number` tested, or what it is when it decides nothing, if it is off."""
        idle = self.conditions[number].idle
        if number in self.off:
            return idle
        if bool(value) is not idle:
            self.met.add(number)
        return value

    def put_in(self, path: Path) -> None:
        """Give the conditions of a module's functions and methods their switches."""
        module = importlib.import_module(".".join(path.resolve().relative_to(ROOT).with_suffix("").parts))
        rooms = [module for name, module in sys.modules.items() if name.startswith("app.dialog")]
        kept = {id(made): made for room in rooms for made in vars(room).values() if hasattr(made, "cache_parameters")}
        self._forget = [made.cache_clear for made in kept.values() if (made.cache_parameters()["maxsize"] or 0) > 1]
        vars(module)[_SWITCH] = self.decides
        for owner, function in _functions(path):
            _Switches(self, path, function.name).visit(function)
            function.decorator_list = []
            made = _found(module, owner, function.name)
            self._plain.append((made, made.__code__))
            made.__code__ = _code_of(function, path)

    def take_out(self) -> None:
        """Give the functions the code back that they had."""
        self.switched_off()
        for function, code in self._plain:
            function.__code__ = code

    def switched_off(self, *numbers: int) -> None:
        """Let just these conditions decide nothing from now on."""
        self.off = set(numbers)
        # Whatever was worked out for an utterance was kept by it, and words' readings by the words.
        for forget in self._forget:
            forget()


class _Switches(ast.NodeTransformer):
    """Puts a switch around each condition of a function."""

    def __init__(self, board: Switchboard, path: Path, function: str) -> None:
        self._board = board
        self._path = path
        self._function = function

    def visit_If(self, node: ast.If) -> ast.If:
        written = ast.unparse(node.test)
        self.generic_visit(node)
        node.test = self._switched(written, node.test, idle=False, whole=True)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.IfExp:
        written = ast.unparse(node.test)
        self.generic_visit(node)
        node.test = self._switched(written, node.test, idle=False, whole=True)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.BoolOp:
        idle = isinstance(node.op, ast.And)
        terms = [(ast.unparse(term), self.visit(term)) for term in node.values]
        node.values = [self._switched(written, term, idle=idle, whole=False) for written, term in terms]
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        written = [ast.unparse(test) for test in node.ifs]
        self.generic_visit(node)
        tests = zip(written, node.ifs, strict=True)
        node.ifs = [self._switched(said, test, idle=True, whole=True) for said, test in tests]
        return node

    def _switched(self, written: str, test: ast.expr, *, idle: bool, whole: bool) -> ast.expr:
        if any(word in written for word in _NO_RULES) or isinstance(test, ast.NamedExpr):
            return test
        number = len(self._board.conditions)
        place = (test.lineno, test.col_offset)
        self._board.conditions.append(Condition(self._path, self._function, *place, written, idle, whole))
        switch = ast.Name(_SWITCH, ast.Load())
        return ast.copy_location(ast.Call(switch, [ast.Constant(number), test], []), test)


def _functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the functions and methods of a module, each with its class's name, or ""."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        members, owner = (node.body, node.name) if isinstance(node, ast.ClassDef) else ([node], "")
        yield from ((owner, member) for member in members if isinstance(member, ast.FunctionDef))


def _found(module: ModuleType, owner: str, name: str) -> FunctionType:
    """Return the function inside of what decorates it."""
    made: Any = vars(vars(module)[owner] if owner else module)[name]
    for inside in ("fget", "__func__", "__wrapped__"):
        made = getattr(made, inside, None) or made
    if not isinstance(made, FunctionType):
        raise TypeError(f"{module.__name__}: {name!r} is no function")
    return made


def _code_of(function: ast.FunctionDef, path: Path) -> CodeType:
    tree = ast.fix_missing_locations(ast.Module(body=[function], type_ignores=[]))
    compiled = compile(tree, str(path), "exec")
    return next(made for made in compiled.co_consts if isinstance(made, CodeType) and made.co_name == function.name)


class Ablation:
    """Reads records with conditions on and off."""

    def __init__(self, paths: Iterable[Path], records: Sequence[Record]) -> None:
        self.board = Switchboard()
        for path in paths:
            self.board.put_in(path)
        self._records = records
        self.deciding: list[list[int]] = [[] for _ in self.board.conditions]
        """For each condition the places of the records in which it decides."""
        self._before: list[Record] = []
        for place, record in enumerate(records):
            self.board.switched_off()
            self.board.met.clear()
            self._before.append(_read(record))
            for number in self.board.met:
                self.deciding[number].append(place)

    def without(self, number: int, *besides: int, enough: int = ENOUGH) -> Needed:
        """Read the turns in which a condition decides with it off, and others `besides`; compare with all on."""
        lost: list[str] = []
        won: list[str] = []
        other: list[str] = []
        self.board.switched_off(number, *besides)
        for place in self.deciding[number]:
            record, was = self._records[place], self._before[place]
            read = _read(record)
            if was != read:
                wrong_before, wrong_now = (bool(score_slots([record], [made]).wrong) for made in (was, read))
                into = other if wrong_before == wrong_now else lost if wrong_now else won
                into.append(record["id"])
            if len(lost) == enough:
                break
        self.board.switched_off()
        return Needed(tuple(lost), tuple(won), tuple(other))


def _read(record: Record, predict: Callable[[Record], Record] = predict_slots) -> Record:
    try:
        return predict(record)
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        # Needed all the same.
        return {"id": record["id"], "updates": {}, "intent": repr(error)}


def main(arguments: Sequence[str]) -> None:
    """Print a line for each condition of the modules named."""
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    sets = [Path(name) for name in arguments[cut + 1 :]] or sorted((ROOT / "tests/dialog").glob("utterances_*.jsonl"))
    lines = [line for path in sets for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    ablation = Ablation(map(Path, arguments[:cut]), [json.loads(line) for line in lines])
    for number, condition in enumerate(ablation.board.conditions):
        needed, decides = ablation.without(number), len(ablation.deciding[number])
        counts = f"{decides} decides, {len(needed.lost)} lost, {len(needed.won)} won, {len(needed.other)} otherwise"
        place = f"{condition.path}:{condition.line} {condition.function}"
        sys.stdout.write(f"{counts}\t{place}: {condition.test}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
