"""A world for one call: a caller, Twilio's buffer, recognisers, a language model and a voice, on one fake clock.

The caller's sound goes in as 20 ms mu-law frames; the world answers every command as the real one would, each answer
after its delay; what reaches the caller's ear is kept on a timeline.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import TypeVar

import numpy as np

from app.call.answering.replying import ReplySettings
from app.call.events import (
    AskLlm,
    CallerAudio,
    CallStarted,
    CancelLlm,
    CancelSpeech,
    CancelStt,
    Command,
    Dtmf,
    Event,
    FinishStt,
    HangUp,
    LlmEnded,
    LlmFailed,
    LlmText,
    Log,
    MarkEchoed,
    OpenStt,
    Save,
    SendClear,
    SendMark,
    SendMedia,
    Speak,
    SpeechAudio,
    SpeechEnded,
    SpeechFailed,
    StreamEnded,
    SttEnded,
    SttFailed,
    SttHeard,
    Tick,
    WriteStt,
)
from app.call.hearing.recognition import RecognitionSettings
from app.call.machine import Call, CallSettings
from app.call.states import State
from app.dialog.dialog import DialogSettings
from app.media.bargein import BargeInSettings
from app.media.endpointing import EndpointSettings
from app.media.playout import PlayoutSettings
from app.media.vad import VadSettings
from tests.media.sounds import Floats, noise, to_ulaw

FRAME = 160
NET_MS = 30  # one way
WORD_MS = 400
CALLER = "+972541234549"
TODAY = date(2026, 11, 22)

C = TypeVar("C")


def buzz(ms: int, dbfs: float = -20.0, seed: int = 0) -> Floats:
    """A voice without words: harmonics under two formants, four syllables a second."""
    at = np.arange(ms * 8) / 8000
    pitch = 120 * (1 + 0.05 * np.sin(2 * np.pi * 0.7 * at + seed))
    phase = 2 * np.pi * np.cumsum(pitch) / 8000
    wave = np.zeros(ms * 8)
    for harmonic in range(1, 26):
        hz = 120.0 * harmonic
        weight = np.exp(-(((hz - 500) / 250) ** 2)) + 0.4 * np.exp(-(((hz - 1500) / 350) ** 2)) + 0.02
        wave += weight * np.sin(harmonic * phase)
    wave *= 0.75 - 0.25 * np.cos(2 * np.pi * 4 * at)
    loud: Floats = wave * (32768 * 10 ** (dbfs / 20) / float(np.sqrt((wave**2).mean())))
    return loud


def hush(ms: int, dbfs: float = -65.0, seed: int = 1) -> Floats:
    """The line when nobody speaks."""
    return noise(ms, 32768 * 10 ** (dbfs / 20), seed)


@dataclass(frozen=True, slots=True)
class Stt:
    """How one recognition goes. Times: `interim_ms` from its opening, `final_ms` from its finish."""

    text: str = ""
    interim: str | None = None
    interim_ms: int = 300
    final_ms: int = 200
    fails_ms: int | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Llm:
    """How one completion goes: pieces 60 ms apart after `first_ms`, then the end, a failure or nothing."""

    pieces: tuple[str, ...] = ()
    first_ms: int = 300
    ends: str = "ended"


@dataclass(slots=True)
class World:
    """How everything around the call behaves."""

    stts: list[Stt] = field(default_factory=list)
    llms: list[Llm] = field(default_factory=list)
    tts_ms: int = 120
    is_cached: Callable[[str], bool] = lambda _: False
    tts_speed: int = 10
    tts_fails: Callable[[str], bool] = lambda _: False
    echoes_marks: bool = True
    voice: Callable[[int, int], bytes] | None = None
    """The agent's voice by the number of the synthesis and its length in ms; without one each frame tells its place."""


