"""The agent's voice as a call uses it: stock lines from the cache, the rest from an engine, then from a second one.

A voice that is slow to begin says the opening of a new sentence ("רשמתי,") from the cache while it makes the rest; the
opening is held back for as long as the rest would leave a hole behind it.

Edge: knows green timers through `schedule`, handed in.
"""

import time
from collections.abc import Callable
from typing import Protocol

from app.speech.cache import SpeechCache
from app.speech.engines import Audio, Done, Failed, Stream, TtsEngine, TtsEvent
from app.speech.pace import Pace

Listener = Callable[[TtsEvent], None]
_LAST_RESORT_PATIENCE = 3
_SHORTEST_REST = 12
"""Letters; an embedded voice clips the first sound of anything shorter."""
_ULAW_BYTES_PER_MS = 8
_REVIVAL_S = 0.1
"""A child process that died is replaced within this."""


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
        *,
        is_slow: bool = False,
        clock_s: Callable[[], float] = time.monotonic,
        fell_back: Callable[[Failed], None] = lambda _: None,
    ) -> None:
        """An engine silent for `first_audio_ms` counts as failed, the last one after three times as long;
        `schedule(seconds, call)` runs a timer. One that `is_slow` to begin has openings said from the cache.
        `fell_back` hears why the second engine has to say a sentence.
        """
        self._engines = [engine] if fallback is None else [engine, fallback]
        self._cache = cache
        self._first_audio_ms = first_audio_ms
        self._schedule = schedule
        self._is_slow = is_slow
        self._clock_s = clock_s
        self._fell_back = fell_back
        self._pace = Pace()

    @property
    def name(self) -> str:
        """The engine that serves."""
        return self._engines[0].name

    @property
    def second_name(self) -> str | None:
        """The engine that says what the first one cannot, if there is one."""
        return self._engines[1].name if len(self._engines) > 1 else None

    def speak(self, text: str, listener: Listener) -> Stream:
        """Say `text`; `listener` hears Audio pieces, then Done or, with no engine left, Failed."""
        ready = self._cache.get(text)
        if ready is not None:
            listener(Audio(ready))
            listener(Done())
            return _Said()
        speech = _Speech(
            text, listener, self._engines, self._cache, self._first_audio_ms, self._schedule, self._fell_back
        )
        if not self._is_slow:
            speech.begin(text)
            return speech
        opening, rest = self._opening_of(text)
        asked_s = self._clock_s()
        if opening:
            lasts_ms = len(opening) // _ULAW_BYTES_PER_MS
            speech.open_with(opening, max(0, self._pace.expected_ms(rest) - lasts_ms) / 1000)
        speech.begin(rest, lambda: self._pace.learn(rest, (self._clock_s() - asked_s) * 1000))
        return speech

    def is_ready(self, text: str) -> bool:
        """Whether `text` would come from the cache."""
        return self._cache.get(text) is not None

    def missing(self, texts: tuple[str, ...]) -> list[str]:
        """Return which of `texts` are stock and still have to be synthesised, in order."""
        return self._cache.missing(texts)

    def _opening_of(self, text: str) -> tuple[bytes, str]:
        """Return the voice of the longest opening that is in the cache, and what is left to say."""
        at = text.rfind(",")
        while at > 0:
            rest = text[at + 1 :].strip()
            if len(rest) >= _SHORTEST_REST and (audio := self._cache.get(text[: at + 1])):
                return audio, rest
            at = text.rfind(",", 0, at)
        return b"", text


class _Said:
    """What was in the cache has been said whole."""

    def cancel(self) -> None:
        """There is nothing to stop."""


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
        fell_back: Callable[[Failed], None],
    ) -> None:
        self._fell_back = fell_back
        self._text = self._rest = text
        self._listener: Listener | None = listener
        self._left = list(engines)
        self._first = engines[0]
        self._cache = cache
        self._patience_s = first_audio_ms / 1000
        self._schedule = schedule
        self._opening = b""
        self._is_voiced = False
        self._on_voice: Callable[[], None] | None = None
        self._engine: TtsEngine | None = None
        self._audio = bytearray()
        self._was_revived = False
        self._stream: Stream | None = None
        self._timer: Timer | None = None
        self._opens: Timer | None = None

    def open_with(self, opening: bytes, after_s: float) -> None:
        """Say `opening` first: `after_s` from now, or when the rest is there."""
        self._opening = opening
        if after_s:
            self._opens = self._schedule(after_s, self._open)
        else:
            self._open()

    def begin(self, rest: str, on_voice: Callable[[], None] | None = None) -> None:
        """Have `rest` said; `on_voice` is called as its voice begins."""
        self._rest, self._on_voice = rest, on_voice
        self._try_next()

    def cancel(self) -> None:
        self._listener = None
        self._stop()
        self._stop_opening()

    def _open(self) -> None:
        self._stop_opening()
        opening, self._opening = self._opening, b""
        if opening:
            self._audio += opening
            self._tell(Audio(opening))

    def _try_next(self) -> None:
        self._engine = engine = self._left.pop(0)
        # With nobody left to try, a late voice is better than none.
        patience_s = self._patience_s if self._left else self._patience_s * _LAST_RESORT_PATIENCE
        self._timer = self._schedule(patience_s, self._on_late)
        self._stream = engine.open(self._rest, self._on_event)

    def _on_event(self, event: TtsEvent) -> None:
        match event:
            case Audio():
                self._stop_timer()
                self._voice_begins()
                self._audio += event.ulaw
                self._tell(event)
            case Done():
                self._stop_timer()
                if self._engine is self._first:  # the second voice stands in for a sentence, not for good
                    self._cache.put(self._text, bytes(self._audio))
                self._finish(event)
            case Failed():
                self._on_failed(event)

    def _voice_begins(self) -> None:
        if self._is_voiced:
            return
        self._is_voiced = True
        self._open()
        if self._on_voice is not None:
            self._on_voice()

    def _on_late(self) -> None:
        if self._listener is not None and not self._is_voiced:
            self._on_failed(Failed("timeout", "no audio in time", retriable=True))

    def _on_failed(self, failed: Failed) -> None:
        self._stop()
        if self._is_voiced or self._listener is None:
            # Once a piece was heard, a second voice from the start would say it twice: what was said has to do.
            self._finish(failed)
        elif failed.code == "child_died" and self._engine and not self._was_revived:
            # No fault of the engine's: the process that it is reached through is there again in a moment.
            self._was_revived = True
            self._left.insert(0, self._engine)
            self._timer = self._schedule(_REVIVAL_S, self._try_next)
        elif self._left:
            self._fell_back(failed)
            self._try_next()
        else:
            self._finish(failed)

    def _finish(self, *events: TtsEvent) -> None:
        self._stop_opening()
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

    def _stop_opening(self) -> None:
        if self._opens is not None:
            self._opens.cancel()
            self._opens = None
