"""One call, from the first frame to the hang-up: events in, commands out.

Pure: no socket, no clock, no thread. `receive(event, now_ms)` returns what is to be done; `timer()` says when to come
back with a `Tick`. Speech is judged in media time (how much audio came), everything else in monotonic `now_ms`.

Read from top to bottom it is a call's life: `receive` → the caller is heard (`_on_audio`) → a turn ends (`_on_eou`) →
its text comes (`_on_turn_heard`) → the reply is spoken (`_pump`) → the caller listens, or speaks over it.
"""

from collections.abc import Callable

import numpy as np

from app.call.ear import Noticed
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
    Paced,
    Save,
    SpeechAudio,
    SpeechEnded,
    SpeechFailed,
    StreamEnded,
    SttEnded,
    SttFailed,
    SttHeard,
    Tick,
)
from app.call.guessing import STABLE_SILENCE_MS
from app.call.hearing import Hearing, TurnHeard
from app.call.interrupting import (
    VERDICT_MS,
)
from app.call.replying import Reply
from app.call.settings import CallSettings
from app.call.speaking import timings
from app.call.states import State, Trigger
from app.call.talk import Talk
from app.call.turntaking import TurnTaking
from app.dialog.dialog import Dialog
from app.dialog.plan import Plan
from app.media.codec import FRAME_MS, SAMPLE_RATE_HZ
from app.media.endpointing import EndOfUtterance
from app.media.vad import SpeechStarted
from app.media.wav import write_wav

__all__ = ["Call", "CallSettings"]

SPOKEN_MS = 600  # a turn voiced for this long held words, even if no recogniser found them
SAMPLE_MS = 3000
GREETING_WAIT_MS = 2000  # words the agent owes are not held back for longer than this by a sound on the line
LAST_WORDS_MS = 60_000
PATIENCE_MS = 15_000