@dataclass(slots=True)
class Step:
    """One event with what it led to."""

    at_ms: int
    event: Event
    commands: list[Command]


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms at the caller's ear."""

    at_ms: int
    speech: int
    index: int


def settings(
    *,
    streams: bool = True,
    has_fallback: bool = True,
    uses_llm: bool = False,
    max_call_ms: int = 600_000,
    reads_ahead: bool = False,
    neural: bool = False,
) -> CallSettings:
    return CallSettings(
        vad=VadSettings(neural=neural),
        endpointing=EndpointSettings(),
        barge_in=BargeInSettings(),
        playout=PlayoutSettings(),
        hearing=RecognitionSettings(
            streams=streams,
            has_fallback=has_fallback,
            commit_ms=550,
            fallback_ms=1200,
            give_up_ms=6000,
            reads_ahead=reads_ahead,
        ),
        replying=ReplySettings(llm_first_token_ms=900, llm_stall_ms=1500),
        dialog=DialogSettings(uses_llm=uses_llm),
        max_call_ms=max_call_ms,
    )


def voice_of(speech: int, ms: int) -> bytes:
    """The agent's voice for a synthesis: each frame tells which it is; every word ends in 40 ms of quiet."""
    frames = []
    for index in range(ms // 20):
        loudness = 0xFF if index % (WORD_MS // 20) >= WORD_MS // 20 - 2 else 0x20
        frames.append(bytes([speech & 0xFF, speech >> 8, index & 0xFF, index >> 8]) + bytes([loudness]) * (FRAME - 4))
    return b"".join(frames)


class CallDriver:
    """Drives one call through its world."""

    def __init__(self, world: World | None = None, call_settings: CallSettings | None = None) -> None:
        self.world = world or World()
        self.settings = call_settings or settings()
        self.call = Call(self.settings)
        self.now_ms = 1_000_000
        self.steps: list[Step] = []
        self.heard: list[Frame] = []
        self.sentences: dict[int, str] = {}
        self.audio: dict[int, bytearray] = {}
        self.opened: dict[int, OpenStt] = {}
        self.cancelled: set[tuple[str, int]] = set()
        self._plays: dict[int, Stt] = {}
        self._due: list[tuple[int, int, Event]] = []
        self._order = count()
        self._free_at_ms = 0
        self._marks: dict[str, int] = {}
        self._silence_seed = 1

    # -- what happens to the call

    def start(self, caller: str | None = CALLER) -> list[Command]:
        return self.give(CallStarted("CA1", "MZ1", caller, "+972500000000", TODAY))

    def give(self, event: Event) -> list[Command]:
        """Hand one event over now, and let the world answer."""
        commands = self.call.receive(event, self.now_ms)
        self.steps.append(Step(self.now_ms, event, commands))
        for command in commands:
            self._perform(command)
        return commands

    def later(self, delay_ms: int, event: Event) -> None:
        heapq.heappush(self._due, (self.now_ms + delay_ms, next(self._order), event))

    def caller(self, sound: Floats) -> None:
        """The caller makes this sound (or is silent)."""
        ulaw = to_ulaw(sound)
        for start in range(0, len(ulaw), FRAME):
            self._pass(self.now_ms + 20)
            self.give(CallerAudio(ulaw[start : start + FRAME]))

    def no_frames(self, ms: int) -> None:
        """The carrier sends nothing."""
        self._pass(self.now_ms + ms)

    def stalls(self, sound: Floats) -> None:
        """The line stalls while the caller makes this sound, all of which then comes at once."""
        self.no_frames(len(sound) // 8)
        ulaw = to_ulaw(sound)
        for start in range(0, len(ulaw), FRAME):
            self.give(CallerAudio(ulaw[start : start + FRAME]))

    def says(self, ms: int) -> None:
        self.caller(buzz(ms))

    def quiet(self, ms: int) -> None:
        self._silence_seed += 1
        self.caller(hush(ms, seed=self._silence_seed))

    def until(self, state: State, limit_ms: int = 15_000) -> None:
        """The caller is silent until the call is in `state`."""
        waited = 0
        while self.call.state is not state:
            assert waited < limit_ms, f"still {self.call.state} after {limit_ms} ms: {self.lines()[-12:]}"
            self.quiet(20)
            waited += 20

    def listening(self) -> "CallDriver":
        """Answer the call, let the greeting be heard and come to LISTENING."""
        self.start()
        self.until(State.SPEAKING)
        self.until(State.LISTENING)
        return self

    def answer(self, ms: int, *stts: Stt) -> None:
        """The caller speaks and hears the agent begin to answer."""
        self.world.stts += stts
        self.says(ms)
        self.until(State.PROCESSING)
        self.until(State.SPEAKING)

    def _pass(self, to_ms: int) -> None:
        """Let time go on: everything that is due happens at its time."""
        idle = 0
        while True:
            due_ms = self._due[0][0] if self._due else to_ms + 1
            timer_ms = self.call.timer()
            at_ms = min(due_ms, to_ms + 1 if timer_ms is None else timer_ms)
            if at_ms > to_ms:
                break
            if at_ms > self.now_ms:
                idle = 0
            self.now_ms = max(self.now_ms, at_ms)
            if due_ms <= at_ms:
                self.give(heapq.heappop(self._due)[2])
            elif not self.give(Tick()):
                idle += 1
                assert idle < 3, f"busy loop in {self.call.state}: timer {timer_ms}, now {self.now_ms}"
        self.now_ms = to_ms

    # -- what the world does

    def _perform(self, command: Command) -> None:
        match command:
            case SendMedia():
                at_ms = max(self.now_ms + NET_MS, self._free_at_ms)
                self._free_at_ms = at_ms + 20
                first = command.ulaw[:4]
                self.heard.append(Frame(at_ms, first[0] | first[1] << 8, first[2] | first[3] << 8))
            case SendMark():
                self._mark(command.name)
            case SendClear():
                self._clear()
            case Speak():
                self._speak(command)
            case OpenStt() | WriteStt() | FinishStt():
                self._recognise(command)
            case AskLlm():
                self._complete(command.reply)
            case CancelStt():
                self._forget("stt", command.stream)
            case CancelSpeech():
                self._forget("speech", command.speech)
            case CancelLlm():
                self._forget("llm", command.reply)

    def _mark(self, name: str) -> None:
        if self.world.echoes_marks:
            at_ms = max(self._free_at_ms, self.now_ms + NET_MS)
            self._marks[name] = at_ms
            self.later(at_ms + NET_MS - self.now_ms, MarkEchoed(name))

    def _clear(self) -> None:
        at_ms = self.now_ms + NET_MS
        self.heard = [frame for frame in self.heard if frame.at_ms < at_ms]
        self._free_at_ms = min(self._free_at_ms, at_ms)
        waiting = {name for name, due_ms in self._marks.items() if due_ms > at_ms}
        self._due = [one for one in self._due if not (isinstance(one[2], MarkEchoed) and one[2].name in waiting)]
        heapq.heapify(self._due)
        for name in waiting:
            del self._marks[name]
            self.later(2 * NET_MS, MarkEchoed(name))

    def _speak(self, command: Speak) -> None:
        self.sentences[command.speech] = command.text
        if self.world.tts_fails(command.text):
            self.later(self.world.tts_ms, SpeechFailed(command.speech, "unavailable", "down"))
            return
        ulaw = (self.world.voice or voice_of)(command.speech, len(command.text.split()) * WORD_MS)
        if self.world.is_cached(command.text):
            self.later(0, SpeechAudio(command.speech, ulaw))
            self.later(0, SpeechEnded(command.speech))
            return
        delay_ms = self.world.tts_ms
        for start in range(0, len(ulaw), 1600):
            self.later(delay_ms, SpeechAudio(command.speech, ulaw[start : start + 1600]))
            delay_ms += 200 // self.world.tts_speed
        self.later(delay_ms, SpeechEnded(command.speech))

    def _recognise(self, command: OpenStt | WriteStt | FinishStt) -> None:
        stream = command.stream
        if isinstance(command, OpenStt):
            play = self.world.stts.pop(0) if self.world.stts else Stt()
            self._plays[stream], self.opened[stream], self.audio[stream] = play, command, bytearray()
            if play.interim is not None:
                self.later(play.interim_ms, SttHeard(stream, play.interim, False, 0.9))
            if play.fails_ms is not None:
                self.later(play.fails_ms, SttFailed(stream, "unavailable", "down"))
        elif isinstance(command, WriteStt):
            self.audio[stream] += command.pcm
        else:
            play = self._plays[stream]
            if play.silent or play.fails_ms is not None:
                return
            if play.text:
                self.later(play.final_ms, SttHeard(stream, play.text, True, 1.0))
            self.later(play.final_ms, SttEnded(stream))

    def _complete(self, reply: int) -> None:
        play = self.world.llms.pop(0) if self.world.llms else Llm()
        delay_ms = play.first_ms
        for piece in play.pieces:
            self.later(delay_ms, LlmText(reply, piece))
            delay_ms += 60
        if play.ends == "ended":
            self.later(delay_ms, LlmEnded(reply))
        elif play.ends == "failed":
            self.later(delay_ms, LlmFailed(reply, "quota", "full"))

    def _forget(self, kind: str, number: int) -> None:
        """A cancelled engine falls silent at once."""
        self.cancelled.add((kind, number))
        fields = {"stt": "stream", "speech": "speech", "llm": "reply"}
        kinds = {
            "stt": (SttHeard, SttEnded, SttFailed),
            "speech": (SpeechAudio, SpeechEnded, SpeechFailed),
            "llm": (LlmText, LlmEnded, LlmFailed),
        }
        self._due = [
            one
            for one in self._due
            if not (isinstance(one[2], kinds[kind]) and getattr(one[2], fields[kind]) == number)
        ]
        heapq.heapify(self._due)

    # -- what can be asked afterwards

    def commands(self, kind: type[C], since: int = 0) -> list[C]:
        return [one for step in self.steps[since:] for one in step.commands if isinstance(one, kind)]

    def at(self, kind: type[Command], since: int = 0) -> int:
        """When such a command was given first."""
        return next(step.at_ms for step in self.steps[since:] if any(isinstance(one, kind) for one in step.commands))

    def lines(self, since: int = 0) -> list[str]:
        return [one.line for one in self.commands(Log, since)]

    def logged(self, line: str, since: int = 0) -> list[Log]:
        return [one for one in self.commands(Log, since) if one.line == line]

    def saved(self, kind: str, since: int = 0) -> list[Save]:
        return [one for one in self.commands(Save, since) if one.kind == kind]

    def spoken(self, since: int = 0) -> str:
        """All sentences given to the voice."""
        return " ".join(one.text for one in self.commands(Speak, since))

    def history(self) -> list[tuple[str, str]]:
        assert self.call.dialog
        return [(said.who, said.text) for said in self.call.dialog.history]

    def voiced(self) -> list[Frame]:
        """The frames at the caller's ear that hold the agent's voice."""
        return [frame for frame in self.heard if frame.speech in self.sentences]

    def last_word_ms(self) -> int:
        """When the last voiced frame so far ends at the caller's ear."""
        return self.voiced()[-1].at_ms + 20

    def hung_up(self) -> bool:
        return bool(self.commands(HangUp))

    def press(self, digits: str, every_ms: int = 200) -> None:
        for digit in digits:
            self.give(Dtmf(digit))
            self.quiet(every_ms)

    def end(self, reason: str = "stop") -> list[Command]:
        return self.give(StreamEnded(reason))
