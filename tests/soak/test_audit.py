"""The audit can fail."""

import json
from typing import Any, cast

import pytest

from tests.soak.audit import Held, held, store_faults, unexpected


class Kept:
    """What a store and an office have of two calls."""

    def __init__(
        self, *, ended: str | None = "2026-11-23", delivered: tuple[str, ...] = ("CA1",), steps: tuple[str, ...] = ()
    ) -> None:
        self.history = json.dumps([{"state": step} for step in steps])
        self.ended = ended
        self.requests = [self for _ in delivered]
        self.bodies = iter([json.dumps({"call": {"sid": sid}}) for sid in delivered])

    @property
    def body(self) -> str:
        return next(self.bodies)

    def rows(self, query: str) -> list[dict[str, Any]]:
        if "FROM calls" in query:
            return [{"call_sid": "CA1", "ended_at": self.ended}, {"call_sid": "CA2", "ended_at": "2026-11-23"}]
        return [{"call_sid": "CA1", "history": self.history}]


@pytest.mark.parametrize(
    ("kept", "held", "says"),
    [
        (Kept(), ["CA1", "CA2"], ""),
        (Kept(), ["CA1", "CA3"], "CA3: not in the store"),
        (Kept(ended=None), ["CA1"], "CA1: not closed"),
        (Kept(delivered=()), ["CA1"], "CA1: its lead was delivered 0 times, of which 0 may be repeats"),
        (
            Kept(delivered=(), steps=("in_doubt",)),
            ["CA1"],
            "CA1: its lead was delivered 0 times, of which 1 may be repeats",
        ),
        (Kept(delivered=("CA1", "CA1"), steps=("in_doubt", "delivered")), ["CA1"], ""),
        (
            Kept(delivered=("CA1", "CA1"), steps=("delivered",)),
            ["CA1"],
            "CA1: its lead was delivered 2 times, of which 0 may be repeats",
        ),
        (Kept(delivered=("CA1", "CA2")), ["CA1"], "CA2: a lead that is not in the store"),
    ],
)
def test_what_is_lost_doubled_or_open_is_said(kept: Kept, held: list[str], says: str) -> None:
    """R14."""
    assert store_faults(cast("Any", kept), cast("Any", kept), held) == ([says] if says else [])


def test_a_line_that_tells_of_a_fault_is_found_and_a_child_killed_for_cause_is_none() -> None:
    """R11: what was done to the children on purpose is in the log, too."""
    log = "t INFO call_sid=CA1 TURN\nt ERROR sidecar_killed | name=speech\nt ERROR call_sid=CA1 CALL_BROKE\n"
    assert unexpected(log) == ["t ERROR call_sid=CA1 CALL_BROKE"]


def test_what_held_the_hub_counts_with_callers_on_the_line_and_the_longest_is_first() -> None:
    """R19: who loads while nobody is there holds nobody."""
    line = "t DEBUG HUB_HELD | live_calls={} | lag_ms={} | held_ms={} | worked_ms=9 | collected_ms=0 | held_by={}"
    log = "\n".join([line.format(0, 90, 80, "start"), line.format(3, 50, 21, "a×2 b×1"), line.format(3, 40, 30, "c×1")])
    assert held(log) == [Held(30, 40, "c×1"), Held(21, 50, "a×2 b×1")]
