"""The conversation of one call: takes what was heard, returns what to say (R10, R17).

Pure: the date and the caller's number are handed in, nothing here knows a clock or a socket. Code owns the talk (what
is known, what to ask, when it is done); an LLM may only phrase a line that `responder` has already written.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from app.dialog.domain import WISHES, Intent, Understand, Understanding
from app.dialog.hebrew.contact.phones import callable_number, to_e164
from app.dialog.lines import book
from app.dialog.llm.rereading import Rereading
from app.dialog.plan import NO_INPUT_AGAIN_MS, Plan
from app.dialog.policy.answered_question import read_first, read_standing
from app.dialog.policy.closing import goes_on, reopen
from app.dialog.policy.keypad import press
from app.dialog.policy.listening import may_listen, only_listens
from app.dialog.policy.misses import MOST_MISSES
from app.dialog.policy.next_question import asked_of
from app.dialog.policy.reading import known_slots
from app.dialog.policy.state import DialogState, SlotChange, Source, Step
from app.dialog.responder import Responder
from app.dialog.settings import DialogSettings, Said
from app.dialog.understanding.ear.by_ear import wavers
from app.dialog.understanding.endings import Sounds, interim_sounds, is_backchannel

__all__ = ["Dialog", "DialogSettings", "Said", "Understand"]

_MOST_WORDS_READ, _MOST_LETTERS_READ = 200, 2000
"""Of a turn. The longest that people were heard to say has 38 words; a recogniser that goes mad knows no end, and all
calls would wait for it (200 words take 4 ms, 10,000 take 100).
"""


class Dialog:
    """One call's conversation. Every method that speaks returns a `Plan`; every line of it has passed the checks."""

    def __init__(
        self,
        settings: DialogSettings,
        today: date,
        caller_number: str | None = None,
        understand: Understand | None = None,
        state: DialogState | None = None,
    ) -> None:
        if understand is None:
            from app.dialog.understanding.ready import understand as understand_hebrew

            understand = understand_hebrew
        self.settings = settings
        self.today = today
        self.understand: Understand = understand
        self.memory = state or DialogState(caller_number=callable_number(caller_number))
        self.history: list[Said] = []
        self._agent = Responder(settings, self.memory, self.history, today)
        self._rereading = Rereading(self.memory)

    @classmethod
    def restore(
        cls, settings: DialogSettings, today: date, saved: Mapping[str, Any], understand: Understand | None = None
    ) -> "Dialog":
        """Go on from a snapshot (`Dialog.state`), on this instance or another (R18)."""
        dialog = cls(settings, today, understand=understand, state=DialogState.from_json(saved))
        dialog.history += [Said(who, text) for who, text in saved.get("history", ())]
        return dialog

    def copy(self) -> "Dialog":
        """Return a dialog that has come as far: what one hears and says, the other does not."""
        copied = Dialog(self.settings, self.today, understand=self.understand, state=self.memory.copy())
        copied.history += self.history
        copied._agent = self._agent.copy(copied.memory, copied.history)
        copied._rereading = self._rereading.copy(copied.memory)
        return copied

    # What the call asks of the dialog

    def greet(self) -> Plan:
        """Open the call."""
        return self._agent.plan(self._agent.writer.greeting(recorded=self.settings.recorded))

    def resume(self) -> Plan:
        """Go on after the line broke and came back: the same question again."""
        self._agent.begin()
        return self._agent.plan(self._agent.ask("reconnected", move=False))

    def hear(self, text: str, alternatives: tuple[str, ...] = ()) -> Plan:
        """Take one caller turn. Of a flood of words the last are read, more than the longest turn has time for."""
        text, alternatives = _end_of(text), tuple(one for one in alternatives if _end_of(one) == one)
        memory = self.memory
        agent = self._agent
        agent.begin(wavers=not self.settings.fine_ear and wavers((text, *alternatives)))
        memory.turn += 1
        memory.silences = 0
        if text.strip():
            self.history.append(Said("caller", text))
        asked_line = agent.last_line
        reader = read_first if self.settings.fine_ear else read_standing
        read = reader(self.understand, memory, text, today=self.today, alternatives=alternatives, agent=asked_line)
        understood = self._agreed(read.understood)
        read = replace(read, understood=understood)
        self._rereading.remember(text, understood)
        if memory.step == Step.DONE:
            if not goes_on(memory, understood):
                return agent.goodbye()
            reopen(memory)
        plan = agent.answer(read, text)
        return replace(plan, intent=understood.intent, turn=memory.turn, extraction=self._extraction(text, asked_line))

    def dtmf(self, digit: str) -> Plan | None:
        """Take one key: digits are a phone number, # ends it, * starts it anew. None while more keys are expected."""
        memory = self.memory
        if memory.step == Step.DONE:
            return None
        digits = press(memory, digit)
        if not digits:
            return None
        self._agent.begin()
        memory.silences = 0
        memory.phone_digits = ""
        memory.turn += 1
        phone = to_e164(digits)
        if phone is not None:
            memory.caller_number_denied = True
            self._agent.fold.set("phone", phone, digits, source=Source.DTMF)
            memory.phone_confirmed = False
            return self._agent.plan(self._agent.ask("noted"))
        return self._agent.not_understood()

    def no_input(self) -> Plan:
        """Say the silence ladder's next line, the third of which ends the call; or take a number that was keyed.

        Of some countries numbers differ in length, and not everybody ends them with #.
        """
        memory = self.memory
        if to_e164(memory.keys) is not None and (keyed := self.dtmf("#")) is not None:
            return keyed
        self._agent.begin()
        memory.silences += 1
        if memory.silences >= MOST_MISSES:
            memory.side = ""
            return self._agent.close("silence_end", memory.outcome or "no_input")
        memory.side = f"silence_{memory.silences}"
        return replace(self._agent.plan(self._agent.writer.whole(memory.side)), no_input_ms=NO_INPUT_AGAIN_MS)

    def nothing_understood(self) -> Plan:
        """Take leave of somebody who does not stop, and of whom nothing was understood for very long."""
        self._agent.begin()
        return self._agent.close("silence_end", self.memory.outcome or "no_input")

    def said(self, text_heard: str) -> None:
        """Note what of the agent's words the caller really heard; only this is history."""
        if self._agent.introduces:
            self.memory.owes_introduction = not self._agent.writer.introduces(
                text_heard, recorded=self.settings.recorded
            )
        if text_heard.strip():
            self.history.append(Said("agent", text_heard.strip()))
            self.memory.last_opening = book.opening(text_heard)

    def max_length_warning(self) -> Plan:
        """Say that the call will end soon, and go on with the question."""
        self._agent.begin()
        return self._agent.plan(self._agent.ask("hurry", move=False))

    def max_length_reached(self) -> Plan:
        """Close the call at its maximum length."""
        self._agent.begin()
        return self._agent.close("max_length_end", self.memory.result())

    def hung_up(self) -> str:
        """Note that the caller left; returns the outcome to store."""
        self.memory.outcome = self.memory.result()
        return self.memory.outcome

    def extracted(self, json_text: str, turn: int) -> tuple[SlotChange, ...]:
        """Merge an LLM extraction of an earlier turn before the next one; returns what it changed."""
        return self._rereading.merge(json_text, turn)

    def interim_sounds(self, text: str) -> Sounds:
        """Judge an interim transcript for endpointing."""
        return interim_sounds(text, asked_of(self.memory), len(self.memory.phone_digits))

    def is_backchannel(self, text: str) -> bool:
        """Whether words said while the agent speaks leave the floor with the agent."""
        if is_backchannel(text):
            return True
        if not may_listen(text):
            return False
        understood = self.understand(
            text,
            asked=asked_of(self.memory),
            state=known_slots(self.memory),
            today=self.today,
            agent=self._agent.last_line,
        )
        return only_listens(text, understood)

    @property
    def slots(self) -> dict[str, Any]:
        """Return the slots known now."""
        return dict(self.memory.slots)

    @property
    def state(self) -> dict[str, Any]:
        """Return a JSON-able snapshot for the store and for replays; `Dialog.restore` goes on from it."""
        history = [[said.who, said.text] for said in self.history]
        return {**self.memory.as_json(), "result": self.memory.result(), "history": history}

    # One turn

    def _extraction(self, text: str, asked_line: str) -> list[dict[str, str]] | None:
        if not self.settings.uses_llm or not text.strip() or self.memory.step == Step.DONE:
            return None
        return self._rereading.messages(asked_line, self.today)

    def _agreed(self, understood: Understanding) -> Understanding:
        """A yes to "did you mean a person?" is the wish itself."""
        memory = self.memory
        if memory.step != Step.SURE or memory.about not in WISHES or understood.intent is not Intent.CONFIRM:
            return understood
        memory.unsure = [topic for topic in memory.unsure if topic != memory.about]
        return replace(understood, intent=Intent(memory.about))


def _end_of(text: str) -> str:
    """Return a transcript, or the end of one that is longer than anybody can have said."""
    if len(text) <= _MOST_LETTERS_READ and text.count(" ") < _MOST_WORDS_READ:
        return text
    return " ".join(text[-_MOST_LETTERS_READ:].split()[-_MOST_WORDS_READ:])
