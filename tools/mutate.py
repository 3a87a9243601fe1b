"""What do the tests of a room not notice? Random one-line changes of it, each run against the tests:

    python tools/mutate.py app/media --tests tests/media tests/call/test_ear.py --count 30 --seed 1

Works on a copy. Prints each change that no test noticed: a hole, or a change that changes nothing.
"""

import argparse
import ast
import difflib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
COPIED = ("app", "tests", "samples", "tools", "pyproject.toml", "gunicorn.conf.py", "README.md")
LINKED = ("data", ".venv")
TIMEOUT_S = 300

_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.RShift: ast.LShift, ast.LShift: ast.RShift,
}  # fmt: skip


def changes_of(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what might stand in place of a node."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _FLIPPED:
            yield ast.Compare(node.left, [_FLIPPED[type(operator)]()], node.comparators)
        case ast.BoolOp():
            yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.BinOp() if type(node.op) in _SWAPPED:
            yield ast.BinOp(node.left, _SWAPPED[type(node.op)](), node.right)
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Constant(value=int() | float()):
            yield ast.Constant(node.value * 2 if node.value else 1)
            yield ast.Constant(node.value - 1 if isinstance(node.value, int) or not node.value else node.value / 2)
        case ast.Call(func=ast.Name(id="min" | "max" as name)):
            yield ast.Call(ast.Name("max" if name == "min" else "min"), node.args, node.keywords)
        case ast.If() | ast.IfExp():
            for always in (True, False):
                yield type(node)(ast.Constant(always), node.body, node.orelse)  # type: ignore[arg-type]
        case ast.Expr(value=ast.Call()) | ast.Assign(targets=[ast.Attribute()]) | ast.AugAssign():
            yield ast.Pass()


def mutants(source: str) -> list[tuple[int, str]]:
    """Return every change of a module: the line and the whole new text."""
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        line, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
        for change in changes_of(node):
            whole = isinstance(node, ast.If)
            target = node.test if whole else node
            first, last = target.lineno, target.end_lineno or target.lineno
            if first != last or line > end:
                continue
            new = ast.unparse(ast.fix_missing_locations(change.test if whole else change))  # type: ignore[attr-defined]
            text = lines[first - 1].encode()
            if isinstance(change, ast.expr):
                new = f"({new})"
            changed = text[: target.col_offset] + new.encode() + text[target.end_col_offset :]
            mutant = "".join([*lines[: first - 1], changed.decode(), *lines[last:]])
            found.append((first, mutant))
    return found


def main() -> None:
    """Change, test, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="+", help="folders or modules below app")
    parser.add_argument("--tests", nargs="+", required=True, help="test files or folders that should notice")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no change after so long")
    given = parser.parse_args()
    ends_s = time.monotonic() + 60 * given.minutes
    rooms = [(ROOT / room).resolve() for room in given.rooms]
    modules = [path for room in rooms for path in (sorted(room.rglob("*.py")) if room.is_dir() else [room])]
    every = [(path, line, text) for path in modules for line, text in mutants(path.read_text(encoding="utf-8"))]
    if not every:
        sys.exit(f"{' '.join(given.rooms)}: nothing to change")
    chosen = random.Random(given.seed).sample(every, min(given.count, len(every)))  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(Path(folder))
        fault = _fault(copy, given.tests)
        if fault:
            sys.exit(f"the tests fail on the code as it is:\n{fault}")
        unnoticed = tried = 0
        for path, line, text in chosen:
            if time.monotonic() > ends_s:
                break
            tried += 1
            place = path.relative_to(ROOT)
            original = path.read_text(encoding="utf-8")
            (copy / place).write_text(text, encoding="utf-8")
            if not _fault(copy, given.tests):
                unnoticed += 1
                diff = difflib.unified_diff(original.splitlines(), text.splitlines(), lineterm="", n=0)
                print(f"not noticed: {place}:{line}", *list(diff)[3:], sep="\n  ", flush=True)
            (copy / place).write_text(original, encoding="utf-8")
    print(f"{tried - unnoticed} of {tried} changes noticed")


def _copied(folder: Path) -> Path:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, folder / name)
    for name in LINKED:
        if (ROOT / name).exists():
            (folder / name).symlink_to((ROOT / name).resolve())
    return folder


def _fault(copy: Path, tests: list[str]) -> str:
    """Return the last lines of a run that failed, nothing where all tests passed."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return f"no end within {TIMEOUT_S} s"
    return done.stdout[-2000:] + done.stderr[-500:] if done.returncode else ""


if __name__ == "__main__":
    main()
