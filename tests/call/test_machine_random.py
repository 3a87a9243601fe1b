"""Anything may happen in any order: the machine neither breaks, nor spins, nor gets stuck."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.call.events import (
    AskLlm,
    CallerAudio,
    CallStarted,
    Command,
    Dtmf,
    Event,
    LlmEnded,
    LlmFailed,
    LlmText,
    Log,
    MarkEchoed,
    OpenStt,
    SendMark,
    SendMedia,
    Speak,
    SpeechAudio,
    SpeechEnded,
    SpeechFailed,
    StreamEnded,
    StreamMoved,
    SttEnded,
    SttFailed,
    SttHeard,
    Tick,
)
from app.call.machine import Call
from app.call.states import State
from tests.call import driver
from tests.media.sounds import to_ulaw

VOICE = to_ulaw(driver.buzz(2000))
SOFT = to_ulaw(driver.buzz(2000, -52.0))
HUSH = to_ulaw(driver.hush(2000))
WORDS = ["", "כן", "אהה", "רגע", "אני מחפש דירה בשכירות ברעננה", "תודה להתראות", "אפס חמש ארבע", "לדבר עם נציג"]
LONGEST_PROCESSING_MS = 6_000 + 900 + 20_000 + 1_000

Action = tuple[str, int, str]


def actions() -> st.SearchStrategy[list[Action]]:
    """What happens: its kind, a number (how long, or which stream) and words."""
    sounds = st.tuples(st.sampled_from(["voice", "soft", "hush", "burst"]), st.integers(1, 60), st.just(""))
    stts = st.tuples(
        st.sampled_from(["interim", "final", "stt_end", "stt_fail"]), st.integers(0, 3), st.sampled_from(WORDS)
    )
    llms = st.tuples(st.sampled_from(["llm_text", "llm_end", "llm_fail"]), st.integers(0, 2), st.sampled_from(WORDS))
    ttss = st.tuples(st.sampled_from(["audio", "audio", "tts_end", "tts_fail"]), st.integers(0, 4), st.just(""))
    rest = st.tuples(
        st.sampled_from(["tick", "mark", "old_mark", "speak_all", "keys", "no_frames", "moved"]),
        st.integers(0, 9),
        st.just(""),
    )
    return st.lists(st.one_of(sounds, sounds, stts, llms, ttss, rest), min_size=5, max_size=50)


class RandomCall:
    """Does to a call whatever it is told, at a clock of its own."""

    def __init__(self, *, streams: bool, uses_llm: bool) -> None:
        tuned = driver.settings(streams=streams, uses_llm=uses_llm, max_call_ms=90_000, reads_ahead=not streams)
        self.call = Call(replace(tuned, guesses=True))
        self.now_ms = 1000
        self.streams, self.speeches, self.replies = [0], [0], [0]
        self.marks = ["assistant_tts_end:77"]
        self.processing_ms = 0
        self.holds = 0
        self.give(CallStarted("CA1", "MZ1", None, None, driver.TODAY))

    def give(self, event: Event) -> list[Command]:
        was_over = self.call.state is State.ENDED
        commands = self.call.receive(event, self.now_ms)
        assert not was_over or commands == []
        if self.call.state is not State.PROCESSING:
            self.processing_ms = 0
        for command in commands:
            match command:
                case OpenStt():
                    self.streams.append(command.stream)
                case Speak():
                    self.speeches.append(command.speech)
                case AskLlm():
                    self.replies.append(command.reply)
                case SendMark():
                    self.marks.append(command.name)
                case Log() if command.line == "HOLDING":
                    self.holds += 1
                case SendMedia() if self.call.state is State.PROCESSING:
                    assert self.holds
                case SendMedia():
                    assert self.call.state in (State.SPEAKING, State.LISTENING, State.ENDED)
        return commands

    def hear(self, ulaw: bytes, frames: int, *, at_once: bool = False) -> None:
        for index in range(frames):
            start = index % 100 * 160
            if not at_once:
                self.pass_ms(20)
            self.give(CallerAudio(ulaw[start : start + 160]))

    def pass_ms(self, ms: int) -> None:
        """Time goes on; the timer is obeyed, and obeying it must lead somewhere."""
        end_ms = self.now_ms + ms
        idle = 0
        while (due_ms := self.call.timer()) is not None and due_ms <= end_ms:
            idle = idle + 1 if due_ms <= self.now_ms else 0
            self.now_ms = max(self.now_ms, due_ms)
            if self.give(Tick()):
                idle = 0
            assert idle < 3, f"spins in {self.call.state} at {due_ms}"
        self.now_ms = end_ms
        self.processing_ms += ms if self.call.state is State.PROCESSING else 0
        # Time is counted in steps of this length: the last one may end behind the deadline that it reaches.
        assert self.processing_ms - ms < LONGEST_PROCESSING_MS, "stuck in PROCESSING"

    def act(self, kind: str, number: int, words: str) -> None:
        stream = self.streams[-1 - number % len(self.streams)]
        speech = self.speeches[-1 - number % len(self.speeches)]
        reply = self.replies[-1 - number % len(self.replies)]
        sounds = {"voice": VOICE, "soft": SOFT, "hush": HUSH, "burst": VOICE}
        events: dict[str, Event] = {
            "interim": SttHeard(stream, words, False, 0.9),
            "final": SttHeard(stream, words, True, 1.0),
            "stt_end": SttEnded(stream),
            "stt_fail": SttFailed(stream, "unavailable", "down"),
            "llm_text": LlmText(reply, words + ". "),
            "llm_end": LlmEnded(reply),
            "llm_fail": LlmFailed(reply, "quota", "full"),
            "audio": SpeechAudio(speech, b"\x20" * 3210),
            "tts_end": SpeechEnded(speech),
            "tts_fail": SpeechFailed(speech, "unavailable", "down"),
            "moved": StreamMoved("MZ2"),
            "tick": Tick(),
            "mark": MarkEchoed(self.marks[-1]),
            "old_mark": MarkEchoed(self.marks[0]),
        }
        if kind in sounds:
            self.hear(sounds[kind], number, at_once=kind == "burst")
        elif kind == "speak_all":
            for one in self.speeches[-2:]:
                self.give(SpeechAudio(one, b"\x20" * 8000))
                self.give(SpeechEnded(one))
        elif kind == "no_frames":
            self.pass_ms(number * number * 100)
        elif kind == "keys":
            for digit in ("#", "*", "0541234567", "5")[number % 4]:
                self.give(Dtmf(digit))
        else:
            self.give(events[kind])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actions(), st.booleans(), st.booleans())
def test_no_order_of_events_breaks_or_stops_a_call(done: list[Action], streams: bool, uses_llm: bool) -> None:
    """R6.5, R7, R17: no exception, no spinning timer, no state without a way out, silence after the end."""
    world = RandomCall(streams=streams, uses_llm=uses_llm)
    for action in done:
        world.act(*action)
    # Now every engine is dead and the caller silent: the call must still come to its own end.
    for _ in range(60):
        if world.call.state is State.ENDED:
            break
        world.hear(HUSH, 100)
    world.pass_ms(120_000)
    world.give(StreamEnded("stop"))
    assert world.call.state is State.ENDED
    assert world.call.timer() is None
    assert world.give(Tick()) == []
    assert world.give(CallerAudio(VOICE[:160])) == []
