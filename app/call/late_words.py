"""Words whose final comes after the agent has gone on: words are words all the same (R7.5). Pure."""

from app.call.events import Command, Log
from app.call.floor import Floor
from app.call.interrupting import Doubt
from app.call.states import State, Trigger


class LateWords:
    """Listens for the floor to a sound that was taken for none. Times are monotonic ms."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def due_ms(self) -> int | None:
        """Return when `hear` may have news without any event."""
        doubt = self._doubt
        return doubt.stretch.timer() if doubt else None

    @property
    def _doubt(self) -> Doubt | None:
        """What is listened for: nothing while it is open who has the floor, or has been decided."""
        floor = self._floor
        is_open = floor.interruption is None and floor.state in (State.LISTENING, State.SPEAKING)
        return floor.doubt if is_open else None

    def hear(self, now_ms: int) -> list[Command]:
        """Take in what is said by now of the sound in doubt; words stop the agent once more."""
        floor, doubt = self._floor, self._doubt
        if doubt is None:
            return []
        is_over, heard, commands = doubt.words(now_ms, floor.conversation.dialog)
        floor.doubt = None if is_over else doubt
        if heard is None:
            return commands
        floor.caller.ear.lower_bar()
        commands += [Log("LATE_WORDS", {"text": heard.text, "asr_ms": heard.asr_ms})]
        commands += [*floor.let_go(), *self._cut(now_ms)]
        floor.conversation.settle()
        floor.turn = None
        floor.adopt(doubt.stretch)
        if floor.caller.stretch:
            floor.adopt(floor.caller.stretch)
            return commands
        assert floor.turn
        floor.turn.ended_at_ms = now_ms
        return [*commands, *floor.go(Trigger.EOU)]

    def _cut(self, now_ms: int) -> list[Command]:
        """What the agent is saying ends here."""
        floor = self._floor
        reply, floor.reply = floor.reply, None
        if reply is None:
            return []
        heard_ms = floor.agent.heard_ms(reply, now_ms)
        commands = [*floor.agent.silence(now_ms), *floor.conversation.said(reply, heard_ms), *reply.cancel()]
        return [*commands, *floor.go(Trigger.BARGE_IN, {"heard_ms": heard_ms})]
