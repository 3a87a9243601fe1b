"""Engines behind a breaker: how each stream went is told to it, and while it is open a stream fails at once (R18).

A failure that comes at once costs a call nothing: what stands in for the engine (the fallback recogniser, the second
voice, the dialog's own line) begins in the same breath. So only engines that something stands in for are guarded, and
the fallback recogniser: a caller whom nobody can hear is told so at once.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from app.speech.breaker import Breaker
from app.speech.engines import Failed, LlmEngine, LlmEvent, Stream, SttEngine, SttEvent, SttStream, TtsEngine, TtsEvent

E = TypeVar("E")
Soon = Callable[[Callable[[], None]], None]


class Guard:
    """What is common to all guarded engines.

    Args:
        breaker: of this one engine.
        clock_s: monotonic seconds.
        late_s: a stream given up after so long without a sign of life has failed.
        soon: runs a function once the present event is handled.
    """

    def __init__(self, breaker: Breaker, clock_s: Callable[[], float], late_s: float, soon: Soon) -> None:
        self.breaker = breaker
        self.clock_s = clock_s
        self.late_s = late_s
        self.soon = soon

    def open(
        self, begin: Callable[[Callable[[E], None]], Any], listener: Callable[[E], None], *, waits: bool = True
    ) -> "_Watched[E]":
        """Begin a stream, if the breaker allows it. `waits`: an answer is due from now on, not from `finish()`."""
        watched = _Watched(self, listener, waits=waits)
        if self.breaker.allows():
            watched.inner = begin(watched.hear)
        else:
            self.soon(watched.refuse)
        return watched


class _Watched(Generic[E]):
    """One stream, passed on both ways."""

    def __init__(self, guard: Guard, listener: Callable[[E], None], *, waits: bool) -> None:
        self.inner: Any = None
        self._guard = guard
        self._listener: Callable[[Any], None] | None = listener
        self._due_from_s = guard.clock_s() if waits else None
        self._has_answered = False

    def hear(self, event: E) -> None:
        """Something came from the engine."""
        if isinstance(event, Failed):
            # A request that the engine calls wrong says nothing about the next one.
            if event.code not in ("invalid_request", "stream_too_long"):
                self._guard.breaker.failed()
            self._has_answered = True
        elif not self._has_answered:
            self._has_answered = True
            self._guard.breaker.succeeded()
        if self._listener is not None:
            self._listener(event)

    def refuse(self) -> None:
        """Fail without having asked."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener(Failed("unavailable", "not asked: it failed several times just now", retriable=True))

    def write(self, pcm: bytes) -> None:
        """Pass caller audio on."""
        if self.inner is not None:
            self.inner.write(pcm)

    def finish(self) -> None:
        """Pass the end of the caller's turn on; from here an answer is due."""
        if self.inner is not None:
            self._due_from_s = self._guard.clock_s()
            self.inner.finish()

    def cancel(self) -> None:
        """Stop caring; who had to wait too long counts as a failure."""
        self._listener = None
        if self.inner is None:
            return
        due_from_s = self._due_from_s
        if (
            not self._has_answered
            and due_from_s is not None
            and self._guard.clock_s() - due_from_s >= self._guard.late_s
        ):
            self._guard.breaker.failed()
        self._has_answered = True
        self.inner.cancel()


class GuardedStt:
    """A recogniser that a fallback stands in for."""

    def __init__(self, engine: SttEngine, guard: Guard) -> None:
        self.name = engine.name
        self._engine, self._guard = engine, guard

    def open(self, phrases: tuple[str, ...], listener: Callable[[SttEvent], None]) -> SttStream:
        """See `speech.engines.SttEngine`."""
        return self._guard.open(lambda hear: self._engine.open(phrases, hear), listener, waits=False)


class GuardedTts:
    """A voice that a second one stands in for."""

    def __init__(self, engine: TtsEngine, guard: Guard) -> None:
        self.name, self.voice = engine.name, engine.voice
        self._engine, self._guard = engine, guard

    def open(self, text: str, listener: Callable[[TtsEvent], None]) -> Stream:
        """See `speech.engines.TtsEngine`."""
        return self._guard.open(lambda hear: self._engine.open(text, hear), listener)


class GuardedLlm:
    """A language model that the dialog's own lines stand in for."""

    def __init__(self, engine: LlmEngine, guard: Guard) -> None:
        self.name = engine.name
        self._engine, self._guard = engine, guard

    def open(self, messages: list[dict[str, str]], listener: Callable[[LlmEvent], None]) -> Stream:
        """See `speech.engines.LlmEngine`."""
        return self._guard.open(lambda hear: self._engine.open(messages, hear), listener)
