"""Everything a call measures of itself, told to whoever keeps it. Pure."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from app.call.events import CallerAudio, Command, Event, SendMedia, Tick
from app.call.measuring.stopwatch import Stopwatch
from app.call.measuring.usage import Usage
from app.call.measuring.verdicts import Verdicts


class Keeper(Protocol):
    """Keeps what was measured; see `call.ledger.Ledger`."""

    def timed(self, turn: int, timing: dict[str, Any]) -> None:
        """Take a turn's timing, the fields of `records.Timing`; it is written with what was heard of the reply."""

    def interrupted(self, interruption: dict[str, Any]) -> None:
        """Take an interruption, the fields of `records.InterruptionSaved`."""

    def used(self, units: dict[str, int]) -> None:
        """Take what the whole call used."""


class Measures:
    """Watches one call."""

    def __init__(
        self, keeper: Keeper, show: Callable[[str, dict[str, Any]], None], is_cached: Callable[[str], bool]
    ) -> None:
        """`show` tells onlookers; `is_cached` whether a line's voice is ready."""
        self._keeper = keeper
        self._show = show
        self._is_cached = is_cached
        self._stopwatch = Stopwatch(is_cached)
        self._verdicts = Verdicts()
        self._usage = Usage()

    def see(self, event: Event, commands: Sequence[Command], now_ms: int, waited_ms: int) -> None:
        """Take one event and what it brought about, before any of it is done."""
        if not commands and isinstance(event, CallerAudio | Tick):
            return  # most of a call
        others = [command for command in commands if not isinstance(command, SendMedia)]  # two thirds are
        if not others and isinstance(event, CallerAudio | Tick):
            self._stopwatch.see_frames(len(commands), now_ms)
            return
        for turn, timing in self._stopwatch.see(event, commands, now_ms, waited_ms).items():
            self._keeper.timed(turn, timing)
            self._show("TIMING", {"turn": turn, **timing})
        self._usage.see(others, self._is_cached)
        for interruption in self._verdicts.see(event, others, self._stopwatch.since_start(now_ms)):
            self._keeper.interrupted(interruption)
            self._show("INTERRUPTION", interruption)

    def tokens(self, read: int, written: int) -> None:
        """A language model says what an answer cost; one that was broken off never does."""
        self._usage.tokens(read, written)

    def finish(self) -> None:
        """The call is over."""
        units = self._usage.total()
        self._keeper.used(units)
        self._show("USAGE", dict(units))
