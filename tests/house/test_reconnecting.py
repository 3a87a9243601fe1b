"""Twilio asks what now of a call that this process does not know."""

from typing import Any, cast

import pytest

from app.house.reconnecting import MOST_FROM_STORE, RESUME, Reconnecting
from app.office import StoreUnavailable

CALL = {"CallSid": "CA1", "CallStatus": "in-progress"}
LIVING = {"state": {"asked": "area"}, "last_turn": 2}


class NoStreams:
    """A process that serves no call."""

    def goes_on(self, _call_sid: str) -> None:
        """Know nothing of it."""


class Store:
    """Gives its answers one after another; the last one for ever."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    def query(self, name: str, timeout_s: float, call_sid: str) -> dict[str, Any]:
        assert (name, call_sid) == ("call_state", "CA1")
        assert timeout_s > 0
        self.asked += 1
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def reconnecting(store: Store) -> Reconnecting:
    return Reconnecting(cast("Any", NoStreams()), cast("Any", store))


@pytest.mark.parametrize("why", ["child_died: is not running", "no answer within 3 s"])
def test_a_store_that_is_being_started_is_waited_for(why: str) -> None:
    """R18: the worker died, its calls are asked for before the new one's store is up."""
    store = Store(StoreUnavailable(why), StoreUnavailable(why), LIVING)
    assert reconnecting(store)(CALL) == {RESUME: "1"}
    assert store.asked == 3


@pytest.mark.parametrize(
    "stored",
    [{}, {"state": None}, {**LIVING, "ended": True, "outcome": "completed"}, ValueError("no such call")],
)
def test_a_call_that_the_store_does_not_know_or_knows_as_over_ends_at_once(stored: dict[str, Any] | Exception) -> None:
    """R3.1, R18: one question is enough."""
    store = Store(stored)
    assert reconnecting(store)(CALL) is None
    assert store.asked == 1


def test_a_call_whose_instance_died_goes_on_only_so_often() -> None:
    """R18: what ends each stream would end the next one, too."""
    asked = reconnecting(Store({**LIVING, "ended": True, "outcome": "abandoned"}))
    assert [asked(CALL) for _ in range(MOST_FROM_STORE + 1)] == [{RESUME: "1"}] * MOST_FROM_STORE + [None]
