"""The random changes that show what a room's tests do not notice."""

import ast

import pytest

from tools.mutate import chosen, mutants


def changed(source: str) -> set[str]:
    return {text for _, text in mutants(source)}


def test_a_condition_is_turned_bounds_are_moved_and_a_call_is_left_out() -> None:
    source = "def f(x):\n    if x < 3:\n        g()\n"
    lines = {text.splitlines()[line - 1].strip() for line, text in mutants(source)}
    assert lines == {"if (x <= 3):", "if (True):", "if (False):", "if x < (6):", "if x < (2):", "pass"}


@pytest.mark.parametrize(
    "source",
    [
        "x: int | None\n",
        "def f(x: int | None) -> str | None: ...\n",
        "@dataclass(frozen=True, slots=True)\nclass A: ...\n",
        'if __name__ == "__main__":\n    main(1)\n',
    ],
)
def test_what_only_a_type_checker_or_a_shell_reads_is_left_alone(source: str) -> None:
    assert not changed(source)


def test_no_change_comes_twice() -> None:
    texts = [text for _, text in mutants("x = max(0, 1)\ny = 2 if x else 2\n")]
    assert len(texts) == len(set(texts))


def test_a_seed_chooses_the_same_changes_again_and_each_changes_something() -> None:
    first, again = chosen(["app/media/codec.py"], 5, 1), chosen(["app/media/codec.py"], 5, 1)
    assert first == again
    assert len(first) == 5
    assert all(ast.dump(ast.parse(one.before)) != ast.dump(ast.parse(one.after)) for one in first)
    assert chosen(["app/media/codec.py"], 5, 2) != first
