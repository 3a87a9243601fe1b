"""A second stream of a call, opened at another instance."""

from dataclasses import dataclass, field
from typing import Any, cast

import eventlet
import pytest

from app.house.moving import Moving
from app.office import StoreUnavailable


@dataclass
class Session:
    """A call that is served here."""

    call_sid: str
    is_live: bool = True
    taken_up_s: float = 100.0
    left_to: list[str] = field(default_factory=list)

    def leave_to(self, instance: str) -> None:
        self.left_to.append(instance)


def looked(sessions: list[Session], answer: dict[str, tuple[str, float]] | Exception) -> list[list[str]]:
    """Return which calls each look asked for."""
    asked: list[list[str]] = []

    def ask(name: str, timeout_s: float, call_sids: list[str]) -> dict[str, Any]:
        assert name == "served_by"
        assert timeout_s <= 1
        asked.append(call_sids)
        if isinstance(answer, Exception):
            raise answer
        return {"instances": answer}

    Moving(cast("Any", sessions), ask, "one").look()
    eventlet.sleep(0)
    return asked


def test_a_call_that_another_instance_took_up_later_is_left_to_it_and_no_other_is() -> None:
    """R18: the newer stream has the call; what the store has not heard of yet is nobody else's."""
    ours, moved, unknown, over = (Session(sid) for sid in ("CA1", "CA2", "CA3", "CA4"))
    over.is_live = False
    assert looked([ours, moved, unknown, over], {"CA1": ("one", 100.0), "CA2": ("two", 100.5)}) == [
        ["CA1", "CA2", "CA3"]
    ]
    assert [one.left_to for one in (ours, moved, unknown, over)] == [[], ["two"], [], []]


def test_a_call_is_not_left_to_who_had_it_before_and_told_the_store_late() -> None:
    """R18, R14: records of an instance whose store was away come behind those of the one that went on."""
    newest = Session("CA1", taken_up_s=100.5)
    looked([newest], {"CA1": ("two", 100.0)})
    assert newest.left_to == []


@pytest.mark.parametrize("fault", [StoreUnavailable("no answer"), ValueError("a question of next year")])
def test_a_store_that_cannot_tell_takes_no_call_away(fault: Exception) -> None:
    """R18."""
    session = Session("CA1")
    assert looked([session], fault) == [["CA1"]]
    assert session.left_to == []


def test_where_nobody_is_on_the_line_nobody_asks() -> None:
    """R18: twice a second, for nothing."""
    assert looked([], {}) == []
