"""Twilio asks what now of a call that this process does not know."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from app.house.reconnecting import EXPECTED_FOR_S, MOST_FROM_STORE, RESUME, Reconnecting
from app.office import StoreUnavailable
from app.telephony.messages import StreamStart

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


def reconnecting(
    store: Store, timers: list[tuple[float, Callable[[], None]]] | None = None, *, has_company: bool = False
) -> Reconnecting:
    """Return one whose `timers`, a delay in seconds and what is called then, the test rings."""
    rung = [] if timers is None else timers
    return Reconnecting(
        cast("Any", NoStreams()),
        cast("Any", store),
        lambda delay_s, work: rung.append((delay_s, work)),
        has_company=has_company,
    )


@pytest.mark.parametrize("why", ["child_died: is not running", "no answer within 3 s"])
def test_a_store_that_is_being_started_is_waited_for(why: str) -> None:
    """R18: the worker died, its calls are asked for before the new one's store is up."""
    store = Store(StoreUnavailable(why), StoreUnavailable(why), LIVING)
    assert reconnecting(store)(CALL) == {RESUME: "2"}
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
    assert [asked(CALL) for _ in range(MOST_FROM_STORE + 1)] == [{RESUME: "2"}] * MOST_FROM_STORE + [None]


def start(**parameters: str) -> StreamStart:
    return StreamStart("MZ1", "CA1", "AC1", parameters)


def test_the_stream_that_was_offered_has_what_its_webhook_was_told_where_the_store_is_slow() -> None:
    """R18: the newest state where it can be had at once; no caller is greeted anew for a slow database."""
    newer = {"state": {"asked": "deal"}, "last_turn": 3}
    store = Store(LIVING, newer, LIVING, StoreUnavailable("no answer"))
    asked = reconnecting(store)
    for past in ((newer["state"], 3), (LIVING["state"], 2)):
        more = asked(CALL)
        assert more is not None
        assert asked.recall(start(**more)) == past


def test_of_a_call_whose_stream_never_comes_nothing_stays_in_memory() -> None:
    """What was said can be erased from the store: no copy outlives the seconds in which the line may come back."""
    timers: list[tuple[float, Callable[[], None]]] = []
    store = Store(LIVING)
    asked = reconnecting(store, timers)
    asked(CALL)
    more = asked(CALL)
    assert more is not None
    assert [after_s for after_s, _ in timers] == [EXPECTED_FOR_S] * 2
    timers[0][1]()  # the first question's time is over, the second's is not
    store.answers = [StoreUnavailable("no answer")]
    assert asked.recall(start(**more)) == (LIVING["state"], 2)
    store.answers = [LIVING]
    asked(CALL)
    timers[2][1]()
    store.answers = [StoreUnavailable("no answer")]
    assert asked.recall(start(**more)) == (None, 2)


@pytest.mark.parametrize(("told", "last_turn"), [("4", 4), ("-4", 0), ("x", 0)])
def test_where_nobody_knows_the_past_the_talk_begins_anew_behind_what_is_stored(told: str, last_turn: int) -> None:
    """R14: at a third instance, its database away; and a call without a past has none."""
    asked = reconnecting(Store(StoreUnavailable("no answer")))
    assert asked.recall(start(resume=told)) == (None, last_turn)
    assert asked.recall(start()) is None


def test_a_call_that_another_instance_serves_too_goes_on_where_it_was() -> None:
    """R18: Twilio repeated its webhook there; a database that cannot tell at once has the caller greeted."""
    assert reconnecting(Store(LIVING), has_company=True).recall(start()) == (LIVING["state"], 2)
    silent = Store(StoreUnavailable("no answer"))
    assert reconnecting(silent, has_company=True).recall(start()) is None
    assert silent.asked == 1
    alone = Store(LIVING)
    assert reconnecting(alone).recall(start()) is None
    assert alone.asked == 0
