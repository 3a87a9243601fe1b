"""Rules stay readable: how many ways there are through a function of the dialog, each "and" and "or" counted."""

import ast
from collections.abc import Iterator
from pathlib import Path

DIALOG = Path(__file__).parent.parent.parent / "app" / "dialog"
READABLE = 15
MOST = 20
"""The most complex function there is; it may become simpler, and then this number goes down."""
MANY = 44
"""So many are over what is readable; a change that makes one simpler lowers this number, too."""
_BRANCHES = (ast.If, ast.IfExp, ast.For, ast.While, ast.ExceptHandler, ast.match_case, ast.comprehension)


def _ways(function: ast.FunctionDef) -> int:
    nodes = list(ast.walk(function))
    branches = sum(isinstance(node, _BRANCHES) for node in nodes)
    terms = sum(len(node.values) - 1 for node in nodes if isinstance(node, ast.BoolOp))
    return 1 + branches + terms + sum(len(node.ifs) for node in nodes if isinstance(node, ast.comprehension))


def _functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in DIALOG.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield f"{path.relative_to(DIALOG)}:{node.lineno} {node.name}", node


def test_no_rule_grows_beyond_what_can_be_read() -> None:
    """R24: one more condition in a long one is one rule too many in that place."""
    ways = {name: _ways(function) for name, function in _functions()}
    assert {name: count for name, count in ways.items() if count > MOST} == {}
    assert sum(count > READABLE for count in ways.values()) <= MANY
