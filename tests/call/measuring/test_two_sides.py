"""Both sides of a call on one clock."""

from app.call.measuring.two_sides import SILENCE, TwoSides

SAMPLES_PER_MS, SETTLED_AFTER_MS = 8, 600

FRAME = b"\x10" * 20 * SAMPLES_PER_MS


def test_only_what_can_no_longer_change_is_given_before_the_last() -> None:
    """Marks tell for 600 ms what was heard of the agent."""
    sides = TwoSides(5000)
    sides.agent(FRAME, 5000)

    assert sides.take(5000 + 600) == b""
    settled = sides.take(5000 + 600 + 15)

    assert SETTLED_AFTER_MS == 600
    assert settled[1::2] == FRAME[: 15 * SAMPLES_PER_MS]
    assert settled[0::2] == SILENCE * 15 * SAMPLES_PER_MS


def test_the_last_look_gives_the_rest_up_to_the_moment() -> None:
    """What was settled before is not given again."""
    sides = TwoSides(0)
    sides.caller(FRAME, 20)
    before = sides.take(610)

    rest = sides.take(640, is_last=True)

    assert (before + rest)[0::2] == FRAME + SILENCE * 620 * SAMPLES_PER_MS


def test_a_caller_s_frame_is_late_or_after_missing_ones_by_400_ms() -> None:
    """R5: what was delayed stays joined, what is missing is silence."""
    for late_ms, gap_ms in ((400, 0), (401, 401)):
        sides = TwoSides(0)
        sides.caller(FRAME, 20)
        sides.caller(FRAME, 40 + late_ms)
        caller = sides.take(40 + gap_ms, is_last=True)[0::2]
        assert caller == FRAME + SILENCE * gap_ms * SAMPLES_PER_MS + FRAME
