"""One engine's breaker, by a clock of its own."""

from hypothesis import given
from hypothesis import strategies as st

from app.speech.breaker import Breaker

FIRST_REST_S, LONGEST_REST_S, MOST_FAILURES = 5.0, 60.0, 3


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def broken() -> tuple[Breaker, Clock, list[str]]:
    clock = Clock()
    changes: list[str] = []
    breaker = Breaker(clock, lambda: changes.append("down"), lambda: changes.append("back"))
    for _ in range(MOST_FAILURES):
        assert breaker.allows()
        breaker.failed()
    return breaker, clock, changes


def test_a_few_failures_in_a_row_open_it_and_that_is_told_once() -> None:
    """R18: call 51 does not pay for what call 1 learned."""
    breaker, _, changes = broken()
    assert not breaker.allows()
    assert changes == ["down"]
    breaker.failed()  # one that was under way
    assert changes == ["down"]


def test_failures_between_successes_do_not_open_it() -> None:
    """R18: one incident in a good hour is none."""
    breaker = Breaker(Clock(), lambda: None, lambda: None)
    for _ in range(10 * MOST_FAILURES):
        breaker.failed()
        breaker.succeeded()
    assert breaker.allows()


def test_an_engine_that_was_back_is_given_up_after_as_many_failures_as_at_first() -> None:
    """R18: and not sooner."""
    breaker, clock, changes = broken()
    clock.now_s += FIRST_REST_S
    assert breaker.allows()
    breaker.succeeded()
    for _ in range(MOST_FAILURES - 1):
        breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    assert changes == ["down", "back", "down"]


def test_after_a_rest_one_probe_goes_through_and_its_success_closes_it() -> None:
    """R18: recovery without a restart."""
    breaker, clock, changes = broken()
    clock.now_s += FIRST_REST_S
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    breaker.succeeded()
    assert [breaker.allows() for _ in range(3)] == [True, True, True]
    assert changes == ["down", "back"]


def test_a_probe_that_fails_rests_it_for_twice_as_long_up_to_a_bound() -> None:
    """R18."""
    breaker, clock, _ = broken()
    rests_s = []
    for _ in range(6):
        began_s = clock.now_s
        while not breaker.allows():
            clock.now_s += 0.5
        rests_s.append(clock.now_s - began_s)
        breaker.failed()
    assert rests_s == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_probe_nobody_waited_for_makes_way_for_another() -> None:
    """R18: a caller who hangs up during the probe does not leave the engine shut out."""
    breaker, clock, _ = broken()
    clock.now_s += FIRST_REST_S
    assert breaker.allows()
    clock.now_s += 9.5
    assert not breaker.allows()
    clock.now_s += 0.5
    assert breaker.allows()


@given(st.lists(st.sampled_from(["fail", "succeed", "ask", "wait"]), max_size=80))
def test_whatever_happens_it_lets_a_request_through_within_the_longest_rest(steps: list[str]) -> None:
    """R18: an engine is never given up for good; what is told alternates."""
    clock = Clock()
    changes: list[str] = []
    breaker = Breaker(clock, lambda: changes.append("down"), lambda: changes.append("back"))
    for step in steps:
        match step:
            case "fail":
                breaker.failed()
            case "succeed":
                breaker.succeeded()
            case "ask":
                breaker.allows()
            case "wait":
                clock.now_s += 3
    clock.now_s += LONGEST_REST_S
    assert breaker.allows()
    assert changes == ["back" if index % 2 else "down" for index in range(len(changes))]
