"""A call's time does not go back."""

from datetime import UTC, datetime, timedelta

from app.leads.callclock import CallClock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Clocks:
    """A wall clock that is set, and seconds that pass."""

    def __init__(self) -> None:
        self.wall, self.steady_s = NOON, 50.0
        self.calls = CallClock(lambda: self.wall, lambda: self.steady_s, most_calls=2)

    def pass_s(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.steady_s += seconds


def test_a_clock_that_is_set_does_not_move_a_calls_time() -> None:
    """R14: back, or ahead; a call that begins afterwards has the new time."""
    clocks = Clocks()
    assert clocks.calls.now("CA1") == NOON
    for step_s in (-3, 7200, -86_400):
        before = clocks.calls.now("CA1")
        clocks.wall += timedelta(seconds=step_s)
        clocks.pass_s(1)
        assert clocks.calls.now("CA1") == before + timedelta(seconds=1)
    assert clocks.calls.now("CA2") == clocks.wall


def test_the_calls_that_began_last_are_kept() -> None:
    """R14: bounded."""
    clocks = Clocks()
    for number in range(3):
        clocks.calls.now(f"CA{number}")
    clocks.wall += timedelta(hours=1)
    assert clocks.calls.now("CA2") == NOON
    assert clocks.calls.now("CA0") == clocks.wall
