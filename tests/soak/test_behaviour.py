"""What goes wrong in a soak."""

import random
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

from tests.soak.behaviour import ENGINES_FAULTS, WELL, Troubles

HARMS = ("the worker is killed", "a child is killed", "a child is frozen", "the clock is set")


class Engine:
    """Takes what it is told to do."""

    def script(self, **_: object) -> None:
        pass


def drawn(rounds: int, seed: int) -> tuple[list[str], Counter[str]]:
    """Return the harms that were done, in order, and how often each kind came up."""
    engines = SimpleNamespace(ears=Engine(), mind=Engine(), voice=Engine())
    done, did = Counter[str](), list[str]()
    harms = {name: lambda name=name: did.append(name) for name in HARMS}
    troubles = Troubles(cast("Any", SimpleNamespace(vendors=engines)), random.Random(seed), done, harms)
    for _ in range(rounds):
        troubles.next()
    return did, done


def test_every_kind_comes_up_however_the_dice_fall() -> None:
    """R18: a run of a minute has killed the worker, and each child's fate was drawn."""
    for seed in range(20):
        did, done = drawn(19, seed)
        assert did[0] == HARMS[0]
        assert set(did) == set(HARMS)
        assert set(done) == {*HARMS, *ENGINES_FAULTS, WELL}


def test_the_same_seed_draws_the_same() -> None:
    """R18: a failure replays."""
    assert drawn(50, 7) == drawn(50, 7) != drawn(50, 8)
