"""The agent's own voice on the caller's line."""

import numpy as np
import pytest

from app.media.codec import decode_ulaw
from app.media.echo import Echo, ulaw_rms
from tests.media.sounds import Floats, at_dbfs, caller, noise, to_ulaw

AGENT = at_dbfs(np.concatenate([caller(f"w01_0{number}") for number in range(1, 6)]), -20)
LINE_RMS = 18.0


def levels(sound: Floats) -> list[float]:
    whole = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    return [float(np.sqrt((frame**2).mean())) for frame in whole]


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
    echo = Echo()
    for rms, playing in zip(levels(echo_of(AGENT, db, delay_ms)), frames(AGENT), strict=True):
        gate = echo.receive(rms, playing)
        assert rms <= gate or rms < 5 * LINE_RMS


def test_the_gate_of_a_line_without_echo_is_low_within_a_second_and_a_half() -> None:
    """R7.1: whoever speaks softly over the agent is heard."""
    echo, rms = Echo(), levels(noise(1500, LINE_RMS))
    gates = [echo.receive(level, playing) for level, playing in zip(rms, frames(AGENT), strict=False)]
    assert max(gates[:25]) > 300
    assert max(gates[-5:]) < 100


def test_a_voice_over_the_echo_is_over_its_gate() -> None:
    """R7.1: a caller at -25 dBFS over an echo at -42."""
    echo, voice = Echo(), at_dbfs(caller("v010"), -25)
    line = echo_of(AGENT, -22, 250)
    line[16000 : 16000 + len(voice)] += voice
    gates = [(rms, echo.receive(rms, playing)) for rms, playing in zip(levels(line), frames(AGENT), strict=True)]
    over = [rms > max(gate, 5 * LINE_RMS) for rms, gate in gates]
    assert not any(over[:99])
    assert sum(over[100 : 100 + len(voice) // 160]) > 0.4 * len(voice) / 160


def test_there_is_no_gate_while_the_agent_is_silent_for_longer_than_any_lag() -> None:
    """R6.1."""
    echo = Echo()
    assert echo.receive(20.0, b"") == 0
    for playing in frames(AGENT)[:60]:
        echo.receive(20.0, playing)
    gates = [echo.receive(20.0, b"") for _ in range(40)]
    assert gates[5] > 0
    assert gates[-1] == 0


def test_an_echo_that_was_taken_for_the_caller_raises_the_gate() -> None:
    """R7.5: a handset louder than the most that is believed of a line that nobody knows."""
    before, after = Echo(), Echo()
    for _ in range(2):
        after.was_echo()
    gates = [[echo.receive(200.0, playing) for playing in frames(AGENT)[:40]] for echo in (before, after)]
    assert max(gates[1]) > 2 * max(gates[0])
