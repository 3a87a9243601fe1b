"""The conversation of one call: takes what was heard, returns what to say (R10, R17).

Pure: the date and the caller's number are handed in, nothing here knows a clock or a socket. Code owns the talk (what
is known, what to ask, when it is done); an LLM may only phrase a line that this module has already written.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from app.dialog.domain import WISHES, Errand, Intent, Understand, Understanding
from app.dialog.hebrew.clock_times import callback_words
from app.dialog.hebrew.phones import callable_number, to_e164
from app.dialog.lines import book
from app.dialog.lines.priming import phrases
from app.dialog.lines.writer import LineWriter, Written
from app.dialog.llm import prompts
from app.dialog.llm.rereading import Rereading
from app.dialog.plan import NO_INPUT_AGAIN_MS, NO_INPUT_MS, NO_INPUT_ON_HOLD_MS, Plan
from app.dialog.policy.acknowledgement import Turn
from app.dialog.policy.actions import Action, ActionKind
from app.dialog.policy.answered_question import Read, read_first, read_standing
from app.dialog.policy.closing import closing_kind, confirmed_actions, goes_on, reopen
from app.dialog.policy.either_or import SIDES, one_side, take_side
from app.dialog.policy.folding import Fold
from app.dialog.policy.keypad import press
from app.dialog.policy.listening import MOST_WORDS, only_listens
from app.dialog.policy.misses import MOST_MISSES, Way, missed
from app.dialog.policy.next_question import asked_of, confirms, next_step
from app.dialog.policy.reading import known_slots
from app.dialog.policy.state import SLOT_STEPS, DialogState, Mode, SlotChange, Source, Step
from app.dialog.settings import DialogSettings, Said
from app.dialog.understanding.ear.by_ear import wavers
from app.dialog.understanding.endings import Sounds, interim_sounds, is_backchannel
from app.dialog.understanding.no_answer import cannot_talk

__all__ = ["Dialog", "DialogSettings", "Said", "Understand"]


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
            from app.dialog.understanding.understand import understand as understand_hebrew

            understand = understand_hebrew
        self.settings = settings
        self.today = today
        self.understand: Understand = understand
        self.memory = state or DialogState(caller_number=callable_number(caller_number))
        self.history: list[Said] = []
        self.writer = LineWriter(self.memory, settings.office_name, settings.agent_name, today.year)
        self._fold = Fold(self.memory)
        self._rereading = Rereading(self.memory)
        self._actions: list[Action] = []
        self._last_line = ""
        self._introduces = False
        self._wavers = False

    @classmethod
    def restore(
        cls, settings: DialogSettings, today: date, saved: Mapping[str, Any], understand: Understand | None = None
    ) -> "Dialog":
        """Go on from a snapshot (`Dialog.state`), on this instance or another (R18)."""
        dialog = cls(settings, today, understand=understand, state=DialogState.from_json(saved))
        dialog.history = [Said(who, text) for who, text in saved.get("history", ())]
        return dialog

    # What the call asks of the dialog

    def greet(self) -> Plan:
        """Open the call."""
        return self._plan(self.writer.greeting(recorded=self.settings.recorded))

    def resume(self) -> Plan:
        """Go on after the line broke and came back: the same question again."""
        self._begin()
        return self._plan(self._ask("reconnected", move=False))

    def hear(self, text: str, alternatives: tuple[str, ...] = ()) -> Plan:
        """Take one caller turn."""
        memory = self.memory
        self._begin()
        self._wavers = not self.settings.fine_ear and wavers((text, *alternatives))
        memory.turn += 1
        memory.silences = 0
        if text.strip():
            self.history.append(Said("caller", text))
        asked_line = self._last_line
        reader = read_first if self.settings.fine_ear else read_standing
        read = reader(self.understand, memory, text, today=self.today, alternatives=alternatives, agent=self._last_line)
        understood = self._agreed(read.understood)
        read = replace(read, understood=understood)
        self._rereading.remember(text, understood)
        if memory.step == Step.DONE:
            if not goes_on(memory, understood):
                return self._goodbye()
            reopen(memory)
        side, memory.side = memory.side, ""
        plan = (
            self._at_side_question(side, understood, text)
            or self._at_either_or(side, understood)
            or self._act(read, text)
        )
        return replace(plan, intent=understood.intent, turn=memory.turn, extraction=self._extraction(text, asked_line))

    def dtmf(self, digit: str) -> Plan | None:
        """Take one key: digits are a phone number, # ends it, * starts it anew. None while more keys are expected."""
        memory = self.memory
        if memory.step == Step.DONE:
            return None
        digits = press(memory, digit)
        if not digits:
            return None
        self._begin()
        memory.silences = 0
        memory.phone_digits = ""
        memory.turn += 1
        phone = to_e164(digits)
        if phone is not None:
            memory.caller_number_denied = True
            self._fold.set("phone", phone, digits, source=Source.DTMF)
            memory.phone_confirmed = False
            return self._plan(self._ask("noted"))
        return self._not_understood()

    def no_input(self) -> Plan:
        """Say the silence ladder's next line; the third ends the call."""
        memory = self.memory
        self._begin()
        memory.silences += 1
        if memory.silences >= MOST_MISSES:
            memory.side = ""
            return self._close("silence_end", memory.outcome or "no_input")
        memory.side = f"silence_{memory.silences}"
        return replace(self._plan(self.writer.whole(memory.side)), no_input_ms=NO_INPUT_AGAIN_MS)

    def nothing_understood(self) -> Plan:
        """Take leave of somebody who does not stop, and of whom nothing was understood for very long."""
        self._begin()
        return self._close("silence_end", self.memory.outcome or "no_input")

    def said(self, text_heard: str) -> None:
        """Note what of the agent's words the caller really heard; only this is history."""
        if self._introduces:
            self.memory.owes_introduction = not self.writer.introduces(text_heard, recorded=self.settings.recorded)
        if text_heard.strip():
            self.history.append(Said("agent", text_heard.strip()))
            self.memory.last_opening = book.opening(text_heard)

    def max_length_warning(self) -> Plan:
        """Say that the call will end soon, and go on with the question."""
        self._begin()
        return self._plan(self._ask("hurry", move=False))

    def max_length_reached(self) -> Plan:
        """Close the call at its maximum length."""
        self._begin()
        return self._close("max_length_end", self.memory.result())

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
        if len(text.split()) > MOST_WORDS:
            return False
        understood = self.understand(
            text, asked=asked_of(self.memory), state=known_slots(self.memory), today=self.today, agent=self._last_line
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

    def _begin(self) -> None:
        self._fold = Fold(self.memory)
        self._actions = []

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

    def _at_side_question(self, side: str, understood: Understanding, text: str) -> Plan | None:
        """Answer to a question of the line itself: shall I repeat, shall someone call you, are you back."""
        yes, no = understood.intent is Intent.CONFIRM, understood.intent is Intent.DENY
        if not side or not (
            yes or no or (side == "hold" and understood.intent is Intent.UNCLEAR and not understood.hold)
        ):
            return None
        if understood.updates and not (yes and set(understood.updates) <= {"phone"}):
            return None
        if side in SIDES.values():
            return self._plan(self._ask(take_side(self.memory, self._fold, side, text, yes=yes)))
        if side == "silence_2" and yes:
            self.memory.left_open.append("name")
            return self._call_back(text)
        if no and side in ("silence_1", "abuse"):
            return (
                None
                if Step(self.memory.step) in (Step.CALLER_ID, Step.READ_BACK, Step.SUMMARY)
                else self._repeat("go_on")
            )
        return self._repeat("go_on" if side == "hold" else "repeat")

    def _at_either_or(self, side: str, understood: Understanding) -> Plan | None:
        narrower = one_side(self.memory, understood, side)
        if narrower is None:
            return None
        self.memory.side = narrower
        return self._plan(self.writer.whole(narrower))

    def _act(self, read: Read, text: str) -> Plan:
        """Answer a turn by what the caller does with it, most urgent act first."""
        memory, fold, understood = self.memory, self._fold, read.understood
        if understood.abuse:
            memory.abuses += 1
            if memory.abuses > 1:
                return self._close("abuse_end", "abuse")
            memory.side = "abuse"
            return self._plan(self.writer.whole("abuse_1"))
        if understood.injection and not understood.updates:
            return self._plan(self._ask("injection", move=Step(memory.step) is Step.GREETING))
        if self._wavers and understood.updates.get("phone") in memory.denied.get("phone", ()):
            # The ear hears what it heard before, and that was wrong.
            return self._not_understood()
        turn = Turn(memory, fold, understood, text)
        turn.confirm_number()
        said_back, memory.said_back = memory.said_back, []
        fold.apply(understood, text)
        turn.go_past(read.answered.value)
        self._actions += turn.wishes()
        special = self._special(understood, text)
        if special is not None:
            return special
        needs_number = memory.step in (Step.MOBILE, Step.PHONE) or not memory.slots.get("phone")
        if understood.phone_digits and memory.phone_digits and needs_number:
            memory.step = Step.PHONE.value
            return self._plan(self.writer.dictated_so_far())
        kind = turn.takes_back(said_back) or turn.acknowledgement()
        if kind is None:
            return self._not_understood()
        memory.misses_in_row = 0
        if kind.startswith("whole:"):
            return self._plan(self.writer.whole(kind.removeprefix("whole:")))
        return self._plan(self._ask(kind), may_phrase=kind in _PHRASED)

    def _special(self, understood: Understanding, text: str) -> Plan | None:
        """Acts that have a line of their own, whatever was asked."""
        memory = self.memory
        if understood.intent is Intent.HUMAN:
            return self._hand_off()
        if understood.owner and memory.mode == Mode.SEEK:
            memory.mode, memory.owner = Mode.OWNER, True
            return self._plan(self._ask("owner"))
        if understood.intent is Intent.GOODBYE or understood.errand is Errand.WRONG_NUMBER:
            return self._goodbye()
        if understood.errand is not None and memory.mode == Mode.SEEK:
            # A room-mate, a colleague, a job: nothing of it is a search, and somebody of the office calls back.
            memory.mode = Mode.CALLBACK
            return self._plan(self._ask("errand"))
        if understood.updates or understood.refused:
            return None
        aside = self._aside(understood)
        if aside is not None:
            return aside
        early = Step(memory.step) in SLOT_STEPS | {Step.GREETING, Step.OFFER_CALLBACK}
        if early and understood.intent is Intent.SCHEDULE:
            return self._call_back(text)
        if early and understood.intent is Intent.WHATSAPP and cannot_talk(text) and memory.mode == Mode.SEEK:
            memory.mode = Mode.CALLBACK.value
            return self._plan(self._ask("whatsapp"))
        return None

    def _aside(self, understood: Understanding) -> Plan | None:
        """Answer what the caller asks of the agent, or for: who it is, a moment, the question again."""
        memory = self.memory
        if understood.asks_who or (memory.owes_introduction and understood.intent is Intent.UNCLEAR):
            if memory.step == Step.GREETING:
                return self._repeat(self._introduction)
            return self._plan(self._ask(self._introduction, move=False))
        if understood.more_to_say and memory.reopened:
            return self._plan(self._ask("welcome"))
        if understood.hold:
            memory.side = "hold"
            return replace(self._plan(self.writer.whole("hold")), no_input_ms=NO_INPUT_ON_HOLD_MS)
        if understood.intent is Intent.REPEAT:
            return self._repeat("repeat")
        if understood.asks_robot:
            return self._plan(self._ask("robot", move=Step(memory.step) is Step.GREETING))
        if understood.asks_listing:
            return self._plan(self._ask("listing", move=Step(memory.step) is Step.GREETING), may_phrase=True)
        return None

    # Lines of their own

    def _ask(self, kind: str, *, move: bool = True) -> Written:
        """Move to the next question (or stay at this one) and write it after an acknowledgement of this kind."""
        memory = self.memory
        if move or memory.step == Step.OFFER_CALLBACK:
            step = next_step(memory)
            memory.step = step.value
            memory.asks[step.value] = memory.asks.get(step.value, 0) + 1
            if step is Step.SURE:
                memory.about = memory.unsure[0]
                memory.doubts[memory.about] = memory.doubts.get(memory.about, 0) + 1
                kind = "sure"
            elif step is Step.MOBILE:
                kind = "generic"  # a promise to send would be taken back in the same breath
        if memory.step == Step.DONE:
            return self._closing()
        if memory.owes_introduction:
            kind = self._introduction
        if kind in ("noted", "corrected", "listing"):
            memory.said_back = self._fold.said_in_doubt
        return self.writer.question(kind, fold=self._fold, way=self._way())

    @property
    def _introduction(self) -> str:
        return "introduction_recorded" if self.settings.recorded else "introduction"

    def _way(self) -> str:
        """Return how to ask: a number that was heard wrong digit by digit, then by its keys."""
        wrong = len(self.memory.denied.get("phone", ())) if self.memory.step == Step.PHONE else 0
        return ("ask", "rephrase", "examples")[min(wrong, 2)]

    def _repeat(self, kind: str) -> Plan:
        memory = self.memory
        if memory.step == Step.GREETING and not (memory.owes_introduction and self.settings.recorded):
            return self._plan(self.writer.greeting_again())
        if memory.step == Step.OFFER_CALLBACK:
            return self._plan(self.writer.whole("offer_callback"))
        return self._plan(self._ask(kind, move=False))

    def _not_understood(self) -> Plan:
        """Ask in another way, or go on without the answer."""
        after = missed(self.memory, wavers=self._wavers)
        match after.way:
            case Way.REPEAT:
                return self._repeat(after.ack)
            case Way.REPHRASE | Way.EXAMPLES:
                return self._plan(self.writer.question(after.ack, way=after.way.name.lower()))
            case Way.NEXT:
                return self._plan(self._ask(after.ack))
        return self._plan(self.writer.whole("offer_callback"))

    def _hand_off(self) -> Plan:
        memory = self.memory
        memory.human_asked = True
        self._actions.append(Action(ActionKind.HUMAN, confirmed=True))
        if self.settings.transfer_number:
            return replace(self._close("transfer", "human"), transfer=True)
        memory.mode = Mode.HUMAN.value
        return self._plan(self._ask("handoff"))

    def _call_back(self, text: str) -> Plan:
        memory = self.memory
        memory.mode, memory.callback = Mode.CALLBACK.value, True
        memory.callback_words = callback_words(text) or memory.callback_words
        return self._plan(self._ask("callback"))

    def _goodbye(self) -> Plan:
        outcome = self.memory.result()
        return self._close("goodbye" if self.memory.slots.get("phone") else "goodbye_no_phone", outcome)

    def _closing(self) -> Written:
        memory = self.memory
        self._actions += confirmed_actions(memory)
        memory.finished = True
        memory.outcome = memory.result()
        return self.writer.whole(closing_kind(memory), closing=True)

    def _close(self, kind: str, outcome: str) -> Plan:
        memory = self.memory
        self._actions += confirmed_actions(memory)
        memory.finished, memory.step, memory.outcome = True, Step.DONE.value, outcome
        return self._plan(self.writer.whole(kind, closing=True))

    def _plan(self, written: Written, *, may_phrase: bool = False) -> Plan:
        memory = self.memory
        self._last_line = written.line
        self._introduces = self.writer.introduces(written.line, recorded=self.settings.recorded)
        memory.last_opening = book.opening(written.line)
        ends = memory.step == Step.DONE
        messages = None
        if may_phrase and self.settings.uses_llm and not self._introduces and Step(memory.step) in SLOT_STEPS:
            messages = prompts.chat_messages(
                office_name=self.writer.office,
                agent_name=self.writer.agent,
                today=self.today,
                state=memory,
                history=[(said.who, said.text) for said in self.history],
            )
        return Plan(
            line=written.line,
            asked=asked_of(memory),
            context=written.context,
            questions=written.questions,
            messages=messages,
            phrases=phrases(asked_of(memory), self.writer.office),
            no_input_ms=0 if ends else NO_INPUT_MS,
            ends_call=ends,
            actions=tuple(self._actions),
            changes=tuple(self._fold.changes),
            confirms=confirms(memory),
            outcome=memory.outcome if ends else "",
        )


_PHRASED = frozenset({"noted", "corrected", "refused", "open", "listing", "welcome", "generic", "withdrawn"})
