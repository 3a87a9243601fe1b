"""When what was sent is heard."""

from app.call.measuring.marks import PlayingClock


def test_frames_are_played_one_after_the_other_or_at_once_where_none_is_waiting() -> None:
    """R11: what is sent ahead waits at the far end."""
    clock = PlayingClock()
    assert [clock.sent_frame(1000, goes_on=False) for _ in range(3)] == [1000, 1020, 1040]
    assert clock.sent_frame(1060, goes_on=False) == 1060
    assert clock.sent_frame(5000, goes_on=False) == 5000


def test_a_frame_that_comes_after_the_last_was_played_is_a_hole_within_a_talk_alone() -> None:
    """R9.2: one that comes in that very moment is none."""
    clock = PlayingClock()
    clock.sent_frame(1000, goes_on=False)
    clock.sent_frame(1020, goes_on=True)
    assert clock.holes == 0
    clock.sent_frame(1041, goes_on=True)
    assert clock.holes == 1
    clock.sent_frame(3000, goes_on=False)
    assert clock.holes == 1


def test_the_way_is_the_least_that_a_mark_was_late() -> None:
    """R11: what it waited for what was sent before it is no part of that."""
    clock = PlayingClock()
    assert clock.lag_ms is None
    for _ in range(10):
        clock.sent_frame(1000, goes_on=False)
    clock.sent_mark("a", 1000)
    clock.mark_came("a", 1290)
    assert clock.lag_ms == 90
    clock.sent_mark("b", 2000)
    clock.mark_came("b", 2120)
    assert clock.lag_ms == 90
    clock.sent_mark("c", 3000)
    clock.mark_came("c", 3060)
    assert clock.lag_ms == 60


def test_a_mark_that_cannot_tell_of_the_way_tells_nothing() -> None:
    """R11: one that came too early, far too late, twice, or after what was before it was dropped."""
    clock = PlayingClock()
    clock.sent_frame(1000, goes_on=False)
    for name, came_ms in (("early", 1019), ("late", 3021), ("other", 1100)):
        clock.sent_mark("late" if name == "late" else "early" if name == "early" else "sent", 1000)
        clock.mark_came(name, came_ms)
    assert clock.lag_ms is None
    clock.sent_mark("dropped", 1000)
    clock.cleared(1010)
    clock.mark_came("dropped", 1030)
    assert clock.lag_ms is None
    assert clock.sent_frame(1010, goes_on=False) == 1010, "what was waiting is gone"
    clock.sent_mark("at once", 1030)
    clock.mark_came("at once", 1030)
    assert clock.lag_ms == 0
    slow = PlayingClock()
    slow.sent_mark("slowest", 0)
    slow.mark_came("slowest", 2000)
    slow.mark_came("slowest", 2001)
    assert slow.lag_ms == 2000
