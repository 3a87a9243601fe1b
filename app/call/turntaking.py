"""Who has the floor in a call: the caller's stretches of speech, the agent's reply, and what happens when both speak.

Pure: times are monotonic ms. `machine.Call` tells what happened; here the floor changes hands: a caller who goes on
before the reply was heard gets it withdrawn (`_withdraw`); one who speaks over it silences it (`_on_barge_in`), and
either takes the floor (`_grant_floor`) or said nothing (`_resume`), unless words come late (`_hear_doubt`).
"""

from collections import deque
from collections.abc import Mapping
from itertools import count

from app.call.ear import Ear
from app.call.events import Command, Log
from app.call.hearing import Hearing
from app.call.holding import Holding
from app.call.interrupting import (
    ALMOST_HEARD_MS,
    ANSWER_REST_MS,
    ASK_AFTER_MS,
    SUSTAINED_SPEECH_MS,
    VERDICT_MS,
    Doubt,
    Interruption,
    rest_ms,
)
from app.call.line import Line
from app.call.replying import Reply
from app.call.settings import CallSettings
from app.call.speaking import Speaking
from app.call.states import State, Trigger, after
from app.call.talk import Talk
from app.call.turn import Turn

PREROLL_FRAMES = 20  # 400 ms: the hysteresis and the soft first syllable before it
REJOIN_WITHIN_MS = 500  # a voice that was cut off by a stall of the line goes on as soon after
WITHDRAW_HEARD_MS = 400  # a reply heard for less than this was an answer to half a sentence


