"""Who has the floor in a call: the caller's turn, the agent's reply, and what happens when both speak.

Pure: times are monotonic ms. `machine.Call` tells what happened; here the floor changes hands, and `state` says whose
it is. A caller who goes on before the reply was heard gets it withdrawn (`goes_on`); one who speaks over it silences it
(`barge_in`), and either takes the floor (`grant`) or said nothing (`resume`), unless words come late (`late_words`).
"""

from collections.abc import Mapping
from itertools import count

from app.call.answering.conversation import Conversation
from app.call.answering.holding import Holding
from app.call.answering.replying import Reply
from app.call.answering.speaking import Speaking
from app.call.echo_words import is_echo
from app.call.events import Command, Log, SttEnded, SttFailed, SttHeard
from app.call.hearing.listening import Listening
from app.call.hearing.recognition import Recognition
from app.call.hearing.turn import Turn
from app.call.interrupting import (
    ALMOST_HEARD_MS,
    ANSWER_REST_MS,
    ASK_AFTER_MS,
    LONGEST_WORD_MS,
    SUSTAINED_SPEECH_MS,
    VERDICT_MS,
    Doubt,
    Interruption,
    rest_ms,
)
from app.call.progress import Progress
from app.call.settings import CallSettings
from app.call.states import State, Trigger, after

REJOIN_WITHIN_MS = 500  # a voice that was cut off by a stall of the line goes on as soon after
WITHDRAW_HEARD_MS = 400  # a reply heard for less than this was an answer to half a sentence
MOST_ALARMS, MOST_ALARMS_UNASKED = 3, 1  # a reply that was stopped so often for nothing is stopped by words alone
LONGEST_ECHO_MS = 600  # a voice that sets in later behind the agent's is no echo of it
PAUSE_MS = 300  # who did not pause for so long has not noticed that the agent speaks


