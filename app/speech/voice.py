"""The agent's voice as a call uses it: stock lines from the cache, the rest from an engine, then from a second one.

Edge: knows green timers through `schedule`, handed in.
"""

from collections.abc import Callable
from typing import Protocol

from app.speech.cache import SpeechCache
from app.speech.engines import Audio, Done, Failed, Stream, TtsEngine, TtsEvent

Listener = Callable[[TtsEvent], None]
_LAST_RESORT_PATIENCE = 3


class Timer(Protocol):
    """What `schedule` returns."""

    def cancel(self) -> object:
        """Do not fire."""


Schedule = Callable[[float, Callable[[], None]], Timer]


class Voice:
    """Speaks sentences."""

    def __init__(
        self,
        engine: TtsEngine,
        fallback: TtsEngine | None,
        cache: SpeechCache,
        first_audio_ms: int,
        schedule: Schedule,
    ) -> None:
        """An engine silent for `first_audio_ms` counts as failed; `schedule(seconds, call)` runs a timer."""
        self._engines = [engine] if fallback is None else [engine, fallback]
        self._cache = cache
        self._first_audio_ms = first_audio_ms
        self._schedule = schedule

    @property
    def name(self) -> str:
        """The engine that serves."""
        return self._engines[0].name

    def speak(self, text: str, listener: Listener) -> Stream:
        """Say `text`; `listener` hears Audio pieces, then Done or, with no engine left, Failed."""
        return _Speech(text, listener, self._engines, self._cache, self._first_audio_ms, self._schedule)

    def is_ready(self, text: str) -> bool:
        """Whether `text` would come from the cache."""
        return self._cache.get(text) is not None

    def missing(self, texts: tuple[str, ...]) -> list[str]:
        """Return which of `texts` are stock and still have to be synthesised, in order."""
        return self._cache.missing(texts)


class _Speech:
    """One sentence being said."""

    def __init__(
        self,
        text: str,
        listener: Listener,
        engines: list[TtsEngine],
        cache: SpeechCache,
        first_audio_ms: int,
        schedule: Schedule,
    ) -> None:
        self._text = text
        self._listener: Listener | None = listener
        self._left = list(engines)
        self._cache = cache
        self._patience_s = first_audio_ms / 1000
        self._schedule = schedule
        self._audio = bytearray()
        self._stream: Stream | None = None
        self._timer: Timer | None = None
        ready = cache.get(text)
        if ready is None:
            self._try_next()
        else:
            self._finish(Audio(ready), Done())

    def cancel(self) -> None:
        self._listener = None
        self._stop()

    def _try_next(self) -> None:
        engine = self._left.pop(0)
        # With nobody left to try, a late voice is better than none.
        patience_s = self._patience_s if self._left else self._patience_s * _LAST_RESORT_PATIENCE
        self._timer = self._schedule(patience_s, self._on_late)
        self._stream = engine.open(self._text, self._on_event)

    def _on_event(self, event: TtsEvent) -> None:
        match event:
            case Audio():
                self._stop_timer()
                self._audio += event.ulaw
                self._tell(event)
            case Done():
                self._stop_timer()
                self._cache.put(self._text, bytes(self._audio))
                self._finish(event)
            case Failed():
                self._on_failed(event)

    def _on_late(self) -> None:
        if self._listener is not None and not self._audio:
            self._on_failed(Failed("timeout", "no audio in time", retriable=True))

    def _on_failed(self, failed: Failed) -> None:
        self._stop()
        # Once a piece was heard, a second voice from the start would say it twice: what was said has to do.
        if self._left and not self._audio and self._listener is not None:
            self._try_next()
        else:
            self._finish(failed)

    def _finish(self, *events: TtsEvent) -> None:
        for event in events:
            self._tell(event)
        self._listener = None

    def _tell(self, event: TtsEvent) -> None:
        if self._listener is not None:
            self._listener(event)

    def _stop(self) -> None:
        self._stop_timer()
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
