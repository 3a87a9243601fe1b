"""The caller's turn is over, or about to be: its words, whose they are, and what is answered (R8, R9). Pure."""

from app.call import breaking_off
from app.call.answering.guessing import STABLE_SILENCE_MS
from app.call.answering.patience import silence_before_answer
from app.call.delivering import SPOKEN_MS
from app.call.events import Command, Log
from app.call.floor import Floor
from app.call.hearing.recognition import GAVE_UP, TurnHeard
from app.call.hearing.turn import Turn
from app.call.states import Trigger
from app.dialog.dialog import Dialog

MOST_UNHEARD = 2
"""Turns in a row that no recogniser could hear, of which the last asks for a message instead of the same once more."""


class TurnEnd:
    """Answers turns for the floor. Times are monotonic ms."""

    def __init__(self, floor: Floor, *, guesses: bool) -> None:
        """`guesses`: whether a reply is prepared before it is certain what was said."""
        self._floor = floor
        self._guesses = guesses
        self._unheard = 0

    def hear(self, now_ms: int) -> list[Command]:
        """Answer the turn that waits for its text, should that be known by now."""
        floor = self._floor
        if floor.turn is None or not floor.awaits_text:
            return []
        heard, commands = floor.turn.result(now_ms)
        return [*commands, *(self._take(floor.turn, heard, now_ms) if heard else [])]

    def _take(self, turn: Turn, heard: TurnHeard, now_ms: int) -> list[Command]:
        """Find out whose words they are: the agent's own, nobody's, a listener's, or an answer."""
        floor, ear = self._floor, self._floor.caller.ear
        fields = {"text": heard.text, "asr_ms": heard.asr_ms, "source": heard.source, "audio_ms": heard.audio_ms}
        commands: list[Command] = [Log("ASR_TEXT", {**fields, "turn": turn.number})]
        if floor.interruption:
            if not floor.takes_floor(heard.text):
                return [*commands, *floor.resume(now_ms)]
            commands += floor.grant(now_ms)
        is_echo = floor.is_echo(heard.text)
        if is_echo:
            ear.was_echo()
            commands.append(Log("ECHO", {"turn": turn.number}))
            if floor.yielded:
                return [*commands, *floor.retake(now_ms)]
        commands += floor.let_go()
        is_unheard = not heard.text and heard.source == GAVE_UP
        if is_echo or (not heard.text and not is_unheard and ear.voiced_ms < SPOKEN_MS):
            dropped = floor.conversation.drop_guess()
            return [*commands, *dropped, *floor.listen(Trigger.NOTHING_SAID, now_ms, anew=False)]
        self._unheard = self._unheard + 1 if is_unheard else 0
        if self._unheard >= MOST_UNHEARD:
            goodbye = floor.conversation.dialog.nothing_understood().line
            return [*commands, *breaking_off.for_a_message(floor, "EARS_LOST", now_ms, goodbye)]
        return [*commands, *self._answer(turn, heard, now_ms)]

    def _answer(self, turn: Turn, heard: TurnHeard, now_ms: int) -> list[Command]:
        floor, conversation = self._floor, self._floor.conversation
        if not heard.text and floor.progress.is_hopeless(now_ms):
            floor.reply, goodbye = conversation.prompt(Dialog.nothing_understood, turn.number, now_ms)
            return goodbye
        if turn.silence_ms:
            sounds = conversation.dialog.interim_sounds(heard.text)
            silence_ms = silence_before_answer(sounds, in_doubt=turn.in_doubt)
            turn.answer_from_ms = turn.ended_at_ms - turn.silence_ms + silence_ms
        misses, slots = conversation.dialog.memory.misses_in_row, conversation.dialog.slots
        floor.reply, answer = conversation.answer(heard, turn.number, now_ms)
        dialog = conversation.dialog
        # Out of a stream of words that does not end, only what the office wants to know is more than chance.
        has_got_on = not turn.is_cut and heard.text and dialog.memory.misses_in_row <= misses
        if has_got_on or dialog.slots != slots:
            floor.progress.understood(now_ms)
        return answer

    def guess_ahead(self, now_ms: int) -> list[Command]:
        """Prepare the reply to what was said so far, once the caller pauses and the words stand."""
        floor, ear = self._floor, self._floor.caller.ear
        turn, stretch = floor.turn, floor.caller.stretch
        if turn is None or floor.interruption or floor.reply:
            return []
        if ear.is_speech or ear.silence_ms < STABLE_SILENCE_MS:
            return []
        commands = stretch.read_ahead() if stretch else []
        if self._guesses and not floor.is_echo(turn.interim):
            commands += floor.let_go() if turn.interim else []
            commands += floor.conversation.guess_ahead(turn.interim, turn.alternatives, turn.number, now_ms)
        return commands
