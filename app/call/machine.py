"""One call, from the first frame to the hang-up: events in, commands out.

Pure: no socket, no clock, no thread. `receive(event, now_ms)` returns what is to be done; `timer()` says when to come
back with a `Tick`. Speech is judged in media time (how much audio came), everything else in monotonic `now_ms`.
Read from top to bottom it is a call's life: it is answered → the caller is heard (`_on_frame`) → a turn ends
(`_on_eou`) → its text comes (`turn_end`) → the reply is spoken (`_pump`) → the caller listens, or speaks over it
(`floor`). What it waits for in which state stands in `states`.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from app.call import breaking_off
from app.call.answering.conversation import Conversation
from app.call.answering.replying import Reply
from app.call.delivering import Delivery
from app.call.events import (
    CallerAudio,
    CallStarted,
    Command,
    Dtmf,
    Event,
    Extracted,
    HangUp,
    KeepSample,
    LlmEnded,
    LlmFailed,
    LlmText,
    Log,
    MarkEchoed,
    Save,
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
from app.call.floor import Floor
from app.call.hearing.ear import Noticed
from app.call.hearing.recognition import Recognition
from app.call.hearing.together import Caller
from app.call.late_words import LateWords
from app.call.longest_call import LongestCall, Step
from app.call.prompting import Prompting
from app.call.settings import CallSettings
from app.call.states import TIMERS, State, Timer, Trigger
from app.call.turn_end import TurnEnd
from app.dialog.dialog import Dialog
from app.media.codec import SAMPLE_RATE_HZ
from app.media.endpointing import EndOfUtterance
from app.media.vad import SpeechStarted, SpeechStopped
from app.media.wav import write_wav

__all__ = ["Call", "CallSettings"]

SAMPLE_MS = 3000


class Call:
    """The state machine of one call (R6.5, R7, R9.3)."""

    def __init__(self, settings: CallSettings) -> None:
        self._settings = settings
        self._floor = Floor(settings)
        self._ear = self._floor.caller.ear
        self._delivery, self._late_words = Delivery(self._floor), LateWords(self._floor)
        self._turn_end = TurnEnd(self._floor, guesses=settings.guesses)
        self._prompting = Prompting(self._floor)
        self._longest: LongestCall | None = None
        self._wants_sample = settings.keeps_sample
        self._due: Mapping[State, Sequence[Callable[[], int | None]]] = {}

    # -- in and out ---------------------------------------------------------------------------------------------

    def receive(self, event: Event, now_ms: int, waited_ms: int = 0) -> list[Command]:
        """Take one event and return what is to be done.

        `waited_ms` is how long the event waited for those before it: time of ours, not of the engine that sent it.
        """
        state = self._floor.state
        if state is State.ENDED:
            return []
        if state is State.CONNECTING:
            return self._before_the_call(event, now_ms)
        self._floor.agent.sends_until_ms = event.sends_until_ms if isinstance(event, Tick) else 0
        commands = self._handle(event, now_ms, waited_ms)
        return [*commands, *self._pump(now_ms)]

    def ahead(self, audio: CallerAudio, now_ms: int) -> Caller | None:
        """Return how audio that is received next may be heard with other calls' (`hearing/together`)."""
        if self.state in (State.CONNECTING, State.ENDED):
            return None
        return Caller(self._ear, audio.ulaw, self._floor.agent.playing(audio.came_by(now_ms)))

    def timer(self) -> int | None:
        """Return when to call `receive(Tick(), ...)` next, if ever."""
        due = [due_ms() for due_ms in self._due.get(self.state, ())]
        return min((at for at in due if at is not None), default=None)

    def is_due(self, by_ms: int) -> bool:
        """Whether `timer` names a time up to then."""
        for due_ms in self._due.get(self._floor.state, ()):
            at = due_ms()
            if at is not None and at <= by_ms:
                return True
        return False

    def misses_audio(self, by_ms: int) -> bool:
        """Whether silence is to be filled in by then, should no audio have come."""
        return (self._floor.caller.timer() or by_ms + 1) <= by_ms

    @property
    def is_deciding(self) -> bool:
        """Whether the caller's next frames may stop the agent, or end a turn, or are overdue."""
        caller, ear = self._floor.caller, self._ear
        if caller.line.is_overdue:
            return True
        if self._floor.state is State.SPEAKING:
            return ear.is_speech or ear.is_counting
        return caller.stretch is not None and not ear.is_speech

    @property
    def state(self) -> State:
        """Who is at it."""
        return self._floor.state

    @property
    def saying(self) -> tuple[int, int, str] | None:
        """The turn, the reply's number and what the agent is saying, as far as it is known; None while silent."""
        reply = self._floor.reply if self.state is State.SPEAKING else None
        return (reply.turn, reply.number, reply.text) if reply else None

    @property
    def words_so_far(self) -> tuple[int, str]:
        """The number of the turn under way, and what is heard of it by now."""
        return self._floor.turn_number, self._floor.turn.interim if self._floor.turn else ""

    @property
    def dialog(self) -> Dialog | None:
        """The conversation so far, for the store."""
        return self._conversation.dialog if self._longest else None

    @property
    def _conversation(self) -> Conversation:
        return self._floor.conversation

    def _before_the_call(self, event: Event, now_ms: int) -> list[Command]:
        match event:
            case CallStarted():
                return [*self._on_started(event, now_ms), *self._pump(now_ms)]
            case StreamEnded():
                ended = Save("ended", {"reason": event.reason, "outcome": ""})
                return [ended, *self._floor.go(Trigger.ENDED, {"reason": event.reason})]
        return []

    def _handle(self, event: Event, now_ms: int, waited_ms: int) -> list[Command]:
        match event:  # the two that come fifty times a second first
            case CallerAudio():
                return self._on_audio(event, now_ms)
            case Tick():
                return self._on_tick(now_ms)
            case MarkEchoed():
                return self._floor.agent.mark_echoed(event.name, now_ms)
            case SttHeard() | SttEnded() | SttFailed():
                self._delivery.own_wait_ms += waited_ms
                return self._floor.receive(event, now_ms)
            case LlmText() | LlmEnded() | LlmFailed() | SpeechAudio() | SpeechEnded() | SpeechFailed():
                return self._delivery.receive(event, now_ms, waited_ms)
            case Extracted():
                return self._conversation.extracted(event)
            case Dtmf():
                return self._on_dtmf(event.digit, now_ms)
            case StreamEnded():
                return self._on_ended(event.reason, now_ms)
            case StreamMoved():
                return self._on_moved(event, now_ms)
        return []

    # -- the call begins and ends -------------------------------------------------------------------------------

    def _on_started(self, event: CallStarted, now_ms: int) -> list[Command]:
        conversation = Conversation(self._settings.dialog, self._settings.replying, event)
        self._longest = LongestCall(self._settings.max_call_ms, now_ms)
        self._due = self._due_times(self._longest)
        started = Save("started", {"caller": event.caller, "callee": event.callee, "stream_sid": event.stream_sid})
        dialog = conversation.dialog
        opening = dialog.greet() if event.past is None else dialog.resume()
        # A call with a past has a turn of its own for it: nothing stored is written over.
        turn = event.last_turn + 1 if event.past or event.last_turn else 0
        answered = self._floor.open(conversation, now_ms, turn)
        self._floor.reply, greeting = conversation.say(opening, turn, now_ms)
        return [started, *answered, *greeting]

    def _due_times(self, longest: LongestCall) -> Mapping[State, Sequence[Callable[[], int | None]]]:
        """Return by state when what is waited for is due; nothing in it knows this call, or it would hold itself."""
        floor = self._floor
        due: Mapping[Timer, Callable[[], int | None]] = {
            Timer.AUDIO: floor.caller.timer,
            Timer.PROGRESS: self._prompting.due_ms,
            Timer.TEXT: lambda: floor.turn.timer() if floor.turn and floor.awaits_text else None,
            Timer.REPLY: lambda: floor.reply.timer() if floor.reply else None,
            Timer.PATIENCE: floor.answer_due_ms,
            Timer.HOLDING: self._delivery.hold_due_ms,
            Timer.PLAYOUT: self._delivery.playout_due_ms,
            Timer.VERDICT: lambda: floor.interruption.verdict_at_ms if floor.interruption else None,
            Timer.DOUBT: self._late_words.due_ms,
            Timer.LAST_MINUTE: lambda: longest.due_ms,
        }
        return {state: [due[timer] for timer in timers] for state, timers in TIMERS.items()}

    def _on_moved(self, event: StreamMoved, now_ms: int) -> list[Command]:
        """What was being said goes on where it was; a caller who had the floor and said nothing is asked again."""
        floor = self._floor
        commands = breaking_off.by_another_line(floor, now_ms)
        is_asked = self.state is State.LISTENING and not floor.interruption
        if event.was_lost and is_asked and not floor.turn and floor.caller.stretch is None:
            return [*commands, *self._prompting.say(Dialog.resume, now_ms)]
        return commands

    def _on_ended(self, reason: str, now_ms: int) -> list[Command]:
        commands = breaking_off.by_the_end(self._floor, now_ms)
        commands.append(Save("ended", {"reason": reason, "outcome": self._conversation.dialog.hung_up()}))
        return [*commands, *self._floor.go(Trigger.ENDED, {"reason": reason})]

    def _on_last_minute(self, longest: LongestCall, now_ms: int) -> list[Command]:
        is_free = self.state is State.LISTENING and self._floor.interruption is None
        match longest.step(now_ms, is_free=is_free, is_silent=self._floor.caller.stretch is None):
            case Step.WARN:
                return self._prompting.say(Dialog.max_length_warning, now_ms)
            case Step.SAY_GOODBYE:
                return self._prompting.say(Dialog.max_length_reached, now_ms)
            case Step.HANG_UP:
                return [Log("MAX_CALL", level="warning"), HangUp(), *self._on_ended("max_call", now_ms)]
        return []

    # -- the caller is heard ------------------------------------------------------------------------------------

    def _on_audio(self, audio: CallerAudio, now_ms: int) -> list[Command]:
        frames = self._floor.caller.receive(audio.ulaw, self._floor.agent.playing(audio.came_by(now_ms)), now_ms)
        return [command for noticed in frames for command in self._on_frame(noticed, now_ms)]

    def _on_frame(self, noticed: Noticed, now_ms: int) -> list[Command]:
        floor, ear = self._floor, self._ear
        frame, change, eou = noticed
        commands = self._on_speech_started(now_ms) if isinstance(change, SpeechStarted) else []
        commands += floor.caller.keep(frame.pcm)
        if isinstance(change, SpeechStopped) and floor.caller.stretch:
            commands += floor.caller.stretch.pause()
        if eou:
            commands += self._on_eou(eou, now_ms)
        if floor.insists:
            floor.notice_pause()
        state = floor.state
        if state is State.SPEAKING:
            if ear.is_interrupting(frame):
                commands += floor.barge_in(now_ms)
        elif state is State.PROCESSING:
            if ear.is_speech and ear.since_onset_ms >= self._settings.barge_in.voice_ms:
                commands += floor.goes_on(now_ms)
        elif floor.interruption:
            commands += floor.weigh(floor.interruption, now_ms)
        elif floor.yielded:
            commands += floor.ask_for_words()
        return commands

    def _on_speech_started(self, now_ms: int) -> list[Command]:
        dropped = self._conversation.drop_guess()
        if self._floor.caller.stretch is not None:
            return [*dropped, *self._floor.caller.stretch.go_on()]
        self._ear.count_anew()
        commands = [*dropped, *self._floor.collect(now_ms)]
        if self.state is State.LISTENING and self._floor.caller.stretch:
            self._floor.adopt(self._floor.caller.stretch)
        return commands

    def _on_eou(self, eou: EndOfUtterance, now_ms: int) -> list[Command]:
        if self._floor.caller.stretch is None:
            return []
        if eou.forced:
            log = Log("EOU", {"len": eou.utterance_ms, "silence_ms": 0, "forced": True})
            return [log, *self._floor.caller.stretch.cut(self._ear.media_ms - eou.at_ms)]
        fields = {"silence_ms": eou.silence_ms, "len": eou.utterance_ms}
        ended = self._end_turn(Trigger.EOU, fields, now_ms, in_doubt=eou.in_doubt)
        return ended or self._floor.caller.drop()

    def _end_turn(
        self, trigger: Trigger, fields: dict[str, int], now_ms: int, *, in_doubt: bool = False
    ) -> list[Command]:
        """The turn is over: its text is wanted now. Nothing happens when the floor is not the caller's."""
        stretch = self._floor.end_stretch(fields["silence_ms"], now_ms, in_doubt=in_doubt)
        if stretch is None:
            return []
        self._delivery.own_wait_ms = 0
        return [*stretch.end(now_ms, fields["silence_ms"]), *self._sample(stretch), *self._floor.go(trigger, fields)]

    def _sample(self, stretch: Recognition) -> list[Command]:
        if not self._wants_sample:
            return []
        self._wants_sample = False
        return [KeepSample(write_wav(np.frombuffer(stretch.samples(SAMPLE_MS), np.int16), SAMPLE_RATE_HZ))]

    def _on_dtmf(self, digit: str, now_ms: int) -> list[Command]:
        plan = self._conversation.dialog.dtmf(digit)
        if plan is None:
            if self.state is State.LISTENING:
                self._floor.await_caller(now_ms)  # slow fingers are not silence
            return [Log("DTMF")]
        commands = breaking_off.by_keys(self._floor, now_ms)
        self._floor.reply, said = self._conversation.say(plan, self._floor.turn_number, now_ms)
        return [Log("DTMF"), *commands, *said]

    # -- nothing happens, or nothing that is understood -----------------------------------------------------------

    def _on_tick(self, now_ms: int) -> list[Command]:
        floor, commands = self._floor, list[Command]()
        if self.misses_audio(now_ms):
            silent = floor.caller.receive_nothing(floor.agent.playing(now_ms), now_ms)
            commands += [command for noticed in silent for command in self._on_frame(noticed, now_ms)]
        if floor.interruption:
            commands += floor.verdict(now_ms)
        commands += self._on_last_minute(self._longest, now_ms) if self._longest else []
        progress_due_ms = self._prompting.due_ms()
        if progress_due_ms is not None and now_ms >= progress_due_ms:
            commands += self._on_no_progress(now_ms)
        return commands

    def _on_no_progress(self, now_ms: int) -> list[Command]:
        """Nothing was understood for too long: answer what words there are, or speak unasked."""
        prompted = self._prompting.on_no_progress(now_ms)
        if prompted is not None:
            return prompted
        commands = self._end_turn(Trigger.TOO_LONG, {"silence_ms": 0, "len": self._ear.speech_ms}, now_ms)
        return [*commands, *(self._floor.collect(now_ms) if self._ear.is_speech else [])]

    # -- the agent speaks ---------------------------------------------------------------------------------------

    def _pump(self, now_ms: int) -> list[Command]:
        """Move everything along that time or the last event made possible."""
        floor = self._floor
        if floor.state is State.ENDED:
            return []
        # Fifty times a second there is nothing of these: what asks each of them takes longer than to see that.
        commands = self._late_words.hear(now_ms) if floor.doubt else []
        if floor.yielded:
            commands += floor.retake_from_nobody(now_ms)
        if floor.turn:
            commands += self._turn_end.hear(now_ms)
            if floor.state in (State.LISTENING, State.PROCESSING):
                commands += self._turn_end.guess_ahead(now_ms)
        if floor.state is State.PROCESSING:
            commands += self._delivery.hold_the_line(self._conversation, now_ms)
        if floor.reply is None:
            return commands
        commands += floor.reply.late(now_ms)
        if floor.interruption:
            return commands
        reply = floor.reply
        delivered, over = self._delivery.move(reply, now_ms)
        return [*commands, *delivered, *(self._on_said(reply, over, now_ms) if over else [])]

    def _on_said(self, reply: Reply, trigger: Trigger, now_ms: int) -> list[Command]:
        """The reply is over: heard to its end, or no voice could be had for it."""
        plan = self._conversation.plan
        assert plan
        if trigger is Trigger.NOTHING_SAID and not self._delivery.has_spoken:
            return breaking_off.for_a_message(self._floor, "VOICE_LOST", now_ms)
        commands = [*self._conversation.said(reply, reply.voice_ms), *self._floor.listen(trigger, now_ms)]
        if plan.ends_call or plan.transfer:
            return [*commands, HangUp(transfer=plan.transfer), *self._on_ended("agent_done", now_ms)]
        return commands
