"""The agent's own voice comes back on the caller's line while the call is held."""

import numpy as np
import pytest

from app.call.events import OpenStt, SendClear, SendMedia
from app.call.states import State
from app.media.codec import decode_ulaw
from tests.call.driver import NET_MS, CallDriver, Stt, World, buzz, hush
from tests.media.sounds import Floats, to_ulaw

AREA = "אני מחפש דירה בשכירות ברעננה"


def _voice(speech: int, ms: int) -> bytes:
    return to_ulaw(buzz(ms, -20.0, seed=speech))


class Loop:
    """A call whose caller's line gives back what the agent says."""

    def __init__(self, loss_db: float, delay_ms: int, *stts: Stt) -> None:
        self.drive = CallDriver(World(stts=list(stts), voice=_voice))
        self._gain = 10 ** (-loss_db / 20)
        self._delay_ms = delay_ms
        self._plays: dict[int, bytes] = {}
        self._free_at_ms = self._seen = 0

    def goes_on(self, sound: Floats) -> None:
        """The caller makes this sound over the echo."""
        for start in range(0, len(sound) // 160 * 160, 160):
            self._collect()
            heard = decode_ulaw(self._plays.pop((self.drive.now_ms - self._delay_ms) // 20, b"\xff" * 160))
            self.drive.caller(sound[start : start + 160] + self._gain * heard)

    def _collect(self) -> None:
        """Let what was sent play when Twilio plays it, up to a clear."""
        for step in self.drive.steps[self._seen :]:
            for command in step.commands:
                if isinstance(command, SendMedia):
                    at_ms = max(step.at_ms + NET_MS, self._free_at_ms)
                    self._free_at_ms = at_ms + 20
                    self._plays[at_ms // 20] = command.ulaw
                elif isinstance(command, SendClear):
                    cut_ms = step.at_ms + NET_MS
                    self._plays = {at: ulaw for at, ulaw in self._plays.items() if at * 20 < cut_ms}
                    self._free_at_ms = min(self._free_at_ms, cut_ms)
        self._seen = len(self.drive.steps)


@pytest.mark.parametrize(("loss_db", "delay_ms"), [(20, 100), (22, 180), (28, 260), (35, 400)])
def test_the_agent_neither_answers_nor_interrupts_itself(loss_db: float, delay_ms: int) -> None:
    """R7.1: twenty seconds with a silent caller, from the first word of the greeting on, prompts and all."""
    loop = Loop(loss_db, delay_ms)
    loop.drive.start()
    loop.goes_on(hush(20_000, -55.0))
    assert loop.drive.commands(SendClear) == []
    assert loop.drive.commands(OpenStt) == []
    assert len(loop.drive.logged("TTS_END")) >= 2


def test_a_caller_over_the_echo_has_the_floor_and_what_still_comes_back_is_no_turn() -> None:
    """R7.1, R7.4: the echo of what was cut off goes on for 400 ms."""
    loop = Loop(22, 400, Stt(AREA, interim=AREA))
    loop.drive.start()
    loop.goes_on(hush(2000, -55.0))
    assert loop.drive.call.state is State.SPEAKING
    began_ms = loop.drive.now_ms
    loop.goes_on(buzz(900, -22.0, seed=9) + hush(900, -55.0))
    assert 180 <= loop.drive.at(SendClear) - began_ms <= 350
    loop.goes_on(hush(2500, -55.0))
    assert len(loop.drive.commands(OpenStt)) == 1
    assert ("caller", AREA) in loop.drive.history()


def test_without_any_echo_the_same_caller_is_heard() -> None:
    """R7.1."""
    loop = Loop(90, 200, Stt(AREA, interim=AREA))
    loop.drive.start()
    loop.goes_on(hush(2000, -55.0))
    loop.goes_on(np.concatenate([buzz(900, -32.0, seed=9), hush(1500, -55.0)]))
    assert len(loop.drive.commands(SendClear)) == 1
    assert ("caller", AREA) in loop.drive.history()
