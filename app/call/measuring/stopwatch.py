"""Where the time of each turn went: from the end of the caller's voice to the first sample of the answer. Pure.

One clock: every time is ms since the stream's start. Each step begins where the one before it ended, so the steps add
up to the silence that the caller heard; a step that was done early (a guess, a cached voice) took no time.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.call.events import (
    AskLlm,
    CallStarted,
    CancelLlm,
    Command,
    Event,
    LlmFailed,
    LlmText,
    Log,
    MarkEchoed,
    Save,
    SendClear,
    SendMark,
    SendMedia,
    Speak,
    SpeechAudio,
    SttEnded,
    SttFailed,
    SttHeard,
)
from app.call.measuring.marks import PlayingClock

LONGEST_MS = 60_000
SHARP_BELOW_MS, DICTATING_ABOVE_MS = 350, 500
_MOMENTS = {"HOLDING": "holding", "STT_FALLBACK": "stt_late", "LLM_LATE": "llm_late", "TTS_LATE": "tts_late"}
_STEPS = ("endpointing", "asr", "llm", "sentence", "tts", "own", "held", "send", "path")
_NOT_TOLD = ("ready", "begun")


@dataclass(slots=True)
class _Heard:
    """What is known of an utterance before its turn has a number."""

    times: dict[str, int] = field(default_factory=dict)
    eou_kind: str | None = None
    guesses: int = 0
    guess_used: bool | None = None
    moments: dict[str, int] = field(default_factory=dict)
    own_wait_ms: int = 0


@dataclass(slots=True)
class _Said:
    """One reply of the agent's on its way."""

    times: dict[str, int] = field(default_factory=dict)
    line_source: str = "rules"
    tts_source: str | None = None
    first_speech: int | None = None
    plays_ms: int | None = None


@dataclass(slots=True)
class _Turn:
    heard: _Heard
    stt_source: str
    withdrawn: int = 0
    is_timed: bool = False