class Call(TurnTaking):
    """The state machine of one call (R6.5, R7, R9.3)."""

    def __init__(self, settings: CallSettings) -> None:
        super().__init__(settings)
        self._has_voice = False
        self._ends_at_ms: int | None = None
        self._over_at_ms = 0
        self._warned = False
        self._own_wait_ms = 0
        self._wants_sample = settings.keeps_sample

    # -- in and out ---------------------------------------------------------------------------------------------

    def receive(self, event: Event, now_ms: int, waited_ms: int = 0) -> list[Command]:
        """Take one event and return what is to be done.

        `waited_ms` is how long the event waited for those before it: time of ours, not of the engine that sent it.
        """
        if self.state is State.ENDED:
            return []
        commands = self._handle(event, now_ms, waited_ms)
        return [*commands, *self._pump(now_ms)]

    def timer(self) -> int | None:
        """Return when to call `receive(Tick(), ...)` next, if ever."""
        if self.state is State.ENDED:
            return None
        due = [self._no_input_at_ms, self._ends_at_ms]
        if self._turn and self._awaits_text:
            due.append(self._turn.timer())
        if self._reply:
            due.append(self._reply.timer())
        if self.state is State.SPEAKING or self._holding.is_playing:
            due.append(self._speaking.timer())
        due += [self._hold_due_ms, self._line.timer(is_speech=self._ear.is_speech)]
        if self._interruption:
            due.append(self._interruption.verdict_at_ms)
        if self._doubt:
            due.append(self._doubt.part.timer())
        return min((at for at in due if at is not None), default=None)

    @property
    def _awaits_text(self) -> bool:
        """Whether the turn's text is what comes next; not while the caller may be going on."""
        is_open = self._reply is None or self._interruption is not None
        return self.state is State.PROCESSING and is_open and not self._ear.is_speech

    @property
    def dialog(self) -> Dialog | None:
        """The conversation so far, for the store."""
        return self._talk.dialog if self._talk else None

    def _handle(self, event: Event, now_ms: int, waited_ms: int) -> list[Command]:
        match event:
            case CallerAudio():
                return self._on_audio(event.ulaw, now_ms)
            case MarkEchoed():
                return self._speaking.mark_echoed(event.name, now_ms)
            case SttHeard() | SttEnded() | SttFailed():
                self._own_wait_ms += waited_ms
                return self._on_transcript(event, now_ms)
            case LlmText() | LlmEnded() | LlmFailed() | SpeechAudio() | SpeechEnded() | SpeechFailed():
                return self._on_reply_event(event, now_ms, waited_ms)
            case Extracted():
                return self._talk.extracted(event) if self._talk else []
            case CallStarted():
                return self._on_started(event, now_ms)
            case Dtmf():
                return self._on_dtmf(event.digit, now_ms)
            case StreamEnded():
                return self._on_ended(event.reason, now_ms)
            case Paced():
                self._speaking.early_ms = event.early_ms
            case Tick():
                return self._on_tick(now_ms)
        return []

    def _on_reply_event(
        self,
        event: LlmText | LlmEnded | LlmFailed | SpeechAudio | SpeechEnded | SpeechFailed,
        now_ms: int,
        waited_ms: int,
    ) -> list[Command]:
        for reply in self._live_replies:
            if reply.awaits(event):
                self._own_wait_ms += waited_ms if reply.first_audio_ms is None else 0
                return reply.receive(event, now_ms)
        return []

    @property
    def _live_replies(self) -> list[Reply]:
        """The reply that counts, the phrase before it, and the one that may come to."""
        replies = [self._reply, self._holding.reply, self._talk.guessed_reply if self._talk else None]
        return [reply for reply in replies if reply is not None]

    # -- the call begins and ends -------------------------------------------------------------------------------

    def _on_started(self, event: CallStarted, now_ms: int) -> list[Command]:
        self._talk = Talk(self._settings.dialog, self._settings.replying, event)
        self._line.begin(now_ms)
        self._ends_at_ms = now_ms + self._settings.max_call_ms - LAST_WORDS_MS
        self._over_at_ms = now_ms + self._settings.max_call_ms + 2 * PATIENCE_MS
        started = Save("started", {"caller": event.caller, "callee": event.callee, "stream_sid": event.stream_sid})
        self._reply, greeting = self._talk.say(self._talk.dialog.greet(), self._turn_number, now_ms)
        return [started, *self._go(Trigger.ANSWERED), *greeting]

    @property
    def _unanswered_words(self) -> str:
        """What the caller has said of a turn that the agent did not answer, as far as it is known."""
        if self._turn is None or (self._reply and not self._interruption):
            return ""
        words = self._turn.interim
        return words if not self._interruption or self._takes_floor(words) else ""

    def _on_ended(self, reason: str, now_ms: int) -> list[Command]:
        last_words = self._unanswered_words
        commands = [
            *self._holding.stop(self._speaking, now_ms),
            *self._drop_part(),
            *self._drop_guess(),
            *self._drop_doubt(),
        ]
        commands += self._turn.cancel() if self._turn else []
        if self._interruption:
            commands += self._grant_floor()
        elif self._reply:
            heard_ms = self._speaking.heard_ms(self._reply, now_ms) if self.state is State.SPEAKING else 0
            commands += [*self._heard_until(self._reply, heard_ms), *self._reply.cancel()]
        if self._talk and self._turn and last_words:
            commands += self._talk.overhear(last_words, self._turn.number)
        outcome = self._talk.dialog.hung_up() if self._talk else ""
        commands.append(Save("ended", {"reason": reason, "outcome": outcome}))
        return [*commands, *self._go(Trigger.ENDED, {"reason": reason})]

    def _on_tick(self, now_ms: int) -> list[Command]:
        commands = self._on_no_audio(now_ms)
        if self._interruption and now_ms >= self._interruption.verdict_at_ms:
            self._interruption.verdict_at_ms = now_ms + VERDICT_MS
            commands += self._judge(self._interruption, self._part, now_ms) if self._part else []
        if self._ends_at_ms is not None and now_ms >= self._ends_at_ms:
            commands += self._on_max_call(now_ms)
        elif self._no_input_at_ms is not None and now_ms >= self._no_input_at_ms:
            commands += self._prompt(Dialog.no_input, now_ms)
        return commands

    def _on_max_call(self, now_ms: int) -> list[Command]:
        if now_ms >= self._over_at_ms:
            return [Log("MAX_CALL", level="warning"), HangUp(), *self._on_ended("max_call", now_ms)]
        if self.state is not State.LISTENING or self._part:
            self._ends_at_ms = now_ms + 500  # never into somebody's words
            return []
        if self._warned:
            self._ends_at_ms = now_ms + PATIENCE_MS
            return self._prompt(Dialog.max_length_reached, now_ms)
        self._warned = True
        self._ends_at_ms = max(now_ms, self._over_at_ms - 2 * PATIENCE_MS)
        return self._prompt(Dialog.max_length_warning, now_ms)

    # -- the caller is heard ------------------------------------------------------------------------------------

    def _on_audio(self, ulaw: bytes, now_ms: int) -> list[Command]:
        commands: list[Command] = []
        left_ms = len(ulaw) * 1000 // SAMPLE_RATE_HZ
        self._line.came(left_ms, now_ms)
        for noticed in self._ear.receive(ulaw, lambda ago_ms: self._speaking.playing(now_ms - ago_ms)):
            left_ms -= FRAME_MS
            self._late_ms = self._line.late_ms(max(left_ms, 0))
            commands += self._on_frame(noticed, now_ms)
        self._late_ms = 0
        return commands

    def _on_no_audio(self, now_ms: int) -> list[Command]:
        """A line without frames is silent (R6.3): so much of it is due by now."""
        commands: list[Command] = []
        for noticed in self._ear.receive_nothing(self._line.missing_frames(now_ms, is_speech=self._ear.is_speech)):
            commands += self._on_frame(noticed, now_ms)
        return commands

    def _on_frame(self, noticed: Noticed, now_ms: int) -> list[Command]:
        commands: list[Command] = []
        ear, frame = self._ear, noticed.frame
        if isinstance(noticed.change, SpeechStarted):
            commands += self._on_speech_started()
        if self._part is None:
            self._preroll.append(frame.pcm)
        else:
            commands += self._part.audio(frame.pcm)
        if noticed.eou:
            commands += self._on_eou(noticed.eou, now_ms)
        if self.state is State.SPEAKING:
            if ear.is_interrupting(frame):
                commands += self._on_barge_in(now_ms)
        elif self.state is State.PROCESSING:
            if ear.is_speech and ear.since_onset_ms >= self._settings.barge_in.voice_ms:
                commands += self._on_went_on(now_ms)
        elif self._interruption:
            commands += self._weigh(self._interruption, now_ms)
        return commands

    def _on_speech_started(self) -> list[Command]:
        self._no_input_at_ms = None
        dropped = self._drop_guess()
        if self._part is not None:
            self._part.go_on()
            return dropped
        self._ear.count_anew()
        commands = [*dropped, *self._collect()]
        if self.state is State.LISTENING and self._part:
            self._adopt(self._part)
        return commands

    def _on_eou(self, eou: EndOfUtterance, now_ms: int) -> list[Command]:
        if self._part is None:
            return []
        if eou.forced:
            log = Log("EOU", {"len": eou.utterance_ms, "silence_ms": 0, "forced": True})
            return [log, *self._part.cut(self._ear.media_ms - eou.at_ms)]
        if self.state is not State.LISTENING or self._turn is None:
            return self._drop_part()
        part, self._part = self._part, None
        if self._doubt and not self._interruption:
            self._turn.precede(self._doubt.part)
            self._doubt = None
        self._rejoin(part, now_ms)
        self._turn.ended_at_ms, self._turn.silence_ms = now_ms, eou.silence_ms
        self._own_wait_ms = 0
        return [
            *part.end(now_ms),
            *self._sample(part),
            *self._go(Trigger.EOU, {"silence_ms": eou.silence_ms, "len": eou.utterance_ms}),
        ]

    def _sample(self, part: Hearing) -> list[Command]:
        if not self._wants_sample:
            return []
        self._wants_sample = False
        return [KeepSample(write_wav(np.frombuffer(part.samples(SAMPLE_MS), np.int16), SAMPLE_RATE_HZ))]

    def _on_transcript(self, event: SttHeard | SttEnded | SttFailed, now_ms: int) -> list[Command]:
        commands = self._turn.receive(event, now_ms) if self._turn else []
        if self._doubt:
            commands += self._doubt.part.receive(event, now_ms)
        if self._part is not None:
            if self._turn is None or not self._turn.holds(self._part):
                commands += self._part.receive(event, now_ms)
            if isinstance(event, SttHeard) and self._talk:
                self._ear.told(self._talk.dialog.interim_sounds(self._part.interim))
        if self._interruption and self._part and self._takes_floor(self._part.interim):
            commands += self._grant_floor()
        return commands

    # -- a turn is understood and answered ----------------------------------------------------------------------

    def _on_turn_heard(self, heard: TurnHeard, now_ms: int) -> list[Command]:
        assert self._talk and self._turn
        fields = {"text": heard.text, "asr_ms": heard.asr_ms, "source": heard.source, "audio_ms": heard.audio_ms}
        commands: list[Command] = [Log("ASR_TEXT", {**fields, "turn": self._turn.number})]
        if self._interruption:
            if not self._takes_floor(heard.text):
                return [*commands, *self._resume(now_ms)]
            commands += self._grant_floor()
        if not heard.text and self._ear.voiced_ms < SPOKEN_MS:
            return [*commands, *self._drop_guess(), *self._listen(Trigger.NOTHING_SAID, now_ms)]
        self._reply, answer = self._talk.answer(heard, self._turn.number, now_ms)
        return [*commands, *answer]

    def _guess_ahead(self, now_ms: int) -> list[Command]:
        """Prepare the reply to what the interim says, once the caller pauses and the interim stands."""
        if not self._settings.guesses or self._turn is None or self._talk is None:
            return []
        if self._ear.is_speech or self._ear.silence_ms < STABLE_SILENCE_MS or self._interruption or self._reply:
            return []
        return self._talk.guess_ahead(self._turn.interim, self._turn.number, now_ms)

    def _prompt(self, speak: Callable[[Dialog], Plan], now_ms: int) -> list[Command]:
        """Speak unasked, from LISTENING."""
        assert self._talk
        self._no_input_at_ms = self._turn = self._answered = None
        self._reply, commands = self._talk.prompt(speak, self._turn_number, now_ms)
        return [*self._go(Trigger.PROMPTED), *commands]

    def _on_dtmf(self, digit: str, now_ms: int) -> list[Command]:
        plan = self._talk.dialog.dtmf(digit) if self._talk else None
        commands: list[Command] = [Log("DTMF")]
        if self._talk is None or plan is None:
            if self._no_input_at_ms is not None and self._talk and self._talk.plan:
                self._no_input_at_ms = now_ms + self._talk.plan.no_input_ms  # slow fingers are not silence
            return commands
        if self._interruption:
            commands += self._grant_floor()
        if self._reply and self.state is State.SPEAKING:
            heard_ms = self._speaking.heard_ms(self._reply, now_ms)
            commands += [
                *self._speaking.silence(now_ms),
                *self._heard_until(self._reply, heard_ms),
                *self._go(Trigger.BARGE_IN),
            ]
        commands += [*self._drop_part(), *self._drop_guess(), *(self._reply.cancel() if self._reply else [])]
        commands += self._turn.cancel() if self._turn else []
        self._no_input_at_ms = self._turn = None
        commands += self._stop_holding(now_ms)
        if self.state is not State.PROCESSING:
            commands += self._go(Trigger.PROMPTED)
        self._reply, said = self._talk.say(plan, self._turn_number, now_ms)
        return [*commands, *said]

    # -- the agent speaks ---------------------------------------------------------------------------------------

    def _pump(self, now_ms: int) -> list[Command]:
        """Move everything along that time or the last event made possible."""
        commands: list[Command] = []
        if self._talk is None or self.state is State.ENDED:
            return commands
        if self._doubt and not self._interruption and self.state in (State.LISTENING, State.SPEAKING):
            commands += self._hear_doubt(self._doubt, now_ms)
        if self._turn and self._awaits_text:
            heard, more = self._turn.result(now_ms)
            if heard is not None:
                more += self._on_turn_heard(heard, now_ms)
            commands += more
        if self.state in (State.LISTENING, State.PROCESSING):
            commands += self._guess_ahead(now_ms)
        if self.state is State.PROCESSING:
            commands += self._hold_the_line(now_ms)
        if self._reply is None:
            return commands
        commands += self._reply.late(now_ms)
        if self._interruption:
            return commands
        if self.state is State.PROCESSING and (not self._ear.is_speech or self._ear.since_onset_ms > GREETING_WAIT_MS):
            commands += self._start_speaking(now_ms)
        if self.state is State.SPEAKING:
            commands += self._play(now_ms)
        return commands

    @property
    def _hold_due_ms(self) -> int | None:
        """When the caller is to be asked for a moment, should there be no answer by then."""
        if self.state is not State.PROCESSING or self._turn is None or self._interruption or self._ear.is_speech:
            return None
        has_words = self._reply or self._turn.interim or self._ear.voiced_ms >= SPOKEN_MS
        return self._holding.due_ms(self._turn, self._reply) if has_words else None

    def _hold_the_line(self, now_ms: int) -> list[Command]:
        commands: list[Command] = []
        due_ms = self._hold_due_ms
        if self._talk and self._turn and due_ms is not None and now_ms >= due_ms:
            commands += self._holding.begin(self._talk, self._turn, now_ms)
        return [*commands, *self._holding.move(self._speaking, self._reply, now_ms)]

    def _start_speaking(self, now_ms: int) -> list[Command]:
        reply = self._reply
        assert reply
        if not reply.has_audio:
            return self._on_said(reply, Trigger.NOTHING_SAID, now_ms) if reply.is_whole else []
        if self._holding.is_in_the_way(self._speaking) or not reply.may_start(now_ms):
            return []
        phrase = self._holding.end()
        self._has_voice = True
        self._play_from_here(reply, now_ms)
        start = Log("TTS_START", {"reply": reply.number, "first_audio_ms": now_ms - reply.asked_at_ms})
        spent = timings(self._turn, reply, now_ms, self._own_wait_ms) if self._turn else []
        return [*phrase, start, *self._go(Trigger.REPLY_READY), *spent]

    def _play(self, now_ms: int) -> list[Command]:
        reply = self._reply
        assert reply
        commands = self._speaking.move(reply, now_ms)
        if self._speaking.is_over(now_ms):
            commands += self._on_said(reply, Trigger.PLAYED, now_ms)
        return commands

    def _on_said(self, reply: Reply, trigger: Trigger, now_ms: int) -> list[Command]:
        """The reply is over: heard to its end, or no voice could be had for it."""
        assert self._talk and self._talk.plan
        if trigger is Trigger.NOTHING_SAID and not self._has_voice:
            return self._on_no_voice()
        plan = self._talk.plan
        commands = [*self._heard_until(reply, reply.voice_ms), *self._listen(trigger, now_ms)]
        if plan.ends_call or plan.transfer:
            return [*commands, HangUp(transfer=plan.transfer), *self._on_ended("agent_done", now_ms)]
        return commands

    def _on_no_voice(self) -> list[Command]:
        """Not one word was voiced so far: rather than keep silent, have Twilio's voice ask for a message (R2.7)."""
        commands = [*self._drop_part(), *self._drop_guess(), *(self._turn.cancel() if self._turn else [])]
        self._reply = self._turn = None
        commands += [Log("VOICE_LOST", level="warning"), HangUp(message=True)]
        return [*commands, *self._go(Trigger.ENDED, {"reason": "voice_lost"})]

    # -- the caller speaks over the agent -----------------------------------------------------------------------
