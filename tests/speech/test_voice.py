"""The agent's voice: cache first, then the engine, then a second engine, with a deadline."""

from collections.abc import Callable
from pathlib import Path

from app.speech.cache import SpeechCache
from app.speech.engines import Audio, Done, Failed, TtsEvent
from app.speech.voice import Voice

GREETING = "שלום, הגעתם למשרד."


class Script:
    """A TTS engine that is told what to say when."""

    def __init__(self, name: str = "script") -> None:
        self.name = name
        self.voice = "v"
        self.asked: list[str] = []
        self.listeners: list[Callable[[TtsEvent], None]] = []
        self.cancelled = 0

    def open(self, text: str, listener: Callable[[TtsEvent], None]) -> "Script":
        self.asked.append(text)
        self.listeners.append(listener)
        return self

    def cancel(self) -> None:
        self.cancelled += 1


class Timers:
    """Timers that fire when told to."""

    def __init__(self) -> None:
        self.live: list[Callable[[], None]] = []

    def __call__(self, _: float, call: Callable[[], None]) -> "Timers.One":
        self.live.append(call)
        return Timers.One(self, call)

    class One:
        def __init__(self, timers: "Timers", call: Callable[[], None]) -> None:
            self._timers, self._call = timers, call

        def cancel(self) -> None:
            if self._call in self._timers.live:
                self._timers.live.remove(self._call)


def now(work: Callable[..., object], *args: object) -> object:
    return work(*args)


def cache_in(folder: Path, voice: str = "v", limit_bytes: int = 10_000) -> SpeechCache:
    return SpeechCache(folder, "script", voice, frozenset({GREETING, "רגע."}), now, limit_bytes)


def test_a_stock_line_is_synthesised_once_and_survives_a_restart(tmp_path: Path) -> None:
    """R9.4: the cache is a folder under DATA_DIR."""
    engine, heard = Script(), list[TtsEvent]()
    Voice(engine, None, cache_in(tmp_path), 1000, Timers()).speak(GREETING, heard.append)
    engine.listeners[0](Audio(b"ab"))
    engine.listeners[0](Audio(b"cd"))
    engine.listeners[0](Done())
    assert heard == [Audio(b"ab"), Audio(b"cd"), Done()]

    cache, again = cache_in(tmp_path), list[TtsEvent]()
    assert cache.load() == 1
    Voice(engine, None, cache, 1000, Timers()).speak(GREETING, again.append)
    assert again == [Audio(b"abcd"), Done()]
    assert len(engine.asked) == 1


def test_a_line_with_a_callers_words_is_never_kept(tmp_path: Path) -> None:
    """R9.4: names and numbers stay out of the cache."""
    engine = Script()
    Voice(engine, None, cache_in(tmp_path), 1000, Timers()).speak("תודה דנה.", lambda _: None)
    engine.listeners[0](Audio(b"ab"))
    engine.listeners[0](Done())
    assert list(tmp_path.iterdir()) == []


def test_another_voice_never_plays_the_old_ones_audio(tmp_path: Path) -> None:
    """R9.4: keyed by engine, voice and text."""
    cache_in(tmp_path).put(GREETING, b"ab")
    assert cache_in(tmp_path, voice="other").load() == 0


def test_the_cache_is_bounded(tmp_path: Path) -> None:
    """R9.4: the least recently used line goes first."""
    cache = cache_in(tmp_path, limit_bytes=3)
    cache.put(GREETING, b"ab")
    cache.put("רגע.", b"cd")
    assert cache.get(GREETING) is None
    assert cache.get("רגע.") == b"cd"


def test_a_folder_that_cannot_be_written_costs_only_the_next_start(tmp_path: Path) -> None:
    """R1.6: the file system may vanish."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    cache = cache_in(blocked / "speech")
    cache.put(GREETING, b"ab")
    assert cache.get(GREETING) == b"ab"


def test_the_second_engine_speaks_when_the_first_fails(tmp_path: Path) -> None:
    """Design, failure table: TTS down → the second engine."""
    first, second, heard = Script(), Script("second"), list[TtsEvent]()
    Voice(first, second, cache_in(tmp_path), 1000, Timers()).speak("משפט.", heard.append)
    first.listeners[0](Failed("unavailable", "down", retriable=True))
    second.listeners[0](Audio(b"ab"))
    second.listeners[0](Done())
    assert heard == [Audio(b"ab"), Done()]


def test_an_engine_silent_past_its_deadline_counts_as_failed(tmp_path: Path) -> None:
    """R9: the caller does not wait for ever."""
    first, timers, heard = Script(), Timers(), list[TtsEvent]()
    Voice(first, None, cache_in(tmp_path), 1000, timers).speak("משפט.", heard.append)
    timers.live[0]()
    assert heard == [Failed("timeout", "no audio in time", retriable=True)]
    assert first.cancelled == 1
    first.listeners[0](Audio(b"late"))
    assert len(heard) == 1


def test_an_engine_that_breaks_off_is_not_followed_by_a_second_voice(tmp_path: Path) -> None:
    """R9: nothing is said twice."""
    first, second, heard = Script(), Script("second"), list[TtsEvent]()
    Voice(first, second, cache_in(tmp_path), 1000, Timers()).speak("משפט.", heard.append)
    first.listeners[0](Audio(b"ab"))
    first.listeners[0](Failed("internal", "broke", retriable=False))
    assert second.asked == []
    assert heard[-1] == Failed("internal", "broke", retriable=False)


def test_a_cancelled_sentence_says_nothing_more(tmp_path: Path) -> None:
    """R7.1: after a barge-in nothing late is heard."""
    engine, timers, heard = Script(), Timers(), list[TtsEvent]()
    speech = Voice(engine, None, cache_in(tmp_path), 1000, timers).speak("משפט.", heard.append)
    speech.cancel()
    engine.listeners[0](Audio(b"ab"))
    assert heard == []
    assert timers.live == []


def test_what_is_still_to_be_rendered_is_known_in_order(tmp_path: Path) -> None:
    """R9.4: filled before the first call."""
    cache = cache_in(tmp_path)
    cache.put("רגע.", b"ab")
    voice = Voice(Script(), None, cache, 1000, Timers())
    assert voice.missing((GREETING, "משהו אחר.", "רגע.")) == [GREETING]


def test_with_nobody_left_to_try_a_late_voice_is_waited_for(tmp_path: Path) -> None:
    """R9: late is better than silent."""
    waits: list[float] = []

    def schedule(seconds: float, call: Callable[[], None]) -> Timers.One:
        waits.append(seconds)
        return Timers()(seconds, call)

    Voice(Script(), Script(), cache_in(tmp_path), 1000, schedule).speak("משפט.", lambda _: None)
    Voice(Script(), None, cache_in(tmp_path), 1000, schedule).speak("משפט.", lambda _: None)
    assert waits == [1.0, 3.0]
