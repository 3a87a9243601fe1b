"""The agent's voice: cache first, then the engine, then a second engine, with a deadline."""

from collections.abc import Callable
from pathlib import Path

from app.speech.cache import SpeechCache
from app.speech.engines import Audio, Done, Failed, Stream, TtsEvent
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


def test_the_second_engine_speaks_when_the_first_fails(tmp_path: Path) -> None:
    """Design, failure table: TTS down → the second engine."""
    first, second, heard = Script(), Script("second"), list[TtsEvent]()
    told = list[Failed]()
    voice = Voice(first, second, cache_in(tmp_path), 1000, Timers(), fell_back=told.append)
    voice.speak("משפט.", heard.append)
    first.listeners[0](Failed("unavailable", "down", retriable=True))
    second.listeners[0](Audio(b"ab"))
    second.listeners[0](Done())
    assert heard == [Audio(b"ab"), Done()]
    assert [failed.code for failed in told] == ["unavailable"]


DIED = Failed("child_died", "the speech child process died", retriable=True)


def test_a_sentence_whose_child_process_died_is_asked_for_once_more(tmp_path: Path) -> None:
    """R18: the engine is not to blame; only when the next process dies, too, the second voice speaks."""
    first, second, timers, heard = Script(), Script("second"), Timers(), list[TtsEvent]()
    Voice(first, second, cache_in(tmp_path), 1000, timers).speak("משפט.", heard.append)
    first.listeners[0](DIED)
    assert len(first.asked) == 1
    timers.live[0]()
    assert first.asked == ["משפט."] * 2
    assert not second.asked
    assert not heard
    first.listeners[1](DIED)
    second.listeners[0](Audio(b"ab"))
    assert heard == [Audio(b"ab")]


def test_a_sentence_cancelled_while_its_child_process_is_replaced_stays_silent(tmp_path: Path) -> None:
    """R7.1."""
    engine, timers = Script(), Timers()
    speech = Voice(engine, None, cache_in(tmp_path), 1000, timers).speak("משפט.", lambda _: None)
    engine.listeners[0](DIED)
    speech.cancel()
    assert timers.live == []
    assert len(engine.asked) == 1


def test_a_stock_line_said_by_the_second_voice_is_not_kept(tmp_path: Path) -> None:
    """R9.4: the next caller hears the first voice again."""
    first, second = Script(), Script("second")
    voice = Voice(first, second, cache_in(tmp_path), 1000, Timers())
    assert voice.second_name == "second"
    voice.speak(GREETING, lambda _: None)
    first.listeners[0](Failed("unavailable", "down", retriable=True))
    second.listeners[0](Audio(b"ab"))
    second.listeners[0](Done())
    assert voice.missing((GREETING,)) == [GREETING]


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


# -- a voice that is slow to begin ------------------------------------------------------------------------------------

OPENING, REST = "רשמתי,", "דירה לקנייה בחולון."
OPENED = b"o" * 4000


class Slow:
    """A slow voice with an opening in its cache, and timers that tell how long they were set for."""

    def __init__(self, folder: Path, fallback: Script | None = None) -> None:
        self.engine, self.timers, self.waits_s = Script(), Timers(), list[float]()
        self.heard = list[TtsEvent]()
        self.now_s = 0.0
        cache = SpeechCache(folder, "script", "v", frozenset({OPENING, f"{OPENING} {REST}"}), now)
        cache.put(OPENING, OPENED)
        self.cache = cache
        self.voice = Voice(self.engine, fallback, cache, 1000, self.schedule, is_slow=True, clock_s=lambda: self.now_s)

    def schedule(self, seconds: float, call: Callable[[], None]) -> Timers.One:
        self.waits_s.append(seconds)
        return self.timers(seconds, call)

    def speak(self, text: str) -> Stream:
        self.waits_s.clear()
        return self.voice.speak(text, self.heard.append)


def test_the_opening_comes_from_the_cache_while_the_rest_is_made(tmp_path: Path) -> None:
    """R9.2, R15: what is asked of the engine is the rest alone; all of it is one sentence to the caller."""
    slow = Slow(tmp_path)
    slow.speak(f"{OPENING} {REST}")
    assert slow.engine.asked == [REST]
    slow.timers.live[0]()
    assert slow.heard == [Audio(OPENED)]
    slow.engine.listeners[0](Audio(b"ab"))
    slow.engine.listeners[0](Done())
    assert slow.heard == [Audio(OPENED), Audio(b"ab"), Done()]
    assert slow.cache.get(f"{OPENING} {REST}") == OPENED + b"ab"


def test_the_opening_is_held_back_until_the_rest_can_follow_without_a_hole(tmp_path: Path) -> None:
    """R9: the slower the voice has been, the longer; a rest that is there first takes the opening along."""
    slow = Slow(tmp_path)
    waits_s = []
    for took_s in (0.1, 3.0, 3.0):
        slow.speak(f"{OPENING} {REST}x")
        waits_s.append(slow.waits_s[0])
        slow.now_s += took_s
        slow.engine.listeners[-1](Audio(b"ab"))
        slow.engine.listeners[-1](Done())
        assert slow.heard[-3:] == [Audio(OPENED), Audio(b"ab"), Done()]
    assert waits_s[1] < waits_s[0] < waits_s[2]


def test_a_rest_too_short_to_be_said_alone_stays_whole(tmp_path: Path) -> None:
    """R9: the model clips the first sound of anything shorter than a word or two."""
    slow = Slow(tmp_path)
    slow.speak(f"{OPENING} אסף.")
    slow.speak(f"לא, {REST}")
    assert slow.engine.asked == [f"{OPENING} אסף.", f"לא, {REST}"]


def test_an_engine_that_is_quick_to_begin_says_whole_sentences(tmp_path: Path) -> None:
    """R9: one breath is better than two."""
    slow = Slow(tmp_path)
    Voice(slow.engine, None, slow.cache, 1000, Timers()).speak(f"{OPENING} {REST}", lambda _: None)
    assert slow.engine.asked == [f"{OPENING} {REST}"]


def test_a_cancelled_opening_is_not_said(tmp_path: Path) -> None:
    """R7.1."""
    slow = Slow(tmp_path)
    slow.speak(f"{OPENING} {REST}").cancel()
    assert slow.timers.live == []
    assert slow.heard == []


def test_a_second_voice_says_the_rest_of_a_sentence_that_was_opened(tmp_path: Path) -> None:
    """Design, failure table: the caller hears the sentence whole, and nothing twice."""
    second = Script("second")
    slow = Slow(tmp_path, second)
    slow.speak(f"{OPENING} {REST}")
    slow.timers.live[0]()
    slow.engine.listeners[0](Failed("unavailable", "down", retriable=True))
    assert second.asked == [REST]


def test_an_opening_whose_rest_cannot_be_had_is_not_said_alone(tmp_path: Path) -> None:
    """R9: "I noted," and silence says less than nothing."""
    slow = Slow(tmp_path)
    slow.speak(f"{OPENING} {REST}")
    slow.engine.listeners[0](Failed("internal", "broke", retriable=False))
    assert slow.heard == [Failed("internal", "broke", retriable=False)]
    assert slow.timers.live == []
