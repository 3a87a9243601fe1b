"""A language model's second reading of a turn, left out while whoever asks it is behind (R18).

What the caller waits for (words, a line, a voice) goes the same way, through the same process: where that has no time
left, a reading that nobody waits for would make all of it later. The parser's reading stands then.
"""

from collections.abc import Callable
from typing import Any

import structlog

from app.speech.engines import Done, JsonEngine, LlmEvent, Stream

BEHIND_MS = 150
"""From here on a word, a line and a voice, one after the other, come noticeably later."""
_log = structlog.get_logger("speech")


class SparingJson:
    """Asks only while there is time; what is left out ends at once, without a document."""

    def __init__(
        self, engine: JsonEngine, behind_ms: Callable[[], int], soon: Callable[[Callable[[], None]], None]
    ) -> None:
        """`behind_ms` tells how long whoever asks takes to say a word; `soon` runs work once the event is handled."""
        self.name = engine.name
        self._engine = engine
        self._behind_ms = behind_ms
        self._soon = soon

    def open(
        self, messages: list[dict[str, str]], schema: dict[str, Any], listener: Callable[[LlmEvent], None]
    ) -> Stream:
        """See `speech.engines.JsonEngine`."""
        behind_ms = self._behind_ms()
        if behind_ms < BEHIND_MS:
            return self._engine.open(messages, schema, listener)
        _log.info("READING_LEFT_OUT", behind_ms=behind_ms)
        left_out = _LeftOut(listener)
        self._soon(left_out.end)
        return left_out


class _LeftOut:
    def __init__(self, listener: Callable[[LlmEvent], None]) -> None:
        self._listener: Callable[[LlmEvent], None] | None = listener

    def end(self) -> None:
        if self._listener is not None:
            self._listener(Done())

    def cancel(self) -> None:
        self._listener = None
