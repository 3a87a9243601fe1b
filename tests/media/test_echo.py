"""The agent's own voice on the caller's line."""

import numpy as np
import pytest

from app.media.codec import decode_ulaw
from app.media.echo import Echo, listen_together, ulaw_rms
from tests.media.sounds import Floats, at_dbfs, caller, noise, silence, to_ulaw

AGENT = at_dbfs(np.concatenate([caller(f"w01_0{number}") for number in range(1, 6)]), -20)
LINE_RMS = 18.0


def gates(echo: Echo, line: Floats, agent: Floats) -> list[tuple[float, float]]:
    """Return the level of each frame of the line, and its gate."""
    heard = line[: len(line) // 160 * 160].reshape(-1, 160)
    levels = [float(np.sqrt((frame**2).mean())) for frame in heard]
    played = [*frames(agent), *[b""] * len(heard)]
    return [
        (rms, echo.receive(frame, rms, playing)) for frame, rms, playing in zip(heard, levels, played, strict=False)
    ]


def frames(sound: Floats) -> list[bytes]:
    ulaw = to_ulaw(sound)
    return [ulaw[at : at + 160] for at in range(0, len(ulaw) // 160 * 160, 160)]


def echo_of(sound: Floats, db: float, delay_ms: int) -> Floats:
    """Return what comes back, in the line's noise."""
    late = np.concatenate([np.zeros(delay_ms * 8), sound])[: len(sound)]
    return late * 10 ** (db / 20) + noise(len(sound) // 8 + 1, LINE_RMS)[: len(sound)]


def test_the_level_of_a_frame_is_that_of_its_samples() -> None:
    ulaw = to_ulaw(noise(20, 1000))
    assert ulaw_rms(ulaw) == pytest.approx(float(np.sqrt((decode_ulaw(ulaw).astype(float) ** 2).mean())))
    assert ulaw_rms(b"") == 0


@pytest.mark.parametrize("delay_ms", [100, 250, 400])
@pytest.mark.parametrize("db", [-20, -28, -40])
def test_an_echo_is_never_over_its_gate(db: float, delay_ms: int) -> None:
    """R7.1: from the agent's first word on, whatever the lag."""
    for rms, gate in gates(Echo(), echo_of(AGENT, db, delay_ms), AGENT):
        assert rms <= gate or rms < 5 * LINE_RMS


def test_the_gate_of_a_line_without_echo_is_low_within_a_second_and_a_half() -> None:
    """R7.1: whoever speaks softly over the agent is heard."""
    found = [gate for _, gate in gates(Echo(), noise(1500, LINE_RMS), AGENT)]
    assert max(found[:25]) > 300
    assert max(found[-5:]) < 100


def test_a_voice_over_the_echo_is_over_its_gate() -> None:
    """R7.1: a caller at -25 dBFS over an echo at -42."""
    voice = at_dbfs(caller("v010"), -25)
    line = echo_of(AGENT, -22, 250)
    line[16000 : 16000 + len(voice)] += voice
    over = [rms > max(gate, 5 * LINE_RMS) for rms, gate in gates(Echo(), line, AGENT)]
    assert not any(over[:99])
    assert sum(over[100 : 100 + len(voice) // 160]) > 0.4 * len(voice) / 160


def test_a_voice_opens_the_gate_for_as_long_as_it_is_heard_over_the_echo() -> None:
    """R7.1: 200 ms of it tell; 200 ms after it all that is left may be echo again."""
    echo, agent = Echo(), to_ulaw(noise(20, 3000, 1))
    levels = [250.0] * 40 + [3000.0] * 12 + [250.0] * 30
    found = [echo.receive(noise(20, rms, 2), rms, agent) for rms in levels]
    assert all(gate > 250 for gate in found[:40])
    assert not any(found[40:61])
    assert all(gate > 250 for gate in found[61:])


def test_the_lines_gain_is_learned_from_where_any_echo_must_have_come_back() -> None:
    """R7.1: 600 ms after the agent began, and then by a fifth of the way a frame."""
    echo, agent = Echo(), to_ulaw(noise(20, 3000, 1))
    gains = []
    for _ in range(40):
        echo.receive(silence(20), 0.0, agent)
        gains.append(echo.gain)
    assert gains[28] == 0.1
    assert gains[29] == pytest.approx(0.002 + 0.098 * 0.8)
    assert gains[39] == pytest.approx(0.002 + 0.098 * 0.8**11)


@pytest.mark.parametrize("db", [-20, -28])
@pytest.mark.parametrize("missing", [(0, 20), (30, 80), (60, 75)])
def test_what_was_played_while_frames_were_missing_is_known_when_they_come_again(
    missing: tuple[int, int], db: float
) -> None:
    """R7.1, R6.3: its echo comes with the first of them, also where the agent is silent by then."""
    first, last = missing
    agent = np.concatenate([AGENT[: last * 160], silence(800)])
    echo, line = Echo(), echo_of(agent, db, 250)
    for number, playing in enumerate(frames(agent)):
        if first <= number < last:
            echo.miss(playing)
            continue
        frame = line[number * 160 : number * 160 + 160]
        rms = float(np.sqrt((frame**2).mean()))
        gate = echo.receive(frame, rms, playing)
        assert rms <= gate or rms < 5 * LINE_RMS


def test_frames_that_are_missing_tell_nothing_of_the_line() -> None:
    """R7.1: a carrier that sends none in silence does not make the line one without an echo."""
    echo = Echo()
    for playing in frames(AGENT)[:150]:
        echo.miss(playing)
    known = echo.gain
    for playing in frames(AGENT)[150:165]:
        echo.receive(silence(20), 0.0, playing)
    assert echo.gain == known
    for playing in frames(AGENT)[165:300]:
        echo.receive(silence(20), 0.0, playing)
    assert echo.gain < 0.5 * known


def test_missing_frames_while_the_agent_is_silent_cost_nothing_and_leave_no_gate() -> None:
    """R6.3."""
    echo = Echo()
    for _ in range(100):
        echo.miss(b"")
    assert echo.receive(silence(20), 900.0, b"") == 0


def test_there_is_no_gate_while_the_agent_is_silent_for_longer_than_any_lag() -> None:
    """R6.1."""
    assert [gate for _, gate in gates(Echo(), noise(200, LINE_RMS), silence(0))] == [0.0] * 10
    found = [gate for _, gate in gates(Echo(), noise(2000, LINE_RMS), AGENT[:9600])]
    assert found[65] > 0
    assert found[-1] == 0


def test_an_echo_that_was_taken_for_the_caller_raises_the_gate() -> None:
    """R7.5: a handset louder than the most that is believed of a line that nobody knows."""
    before, after = Echo(), Echo()
    for _ in range(2):
        after.was_echo()
    found = [max(gate for _, gate in gates(echo, noise(800, 200.0), AGENT)) for echo in (before, after)]
    assert found[1] > 2 * found[0]


@pytest.mark.parametrize("db", [-15, -10, -8])
def test_an_echo_louder_than_most_is_known_by_its_likeness_and_learned(db: float) -> None:
    """R7.1: a handset on the table; nine frames in ten are under the gate, and all are once the line is known."""
    echo = Echo()
    found = gates(echo, echo_of(AGENT, db, 250), AGENT)
    over = [rms > max(gate, 5 * LINE_RMS) for rms, gate in found]
    assert sum(over) < 0.05 * len(over)
    assert not any(over[len(over) // 2 :])
    assert echo.gain >= min(0.6 * 10 ** (db / 20), 0.1)


@pytest.mark.parametrize(("db", "gain"), [(-20, 0.1), (-30, 0.032), (-40, 0.01), (-90, 0.002)])
def test_the_lines_gain_is_known_after_a_sentence(db: float, gain: float) -> None:
    """R7.1: a little over what it is, never under it: the lag is not known, and the line is not silent."""
    echo = Echo()
    gates(echo, echo_of(AGENT, db, 250), AGENT)
    assert 0.9 * gain <= echo.gain <= 2.5 * max(gain, LINE_RMS / 3000)


def test_a_caller_who_talks_over_the_agent_does_not_make_the_echo_louder() -> None:
    """R7.1: the gain falls at once and rises slowly, never over what is believed of a line."""
    echo = Echo()
    gates(echo, echo_of(AGENT, -40, 250), AGENT)
    known = echo.gain
    gates(echo, echo_of(AGENT, -40, 250) + noise(len(AGENT) // 8 + 1, 2000.0)[: len(AGENT)], AGENT)
    assert known < echo.gain <= 0.1


def test_nothing_is_an_echo_that_is_hardly_softer_than_what_was_sent() -> None:
    """R7.1: whoever says the same as the agent, as loud, is somebody."""
    back = np.concatenate([silence(200), AGENT])[: len(AGENT)]
    over = [rms > gate for rms, gate in gates(Echo(), 0.9 * back + noise(len(AGENT) // 8 + 1, 18)[: len(AGENT)], AGENT)]
    assert sum(over[20:]) > 0.5 * len(over[20:])


def test_a_caller_as_loud_as_such_an_echo_is_not_like_it() -> None:
    """R7.1: who speaks into the first words of the greeting."""
    voice = at_dbfs(caller("v010"), -25)
    line = noise(4000, LINE_RMS)
    line[4800 : 4800 + len(voice)] += voice
    over = [rms > gate for rms, gate in gates(Echo(), line, AGENT)]
    assert sum(over[30 : 30 + len(voice) // 160]) > 0.4 * len(voice) / 160


def test_who_sounds_like_the_agent_and_is_louder_than_its_echo_can_be_is_the_caller() -> None:
    """R7.1: what was heard a second ago tells how loud an echo may be on this line; a new line has to tell first."""
    for known_ms, is_callers in ((1500, True), (0, False)):
        line = echo_of(AGENT, -20, 200)
        line[known_ms * 8 :] = echo_of(AGENT, -9, 200)[known_ms * 8 :]
        echo = Echo()
        found = gates(echo, line[: (known_ms + 1200) * 8], AGENT)
        assert (np.inf not in [gate for _, gate in found]) is is_callers
        assert (echo.gain < 0.13) is is_callers


def test_a_line_whose_echo_has_become_louder_is_believed_after_a_second_of_the_agent() -> None:
    """R7.1: a caller who turns the loudspeaker on; until then whoever is louder is the caller."""
    line = echo_of(AGENT, -22, 200)
    line[1500 * 8 :] = echo_of(AGENT, -9, 200)[1500 * 8 :]
    known_ms = [at * 20 for at, (_, gate) in enumerate(gates(Echo(), line, AGENT)) if gate == np.inf]
    assert 1500 + 1400 < known_ms[0] < 1500 + 2500


def test_many_lines_are_heard_in_one_pass_as_each_alone() -> None:
    """R7.1, design (a full house): echoes, callers over them, agents who are silent; those compared, and the others."""
    voice = at_dbfs(np.resize(caller("v004"), len(AGENT)), -24)
    lines = [
        noise(len(AGENT) // 8, 300),
        *[echo_of(AGENT, db, delay_ms) for db in (-8, -15, -30) for delay_ms in (100, 330)],
        *[echo_of(AGENT, db, 210) + voice for db in (-15, -40)],
    ]
    alone, together = [Echo() for _ in lines], [Echo() for _ in lines]
    compared = 0
    for number, playing in enumerate(frames(AGENT)):
        samples = np.array([line[number * 160 : number * 160 + 160] for line in lines])
        levels = np.sqrt((samples**2).mean(axis=1)).tolist()
        played = [b"" if row % 4 == 3 and number % 50 < 20 else playing for row in range(len(lines))]
        each = [echo.receive(*heard) for echo, *heard in zip(alone, samples, levels, played, strict=True)]
        assert listen_together(together, samples, levels, played) == pytest.approx(each, rel=1e-5)
        compared += each.count(np.inf)
    assert compared > 20


def test_no_line_at_all_is_heard_in_one_pass() -> None:
    """R7.1: nobody is on the line."""
    assert listen_together([], np.zeros((0, 160)), [], []) == []