class Stopwatch:
    """Watches one call; `is_cached` tells of a sentence whether its voice is ready."""

    def __init__(self, is_cached: Callable[[str], bool]) -> None:
        self._is_cached = is_cached
        self._clock0_ms = 0
        self._playing = PlayingClock()
        self._heard = _Heard()
        self._turns: dict[int, _Turn] = {}
        self._turn = 0
        self._replies: dict[int, _Said] = {}
        self._speaking: int | None = None
        self._held: set[int] = set()
        self._is_late = False
        self._in_talk = False
        self._holes_told = 0

    def see(
        self, event: Event, commands: Iterable[Command], now_ms: int, waited_ms: int = 0
    ) -> dict[int, dict[str, Any]]:
        """Take one event and what it brought about; return, by turn, the fields of `records.Timing` now known."""
        if isinstance(event, CallStarted):
            self._clock0_ms = now_ms
        self._see_event(event, now_ms, waited_ms)
        timed: dict[int, dict[str, Any]] = {}
        for command in commands:
            match command:
                case SendMedia():
                    self.see_frames(1, now_ms)
                case Log():
                    self._see_log(command.line, command.fields, event, now_ms)
                    self._note_moment(command.line, now_ms)
                case AskLlm():
                    self._reply(command.reply).line_source = "llm"
                case Speak():
                    reply = self._reply(command.reply)
                    if reply.first_speech is None:
                        reply.first_speech = command.speech
                        reply.times["first_sentence"] = now_ms
                        reply.tts_source = "cache" if self._is_cached(command.text) else "engine"
                case CancelLlm() if self._is_late:
                    self._reply(command.reply).line_source, self._is_late = "late", False
                case SendMark():
                    self._playing.sent_mark(command.name, now_ms)
                case SendClear():
                    self._playing.cleared(now_ms)
                    self._in_talk = False
                case Save() if command.kind == "said":
                    timed |= self._see_said(command.data, now_ms)
        return timed

    def see_frames(self, count: int, now_ms: int) -> None:
        """Take so many frames that are sent now."""
        for _ in range(count):
            plays_ms = self._playing.sent_frame(now_ms, goes_on=self._in_talk)
            self._in_talk = True
            reply = None if self._speaking is None else self._reply(self._speaking)
            if reply is not None and "first_frame" not in reply.times:
                reply.times["first_frame"], reply.plays_ms = now_ms, plays_ms

    def since_start(self, at_ms: int) -> int:
        """Return a monotonic time on the call's own clock."""
        return at_ms - self._clock0_ms

    # -- what comes in --------------------------------------------------------------------------------------------

    def _see_event(self, event: Event, now_ms: int, waited_ms: int) -> None:
        match event:
            case SttHeard():
                self._heard.own_wait_ms += waited_ms
                if event.text and not event.is_final:
                    self._heard.times.setdefault("first_interim", now_ms)
            case SttEnded() | SttFailed():
                self._heard.own_wait_ms += waited_ms
            case LlmText():
                self._reply(event.reply).times.setdefault("llm_first_token", now_ms)
            case SpeechAudio():
                for reply in self._replies.values():
                    if reply.first_speech == event.speech:
                        reply.times.setdefault("tts_first_byte", now_ms)
            case MarkEchoed():
                self._playing.mark_came(event.name, now_ms)

    def _see_log(self, line: str, fields: Mapping[str, Any], event: Event, now_ms: int) -> None:
        match line:
            case "STATE→PROCESSING" if "silence_ms" in fields:
                self._utterance_ended(fields, now_ms)
            case "STATE→LISTENING" if fields.get("on") == "went_on" or "reply" in fields:
                self._went_on()
            case "EOU":
                self._heard.times.setdefault("speech_from", now_ms - fields["len"])
            case "SPECULATION":
                heard = self._guessed(now_ms)
                heard.guesses, heard.guess_used = fields["guesses"], fields["used"]
                heard.moments["guess_used" if fields["used"] else "guess_wrong"] = now_ms
            case "ASR_TEXT":
                self._text_came(fields, now_ms)
            case "LLM_LATE":
                self._is_late = not fields["sentences"]  # whose it is, the command to cancel says
            case "LLM_FAILED" if isinstance(event, LlmFailed):
                reply = self._reply(event.reply)
                reply.line_source = "llm" if reply.first_speech is not None else "late"
            case "HOLDING":
                self._held.add(fields["turn"])
            case "TTS_START":
                self._in_talk = False
                self._speaking = fields["reply"]
                times = self._reply(self._speaking).times
                times.setdefault("ready", now_ms - fields.get("held_ms", 0))
                times.setdefault("begun", now_ms)
            case "TTS_END":
                self._reply(fields["reply"]).times["agent_to"] = now_ms

    def _guessed(self, now_ms: int) -> _Heard:
        """Whose guess it was: the turn's whose text has just come, else the one that is being spoken."""
        turn = self._turns.get(self._turn)
        return turn.heard if turn is not None and turn.heard.times["text_at"] == now_ms else self._heard

    def _note_moment(self, line: str, now_ms: int) -> None:
        """Keep when something happened that is no step: to the recogniser before the turn has a number, else in it."""
        turn = self._turns.get(self._turn)
        if line == "STT_FALLBACK":
            self._heard.moments.setdefault(_MOMENTS[line], now_ms)
        elif line in _MOMENTS and turn is not None and not turn.is_timed:
            turn.heard.moments.setdefault(_MOMENTS[line], now_ms)

    def _reply(self, number: int) -> _Said:
        known = self._replies.get(number)
        if known is None:
            known = self._replies[number] = _Said()
        return known

    def _utterance_ended(self, fields: Mapping[str, Any], now_ms: int) -> None:
        silence_ms = fields["silence_ms"]
        times = self._heard.times
        times.setdefault("speech_from", now_ms - fields["len"])
        times["speech_to"], times["eou"] = now_ms - silence_ms, now_ms
        sharp, dictating = silence_ms < SHARP_BELOW_MS, silence_ms > DICTATING_ABOVE_MS
        self._heard.eou_kind = "sharp" if sharp else "dictating" if dictating else "adaptive"
        self._heard.own_wait_ms = 0

    def _text_came(self, fields: Mapping[str, Any], now_ms: int) -> None:
        heard, self._heard = self._heard, _Heard()
        heard.times["text_at"] = now_ms
        before = self._turns.get(fields["turn"])
        if before is not None and "speech_from" in before.heard.times:  # it went on: one turn from its first word
            heard.times["speech_from"] = before.heard.times["speech_from"]
        self._turn = fields["turn"]
        self._turns[self._turn] = _Turn(heard, fields["source"], before.withdrawn if before else 0)

    def _went_on(self) -> None:
        turn = self._turns.get(self._turn)
        if turn is not None and not turn.is_timed:
            turn.withdrawn += 1

    # -- what is known at the end of a reply ------------------------------------------------------------------------

    def _see_said(self, data: Mapping[str, Any], now_ms: int) -> dict[int, dict[str, Any]]:
        """A reply is over, heard or cut off: of each turn the first answer counts."""
        number, reply = data["turn"], self._replies.get(data["reply"])
        turn = self._turns.get(number)
        if reply is None or "begun" not in reply.times or (turn is not None and turn.is_timed):
            return {}
        if turn is not None:
            turn.is_timed = True
        reply.times.setdefault("agent_to", now_ms)
        if self._speaking == data["reply"]:
            self._speaking = None
        return {number: self._timing(turn, reply, data)}

    def _timing(self, turn: _Turn | None, reply: _Said, data: Mapping[str, Any]) -> dict[str, Any]:
        heard = turn.heard if turn else _Heard()
        lag_ms = self._playing.lag_ms
        first_heard = None if reply.plays_ms is None else reply.plays_ms + (lag_ms or 0)
        is_answer = turn is not None and data.get("heard_ms", 0) > 0
        steps, faults = _steps(heard.times, reply.times, first_heard) if is_answer else ({}, 0)
        holes, self._holes_told = self._playing.holes - self._holes_told, self._playing.holes
        came = {**heard.times, **reply.times}
        times = {name: self.since_start(at) for name, at in came.items() if name not in _NOT_TOLD}
        return {
            **times,
            "first_heard": None if first_heard is None else self.since_start(first_heard),
            "heard_by": None if first_heard is None else "clock" if lag_ms is None else "mark",
            "eou_kind": heard.eou_kind,
            "stt_source": turn.stt_source if turn else None,
            "line_source": reply.line_source,
            "tts_source": reply.tts_source,
            "answer_ms": sum(steps.values()) if len(steps) == len(_STEPS) else None,
            "segments": steps,
            "voice_ms": data.get("voice_ms"),
            "heard_ms": data.get("heard_ms"),
            "own_wait_ms": heard.own_wait_ms,
            "holding": data["turn"] in self._held,
            "guesses": heard.guesses,
            "guess_used": heard.guess_used,
            "moments": {name: self.since_start(at) for name, at in heard.moments.items()},
            "withdrawn": turn.withdrawn if turn else 0,
            "faults": faults,
            "holes": holes,
        }


def _steps(heard: Mapping[str, int], said: Mapping[str, int], first_heard: int | None) -> tuple[dict[str, int], int]:
    """Lay the steps end to end; return them, and how many were impossible and are left out."""
    text_at = heard.get("text_at")
    ends = (
        heard.get("eou"),
        text_at,
        said.get("llm_first_token", text_at),
        said.get("first_sentence"),
        said.get("tts_first_byte"),
        said.get("ready"),
        said.get("begun"),
        said.get("first_frame"),
        first_heard,
    )
    at, steps, faults = heard.get("speech_to"), {}, 0
    for name, end in zip(_STEPS, ends, strict=True):
        if at is None or end is None:
            continue
        took_ms = max(0, end - at)
        if took_ms > LONGEST_MS:
            faults += 1
            continue
        steps[name] = took_ms
        at = max(at, end)
    return steps, faults
