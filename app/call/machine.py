"""One call, from the first frame to the hang-up: events in, commands out.

Pure: no socket, no clock, no thread. `receive(event, now_ms)` returns what is to be done; `timer()` says when to come
back with a `Tick`. Speech is judged in media time (how much audio came), everything else in monotonic `now_ms`.

Read from top to bottom it is a call's life: `receive` → the caller is heard (`_on_audio`) → a turn ends (`_on_eou`) →
its text comes (`_on_turn_heard`) → the reply is spoken (`_pump`) → the caller listens, or barges in (`_on_barge_in`).
"""

import copy
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np

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
    SendClear,
    SendMark,
    SendMedia,
    SpeechAudio,
    SpeechEnded,
    SpeechFailed,
    StreamEnded,
    SttEnded,
    SttFailed,
    SttHeard,
    Tick,
)
from app.call.extracting import Extractions
from app.call.guessing import MOST_GUESSES, STABLE_SILENCE_MS, Guess, same_words
from app.call.hearing import Hearing, HearingSettings, TurnHeard
from app.call.replying import Reply, ReplySettings
from app.call.states import State, Trigger, after
from app.call.turn import Turn
from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.plan import Plan
from app.dialog.reply import ReplyGate
from app.dialog.stock import sentences
from app.media.bargein import BargeIn, BargeInSettings
from app.media.codec import FRAME_MS, SAMPLE_RATE_HZ
from app.media.confirmer import NeuralConfirmer
from app.media.endpointing import EndOfUtterance, Endpointer, EndpointSettings, Interim
from app.media.frontend import Frame, FrontEnd
from app.media.playout import FrameDue, Playout, PlayoutSettings
from app.media.vad import SpeechStarted, SpeechStopped, Vad, VadSettings
from app.media.wav import write_wav

PREROLL_FRAMES = 20  # 400 ms: the hysteresis and the soft first syllable before it
WITHDRAW_HEARD_MS = 400  # a reply heard for less than this was an answer to half a sentence
VERDICT_MS = 500  # words or sustained speech by then: the caller has the floor
SUSTAINED_SPEECH_MS = 700
SPOKEN_MS = 600  # a turn voiced for this long held words, even if no recogniser found them
SAMPLE_MS = 3000
GREETING_WAIT_MS = 2000  # words the agent owes are not held back for longer than this by a sound on the line
ALMOST_HEARD_MS = 200  # with no more than this left, the agent has said what it had to say
ANSWER_REST_MS = 1000  # so near its end even "כן" answers the agent's question
LAST_WORDS_MS = 60_000
PATIENCE_MS = 15_000


@dataclass(frozen=True, slots=True)
class CallSettings:
    """Everything a call is tuned by, machine by machine."""

    vad: VadSettings
    endpointing: EndpointSettings
    barge_in: BargeInSettings
    playout: PlayoutSettings
    hearing: HearingSettings
    replying: ReplySettings
    dialog: DialogSettings
    max_call_ms: int
    guesses: bool = False
    keeps_sample: bool = False


@dataclass(slots=True)
class _Interruption:
    """The caller spoke over a reply; whether it was speech is not decided yet."""

    reply: Reply
    heard_ms: int
    verdict_at_ms: int
    is_near_end: bool


