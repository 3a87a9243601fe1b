"""The schedule of retries, and the thread that keeps it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.leads.models import Channel, DeliveryState
from app.leads.outgoing.deliveries import Claim
from app.leads.outgoing.outbox import Accepted, Outbox, Refused, Result, after_attempt, pause_s
from app.leads.queries import outbox
from app.leads.store import Store
from tests.leads.conftest import Clock
from tests.leads.outgoing.test_deliveries import delivery, end_calls

FIRST_PAUSE_S, LONGEST_PAUSE_S, MAX_ATTEMPTS = 2.0, 3600.0, 40

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ATTEMPTS = st.integers(1, 10_000)
JITTER = st.floats(0, 1, exclude_max=True)


@given(ATTEMPTS, JITTER)
def test_pauses_stay_between_half_the_first_and_the_longest(attempts: int, jitter: float) -> None:
    """R14: backoff with jitter, bounded."""
    assert FIRST_PAUSE_S / 2 <= pause_s(attempts, jitter) <= LONGEST_PAUSE_S


@given(ATTEMPTS, JITTER)
def test_no_pause_is_shorter_than_the_one_before(attempts: int, jitter: float) -> None:
    """R14: backoff."""
    assert pause_s(attempts + 1, jitter) >= pause_s(attempts, jitter)


def test_the_first_pauses_are_short_and_the_longest_is_an_hour() -> None:
    """R14: two seconds, doubled each time; the jitter takes up to half of it."""
    attempts = (1, 2, 3, 10, 11, 12, 40, 10_000)
    assert [2 * pause_s(number, 0.0) for number in attempts] == [2, 4, 8, 1024, 2048, 3600, 3600, 3600]
    assert [pause_s(1, jitter) for jitter in (0.0, 0.5)] == [1.0, 1.5]


def test_a_receiver_may_be_down_for_a_day_without_losing_a_lead() -> None:
    """R14: retried until it is acknowledged; even the unluckiest jitter bridges half a day, the mean a whole one."""
    assert sum(pause_s(attempts, 0.0) for attempts in range(1, MAX_ATTEMPTS)) > 12 * 3600
    assert sum(pause_s(attempts, 0.5) for attempts in range(1, MAX_ATTEMPTS)) > 20 * 3600


@given(st.integers(1, MAX_ATTEMPTS * 2), JITTER, st.one_of(st.none(), st.floats(0, 1e9)))
def test_a_failure_is_either_tried_again_later_or_given_up_with_its_reason(
    attempts: int, jitter: float, after_s: float | None
) -> None:
    """R14: never dropped."""
    change = after_attempt(Refused("HTTP 503", after_s=after_s), attempts, NOW, jitter)
    assert "HTTP 503" in change.error
    if attempts < MAX_ATTEMPTS:
        assert change.state is DeliveryState.PENDING
        assert change.next_attempt_at is not None
        wait_s = (change.next_attempt_at - NOW).total_seconds()
        assert min(after_s or 0, LONGEST_PAUSE_S) <= wait_s + 1e-3
        assert 0 < wait_s <= LONGEST_PAUSE_S
    else:
        assert (change.state, change.next_attempt_at) == (DeliveryState.FAILED_PERMANENTLY, None)


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (Accepted(), DeliveryState.DELIVERED),
        (Accepted("SM1", final=False), DeliveryState.SENT),
        (Refused("HTTP 410", permanent=True), DeliveryState.FAILED_PERMANENTLY),
    ],
)
def test_the_other_results_end_the_attempts(result: Result, state: DeliveryState) -> None:
    """R14: acknowledged or given up."""
    change = after_attempt(result, 1, NOW, 0.5)
    assert (change.state, change.next_attempt_at) == (state, None)


def test_a_deliverer_that_breaks_costs_one_attempt(store: Store, clock: Clock) -> None:
    """R14: a bug in delivering does not lose the lead."""
    end_calls(store, clock, "CA1")
    results: list[Result | None] = [None, Accepted()]

    def deliver(_claim: Claim) -> Result:
        result = results.pop(0)
        if result is None:
            raise KeyError("a bug")
        return result

    box = Outbox(Channel.WEBHOOK, deliver, store.deliveries, clock)
    assert box.deliver_one()
    assert "a bug" in delivery(store, "CA1", Channel.WEBHOOK)["last_error"]
    assert not box.deliver_one()
    clock.pass_s(FIRST_PAUSE_S)
    assert box.deliver_one()
    assert delivery(store, "CA1", Channel.WEBHOOK)["state"] == "delivered"


def test_what_is_not_delivered_is_in_the_operators_list(store: Store, clock: Clock) -> None:
    """R14: what cannot be delivered is visible."""
    end_calls(store, clock, "CA1", "CA2")
    answers: list[Result] = [Refused("HTTP 400", permanent=True), Accepted()]
    box = Outbox(Channel.WEBHOOK, lambda _claim: answers.pop(0), store.deliveries, clock)
    while box.deliver_one():
        pass
    with store.database.begin(read_only=True) as session:
        told = outbox(session)
    assert told["counts"]["webhook"] == {"failed_permanently": 1, "delivered": 1}
    assert {row["last_error"] for row in told["undelivered"] if row["channel"] == "webhook"} == {"HTTP 400"}
