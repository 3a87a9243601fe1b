"""Words whose final comes after the agent has gone on."""

import pytest

from app.call.states import State
from tests.call.driver import CallDriver, Stt, World, buzz

SENTENCE = "רגע אני מחפש דירה בשכירות"


def resumed(*stts: Stt) -> CallDriver:
    """Return a call in which the agent was stopped by a short voice and goes on with its greeting."""
    driver = CallDriver(World(stts=list(stts)))
    driver.start()
    driver.until(State.SPEAKING)
    driver.quiet(900)
    driver.caller(buzz(300))
    driver.until(State.LISTENING)
    driver.until(State.SPEAKING)
    return driver


def test_words_that_come_late_stop_the_agent_once_more() -> None:
    """R7.5: words are words all the same, and are answered."""
    driver = resumed(Stt(SENTENCE, final_ms=700))
    driver.quiet(1500)
    assert driver.logged("LATE_WORDS")
    assert any(line.fields["text"] == SENTENCE for line in driver.logged("ASR_TEXT"))


@pytest.mark.parametrize("between_ms", [200, 400, 600])
def test_another_interruption_while_words_are_late_does_not_keep_the_process_busy(between_ms: int) -> None:
    """R7.5: until it is known who has the floor, nobody asks for them; what time brings then is a step each."""
    driver = resumed(Stt(silent=True), Stt(silent=True), Stt(silent=True))
    driver.quiet(between_ms)
    driver.caller(buzz(600))
    driver.quiet(1500)
    ticks = [step.at_ms for step in driver.steps if type(step.event).__name__ == "Tick" and not step.commands]
    assert len(driver.logged("BARGE_IN")) == 2
    assert len(ticks) == len(set(ticks))
