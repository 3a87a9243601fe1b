"""One caller turn: one or more stretches of speech that count as one answer.

A caller who goes on before the reply was heard adds a stretch to the same turn; what was heard before is not lost.
"""

from app.call.events import Command, SttEnded, SttFailed, SttHeard
from app.call.hearing.recognition import Recognition, TurnHeard, joined


class Turn:
    """The stretches of one turn, each with its recognition. Pure."""

    def __init__(self, number: int, began_at_ms: int = 0) -> None:
        self.number = number
        self.began_at_ms = began_at_ms
        self.ended_at_ms = 0
        self.silence_ms = 0
        """How much silence ended it; 0: something else did."""
        self.in_doubt = False
        """Whether that silence alone says that the caller is done."""
        self.answer_from_ms = 0
        """When its answer may be heard at the earliest (monotonic)."""
        self.is_cut = False
        """Whether the agent ended it, for it would not end."""
        self._parts: list[Recognition] = []
        self._heard: list[TurnHeard | None] = []

    def add(self, part: Recognition) -> None:
        """The caller goes on: `part` hears it."""
        self._parts.append(part)
        self._heard.append(None)

    def precede(self, part: Recognition) -> None:
        """What `part` hears was said before."""
        self._parts.insert(0, part)
        self._heard.insert(0, None)

    def holds(self, part: Recognition) -> bool:
        """Whether `part` is one of the turn's stretches."""
        return part in self._parts

    def receive(self, event: SttHeard | SttEnded | SttFailed, now_ms: int) -> list[Command]:
        """Hand a recogniser's word to the part that waits for it."""
        return [command for part in self._open for command in part.receive(event, now_ms)]

    def result(self, now_ms: int) -> tuple[TurnHeard | None, list[Command]]:
        """Return the whole turn's text once every part of it is known."""
        commands: list[Command] = []
        for index, part in enumerate(self._parts):
            if self._heard[index] is None:
                self._heard[index], more = part.result(now_ms)
                commands += more
        heard = [one for one in self._heard if one is not None]
        if not heard or len(heard) < len(self._parts):
            return None, commands
        last = heard[-1]
        text = " ".join(one.text for one in heard if one.text)
        alternatives = joined([(one.text, one.alternatives) for one in heard])
        audio_ms = sum(one.audio_ms for one in heard)
        return TurnHeard(text, alternatives, last.source, last.asr_ms, audio_ms), commands

    def timer(self) -> int | None:
        """Return when `result` may have news without any event."""
        return min((at for part in self._open if (at := part.timer()) is not None), default=None)

    def cancel(self) -> list[Command]:
        """Nobody wants to know any more."""
        return [command for part in self._open for command in part.cancel()]

    @property
    def is_wordless(self) -> bool:
        """Whether every recogniser has had its say, and none heard a word."""
        return not self.interim and all(part.is_settled and not part.has_failed for part in self._parts)

    @property
    def interim(self) -> str:
        """The turn's text so far, as far as anyone has heard it."""
        parts = zip(self._parts, self._heard, strict=True)
        said = [part.interim if heard is None else heard.text for part, heard in parts]
        return " ".join(text for text in said if text)

    @property
    def alternatives(self) -> tuple[str, ...]:
        """Further readings of `interim`."""
        parts = zip(self._parts, self._heard, strict=True)
        said = [
            (part.interim, part.alternatives) if heard is None else (heard.text, heard.alternatives)
            for part, heard in parts
        ]
        return joined(said)

    @property
    def _open(self) -> list[Recognition]:
        return [part for part, heard in zip(self._parts, self._heard, strict=True) if heard is None]
