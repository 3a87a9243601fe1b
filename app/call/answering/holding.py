"""A holding phrase when an answer is late (R9.4): "רגע אחד, בודקת." from the cache, then the answer. Pure.

A dialog's line is always ready when a language model is not, so this is for what is left: a recogniser that had to be
asked twice, a voice that is slow to begin. Times are monotonic ms.
"""

from app.call.answering.conversation import Conversation
from app.call.answering.replying import Reply
from app.call.answering.speaking import Speaking
from app.call.events import Command, Log, Save
from app.call.hearing.turn import Turn

VOICE_SOON_MS = 600  # a voice asked for less than this ago is about to be heard: nothing may be put before it
TURNS_APART = 3  # said at every turn it would be a habit


class Holding:
    """The holding phrase of a call, at most one in so many turns."""

    def __init__(self, after_ms: int) -> None:
        """Hold the line `after_ms` after the end of a turn that has no answer yet."""
        self._after_ms = after_ms
        self._last_turn = -TURNS_APART
        self.is_playing = False
        self.reply: Reply | None = None
        """The phrase in hand."""

    def due_ms(self, turn: Turn, reply: Reply | None) -> int | None:
        """Return when a phrase is due while the answer to `turn` is awaited; `reply` is that answer, once begun."""
        if self.reply is not None or turn.number - self._last_turn < TURNS_APART:
            return None
        if reply is None or reply.first_sentence_ms is None:
            return turn.ended_at_ms + self._after_ms
        if reply.first_audio_ms is not None:
            return None
        return max(turn.ended_at_ms + self._after_ms, reply.first_sentence_ms + VOICE_SOON_MS)

    def begin(self, conversation: Conversation, turn: Turn, now_ms: int) -> list[Command]:
        """Have the phrase spoken."""
        self._last_turn = turn.number
        self.reply, commands = conversation.hold(turn.number, now_ms)
        return [Log("HOLDING", {"turn": turn.number, "waited_ms": now_ms - turn.ended_at_ms}), *commands]

    def move(self, speaking: Speaking, answer: Reply | None, now_ms: int) -> list[Command]:
        """Send what is due of the phrase; one whose answer is there by now is not begun."""
        if self.reply is None:
            return []
        if not self.is_playing:
            is_late = answer is not None and answer.has_audio
            if is_late or not (self.reply.is_whole and self.reply.has_audio):
                return []
            self.is_playing = True
            speaking.begin(self.reply, now_ms)
        return speaking.move(self.reply, now_ms, is_last=False)

    def is_in_the_way(self, speaking: Speaking) -> bool:
        """Whether some of the phrase is still to be sent."""
        return self.is_playing and speaking.timer() is not None

    def end(self) -> list[Command]:
        """The answer begins, behind what was sent of the phrase."""
        reply, was_playing = self._drop()
        if reply is None:
            return []
        return [_said(reply, reply.voice_ms)] if was_playing else reply.cancel()

    def stop(self, speaking: Speaking, now_ms: int) -> list[Command]:
        """The caller speaks, or no answer follows: what was heard of the phrase is all there is."""
        reply, was_playing = self._drop()
        if reply is None:
            return []
        return [_said(reply, speaking.heard_ms(reply, now_ms))] if was_playing else reply.cancel()

    def _drop(self) -> tuple[Reply | None, bool]:
        dropped = self.reply, self.is_playing
        self.reply, self.is_playing = None, False
        return dropped


def _said(reply: Reply, heard_ms: int) -> Save:
    heard = reply.heard_text(heard_ms)
    return Save("said", {"turn": reply.turn, "reply": reply.number, "text": reply.text, "heard": heard})
