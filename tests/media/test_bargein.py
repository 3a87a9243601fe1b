"""The caller over the agent."""

import pytest

from app.media.bargein import BargeIn, BargeInDetected, BargeInSettings
from app.media.frontend import Frame

THRESHOLD = 100.0


def hits(barge_in: BargeIn, levels: list[float], start_ms: int = 0) -> list[tuple[int, BargeInDetected]]:
    """Return what is detected, and at the end of which frame; all of it is speech."""
    found = []
    for index, rms in enumerate(levels):
        hit = barge_in.receive(Frame(start_ms + index * 20, b"", rms), THRESHOLD, opinion=True)
        if hit is not None:
            found.append((start_ms + index * 20 + 20, hit))
    return found


def speaking(settings: BargeInSettings | None = None) -> BargeIn:
    barge_in = BargeIn(settings)
    barge_in.agent_started(0)
    return barge_in


@pytest.mark.parametrize("voice_ms", [180, 200, 220])
def test_continuous_voice_triggers_once_and_tells_its_onset(voice_ms: int) -> None:
    """R7.1."""
    barge_in = speaking(BargeInSettings(voice_ms=voice_ms))
    assert hits(barge_in, [0.0] * 50 + [500.0] * 40) == [(1000 + voice_ms, BargeInDetected(onset_ms=1000))]


@pytest.mark.parametrize("bad", [{"voice_ms": 179}, {"voice_ms": 221}, {"grace_ms": 149}, {"grace_ms": 251}])
def test_a_setting_out_of_range_is_named(bad: dict[str, int]) -> None:
    """R7.1, R7.2."""
    with pytest.raises(ValueError, match=next(iter(bad))):
        BargeInSettings(**bad)


def test_shorter_sounds_do_not_stop_the_agent() -> None:
    """R7.1: however many there are."""
    assert hits(speaking(), [0.0] * 20 + ([500.0] * 8 + [0.0] * 8) * 20) == []


def test_a_closure_does_not_break_speech_and_a_dip_not_even_a_sound() -> None:
    """R7.1: 120 ms within what is known to be speech, one frame within what may be noise."""
    assert hits(speaking(), [0.0] * 20 + [500.0] * 3 + [0.0] * 6 + [500.0] * 4) == [(600, BargeInDetected(400))]
    assert hits(speaking(), [0.0] * 20 + [500.0] * 3 + [0.0] * 7 + [500.0] * 9) == []
    for dip, onset_ms in ((1, 0), (2, 140)):
        barge_in = speaking()
        for index, rms in enumerate([500.0] * 5 + [0.0] * dip + [500.0] * 9):
            assert barge_in.receive(Frame(index * 20, b"", rms), THRESHOLD, opinion=None) is None
        at_ms = (14 + dip) * 20
        hit = barge_in.receive(Frame(at_ms, b"", 500.0), THRESHOLD, opinion=True)
        assert hit == (BargeInDetected(onset_ms) if at_ms + 20 - onset_ms >= 200 else None)


def test_a_voice_goes_on_while_it_is_faint_once_it_is_known_to_be_speech() -> None:
    """R7.1: the end of a syllable sinks into the noise before the voice is over."""
    for opinion, at_ms in ((True, 200), (None, None)):
        barge_in = speaking()
        levels = [500.0] * 3 + [80.0] * 12
        found = [
            barge_in.receive(Frame(at * 20, b"", rms), THRESHOLD, opinion=opinion, is_faint=rms < THRESHOLD)
            for at, rms in enumerate(levels)
        ]
        assert (found.index(BargeInDetected(0)) * 20 + 20 if at_ms else any(found)) == (at_ms or False)


@pytest.mark.parametrize(("known_after", "onset_ms"), [(1, 0), (2, 0), (3, 200)])
def test_what_is_known_to_be_speech_just_after_it_was_loud_is_one_voice_with_what_follows(
    known_after: int, onset_ms: int
) -> None:
    """R7.1: the opinion takes a moment; a consonant may stop the voice meanwhile, noise is given no such time."""
    barge_in = speaking()
    levels = [500.0] * 4 + [0.0] * 6 + [500.0] * 12
    found = [
        barge_in.receive(Frame(at * 20, b"", rms), THRESHOLD, opinion=True if at >= 3 + known_after else None)
        for at, rms in enumerate(levels)
    ]
    assert BargeInDetected(onset_ms) in found


