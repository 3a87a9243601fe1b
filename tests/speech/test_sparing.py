"""A second reading of each turn, while there is time for it."""

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from app.speech.engines import Done, LlmEvent, Text
from app.speech.sparing import SparingJson

BEHIND_MS = 150


class Reader:
    """Reads at once."""

    name = "reader"

    def open(self, _: object, __: object, listener: Callable[[LlmEvent], None]) -> "Reader":
        listener(Text("{}"))
        listener(Done(5, 2))
        return self

    def cancel(self) -> None:
        """It is done."""


class Asked:
    """What comes of one reading, where whoever asks is so far behind."""

    def __init__(self, behind_ms: int) -> None:
        self.later: list[Callable[[], None]] = []
        self.events: list[LlmEvent] = []
        self.engine = SparingJson(Reader(), lambda: behind_ms, self.later.append)
        with capture_logs() as self.logs:
            self.stream = self.engine.open([], {}, self.events.append)


@pytest.mark.parametrize("behind_ms", [0, 20, BEHIND_MS - 1])
def test_while_there_is_time_a_turn_is_read_once_more(behind_ms: int) -> None:
    """R10.2."""
    asked = Asked(behind_ms)
    assert asked.events == [Text("{}"), Done(5, 2)]
    assert (asked.engine.name, asked.later, asked.logs) == ("reader", [], [])


@pytest.mark.parametrize("behind_ms", [BEHIND_MS, 4000])
def test_where_callers_wait_already_it_is_left_out_and_the_log_says_so(behind_ms: int) -> None:
    """R18: the reading ends, without a document and after the event at hand."""
    asked = Asked(behind_ms)
    assert asked.events == []
    for work in asked.later:
        work()
    assert asked.events == [Done()]
    assert [(entry["event"], entry["behind_ms"]) for entry in asked.logs] == [("READING_LEFT_OUT", behind_ms)]


def test_a_reading_given_up_meanwhile_is_not_told_of_its_end() -> None:
    asked = Asked(BEHIND_MS)
    asked.stream.cancel()
    asked.stream.cancel()
    for work in asked.later:
        work()
    assert asked.events == []
