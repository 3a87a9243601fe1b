"""The reply in hand on its way to the caller: a holding phrase while it is late, its voice, its end (R9). Pure."""

from app.call.answering.conversation import Conversation
from app.call.answering.replying import Reply
from app.call.answering.speaking import timings
from app.call.events import Command, LlmEnded, LlmFailed, LlmText, Log, SpeechAudio, SpeechEnded, SpeechFailed
from app.call.floor import Floor
from app.call.states import State, Trigger

SPOKEN_MS = 600  # a turn voiced for this long held words, even if no recogniser found them
GREETING_WAIT_MS = 2000  # words the agent owes are not held back for longer than this by a sound on the line


class Delivery:
    """Speaks for the floor. Times are monotonic ms."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self.has_spoken = False
        """Whether any voice was ever to be had in this call."""
        self.own_wait_ms = 0
        """What this turn's events had to wait for one another: no engine's time."""

    def receive(
        self,
        event: LlmText | LlmEnded | LlmFailed | SpeechAudio | SpeechEnded | SpeechFailed,
        now_ms: int,
        waited_ms: int,
    ) -> list[Command]:
        """Hand what an engine made, which `waited_ms` for its turn, to the reply that asked for it."""
        floor = self._floor
        # The reply that counts, the phrase before it, and those that may come to.
        for reply in (floor.reply, floor.holding.reply, floor.conversation.guessed_reply, floor.kept_reply):
            if reply is not None and reply.awaits(event):
                self.own_wait_ms += waited_ms if reply.first_audio_ms is None else 0
                return reply.receive(event, now_ms)
        return []

    def hold_due_ms(self) -> int | None:
        """When the caller is to be asked for a moment, should there be no answer by then."""
        floor, ear = self._floor, self._floor.caller.ear
        if floor.state is not State.PROCESSING or floor.turn is None or floor.interruption or ear.is_speech:
            return None
        has_words = floor.reply or floor.turn.interim or ear.voiced_ms >= SPOKEN_MS
        return floor.holding.due_ms(floor.turn, floor.reply) if has_words else None

    def hold_the_line(self, conversation: Conversation, now_ms: int) -> list[Command]:
        """Ask for a moment if one is due, and go on asking."""
        floor, due_ms = self._floor, self.hold_due_ms()
        begun = due_ms is not None and now_ms >= due_ms and floor.turn is not None
        commands = floor.holding.begin(conversation, floor.turn, now_ms) if begun and floor.turn else []
        return [*commands, *floor.holding.move(floor.agent, floor.reply, now_ms)]

    def playout_due_ms(self) -> int | None:
        """When the next frame is due, or the end."""
        is_playing = self._floor.state is State.SPEAKING or self._floor.holding.is_playing
        return self._floor.agent.timer() if is_playing else None

    def move(self, reply: Reply, now_ms: int) -> tuple[list[Command], Trigger | None]:
        """Begin to speak, or go on; return why the reply is over, if it is."""
        floor, commands = self._floor, list[Command]()
        if floor.state is State.PROCESSING and self._may_speak:
            if not reply.has_audio:
                return commands, Trigger.NOTHING_SAID if reply.is_whole else None
            commands += self._begin(reply, now_ms)
        if floor.state is State.SPEAKING and not floor.agent.rests(now_ms):
            commands += floor.agent.move(reply, now_ms)
            if floor.agent.is_over(now_ms):
                return commands, Trigger.PLAYED
        return commands, None

    @property
    def _may_speak(self) -> bool:
        ear = self._floor.caller.ear
        if self._floor.insists or not ear.may_be_speech:
            return True
        return ear.is_speech and ear.since_onset_ms > GREETING_WAIT_MS

    def _begin(self, reply: Reply, now_ms: int) -> list[Command]:
        floor = self._floor
        if floor.holding.is_in_the_way(floor.agent) or not reply.may_start(now_ms):
            return []
        if floor.turn and not floor.insists and now_ms < floor.turn.answer_from_ms:
            reply.ready_at_ms = now_ms if reply.ready_at_ms is None else reply.ready_at_ms
            return []
        held_ms = 0 if reply.ready_at_ms is None else now_ms - reply.ready_at_ms
        phrase = floor.holding.end()
        self.has_spoken = True
        floor.play_from_here(reply, now_ms)
        first_audio_ms = now_ms - held_ms - reply.asked_at_ms
        start = Log("TTS_START", {"reply": reply.number, "first_audio_ms": first_audio_ms, "held_ms": held_ms})
        spent = timings(floor.turn, reply, now_ms, self.own_wait_ms, held_ms) if floor.turn else []
        return [*phrase, start, *floor.go(Trigger.REPLY_READY), *spent]