@pytest.mark.parametrize(("over_echo", "after_ms"), [(False, 180), (True, 560)])
def test_over_the_agents_echo_only_what_is_loud_and_known_at_once_counts(over_echo: bool, after_ms: int) -> None:
    """R7.1: a soft beginning, faint frames and a late opinion may be the echo's."""
    barge_in = speaking()
    levels = [500.0] * 2 + [80.0] * 2 + [0.0] * 4 + [500.0] * 3 + [80.0] * 7 + [500.0] * 20
    found = [
        barge_in.receive(
            Frame(400 + at * 20, b"", rms),
            THRESHOLD,
            opinion=None if at < 2 else True,
            is_faint=rms == 80.0,
            before_ms=80 if at == 0 else 0,
            over_echo=over_echo,
        )
        for at, rms in enumerate(levels)
    ]
    assert next(at * 20 + 20 for at, hit in enumerate(found) if hit) == after_ms


@pytest.mark.parametrize(("faint_frames", "over_echo", "onset_ms"), [(5, False, 0), (3, False, 200), (5, True, 200)])
def test_a_voice_that_sinks_before_it_is_known_for_one_is_not_over(
    faint_frames: int, over_echo: bool, onset_ms: int
) -> None:
    """R7.1: a short first syllable, of which the network is sure only when it is over; the next one is 120 ms later."""
    barge_in = speaking()
    levels = [500.0] * 3 + [80.0] * faint_frames + [0.0] * (7 - faint_frames) + [500.0] * 20
    found = [
        barge_in.receive(
            Frame(at * 20, b"", rms),
            THRESHOLD,
            opinion=None if at < 8 else True,
            is_faint=rms == 80.0,
            over_echo=over_echo,
        )
        for at, rms in enumerate(levels)
    ]
    assert BargeInDetected(onset_ms) in found


def test_faint_sounds_alone_are_no_voice() -> None:
    """R7.1: and what is denied is none that could go on."""
    barge_in = speaking()
    frames = [Frame(at, b"", 80.0) for at in range(0, 2000, 20)]
    assert not any(barge_in.receive(frame, THRESHOLD, opinion=True, is_faint=True) for frame in frames)


def test_what_a_voice_lost_of_itself_in_the_noise_counts_from_where_it_set_in() -> None:
    """R7.1: 60 ms were to be heard before it was loud enough to be counted."""
    barge_in = speaking()
    found = [
        barge_in.receive(Frame(at, b"", 500.0), THRESHOLD, before_ms=60 if at == 400 else 0)
        for at in range(400, 800, 20)
    ]
    assert found.index(BargeInDetected(340)) * 20 + 20 == 140


def test_how_near_a_voice_is_its_faint_frames_do_not_tell() -> None:
    """R7.5."""
    barge_in = speaking()
    levels = [400.0] * 4 + [90.0] * 6 + [400.0] * 2
    found = [
        barge_in.receive(Frame(at * 20, b"", rms), THRESHOLD, near_rms=350.0, is_faint=rms < THRESHOLD)
        for at, rms in enumerate(levels)
    ]
    assert found.index(BargeInDetected(0)) * 20 + 20 == 200


def test_the_first_moments_of_the_agent_are_safe_and_the_words_are_not_lost() -> None:
    """R7.2: no trigger within the grace; who keeps talking through it is heard from the onset."""
    assert hits(speaking(), [500.0] * 9 + [0.0] * 30) == []
    barge_in = BargeIn(BargeInSettings(grace_ms=250))
    barge_in.agent_started(100)
    assert hits(barge_in, [0.0] * 5 + [500.0] * 40) == [(360, BargeInDetected(100))]


def test_there_is_no_barge_in_before_the_agent_speaks() -> None:
    """R7.1."""
    assert hits(BargeIn(), [500.0] * 50) == []


def test_what_is_denied_is_no_voice() -> None:
    """R7.1."""
    barge_in = speaking()
    assert all(barge_in.receive(Frame(at, b"", 500.0), THRESHOLD, opinion=False) is None for at in range(0, 2000, 20))


def test_a_voice_not_yet_confirmed_counts_but_waits_for_the_opinion() -> None:
    """R7.1: the agent stops as soon as both the 200 ms are over and the sound is known to be speech."""
    barge_in = speaking()
    frames = [Frame(at, b"", 500.0) for at in range(300, 620, 20)]
    assert all(barge_in.receive(frame, THRESHOLD, opinion=None) is None for frame in frames)
    assert barge_in.receive(Frame(620, b"", 500.0), THRESHOLD, opinion=True) == BargeInDetected(300)


def test_false_alarms_raise_the_bar_within_limits() -> None:
    """R7.5."""
    barge_in = speaking()
    barge_in.raise_bar()
    assert hits(barge_in, [130.0] * 50) == []
    assert hits(barge_in, [150.0] * 20, 1000) == [(1220, BargeInDetected(1000))]
    for _ in range(20):
        barge_in.raise_bar()
    barge_in.agent_started(2000)
    assert hits(barge_in, [400.0] * 20, 3000) != []