class Floor:
    """The floor of one call (R6.5, R7)."""

    def __init__(self, settings: CallSettings) -> None:
        self.state = State.CONNECTING
        self.caller = Listening(settings)
        self.agent = Speaking(settings.playout)
        self.holding = Holding(settings.hold_after_ms)
        self.progress = Progress(streams=settings.hearing.streams)
        self.turn: Turn | None = None
        """The caller's turn in hand, until its answer was heard."""
        self.turn_number = 0
        self.reply: Reply | None = None
        """What the agent says, or is about to."""
        self.interruption: Interruption | None = None
        self.yielded: Interruption | None = None
        """An interruption that took the floor before its words were known: they may be the agent's own."""
        self.doubt: Doubt | None = None
        self.insists = False
        """Whether the agent speaks whatever sounds, until the caller pauses."""
        self._false_alarms = self._withdrawn = 0
        self._said, self._said_until_ms = "", 0
        self._streams = settings.hearing.streams
        self._turns = count(1)
        self._answered: Turn | None = None
        self._conversation: Conversation | None = None

    def open(self, conversation: Conversation, now_ms: int, last_turn: int = 0) -> list[Command]:
        """The call is answered: the agent will speak first. Turns go on after `last_turn`."""
        self.turn_number, self._turns = last_turn, count(last_turn + 1)
        self._conversation = conversation
        self.caller.line.begin(now_ms)
        return self.go(Trigger.ANSWERED)

    @property
    def conversation(self) -> Conversation:
        """What is said; there is none before `open`."""
        assert self._conversation
        return self._conversation

    def go(self, trigger: Trigger, fields: Mapping[str, object] | None = None) -> list[Command]:
        """Take a step of the table of states."""
        self.state = after(self.state, trigger)
        return [Log(f"STATE→{self.state}", fields or {"on": str(trigger)})]

    # -- the caller's turn --------------------------------------------------------------------------------------

    def collect(self, now_ms: int) -> list[Command]:
        """Hear a stretch of speech."""
        plan = self.conversation.plan
        return self.caller.collect(plan.phrases if plan else (), now_ms)

    def adopt(self, stretch: Recognition) -> None:
        """The caller has the floor: `stretch` belongs to the turn that counts."""
        if self.turn is None:
            self.turn_number = next(self._turns)
            self.conversation.begin_turn()
            self.turn = Turn(self.turn_number, self.caller.since_ms or 0)
        self.turn.add(stretch)

    def end_stretch(self, silence_ms: int, now_ms: int, *, in_doubt: bool = False) -> Recognition | None:
        """The utterance is over: return its stretch, the last of the turn; None when there was nobody to hear it."""
        if self.state is not State.LISTENING or self.turn is None:
            return None
        stretch = self.caller.take()
        if stretch is None:
            return None
        if self.doubt and not self.interruption:
            self.turn.precede(self.doubt.stretch)
            self.doubt = None
        self._rejoin(stretch, now_ms)
        self.turn.ended_at_ms, self.turn.silence_ms, self.turn.in_doubt = now_ms, silence_ms, in_doubt
        return stretch

    def _rejoin(self, stretch: Recognition, now_ms: int) -> None:
        """The line had stalled in mid-sentence, and the first half was answered: both halves are one turn."""
        answered, self._answered = self._answered, None
        if answered is None:
            return
        if self.caller.spoken_since_ms(now_ms) > answered.ended_at_ms + REJOIN_WITHIN_MS:
            self.conversation.settle()
            return
        self.conversation.take_back()
        answered.add(stretch)
        self.turn, self.turn_number = answered, answered.number

    def listen(self, trigger: Trigger, now_ms: int, *, anew: bool = True) -> list[Command]:
        """The floor is the caller's; `anew`: the agent has spoken, and its patience begins."""
        conversation, stretch = self.conversation, self.caller.stretch
        # In a stall of the line the caller may be in mid-sentence: what was said stands once there is audio again.
        let_go = self.let_go()
        stalled = self.caller.line.is_quiet and conversation.can_take_back
        self._answered = self.turn if stalled else None
        if self.reply:
            self._said, self._said_until_ms = self.reply.text, now_ms
        if not self._answered:
            conversation.settle()
        self.reply = self.turn = None
        self.insists = False
        self._false_alarms = 0
        if anew:
            self._withdrawn = 0
            self.await_caller(now_ms)
        else:
            self.progress.wait_on(now_ms)
        if stretch is not None:
            # The caller speaks already; a stretch that nobody took would be lost.
            self.adopt(stretch)
        return [*let_go, *self.stop_holding(now_ms), *self.go(trigger)]

    def await_caller(self, now_ms: int) -> None:
        """From here the agent waits for something to be understood."""
        plan = self.conversation.plan
        self.progress.await_caller(now_ms, plan.no_input_ms if plan else 0)

    def prompt(self) -> list[Command]:
        """The agent will speak unasked, whatever sounds."""
        self.turn = self._answered = None
        self.insists = self.caller.ear.is_speech or self.caller.stretch is not None
        return [*self.let_go(), *self.go(Trigger.PROMPTED)]

    def receive(self, event: SttHeard | SttEnded | SttFailed, now_ms: int) -> list[Command]:
        """Hand a recogniser's word to whoever waits for it; it may decide who has the floor."""
        before = self.caller.words
        commands = self.turn.receive(event, now_ms) if self.turn else []
        if self.doubt:
            commands += self.doubt.stretch.receive(event, now_ms)
        stretch = self.caller.stretch
        if stretch is not None:
            if self.turn is None or not self.turn.holds(stretch):
                commands += stretch.receive(event, now_ms)
            if isinstance(event, SttHeard):
                self.caller.ear.told(self.conversation.dialog.interim_sounds(stretch.interim))
            if stretch.interim != before:
                self.progress.words(now_ms)
        if self.interruption and stretch and self.takes_floor(stretch.interim):
            commands += self.grant(now_ms)
        return commands

    @property
    def awaits_text(self) -> bool:
        """Whether the turn's text is what comes next; not while the caller may be going on."""
        is_open = self.reply is None or self.interruption is not None
        return self.state is State.PROCESSING and is_open and (self.insists or not self.caller.ear.is_speech)

    # -- the caller speaks before the reply, or over it -----------------------------------------------------------

    def goes_on(self, now_ms: int) -> list[Command]:
        """The caller speaks before the reply is heard: what was said before was not all."""
        if self.insists or (self.turn is None and not self.conversation.can_take_back):
            return []  # the greeting, or the answer to keys: owed whatever is said
        has_words = bool((self.turn and self.turn.interim) or self.caller.words)
        if self.progress.is_overdue(now_ms) and self._withdrawn and not has_words:
            # One sound after another, and no word in any of them: it is the agent's turn to say something.
            self.insists = True
            return []
        commands = [*self.stop_holding(now_ms), *self.collect(now_ms)]
        stretch = self.caller.stretch
        assert stretch
        if self.interruption:
            self.adopt(stretch)
        else:
            commands += self._withdraw(stretch)
        return [*commands, *self.go(Trigger.WENT_ON)]

    def barge_in(self, now_ms: int) -> list[Command]:
        """The caller speaks over the agent: be silent, and see whether it was speech."""
        ear, conversation, reply = self.caller.ear, self.conversation, self.reply
        assert reply and conversation.plan
        heard_ms = self.agent.heard_ms(reply, now_ms)
        left_ms = rest_ms(reply, heard_ms)
        is_closing = conversation.plan.ends_call or conversation.plan.transfer
        if is_closing and left_ms <= ALMOST_HEARD_MS:
            return []
        needs_words = is_closing or conversation.is_unasked
        cried_wolf = self._false_alarms >= (MOST_ALARMS_UNASKED if needs_words else MOST_ALARMS)
        is_crackle = self.caller.stretch is None and not ear.is_speech  # loud often enough to be counted, but no speech
        if is_crackle or self.insists or (cried_wolf and not self.caller.words):
            ear.listen_on()
            return []
        commands = [*self.agent.silence(now_ms), *self.collect(now_ms)]
        stretch = self.caller.stretch
        assert stretch
        self.await_caller(now_ms)
        fields = {"heard_ms": heard_ms, "reply": reply.number, "turn": reply.turn, "voice_ms": ear.since_onset_ms}
        # In a burst after a stall the caller spoke before the agent did.
        if heard_ms - self.caller.late_ms < WITHDRAW_HEARD_MS and (self.turn or conversation.can_take_back):
            return [*commands, *self._withdraw(stretch), *self.go(Trigger.WENT_ON, fields)]
        self.turn = None
        conversation.settle()
        self.adopt(stretch)
        commands += [Log("BARGE_IN", fields), *self.go(Trigger.BARGE_IN)]
        if left_ms <= ALMOST_HEARD_MS:
            self.reply = None
            return [*commands, *conversation.said(reply, heard_ms)]
        self.interruption = Interruption(reply, heard_ms, now_ms, left_ms <= ANSWER_REST_MS, needs_words=needs_words)
        return commands

    def _withdraw(self, stretch: Recognition) -> list[Command]:
        """The reply answered half a sentence: take it back, and let both halves be one turn."""
        self.conversation.take_back()
        self._withdrawn += 1
        reply, self.reply = self.reply, None
        self.adopt(stretch)
        return reply.cancel() if reply else []

    def weigh(self, interruption: Interruption, now_ms: int) -> list[Command]:
        """The caller has the floor for now: is it a voice that goes on, or one that is over and said nothing?"""
        ear, stretch = self.caller.ear, self.caller.stretch
        is_owed = interruption.needs_words or self.is_echo(self.caller.words)
        if ear.speech_ms >= SUSTAINED_SPEECH_MS and not is_owed:
            return self.grant(now_ms)
        if stretch is None or ear.is_speech or ear.silence_ms < ASK_AFTER_MS:
            return []
        if stretch.is_settled:
            return self._judge(interruption, stretch, now_ms)
        asked = stretch.finish_early()
        if asked:
            interruption.asked(now_ms)
        return asked

    def verdict(self, now_ms: int) -> list[Command]:
        """It is time to say whether the interruption was one."""
        interruption, stretch = self.interruption, self.caller.stretch
        if interruption is None or now_ms < interruption.verdict_at_ms:
            return []
        interruption.verdict_at_ms = now_ms + VERDICT_MS
        return self._judge(interruption, stretch, now_ms) if stretch else []

    def _judge(self, interruption: Interruption, stretch: Recognition, now_ms: int) -> list[Command]:
        """The voice is over: a knock with no words in it does not cost the caller the sentence."""
        ear = self.caller.ear
        if now_ms - interruption.began_at_ms >= self.progress.wordless_ms and not stretch.interim:
            return self.resume(now_ms)  # it goes on and on, and there is not a word in it
        if ear.is_speech or not interruption.is_false_alarm(stretch, ear.speech_ms, now_ms, streams=self._streams):
            return []
        return self.resume(now_ms)

    def takes_floor(self, words: str) -> bool:
        """Whether these words over the agent's are more than "I am listening", and not the agent's own."""
        if self.interruption is None or self.is_echo(words):
            return False
        return self.interruption.takes_floor(words, self.conversation.dialog)

    def is_echo(self, words: str) -> bool:
        """Whether these words are the agent's own, spoken as they were heard: the ear took its echo for the caller."""
        if self.interruption:
            return self.interruption.is_echo(words)
        overlaps = self.turn is not None and self.turn.began_at_ms <= self._said_until_ms + LONGEST_ECHO_MS
        return overlaps and is_echo(words, self._said)

    def grant(self, now_ms: int) -> list[Command]:
        """It was speech: the floor is the caller's. The rest of the reply is kept until the words are known."""
        assert self.interruption
        self.yielded, self.interruption, self.reply = self.interruption, None, None
        self._false_alarms = 0
        self._said, self._said_until_ms = self.yielded.said, now_ms
        self.await_caller(now_ms)
        return [Log("FLOOR_TAKEN", {"reply": self.yielded.reply.number})]

    def let_go(self) -> list[Command]:
        """The words are the caller's own, or there are none: the rest of the reply is not said."""
        yielded, self.yielded = self.yielded, None
        if yielded is None:
            return []
        return [*self.conversation.said(yielded.reply, yielded.heard_ms), *yielded.reply.cancel()]

    @property
    def kept_reply(self) -> Reply | None:
        """The reply that goes on should the words that interrupted it be its own."""
        return self.yielded.reply if self.yielded else None

    def ask_for_words(self) -> list[Command]:
        """The voice that took the floor by its length alone may be over: are there words in it?"""
        ear, stretch = self.caller.ear, self.caller.stretch
        is_over = not ear.is_speech and ear.silence_ms >= ASK_AFTER_MS and ear.speech_ms <= LONGEST_WORD_MS
        return stretch.finish_early() if is_over and stretch and not stretch.interim else []

    def retake_from_nobody(self, now_ms: int) -> list[Command]:
        """What took the floor was one word of somebody else, or none at all: go on with the reply."""
        ear = self.caller.ear
        is_word = not ear.is_speech and ear.speech_ms <= LONGEST_WORD_MS
        if self.yielded is None or self.turn is None or not self._streams or not (is_word and self.turn.is_wordless):
            return []
        return self.retake(now_ms)

    def retake(self, now_ms: int) -> list[Command]:
        """What took the floor was the agent's own voice, by its words: go on with the reply."""
        assert self.yielded
        self.interruption, self.yielded = self.yielded, None
        self.reply = self.interruption.reply
        return [*self.conversation.drop_guess(), *self.stop_holding(now_ms), *self.resume(now_ms)]

    def resume(self, now_ms: int) -> list[Command]:
        """It was a false alarm: go on a little before the word that was heard last."""
        assert self.interruption
        interruption, self.interruption = self.interruption, None
        ear = self.caller.ear
        ear.raise_bar()
        self.insists = ear.is_speech
        self._false_alarms += 1
        stretch = self.caller.take()
        if stretch and interruption.is_echo(stretch.interim):
            ear.was_echo()
        commands = self.drop_doubt()
        if stretch and not stretch.is_settled and self._streams:
            commands += stretch.end(now_ms, ear.silence_ms)
            self.doubt = Doubt(stretch, interruption)
        elif self.turn:
            commands += self.turn.cancel()
        self.turn = None
        ear.forget_utterance()
        interruption.reply.rewind(interruption.heard_ms)
        self.play_from_here(interruption.reply, now_ms)
        return [*commands, *self.go(Trigger.RESUMED, {"heard_ms": interruption.heard_ms})]

    def drop_doubt(self) -> list[Command]:
        """Nobody wants to know any more."""
        doubt, self.doubt = self.doubt, None
        return doubt.stretch.cancel() if doubt else []

    # -- the agent's turn -----------------------------------------------------------------------------------------

    def answer_due_ms(self) -> int | None:
        """When an answer that is ready may be heard, the caller being done by then."""
        if self.turn is None or self.reply is None or self.reply.ready_at_ms is None:
            return None
        return None if self.interruption or self.caller.ear.may_be_speech else self.turn.answer_from_ms

    def play_from_here(self, reply: Reply, now_ms: int) -> None:
        """The agent is to be heard."""
        self.agent.begin(reply, now_ms)
        self.caller.ear.agent_started()

    def stop_holding(self, now_ms: int) -> list[Command]:
        """No answer follows the holding phrase."""
        clear = self.agent.silence(now_ms) if self.holding.is_playing else []
        return [*clear, *self.holding.stop(self.agent, now_ms)]

    def notice_pause(self) -> None:
        """Look whether the caller has paused since the agent began to insist."""
        ear = self.caller.ear
        if self.insists and not ear.is_speech and ear.silence_ms >= PAUSE_MS:
            self.insists = False