class Call:
    """The state machine of one call (R6.5, R7, R9.3)."""

    def __init__(self, settings: CallSettings) -> None:
        self.state = State.CONNECTING
        self._settings = settings
        self._front = FrontEnd()
        self._vad = Vad(settings.vad, NeuralConfirmer() if settings.vad.neural else None)
        self._endpointer = Endpointer(settings.endpointing)
        self._barge_in = BargeIn(settings.barge_in)
        self._playout = Playout(settings.playout)
        self._preroll: deque[bytes] = deque(maxlen=PREROLL_FRAMES)
        self._streams, self._speeches, self._replies, self._turns = count(1), count(1), count(1), count(1)
        self._media_ms = 0
        self._dialog: Dialog | None = None
        self._before: Dialog | None = None
        self._plan_before: Plan | None = None
        self._plan: Plan | None = None
        self._part: Hearing | None = None
        self._turn: Turn | None = None
        self._turn_number = 0
        self._reply: Reply | None = None
        self._interruption: _Interruption | None = None
        self._extractions = Extractions()
        self._guess: Guess | None = None
        self._guesses = 0
        self._silent_from_ms = 0
        self._no_input_at_ms: int | None = None
        self._ends_at_ms: int | None = None
        self._over_at_ms = 0
        self._warned = False
        self._voiced_from_ms = 0
        self._voiced_ms = 0
        self._frames_sent = 0
        self._early_ms = 0
        self._is_queued = False
        self._own_wait_ms = 0
        self._wants_sample = settings.keeps_sample

    # -- in and out ---------------------------------------------------------------------------------------------

    def receive(self, event: Event, now_ms: int, waited_ms: int = 0) -> list[Command]:
        """Take one event and return what is to be done.

        `waited_ms` is how long the event lay in the inbox: time of ours, not of the engine that sent it.
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
        if self.state is State.SPEAKING:
            due.append(self._playout.timer())
        if self._interruption:
            due.append(self._interruption.verdict_at_ms)
        return min((at for at in due if at is not None), default=None)

    @property
    def _awaits_text(self) -> bool:
        """Whether the turn's text is what comes next; not while the caller may be going on."""
        is_open = self._reply is None or self._interruption is not None
        return self.state is State.PROCESSING and is_open and not self._vad.is_speech

    @property
    def dialog(self) -> Dialog | None:
        """The conversation so far, for the store."""
        return self._dialog

    def _handle(self, event: Event, now_ms: int, waited_ms: int) -> list[Command]:
        match event:
            case CallerAudio():
                return self._on_audio(event.ulaw, now_ms)
            case MarkEchoed():
                known = self._playout.mark_echoed(event.name, now_ms)
                return [Log("MARK_ACK", {"mark": event.name, "played": known is not None})]
            case SttHeard() | SttEnded() | SttFailed():
                self._own_wait_ms += waited_ms
                return self._on_transcript(event, now_ms)
            case LlmText() | LlmEnded() | LlmFailed() | SpeechAudio() | SpeechEnded() | SpeechFailed():
                return self._on_reply_event(event, now_ms, waited_ms)
            case Extracted():
                return self._on_extracted(event)
            case CallStarted():
                return self._on_started(event, now_ms)
            case Dtmf():
                return self._on_dtmf(event.digit, now_ms)
            case StreamEnded():
                return self._on_ended(event.reason, now_ms)
            case Paced():
                self._early_ms = event.early_ms
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
        """The reply that counts, and the one that may come to."""
        replies = [self._reply, self._guess.reply if self._guess else None]
        return [reply for reply in replies if reply is not None]

    # -- the call begins and ends -------------------------------------------------------------------------------

    def _on_started(self, event: CallStarted, now_ms: int) -> list[Command]:
        self._dialog = Dialog(self._settings.dialog, event.today, event.caller)
        self._ends_at_ms = now_ms + self._settings.max_call_ms - LAST_WORDS_MS
        self._over_at_ms = now_ms + self._settings.max_call_ms + 2 * PATIENCE_MS
        started = Save("started", {"caller": event.caller, "callee": event.callee, "stream_sid": event.stream_sid})
        plan = self._dialog.greet()
        return [started, *self._go(Trigger.ANSWERED), self._planned(plan), *self._begin_reply(plan, now_ms)]

    def _on_ended(self, reason: str, now_ms: int) -> list[Command]:
        commands = [*self._drop_part(), *self._drop_guess()]
        commands += self._turn.cancel() if self._turn else []
        if self._interruption:
            commands += self._grant_floor()
        elif self._reply:
            heard_ms = self._heard_ms(self._reply, now_ms) if self.state is State.SPEAKING else 0
            commands += [*self._heard_until(self._reply, heard_ms), *self._reply.cancel()]
        outcome = self._dialog.hung_up() if self._dialog else ""
        commands.append(Save("ended", {"reason": reason, "outcome": outcome}))
        return [*commands, *self._go(Trigger.ENDED, {"reason": reason})]

    def _on_tick(self, now_ms: int) -> list[Command]:
        commands: list[Command] = []
        if self._interruption and now_ms >= self._interruption.verdict_at_ms:
            commands += self._judge_interruption(now_ms)
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
        for frame in self._front.process(ulaw):
            commands += self._on_frame(frame, now_ms)
        return commands

    def _on_frame(self, frame: Frame, now_ms: int) -> list[Command]:
        commands: list[Command] = []
        self._media_ms = frame.start_ms + FRAME_MS
        change = self._vad.receive(frame)
        match change:
            case SpeechStarted():
                commands += self._on_speech_started(change)
            case SpeechStopped():
                self._voiced_ms += change.at_ms - self._voiced_from_ms
                self._silent_from_ms = change.at_ms
        if self._part is None:
            self._preroll.append(frame.pcm)
        else:
            commands += self._part.audio(frame.pcm)
        eou = self._endpointer.receive(change) if change else None
        eou = self._endpointer.receive(frame) or eou
        if eou:
            commands += self._on_eou(eou, now_ms)
        if self.state is State.SPEAKING:
            # Before the line's noise is known, noise would pass for a voice.
            if self._barge_in.receive(frame, self._vad.threshold, opinion=self._vad.opinion):
                commands += self._on_barge_in(now_ms)
        elif self.state is State.PROCESSING:
            if self._vad.is_speech and self._media_ms - self._voiced_from_ms >= self._settings.barge_in.voice_ms:
                commands += self._on_went_on()
        elif self._interruption and self._speech_ms >= SUSTAINED_SPEECH_MS:
            commands += self._grant_floor()
        return commands

    @property
    def _speech_ms(self) -> int:
        """Voiced ms of the utterance in progress."""
        return self._voiced_ms + (self._media_ms - self._voiced_from_ms if self._vad.is_speech else 0)

    def _on_speech_started(self, started: SpeechStarted) -> list[Command]:
        self._voiced_from_ms = started.at_ms
        self._no_input_at_ms = None
        dropped = self._drop_guess()
        if self._part is not None:
            return dropped
        self._voiced_ms = 0
        commands = [*dropped, *self._collect()]
        if self.state is State.LISTENING and self._part:
            self._adopt(self._part)
        return commands

    def _collect(self) -> list[Command]:
        """Start to hear a stretch of speech, from a little before its onset."""
        phrases = self._plan.phrases if self._plan else ()
        self._part = Hearing(self._settings.hearing, self._streams, phrases)
        commands = [command for pcm in self._preroll for command in self._part.audio(pcm)]
        self._preroll.clear()
        return commands

    def _adopt(self, part: Hearing) -> None:
        """The caller has the floor: `part` belongs to the turn that counts."""
        if self._turn is None:
            self._turn_number = next(self._turns)
            self._guesses = 0
            self._turn = Turn(self._turn_number)
        self._turn.add(part)

    def _on_eou(self, eou: EndOfUtterance, now_ms: int) -> list[Command]:
        if self._part is None:
            return []
        if eou.forced:
            log = Log("EOU", {"len": eou.utterance_ms, "silence_ms": 0, "forced": True})
            return [log, *self._part.cut(self._media_ms - eou.at_ms)]
        if self.state is not State.LISTENING or self._turn is None:
            return self._drop_part()
        part, self._part = self._part, None
        self._turn.ended_at_ms, self._turn.silence_ms = now_ms, eou.silence_ms
        self._own_wait_ms = 0
        return [
            *part.end(now_ms),
            *self._sample(part),
            *self._go(Trigger.EOU, {"silence_ms": eou.silence_ms, "len": eou.utterance_ms}),
        ]

    def _drop_part(self) -> list[Command]:
        """What was collected was no turn: noise, a backchannel, the rest of a call."""
        part, self._part = self._part, None
        return part.cancel() if part else []

    def _sample(self, part: Hearing) -> list[Command]:
        if not self._wants_sample:
            return []
        self._wants_sample = False
        return [KeepSample(write_wav(np.frombuffer(part.samples(SAMPLE_MS), np.int16), SAMPLE_RATE_HZ))]

    def _on_transcript(self, event: SttHeard | SttEnded | SttFailed, now_ms: int) -> list[Command]:
        commands: list[Command] = []
        if self._part is not None:
            commands += self._part.receive(event, now_ms)
            if isinstance(event, SttHeard) and self._dialog:
                self._endpointer.receive(Interim(self._dialog.interim_sounds(self._part.interim)))
        if self._turn is not None:
            commands += self._turn.receive(event, now_ms)
        if self._interruption and self._part and self._takes_floor(self._part.interim):
            commands += self._grant_floor()
        return commands

    # -- a turn is understood and answered ----------------------------------------------------------------------

    def _on_turn_heard(self, heard: TurnHeard, now_ms: int) -> list[Command]:
        assert self._dialog and self._turn
        fields = {"text": heard.text, "asr_ms": heard.asr_ms, "source": heard.source, "audio_ms": heard.audio_ms}
        commands: list[Command] = [Log("ASR_TEXT", {**fields, "turn": self._turn.number})]
        if self._interruption:
            if not self._takes_floor(heard.text):
                return [*commands, *self._resume(now_ms)]
            commands += self._grant_floor()
        guess, self._guess = self._guess, None
        if not heard.text and self._voiced_ms < SPOKEN_MS:
            return [*commands, *self._throw_away(guess), *self._listen(Trigger.NOTHING_SAID, now_ms)]
        if guess and guess.fits(heard.text):
            self._before, self._dialog = self._dialog, guess.dialog
            plan = guess.plan
            commands.append(Log("SPECULATION", {"used": True, "guesses": self._guesses}))
        else:
            commands += self._throw_away(guess)
            self._before = copy.deepcopy(self._dialog)
            plan = self._dialog.hear(heard.text, heard.alternatives)
            guess = None
        saved = {"turn": self._turn.number, "text": heard.text, "plan": plan, "state": self._dialog.state}
        commands += [Save("heard", saved), *self._extractions.ask(plan, self._turn.number)]
        if guess is None:
            return [*commands, *self._begin_reply(plan, now_ms)]
        self._plan_before, self._plan, self._reply = self._plan, plan, guess.reply
        guess.reply.asked_at_ms = now_ms
        return commands

    def _on_extracted(self, event: Extracted) -> list[Command]:
        if self._dialog is None:
            return []
        others = [self._before, self._guess.dialog if self._guess else None]
        return self._extractions.receive(event, self._dialog, [other for other in others if other is not None])

    def _guess_ahead(self, now_ms: int) -> list[Command]:
        """Prepare the reply to what the interim says, once the caller pauses and the interim stands."""
        silence_ms = self._media_ms - self._silent_from_ms
        if not self._settings.guesses or self._turn is None or self._guesses >= MOST_GUESSES:
            return []
        if self._vad.is_speech or silence_ms < STABLE_SILENCE_MS or self._interruption or self._reply:
            return []
        text = self._turn.interim
        if self._guess and same_words(self._guess.text, text):
            return []
        commands = self._drop_guess()
        if not text or self._dialog is None or self._dialog.interim_sounds(text) in ("open", "dictating"):
            return commands
        self._guesses += 1
        dialog = copy.deepcopy(self._dialog)
        plan = dialog.hear(text)
        reply = self._make_reply(plan, now_ms)
        self._guess = Guess(text, dialog, plan, reply)
        return [*commands, *reply.begin(plan.messages, now_ms)]

    def _drop_guess(self) -> list[Command]:
        guess, self._guess = self._guess, None
        return self._throw_away(guess)

    def _throw_away(self, guess: Guess | None) -> list[Command]:
        if guess is None:
            return []
        return [Log("SPECULATION", {"used": False, "guesses": self._guesses}), *guess.reply.cancel()]

    def _planned(self, plan: Plan) -> Command:
        """The agent speaks unasked: kept beside the last turn (0: the greeting)."""
        state = self._dialog.state if self._dialog else {}
        return Save("planned", {"turn": self._turn_number, "plan": plan, "state": state})

    def _prompt(self, speak: Callable[[Dialog], Plan], now_ms: int) -> list[Command]:
        """Speak unasked, from LISTENING; a caller who speaks just then has not been told anything."""
        assert self._dialog
        before = copy.deepcopy(self._dialog)
        commands = self._say(speak(self._dialog), now_ms)
        self._before = before
        return commands

    def _say(self, plan: Plan, now_ms: int) -> list[Command]:
        self._no_input_at_ms = self._turn = self._before = None
        if self.state is State.PROCESSING:
            return [self._planned(plan), *self._begin_reply(plan, now_ms)]
        return [*self._go(Trigger.PROMPTED), self._planned(plan), *self._begin_reply(plan, now_ms)]

    def _begin_reply(self, plan: Plan, now_ms: int) -> list[Command]:
        self._plan_before, self._plan = self._plan, plan
        self._reply = self._make_reply(plan, now_ms)
        return self._reply.begin(plan.messages, now_ms)

    def _make_reply(self, plan: Plan, now_ms: int) -> Reply:
        gate = ReplyGate(plan) if plan.messages is not None else None
        line, number = sentences(plan.line), next(self._replies)
        return Reply(number, self._turn_number, line, gate, self._settings.replying, self._speeches, now_ms)

    def _on_dtmf(self, digit: str, now_ms: int) -> list[Command]:
        plan = self._dialog.dtmf(digit) if self._dialog else None
        commands: list[Command] = [Log("DTMF")]
        if plan is None:
            if self._no_input_at_ms is not None and self._plan:
                self._no_input_at_ms = now_ms + self._plan.no_input_ms  # slow fingers are not silence
            return commands
        if self._interruption:
            commands += self._grant_floor()
        if self._reply and self.state is State.SPEAKING:
            heard_ms = self._heard_ms(self._reply, now_ms)
            commands += [*self._silence(now_ms), *self._heard_until(self._reply, heard_ms), *self._go(Trigger.BARGE_IN)]
        commands += [*self._drop_part(), *self._drop_guess(), *(self._reply.cancel() if self._reply else [])]
        commands += self._turn.cancel() if self._turn else []
        return [*commands, *self._say(plan, now_ms)]

    # -- the agent speaks ---------------------------------------------------------------------------------------

    def _pump(self, now_ms: int) -> list[Command]:
        """Move everything along that time or the last event made possible."""
        commands: list[Command] = []
        if self._dialog is None or self.state is State.ENDED:
            return commands
        if self._turn and self._awaits_text:
            heard, commands = self._turn.result(now_ms)
            if heard is not None:
                commands += self._on_turn_heard(heard, now_ms)
        if self.state in (State.LISTENING, State.PROCESSING):
            commands += self._guess_ahead(now_ms)
        if self._reply is None:
            return commands
        commands += self._reply.late(now_ms)
        if self._interruption:
            return commands
        waited_ms = self._media_ms - self._voiced_from_ms
        if self.state is State.PROCESSING and (not self._vad.is_speech or waited_ms > GREETING_WAIT_MS):
            commands += self._start_speaking(now_ms)
        if self.state is State.SPEAKING:
            commands += self._play(now_ms)
        return commands

    def _start_speaking(self, now_ms: int) -> list[Command]:
        reply = self._reply
        assert reply
        audio = reply.take_audio()
        if not audio:
            return self._on_said(reply, Trigger.NOTHING_SAID, now_ms) if reply.is_whole else []
        self._play_from_here(reply, now_ms)
        self._playout.add_audio(audio)
        start = Log("TTS_START", {"reply": reply.number, "first_audio_ms": now_ms - reply.asked_at_ms})
        return [start, *self._go(Trigger.REPLY_READY), *self._timings(reply, now_ms)]

    def _play_from_here(self, reply: Reply, now_ms: int) -> None:
        self._playout.start(reply.number, now_ms)
        self._barge_in.agent_started(self._media_ms)
        self._frames_sent = 0
        self._is_queued = False

    def _heard_ms(self, reply: Reply, now_ms: int) -> int:
        """How much of the reply's whole voice the caller has heard."""
        return reply.played_from_ms + self._playout.heard_ms(now_ms)

    def _timings(self, reply: Reply, now_ms: int) -> list[Command]:
        """Where the time of this turn went; `own_ms` is what neither STT, LLM nor TTS took."""
        if self._turn is None or reply.first_sentence_ms is None or reply.first_audio_ms is None:
            return []
        # A guess may have its sentence, or its voice, before the final transcript: then they cost no time.
        sentence_at_ms = max(reply.first_sentence_ms, reply.asked_at_ms)
        audio_at_ms = max(reply.first_audio_ms, sentence_at_ms)
        total_ms = now_ms - self._turn.ended_at_ms
        stt_ms = reply.asked_at_ms - self._turn.ended_at_ms
        llm_ms = sentence_at_ms - reply.asked_at_ms
        tts_ms = audio_at_ms - sentence_at_ms
        own_ms = total_ms - stt_ms - llm_ms - tts_ms + self._own_wait_ms
        fields = {"own_ms": own_ms, "stt_ms": stt_ms, "llm_ms": llm_ms, "tts_ms": tts_ms, "total_ms": total_ms}
        timings = {"turn": self._turn.number, **fields, "endpointing_ms": self._turn.silence_ms}
        return [Log("TURN", timings), Save("timings", timings)]

    def _play(self, now_ms: int) -> list[Command]:
        reply = self._reply
        assert reply
        audio = reply.take_audio()
        if audio:
            self._playout.add_audio(audio)
        if reply.is_whole and not self._is_queued:
            self._is_queued = True
            self._playout.finish()
        commands: list[Command] = []
        for due in self._playout.poll(now_ms, self._early_ms):
            if isinstance(due, FrameDue):
                self._frames_sent += 1
                commands.append(SendMedia(due.ulaw))
            else:
                commands += [SendMark(due.name), Log("MARK_SENT", {"mark": due.name, "frames": self._frames_sent})]
        if self._playout.ended(now_ms):
            commands.append(Log("TTS_END", {"reply": reply.number, "frames": self._frames_sent}))
            commands += self._on_said(reply, Trigger.PLAYED, now_ms)
        return commands

    def _on_said(self, reply: Reply, trigger: Trigger, now_ms: int) -> list[Command]:
        """The reply is over: heard to its end, or no voice could be had for it."""
        assert self._plan
        commands = [*self._heard_until(reply, reply.voice_ms), *self._listen(trigger, now_ms)]
        if self._plan.ends_call or self._plan.transfer:
            return [*commands, HangUp(transfer=self._plan.transfer), *self._on_ended("agent_done", now_ms)]
        return commands

    def _listen(self, trigger: Trigger, now_ms: int) -> list[Command]:
        """The floor is the caller's."""
        self._reply = self._turn = self._before = None
        self._no_input_at_ms = now_ms + self._plan.no_input_ms if self._plan else None
        if self._part is not None:
            # The caller speaks already; a part that nobody took would be lost, and the silence ladder with it.
            self._adopt(self._part)
            self._no_input_at_ms = None
        return self._go(trigger)

    def _heard_until(self, reply: Reply, heard_ms: int) -> list[Command]:
        """What the caller heard of `reply` enters the history."""
        assert self._dialog
        heard = reply.heard_text(heard_ms)
        self._dialog.said(heard)
        return [Save("said", {"turn": reply.turn, "reply": reply.number, "text": reply.text, "heard": heard})]

    # -- the caller speaks over the agent -----------------------------------------------------------------------

    def _on_went_on(self) -> list[Command]:
        """The caller speaks before the reply is heard: what was said before was not all."""
        if self._turn is None and self._before is None:
            return []  # the greeting, or the answer to keys: owed whatever is said
        commands = self._collect() if self._part is None else []
        part = self._part
        assert part
        if self._interruption:
            self._adopt(part)
        else:
            commands += self._withdraw(part)
        return [*commands, *self._go(Trigger.WENT_ON)]

    def _on_barge_in(self, now_ms: int) -> list[Command]:
        reply = self._reply
        assert reply and self._plan
        heard_ms = self._heard_ms(reply, now_ms)
        rest_ms = reply.voice_ms - heard_ms if reply.is_whole else ANSWER_REST_MS + 1
        is_closing = self._plan.ends_call or self._plan.transfer
        if is_closing and rest_ms <= ALMOST_HEARD_MS:
            return []
        if self._part is None and not self._vad.is_speech:
            # Crackle: loud often enough to be counted here, never long enough to be speech.
            self._barge_in.agent_started(self._media_ms - self._settings.barge_in.grace_ms)
            return []
        commands = self._silence(now_ms)
        if self._part is None:
            commands += self._collect()
        part = self._part
        assert part
        fields = {"heard_ms": heard_ms, "reply": reply.number}
        if heard_ms < WITHDRAW_HEARD_MS and (self._turn or self._before):
            return [*commands, *self._withdraw(part), *self._go(Trigger.WENT_ON, fields)]
        self._turn = self._before = None
        self._adopt(part)
        commands += [Log("BARGE_IN", fields), *self._go(Trigger.BARGE_IN)]
        if rest_ms <= ALMOST_HEARD_MS:
            self._reply = None
            return [*commands, *self._heard_until(reply, heard_ms)]
        self._interruption = _Interruption(reply, heard_ms, now_ms + VERDICT_MS, rest_ms <= ANSWER_REST_MS)
        return commands

    def _silence(self, now_ms: int) -> list[Command]:
        self._playout.clear(now_ms)
        return [SendClear()]

    def _withdraw(self, part: Hearing) -> list[Command]:
        """The reply answered half a sentence: take it back, and let both halves be one turn."""
        if self._before is not None:
            self._dialog, self._plan, self._before = self._before, self._plan_before, None
        reply, self._reply = self._reply, None
        self._adopt(part)
        return reply.cancel() if reply else []

    def _takes_floor(self, words: str) -> bool:
        """Whether these words over the agent's are more than "I am listening"."""
        assert self._dialog and self._interruption
        return bool(words) and (self._interruption.is_near_end or not self._dialog.is_backchannel(words))

    def _judge_interruption(self, now_ms: int) -> list[Command]:
        """Half a second on: a knock with no words after it does not cost the caller the sentence."""
        assert self._interruption
        self._interruption.verdict_at_ms = now_ms + VERDICT_MS
        is_over = not self._vad.is_speech and self._part is not None
        can_tell = self._settings.hearing.streams and not (self._part and self._part.interim)
        can_tell = can_tell and not self._interruption.is_near_end  # a short answer may still be on its way
        if is_over and can_tell and self._speech_ms < SUSTAINED_SPEECH_MS // 2:
            return self._resume(now_ms)
        return []

    def _grant_floor(self) -> list[Command]:
        """It was speech: the rest of the reply is not said."""
        assert self._interruption
        interruption, self._interruption, self._reply = self._interruption, None, None
        return [*self._heard_until(interruption.reply, interruption.heard_ms), *interruption.reply.cancel()]

    def _resume(self, now_ms: int) -> list[Command]:
        """It was a false alarm: go on a little before the word that was heard last."""
        assert self._interruption
        interruption, self._interruption = self._interruption, None
        self._barge_in.raise_bar()
        commands: list[Command] = [*self._drop_part(), *(self._turn.cancel() if self._turn else [])]
        self._turn = None
        self._endpointer.reset()
        interruption.reply.rewind(interruption.heard_ms)
        self._play_from_here(interruption.reply, now_ms)
        self._no_input_at_ms = None
        return [*commands, *self._go(Trigger.RESUMED, {"heard_ms": interruption.heard_ms})]

    def _go(self, trigger: Trigger, fields: Mapping[str, object] | None = None) -> list[Command]:
        self.state = after(self.state, trigger)
        return [Log(f"STATE→{self.state}", fields or {"on": str(trigger)})]