def test_no_false_alarm_makes_the_agent_deaf_to_the_caller() -> None:
    """R7.5: whatever the bar, half the caller's own level clears it."""
    barge_in = speaking()
    for _ in range(20):
        barge_in.raise_bar()
    for at in range(0, 400, 20):
        assert barge_in.receive(Frame(at, b"", 180.0), THRESHOLD, caller_rms=400.0) is None
    late = [barge_in.receive(Frame(at, b"", 220.0), THRESHOLD, caller_rms=400.0) for at in range(400, 700, 20)]
    assert BargeInDetected(400) in late


def test_an_alarm_that_was_none_after_all_lowers_the_bar_again() -> None:
    """R7.5: the caller's word was only understood late."""
    barge_in = speaking()
    barge_in.raise_bar()
    barge_in.lower_bar()
    assert hits(barge_in, [130.0] * 20, 1000) == [(1200, BargeInDetected(1000))]


def test_one_alarm_that_was_none_does_not_excuse_two() -> None:
    """R7.5: the bar comes down by what it went up."""
    twice, once = speaking(), speaking()
    for barge_in in (twice, twice, once):
        barge_in.raise_bar()
    twice.lower_bar()
    assert hits(twice, [130.0] * 50) == hits(once, [130.0] * 50) == []
    assert hits(twice, [150.0] * 20, 1000) == hits(once, [150.0] * 20, 1000) != []


def test_a_voice_from_farther_away_than_the_caller_must_go_on_for_longer() -> None:
    """R7.5: the other voices of a room are speech, too; only the loud frames tell how near a voice is."""
    for rms, needed_ms in ((300.0, 500), (360.0, 200)):
        barge_in = speaking()
        levels = [rms] * 3 + [150.0] + [rms] * 40
        found = [barge_in.receive(Frame(at * 20, b"", one), THRESHOLD, near_rms=320.0) for at, one in enumerate(levels)]
        assert found.index(BargeInDetected(0)) * 20 + 20 == needed_ms


@pytest.mark.parametrize(("rms", "needed_ms"), [(319.0, 500), (320.0, 200)])
def test_a_voice_as_loud_as_the_callers_is_the_callers(rms: float, needed_ms: int) -> None:
    """R7.5."""
    barge_in = speaking()
    found = [barge_in.receive(Frame(at * 20, b"", rms), THRESHOLD, near_rms=320.0) for at in range(30)]
    assert found.index(BargeInDetected(0)) * 20 + 20 == needed_ms


def test_each_utterance_of_the_agent_is_judged_by_what_comes_over_it() -> None:
    """R7.2: a voice that was under way before it began is heard from its beginning on."""
    barge_in = speaking()
    assert hits(barge_in, [500.0] * 9, 100) == []
    assert barge_in.is_counting
    barge_in.agent_started(280)
    assert not barge_in.is_counting
    assert hits(barge_in, [500.0] * 20, 280) == [(480, BargeInDetected(280))]
    assert not barge_in.is_counting


def test_the_bar_rises_by_3_db_a_time_and_by_12_at_most() -> None:
    """R7.5."""
    for alarms, needed in ((0, 100.0), (1, 140.0), (2, 196.0), (3, 274.4), (4, 384.16), (9, 384.16)):
        for rms, is_heard in ((needed * 0.99, False), (needed * 1.01, True)):
            barge_in = speaking()
            for _ in range(alarms):
                barge_in.raise_bar()
            assert bool(hits(barge_in, [rms] * 40, 1000)) is is_heard


def test_no_alarm_that_was_none_makes_the_agent_hear_more_than_it_would() -> None:
    """R7.5."""
    barge_in = speaking()
    barge_in.lower_bar()
    barge_in.raise_bar()
    assert hits(barge_in, [130.0] * 40, 1000) == []


def test_half_the_callers_level_never_makes_the_bar_lower_than_the_threshold() -> None:
    """R7.5: a soft caller does not have noise stop the agent."""
    barge_in = speaking()
    barge_in.raise_bar()
    frames = [Frame(at, b"", 99.0) for at in range(1000, 2000, 20)]
    assert not any(barge_in.receive(frame, THRESHOLD, caller_rms=100.0) for frame in frames)
    frames = [Frame(at, b"", 101.0) for at in range(2000, 3000, 20)]
    assert any(barge_in.receive(frame, THRESHOLD, caller_rms=100.0) for frame in frames)


def test_a_voice_whose_frames_are_near_on_average_is_near() -> None:
    """R7.5: by power; and each voice is weighed by its own frames."""
    barge_in = speaking()
    assert hits(barge_in, [110.0] * 8 + [0.0] * 10, 400) == []
    levels = [200.0] * 5 + [430.0] * 5
    found = [
        barge_in.receive(Frame(1000 + at * 20, b"", one), THRESHOLD, near_rms=330.0) for at, one in enumerate(levels)
    ]
    assert found == [None] * 9 + [BargeInDetected(1000)]