class TurnTaking:
    """The floor of one call (R6.5, R7)."""

    def __init__(self, settings: CallSettings) -> None:
        self.state = State.CONNECTING
        self._settings = settings
        self._ear = Ear(settings.vad, settings.endpointing, settings.barge_in)
        self._speaking = Speaking(settings.playout)
        self._holding = Holding(settings.hold_after_ms)
        self._line = Line()
        self._part_from_ms = 0
        self._late_ms = 0
        self._answered: Turn | None = None
        self._preroll: deque[bytes] = deque(maxlen=PREROLL_FRAMES)
        self._streams, self._turns = count(1), count(1)
        self._talk: Talk | None = None
        self._part: Hearing | None = None
        self._turn: Turn | None = None
        self._turn_number = 0
        self._reply: Reply | None = None
        self._interruption: Interruption | None = None
        self._doubt: Doubt | None = None
        self._no_input_at_ms: int | None = None

    @property
    def saying(self) -> tuple[int, int, str] | None:
        """The turn, the reply's number and what the agent is saying now, as far as it is known; None while she is not.

        It grows as the language model goes on.
        """
        reply = self._reply if self.state is State.SPEAKING else None
        return (reply.turn, reply.number, reply.text) if reply else None

    @property
    def words_so_far(self) -> tuple[int, str]:
        """The number of the turn under way, and what is heard of it by now."""
        return self._turn_number, self._turn.interim if self._turn else ""

    def _go(self, trigger: Trigger, fields: Mapping[str, object] | None = None) -> list[Command]:
        self.state = after(self.state, trigger)
        return [Log(f"STATE→{self.state}", fields or {"on": str(trigger)})]

    def _collect(self) -> list[Command]:
        """Start to hear a stretch of speech, from a little before its onset."""
        plan = self._talk.plan if self._talk else None
        phrases = plan.phrases if plan else ()
        self._part = Hearing(self._settings.hearing, self._streams, phrases)
        self._part_from_ms = self._ear.media_ms
        commands = [command for pcm in self._preroll for command in self._part.audio(pcm)]
        self._preroll.clear()
        return commands

    def _adopt(self, part: Hearing) -> None:
        """The caller has the floor: `part` belongs to the turn that counts."""
        if self._turn is None:
            self._turn_number = next(self._turns)
            if self._talk:
                self._talk.begin_turn()
            self._turn = Turn(self._turn_number)
        self._turn.add(part)

    def _drop_part(self) -> list[Command]:
        """What was collected was no turn: noise, a backchannel, the rest of a call."""
        part, self._part = self._part, None
        return part.cancel() if part else []

    def _drop_guess(self) -> list[Command]:
        return self._talk.drop_guess() if self._talk else []

    def _stop_holding(self, now_ms: int) -> list[Command]:
        clear = self._speaking.silence(now_ms) if self._holding.is_playing else []
        return [*clear, *self._holding.stop(self._speaking, now_ms)]

    def _play_from_here(self, reply: Reply, now_ms: int) -> None:
        self._speaking.begin(reply, now_ms)
        self._ear.agent_started()

    def _heard_until(self, reply: Reply, heard_ms: int) -> list[Command]:
        """What the caller heard of `reply` enters the history."""
        return self._talk.said(reply, heard_ms) if self._talk else []

    def _listen(self, trigger: Trigger, now_ms: int) -> list[Command]:
        """The floor is the caller's."""
        assert self._talk
        # In a stall of the line the caller may be in mid-sentence: what was said stands once there is audio again.
        self._answered = self._turn if self._line.is_quiet and self._talk.can_take_back else None
        if not self._answered:
            self._talk.settle()
        self._reply = self._turn = None
        self._no_input_at_ms = now_ms + self._talk.plan.no_input_ms if self._talk.plan else None
        if self._part is not None:
            # The caller speaks already; a part that nobody took would be lost, and the silence ladder with it.
            self._adopt(self._part)
            self._no_input_at_ms = None
        return [*self._stop_holding(now_ms), *self._go(trigger)]

    def _on_went_on(self, now_ms: int) -> list[Command]:
        """The caller speaks before the reply is heard: what was said before was not all."""
        assert self._talk
        if self._turn is None and not self._talk.can_take_back:
            return []  # the greeting, or the answer to keys: owed whatever is said
        commands = self._stop_holding(now_ms)
        commands += self._collect() if self._part is None else []
        part = self._part
        assert part
        if self._interruption:
            self._adopt(part)
        else:
            commands += self._withdraw(part)
        return [*commands, *self._go(Trigger.WENT_ON)]

    def _on_barge_in(self, now_ms: int) -> list[Command]:
        reply = self._reply
        assert reply and self._talk and self._talk.plan
        heard_ms = self._speaking.heard_ms(reply, now_ms)
        left_ms = rest_ms(reply, heard_ms)
        is_closing = self._talk.plan.ends_call or self._talk.plan.transfer
        if is_closing and left_ms <= ALMOST_HEARD_MS:
            return []
        if self._part is None and not self._ear.is_speech:
            # Crackle: loud often enough to be counted here, never long enough to be speech.
            self._ear.listen_on()
            return []
        commands = self._speaking.silence(now_ms)
        if self._part is None:
            commands += self._collect()
        part = self._part
        assert part
        fields = {"heard_ms": heard_ms, "reply": reply.number, "turn": reply.turn, "voice_ms": self._ear.since_onset_ms}
        # In a burst after a stall the caller spoke before the agent did.
        if heard_ms - self._late_ms < WITHDRAW_HEARD_MS and (self._turn or self._talk.can_take_back):
            return [*commands, *self._withdraw(part), *self._go(Trigger.WENT_ON, fields)]
        self._turn = None
        self._talk.settle()
        self._adopt(part)
        commands += [Log("BARGE_IN", fields), *self._go(Trigger.BARGE_IN)]
        if left_ms <= ALMOST_HEARD_MS:
            self._reply = None
            return [*commands, *self._heard_until(reply, heard_ms)]
        self._interruption = Interruption(reply, heard_ms, now_ms + VERDICT_MS, left_ms <= ANSWER_REST_MS)
        return commands

    def _withdraw(self, part: Hearing) -> list[Command]:
        """The reply answered half a sentence: take it back, and let both halves be one turn."""
        if self._talk:
            self._talk.take_back()
        reply, self._reply = self._reply, None
        self._adopt(part)
        return reply.cancel() if reply else []

    def _rejoin(self, part: Hearing, now_ms: int) -> None:
        """The line had stalled in mid-sentence, and the first half was answered: both halves are one turn."""
        answered, self._answered = self._answered, None
        if answered is None or not self._talk:
            return
        began_ms = now_ms - self._late_ms - (self._ear.media_ms - self._part_from_ms)
        if began_ms > answered.ended_at_ms + REJOIN_WITHIN_MS:
            self._talk.settle()
            return
        self._talk.take_back()
        answered.add(part)
        self._turn, self._turn_number = answered, answered.number

    def _weigh(self, interruption: Interruption, now_ms: int) -> list[Command]:
        """The caller has the floor for now: is it a voice that goes on, or one that is over and said nothing?"""
        if self._ear.speech_ms >= SUSTAINED_SPEECH_MS:
            return self._grant_floor()
        if self._part is None or self._ear.is_speech or self._ear.silence_ms < ASK_AFTER_MS:
            return []
        if self._part.is_settled:
            return self._judge(interruption, self._part, now_ms)
        asked = self._part.finish_early()
        if asked:
            interruption.asked(now_ms)
        return asked

    def _judge(self, interruption: Interruption, part: Hearing, now_ms: int) -> list[Command]:
        """The voice is over: a knock with no words in it does not cost the caller the sentence."""
        streams = self._settings.hearing.streams
        if self._ear.is_speech or not interruption.is_false_alarm(part, self._ear.speech_ms, streams=streams):
            return []
        return self._resume(now_ms)

    def _takes_floor(self, words: str) -> bool:
        assert self._talk and self._interruption
        return self._interruption.takes_floor(words, self._talk.dialog)

    def _grant_floor(self) -> list[Command]:
        """It was speech: the rest of the reply is not said."""
        assert self._interruption
        interruption, self._interruption, self._reply = self._interruption, None, None
        return [*self._heard_until(interruption.reply, interruption.heard_ms), *interruption.reply.cancel()]

    def _resume(self, now_ms: int) -> list[Command]:
        """It was a false alarm: go on a little before the word that was heard last."""
        assert self._interruption
        interruption, self._interruption = self._interruption, None
        self._ear.raise_bar()
        part, self._part = self._part, None
        commands = self._drop_doubt()
        if part and not part.is_settled and self._settings.hearing.streams:
            commands += part.end(now_ms)
            self._doubt = Doubt(part, interruption)
        elif self._turn:
            commands += self._turn.cancel()
        self._turn = None
        self._ear.forget_utterance()
        interruption.reply.rewind(interruption.heard_ms)
        self._play_from_here(interruption.reply, now_ms)
        self._no_input_at_ms = None
        return [*commands, *self._go(Trigger.RESUMED, {"heard_ms": interruption.heard_ms})]

    def _hear_doubt(self, doubt: Doubt, now_ms: int) -> list[Command]:
        """The agent has gone on since; words are words all the same."""
        if doubt.part.is_settled and not doubt.part.interim:
            self._doubt = None
            return []
        heard, commands = doubt.part.result(now_ms)
        if heard is None:
            return commands
        self._doubt = None
        if not self._talk or not doubt.interruption.takes_floor(heard.text, self._talk.dialog):
            return commands
        self._ear.lower_bar()
        commands.append(Log("LATE_WORDS", {"text": heard.text, "asr_ms": heard.asr_ms}))
        reply, self._reply = self._reply, None
        if reply:
            heard_ms = self._speaking.heard_ms(reply, now_ms)
            commands += [*self._speaking.silence(now_ms), *self._heard_until(reply, heard_ms), *reply.cancel()]
            commands += self._go(Trigger.BARGE_IN, {"heard_ms": heard_ms})
        self._talk.settle()
        self._turn = self._no_input_at_ms = None
        self._adopt(doubt.part)
        if self._part:
            self._adopt(self._part)
            return commands
        assert self._turn
        self._turn.ended_at_ms = now_ms
        return [*commands, *self._go(Trigger.EOU)]

    def _drop_doubt(self) -> list[Command]:
        doubt, self._doubt = self._doubt, None
        return doubt.part.cancel() if doubt else []
