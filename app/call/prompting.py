"""The agent speaks unasked, once nothing was understood for too long (R17). Pure; times are monotonic ms."""

from collections.abc import Callable

from app.call.events import Command
from app.call.floor import Floor
from app.call.states import State
from app.dialog.dialog import Dialog
from app.dialog.plan import Plan


class Prompting:
    """Speaks for the floor while the caller has it."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def due_ms(self) -> int | None:
        """Return when the caller will have had the floor for long enough without being understood."""
        floor = self._floor
        if floor.state is not State.LISTENING or floor.interruption:
            return None
        stretch = floor.caller.stretch
        if stretch is None:  # most of the time, and asked with every tick
            return floor.progress.due_ms(None, has_words=False)
        return floor.progress.due_ms(
            floor.caller.since_ms,
            has_words=bool(floor.turn and floor.turn.interim),
            is_voice=floor.caller.is_voice,
            hears_words=not stretch.is_reading,
        )

    def on_no_progress(self, now_ms: int) -> list[Command] | None:
        """Ask, or take leave; None where there are words to be answered instead."""
        floor = self._floor
        if floor.progress.is_hopeless(now_ms):
            return self.say(Dialog.nothing_understood, now_ms)
        if not floor.turn or not floor.turn.interim:
            return self.say(Dialog.no_input, now_ms)
        floor.insists = floor.turn.is_cut = True
        return None

    def say(self, speak: Callable[[Dialog], Plan], now_ms: int) -> list[Command]:
        """Say what `speak` makes of the dialog, from LISTENING."""
        floor = self._floor
        commands = floor.prompt()
        floor.reply, begun = floor.conversation.prompt(speak, floor.turn_number, now_ms)
        return [*commands, *begun]
