"""What do the tests of a room not notice? Random one-line changes of it, each run against the tests:

    python tools/mutate.py app/media --tests tests/media tests/call/test_ear.py --count 30 --seed 1

Works on a copy. Prints each change that no test noticed: a hole, or a change that changes nothing.
A change meets the module's own test file first, then those that name the module, then the rest, up to the first that
fails. Each runs in a fork of a process that has the libraries loaded: one that pure tests notice costs a second.
"""

import argparse
import ast
import difflib
import importlib
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
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


class Mutant(NamedTuple):
    """A changed module: its place below the root, the changed line, its text before and after."""

    place: Path
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        diff = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), lineterm="", n=0)
        return "\n  ".join([f"{self.place}:{self.line}", *list(diff)[3:]])


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
        case ast.Constant(value=bool(truth)):
            yield ast.Constant(not truth)
        case ast.Constant(value=int(number) | float(number)):
            yield ast.Constant(number * 2 if number else 1)
            yield ast.Constant(number - 1 if isinstance(number, int) or not number else number / 2)
        case ast.Call(func=ast.Name(id="min" | "max" as name)):
            yield ast.Call(ast.Name("max" if name == "min" else "min"), node.args, node.keywords)
        case ast.If() | ast.IfExp():
            for always in (True, False):
                yield type(node)(ast.Constant(always), node.body, node.orelse)  # type: ignore[arg-type]
        case ast.Expr(value=ast.Call()) | ast.Assign(targets=[ast.Attribute()]) | ast.AugAssign():
            yield ast.Pass()


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that do something: no annotations, no storage of dataclasses, no module's call of main."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            match child:
                case ast.Call(func=ast.Name(id="dataclass")) | ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                    pass
                case ast.AST():
                    yield from running(child)


def mutants(source: str) -> list[tuple[int, str]]:
    """Return every change of a module that stands on one line: the line and the whole new text, no text twice."""
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    found: dict[str, int] = {}
    for node in running(tree):
        for change in changes_of(node):
            target = node
            if isinstance(node, ast.If) and isinstance(change, ast.If):
                target, change = node.test, change.test  # noqa: PLW2901
            assert isinstance(target, ast.expr | ast.stmt)
            first, last = target.lineno, target.end_lineno
            if first != last:
                continue
            new = ast.unparse(ast.fix_missing_locations(change))
            text = lines[first - 1].encode()
            if isinstance(change, ast.expr):
                new = f"({new})"
            changed = text[: target.col_offset] + new.encode() + text[target.end_col_offset :]
            found.setdefault("".join([*lines[: first - 1], changed.decode(), *lines[last:]]), first)
    return [(line, text) for text, line in found.items()]


def chosen(rooms: list[str], count: int, seed: int) -> list[Mutant]:
    """Return so many random changes of the rooms."""
    paths = [(ROOT / room).resolve() for room in rooms]
    modules = [path for room in paths for path in (sorted(room.rglob("*.py")) if room.is_dir() else [room])]
    sources = [(path.relative_to(ROOT), path.read_text(encoding="utf-8")) for path in modules]
    every = [Mutant(place, line, text, new) for place, text in sources for line, new in mutants(text)]
    random.Random(seed).shuffle(every)  # noqa: S311
    return list(
        islice((one for one in every if ast.dump(ast.parse(one.before)) != ast.dump(ast.parse(one.after))), count)
    )


class Copy:
    """A copy of the repository in which modules are changed and tests are run."""

    def __init__(self, folder: Path, tests: list[str]) -> None:
        self._folder = folder
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif (ROOT / name).exists():
                shutil.copy2(ROOT / name, folder / name)
        for name in LINKED:
            if (ROOT / name).exists():
                (folder / name).symlink_to((ROOT / name).resolve())
        paths = [folder / name for name in tests]
        self._tests = [
            file for path in paths for file in (sorted(path.rglob("test_*.py")) if path.is_dir() else [path])
        ]

    def fault(self) -> str:
        """Return the last words of the tests on the code as it is, nothing where all pass; learn what they import."""
        said = self._run([self._tests], learn=True)
        sys.path[0] = str(self._folder)
        for name in json.loads((self._folder / "imported.json").read_text()):
            with suppress(Exception):
                importlib.import_module(name)
        return said

    def notices(self, mutant: Mutant) -> bool:
        """Whether a test fails on the changed module, or does not end."""
        changed = self._folder / mutant.place
        was = changed.stat()
        changed.write_text(mutant.after, encoding="utf-8")
        try:
            return bool(self._run(self._near(mutant.place)))
        finally:
            changed.write_text(mutant.before, encoding="utf-8")
            os.utime(changed, ns=(was.st_atime_ns, was.st_mtime_ns))  # what is compiled of it holds again

    def _near(self, place: Path) -> list[list[Path]]:
        """Return the test files in the order of their nearness to a module."""
        own = f"test_{place.stem}.py"
        dotted, room = ".".join(place.with_suffix("").parts), ".".join(place.parent.parts)
        groups: list[list[Path]] = [[], [], []]
        for file in self._tests:
            text = file.read_text(encoding="utf-8")
            names = dotted in text or re.search(rf"^from {room} import .*\b{place.stem}\b", text, re.MULTILINE)
            groups[0 if file.name == own else 1 if names else 2].append(file)
        return [group for group in groups if group]

    def _run(self, groups: list[list[Path]], *, learn: bool = False) -> str:
        said = self._folder / "said.txt"
        child = os.fork()
        if not child:
            os._exit(self._tested(groups, said, learn=learn))
        ends_s = time.monotonic() + TIMEOUT_S
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > ends_s:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return f"no end within {TIMEOUT_S} s"
            time.sleep(0.02)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # the servers of a test that broke off
        return said.read_text(encoding="utf-8", errors="replace")[-2500:] or "died" if status else ""

    def _tested(self, groups: list[list[Path]], said: Path, *, learn: bool) -> int:
        os.setsid()
        os.chdir(self._folder)
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(out, stream)
        sys.path[0] = str(self._folder)
        if not learn:  # only what is compiled of the code as it is may stay
            sys.dont_write_bytecode = True
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        import pytest
        from hypothesis import Phase, settings

        # That an example fails is enough: it need not be made small.
        settings.register_profile("first", deadline=None, phases=(Phase.explicit, Phase.generate))
        options = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-profile=first"]
        code = 0
        for group in groups:
            code = code or int(pytest.main([*options, *map(str, group)]))
        if learn:
            libraries = [
                name for name in sys.modules if name.split(".")[0] not in ("app", "tests", "tools", "__main__")
            ]
            (self._folder / "imported.json").write_text(json.dumps(libraries))
        sys.stdout.flush()
        return code


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
    changes = chosen(given.rooms, given.count, given.seed)
    if not changes:
        sys.exit(f"{' '.join(given.rooms)}: nothing to change")
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder), given.tests)
        fault = copy.fault()
        if fault:
            sys.exit(f"the tests fail on the code as it is:\n{fault}")
        unnoticed = tried = 0
        for change in changes:
            if time.monotonic() > ends_s:
                break
            tried += 1
            if not copy.notices(change):
                unnoticed += 1
                print(f"not noticed: {change}", flush=True)
    print(f"{tried - unnoticed} of {tried} changes noticed")


if __name__ == "__main__":
    main()
