"""A second of what `make fuzz` does for hours, and the promise that it can fail."""

from collections.abc import Callable

import pytest

from tests.fuzz.seeds import SEEDS, inputs
from tests.fuzz.targets import TARGETS

EACH = 250
SLOW = {"hebrew": 25, "model_answer": 25}


@pytest.mark.parametrize("target", TARGETS)
def test_garbage_breaks_no_promise(target: str) -> None:
    """R2, R3, R10.4: whatever comes is answered, refused with a reason, or talked with; nothing crashes."""
    for data in inputs(target, SLOW.get(target, EACH), seed=1):
        try:
            TARGETS[target](data)
        except Exception as fault:
            raise AssertionError(f"{target} broke on {data!r}") from fault


def test_every_target_has_something_good_to_begin_with() -> None:
    """A fuzzer that never gets past the first check tests nothing else."""
    assert SEEDS.keys() == TARGETS.keys()
    assert len(set(inputs("token", 50, seed=1))) > 40
    assert inputs("token", 50, seed=1) == inputs("token", 50, seed=1) != inputs("token", 50, seed=2)


@pytest.mark.parametrize(
    ("promise", "breaks"), [(bytes.decode, UnicodeDecodeError), (lambda data: data[3], IndexError)]
)
def test_a_promise_that_is_broken_is_found(promise: Callable[[bytes], object], breaks: type[Exception]) -> None:
    """Garbage that hurts nobody is no test."""
    with pytest.raises(breaks):
        for data in inputs("child_wire", EACH, seed=1):
            promise(data)
