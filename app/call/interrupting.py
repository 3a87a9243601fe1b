"""The caller spoke over the agent: pause, decide, resume (R7.5). Pure; times are monotonic ms.

The agent is silent already. Words that are more than "I am listening", or speech that goes on, give the caller the
floor; a knock, a cough or a backchannel does not cost the caller the rest of the sentence.
"""

from dataclasses import dataclass

from app.call.hearing import Hearing
from app.call.replying import Reply
from app.dialog.dialog import Dialog

VERDICT_MS = 500  # words or sustained speech by then: the caller has the floor
SUSTAINED_SPEECH_MS = 700
ALMOST_HEARD_MS = 200  # with no more than this left, the agent has said what it had to say
ANSWER_REST_MS = 1000  # so near its end even "כן" answers the agent's question


@dataclass(slots=True)
class Interruption:
    """An interrupted reply; whether it was speech that interrupted it is not decided yet."""

    reply: Reply
    heard_ms: int
    verdict_at_ms: int
    is_near_end: bool

    def takes_floor(self, words: str, dialog: Dialog) -> bool:
        """Whether these words over the agent's are more than "I am listening"."""
        return bool(words) and (self.is_near_end or not dialog.is_backchannel(words))

    def is_false_alarm(self, part: Hearing | None, speech_ms: int, *, is_speech: bool, streams: bool) -> bool:
        """Half a second on: whether the sound is over and was too short for words nobody has heard.

        `streams`: a recogniser that hears while the caller speaks would have told of words; a batch one is waited for.
        """
        can_tell = streams and not (part and part.interim)
        can_tell = can_tell and not self.is_near_end  # a short answer may still be on its way
        return part is not None and not is_speech and can_tell and speech_ms < SUSTAINED_SPEECH_MS // 2


def rest_ms(reply: Reply, heard_ms: int) -> int:
    """How much of the reply is left to be heard; more than `ANSWER_REST_MS` as long as nobody knows."""
    return reply.voice_ms - heard_ms if reply.is_whole else ANSWER_REST_MS + 1
