"""Silence where a tool sends nothing."""

import pytest

from app.call.events import CallerAudio, Event, MarkEchoed
from app.call.steady_line import BEHIND_MS, SteadyLine


class Line:
    """A line under a clock that the test sets."""

    def __init__(self) -> None:
        self.now_ms = 1000
        self.events: list[Event] = []
        self.line = SteadyLine(self.events.append, lambda: self.now_ms)

    def wait(self, ms: int) -> None:
        """Let time pass; the line is looked at every 20 ms."""
        for _ in range(ms // 20):
            self.now_ms += 20
            self.line.fill()

    def send(self, ms: int) -> None:
        """Bring speech, all at once."""
        self.line.put(CallerAudio(b"s" * ms * 8))

    @property
    def heard(self) -> str:
        """What came, a letter for each 20 ms: speech or silence."""
        audio = b"".join(event.ulaw for event in self.events if isinstance(event, CallerAudio))
        return audio[::160].replace(b"\xff", b"-").decode()


def test_who_sends_all_the_time_hears_no_change() -> None:
    """R5: frame for frame, late ones and their successors in a burst included."""
    line = Line()
    for burst_ms in (20, 20, 0, 0, 0, 80, 20, 0, 40):
        line.wait(20)
        line.send(burst_ms)
    assert line.heard == "s" * 9


@pytest.mark.parametrize("pause_ms", [BEHIND_MS, 400, 3000])
def test_a_pause_in_sending_is_silence(pause_ms: int) -> None:
    """R5.4: an utterance ends although its client fell silent, too."""
    line = Line()
    line.send(200)
    line.wait(200 + pause_ms)
    assert line.heard == "s" * 10 + "-" * (pause_ms // 20)


def test_a_client_of_long_messages_is_cut_once_and_then_left_alone() -> None:
    """R5: a second of audio each second comes a second late, for good."""
    line = Line()
    for _ in range(4):
        line.wait(1000)
        line.send(1000)
    assert line.heard.strip("-") == "s" * 200


def test_what_is_no_audio_passes() -> None:
    """R2."""
    line = Line()
    line.line.put(MarkEchoed("m:1"))
    assert line.events == [MarkEchoed("m:1")]
