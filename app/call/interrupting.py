"""The caller spoke over the agent: pause, decide, resume (R7.5). Pure; times are monotonic ms.

The agent is silent already. Words that are more than "I am listening", or speech that goes on, give the caller the
floor; a knock, a cough or a backchannel does not cost the caller the rest of the sentence. As soon as the voice stops,
a streaming recogniser is asked for its final; one that is too slow to answer before the agent goes on is still listened
to, and words it finds then interrupt once more.
"""

from dataclasses import dataclass

from app.call.answering.replying import Reply
from app.call.echo_words import is_echo
from app.call.events import Command
from app.call.hearing.recognition import Recognition, TurnHeard
from app.dialog.dialog import Dialog

VERDICT_MS = 500  # words or sustained speech by then: the caller has the floor
SUSTAINED_SPEECH_MS = 700
LONGEST_WORD_MS = 1200  # a voice that took the floor by its length, and was no longer than a word is
SHORT_SPEECH_MS = 350  # so short a sound in which no word was found yet is taken for none
ASK_AFTER_MS = 160  # no consonant stops the voice for longer: a word is over
ANSWER_MS = 300  # a recogniser's final comes within this, or the agent goes on
ECHO_AHEAD_MS = 800  # words are not spread evenly over a voice
ALMOST_HEARD_MS = 200  # with no more than this left, the agent has said what it had to say
ANSWER_REST_MS = 1000  # so near its end even "כן" answers the agent's question


@dataclass(slots=True)
class Interruption:
    """An interrupted reply; whether it was speech that interrupted it is not decided yet.

    With `needs_words` no voice takes the floor by its length: a goodbye, or a question whether anyone is there, is owed
    to a room full of sounds, too.
    """

    reply: Reply
    heard_ms: int
    began_at_ms: int
    is_near_end: bool
    needs_words: bool = False
    verdict_at_ms: int = 0
    asked_at_ms: int | None = None

    def __post_init__(self) -> None:
        self.verdict_at_ms = self.began_at_ms + VERDICT_MS

    @property
    def said(self) -> str:
        """What the agent had said, and was about to say, when it fell silent."""
        return self.reply.heard_text(self.heard_ms + ECHO_AHEAD_MS)

    def is_echo(self, words: str) -> bool:
        """Whether it was the agent's own voice that interrupted it, by the words."""
        return is_echo(words, self.said)

    def takes_floor(self, words: str, dialog: Dialog) -> bool:
        """Whether these words over the agent's are more than "I am listening"."""
        return bool(words) and (self.is_near_end or not dialog.is_backchannel(words))

    def asked(self, now_ms: int) -> None:
        """The recogniser was asked for its final: wait for that."""
        self.asked_at_ms = now_ms
        self.verdict_at_ms = now_ms + ANSWER_MS

    def is_false_alarm(self, stretch: Recognition, speech_ms: int, now_ms: int, *, streams: bool) -> bool:
        """Whether the voice, over by now after `speech_ms`, held no words, as far as anyone can tell.

        A recogniser that `streams` has had its final say, or the time for it, or would have told of a longer word by
        now; a batch one is waited for.
        """
        if not streams or stretch.has_failed:
            return False
        if stretch.is_settled:
            return True
        if stretch.interim or self.is_near_end:
            return False  # near the end a short answer may still be on its way
        had_its_time = self.asked_at_ms is not None and now_ms >= self.asked_at_ms + ANSWER_MS
        return had_its_time or speech_ms < SHORT_SPEECH_MS


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sound that was taken for noise before the recogniser had its say."""

    stretch: Recognition
    interruption: Interruption

    def words(self, now_ms: int, dialog: Dialog) -> tuple[bool, TurnHeard | None, list[Command]]:
        """Return whether the recogniser has had its say, its words if they take the floor, and what is to be done."""
        if self.stretch.is_settled and not self.stretch.interim:
            return True, None, []
        heard, commands = self.stretch.result(now_ms)
        if heard is None:
            return False, None, commands
        if self.interruption.is_echo(heard.text) or not self.interruption.takes_floor(heard.text, dialog):
            return True, None, commands
        return True, heard, commands


def rest_ms(reply: Reply, heard_ms: int) -> int:
    """How much of the reply is left to be heard; more than `ANSWER_REST_MS` as long as nobody knows."""
    return reply.voice_ms - heard_ms if reply.is_whole else ANSWER_REST_MS + 1
