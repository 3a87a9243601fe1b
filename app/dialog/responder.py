"""What the agent answers to what was understood: one turn of a talk, most urgent act first (R10.2, R10.5, R17).

Pure. It reads and changes the talk's state, and writes lines; `dialog` hands it turns.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from app.dialog.domain import Errand, Intent, Understanding
from app.dialog.hebrew.times.clock_times import callback_words
from app.dialog.lines import book
from app.dialog.lines.priming import phrases
from app.dialog.lines.writer import LineWriter, Written
from app.dialog.llm import prompts
from app.dialog.plan import NO_INPUT_MS, NO_INPUT_ON_HOLD_MS, Plan
from app.dialog.policy.acknowledgement import Turn
from app.dialog.policy.actions import Action, ActionKind
from app.dialog.policy.answered_question import Read
from app.dialog.policy.closing import closing_kind, confirmed_actions
from app.dialog.policy.either_or import SIDES, one_side, take_side
from app.dialog.policy.folding import Fold
from app.dialog.policy.misses import Way, missed
from app.dialog.policy.next_question import asked_of, confirms, next_step
from app.dialog.policy.state import SLOT_STEPS, DialogState, Mode, Step
from app.dialog.settings import DialogSettings, Said
from app.dialog.understanding.no_answer import cannot_talk


class Responder:
    """Answers the turns of one call; what happens within one turn (`fold`, `actions`) begins anew with `begin`."""

    def __init__(self, settings: DialogSettings, memory: DialogState, history: Sequence[Said], today: date) -> None:
        self.settings = settings
        self.memory = memory
        self.history = history
        self.today = today
        self.writer = LineWriter(memory, settings.office_name, settings.agent_name, today.year)
        self.fold = Fold(memory)
        self.actions: list[Action] = []
        self.last_line = ""
        self.introduces = False
        """Whether the last line told who speaks."""
        self.wavers = False
        """Whether the recogniser was not sure of this turn."""

    def copy(self, memory: DialogState, history: Sequence[Said]) -> "Responder":
        """Return one that said the same, beside another memory and history."""
        copied = Responder(self.settings, memory, history, self.today)
        copied.last_line, copied.introduces = self.last_line, self.introduces
        return copied

    def begin(self, *, wavers: bool = False) -> None:
        """Begin a turn, or a line said unasked."""
        self.fold = Fold(self.memory)
        self.actions = []
        self.wavers = wavers

    def answer(self, read: Read, text: str) -> Plan:
        """Answer one turn of the caller."""
        side, self.memory.side = self.memory.side, ""
        return (
            self._at_side_question(side, read.understood, text)
            or self._at_either_or(side, read.understood)
            or self._act(read, text)
        )

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
            return self.plan(self.ask(take_side(self.memory, self.fold, side, text, yes=yes)))
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
        return self.plan(self.writer.whole(narrower))

    def _act(self, read: Read, text: str) -> Plan:
        """Answer a turn by what the caller does with it, most urgent act first."""
        memory, fold, understood = self.memory, self.fold, read.understood
        if understood.abuse:
            memory.abuses += 1
            if memory.abuses > 1:
                return self.close("abuse_end", "abuse")
            memory.side = "abuse"
            return self.plan(self.writer.whole("abuse_1"))
        if understood.injection and not understood.updates:
            return self.plan(self.ask("injection", move=Step(memory.step) is Step.GREETING))
        if self.wavers and understood.updates.get("phone") in memory.denied.get("phone", ()):
            # The ear hears what it heard before, and that was wrong.
            return self.not_understood()
        turn = Turn(memory, fold, understood, text)
        turn.confirm_number()
        said_back, memory.said_back = memory.said_back, []
        fold.apply(understood, text)
        turn.go_past(read.answered.value)
        self.actions += turn.wishes()
        special = self._special(understood, text)
        if special is not None:
            return special
        needs_number = memory.step in (Step.MOBILE, Step.PHONE) or not memory.slots.get("phone")
        if understood.phone_digits and memory.phone_digits and needs_number:
            memory.step = Step.PHONE.value
            return self.plan(self.writer.dictated_so_far())
        kind = turn.takes_back(said_back) or turn.acknowledgement()
        if kind is None:
            return self.not_understood()
        memory.misses_in_row = 0
        if kind.startswith("whole:"):
            return self.plan(self.writer.whole(kind.removeprefix("whole:")))
        return self.plan(self.ask(kind), may_phrase=kind in _PHRASED)

    def _special(self, understood: Understanding, text: str) -> Plan | None:
        """Acts that have a line of their own, whatever was asked."""
        memory = self.memory
        if understood.intent is Intent.HUMAN:
            return self._hand_off()
        if understood.owner and memory.mode == Mode.SEEK:
            memory.mode, memory.owner = Mode.OWNER, True
            return self.plan(self.ask("owner"))
        if understood.intent is Intent.GOODBYE or understood.errand is Errand.WRONG_NUMBER:
            return self.goodbye()
        if understood.errand is not None and memory.mode == Mode.SEEK:
            # A room-mate, a colleague, a job: nothing of it is a search, and somebody of the office calls back.
            memory.mode = Mode.CALLBACK
            return self.plan(self.ask("errand"))
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
            return self.plan(self.ask("whatsapp"))
        return None

    def _aside(self, understood: Understanding) -> Plan | None:
        """Answer what the caller asks of the agent, or for: who it is, a moment, the question again."""
        memory = self.memory
        if understood.asks_who or (memory.owes_introduction and understood.intent is Intent.UNCLEAR):
            if memory.step == Step.GREETING:
                return self._repeat(self._introduction)
            return self.plan(self.ask(self._introduction, move=False))
        if understood.more_to_say and memory.reopened:
            return self.plan(self.ask("welcome"))
        if understood.hold:
            memory.side = "hold"
            return replace(self.plan(self.writer.whole("hold")), no_input_ms=NO_INPUT_ON_HOLD_MS)
        if understood.intent is Intent.REPEAT:
            return self._repeat("repeat")
        if understood.asks_robot:
            return self.plan(self.ask("robot", move=Step(memory.step) is Step.GREETING))
        if understood.asks_listing:
            return self.plan(self.ask("listing", move=Step(memory.step) is Step.GREETING), may_phrase=True)
        return None

    # Lines of their own

    def ask(self, kind: str, *, move: bool = True) -> Written:
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
            memory.said_back = self.fold.said_in_doubt
        return self.writer.question(kind, fold=self.fold, way=self._way())

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
            return self.plan(self.writer.greeting_again())
        if memory.step == Step.OFFER_CALLBACK:
            return self.plan(self.writer.whole("offer_callback"))
        return self.plan(self.ask(kind, move=False))

    def not_understood(self) -> Plan:
        """Ask in another way, or go on without the answer."""
        after = missed(self.memory, wavers=self.wavers)
        match after.way:
            case Way.REPEAT:
                return self._repeat(after.ack)
            case Way.REPHRASE | Way.EXAMPLES:
                return self.plan(self.writer.question(after.ack, way=after.way.name.lower()))
            case Way.NEXT:
                return self.plan(self.ask(after.ack))
        return self.plan(self.writer.whole("offer_callback"))

    def _hand_off(self) -> Plan:
        memory = self.memory
        memory.human_asked = True
        self.actions.append(Action(ActionKind.HUMAN, confirmed=True))
        if self.settings.transfer_number:
            return replace(self.close("transfer", "human"), transfer=True)
        memory.mode = Mode.HUMAN.value
        return self.plan(self.ask("handoff"))

    def _call_back(self, text: str) -> Plan:
        memory = self.memory
        memory.mode, memory.callback = Mode.CALLBACK.value, True
        memory.callback_words = callback_words(text) or memory.callback_words
        return self.plan(self.ask("callback"))

    def goodbye(self) -> Plan:
        """Take leave, as far as the call has come."""
        outcome = self.memory.result()
        return self.close("goodbye" if self.memory.slots.get("phone") else "goodbye_no_phone", outcome)

    def _closing(self) -> Written:
        memory = self.memory
        self.actions += confirmed_actions(memory)
        memory.finished = True
        memory.outcome = memory.result()
        return self.writer.whole(closing_kind(memory), closing=True)

    def close(self, kind: str, outcome: str) -> Plan:
        """End the call with a whole line; what was asked for is confirmed."""
        memory = self.memory
        self.actions += confirmed_actions(memory)
        memory.finished, memory.step, memory.outcome = True, Step.DONE.value, outcome
        return self.plan(self.writer.whole(kind, closing=True))

    def plan(self, written: Written, *, may_phrase: bool = False) -> Plan:
        """Return a written line as what the agent says next; `may_phrase`: the language model may say it better."""
        memory = self.memory
        self.last_line = written.line
        self.introduces = self.writer.introduces(written.line, recorded=self.settings.recorded)
        memory.last_opening = book.opening(written.line)
        ends = memory.step == Step.DONE
        messages = None
        if may_phrase and self.settings.uses_llm and not self.introduces and Step(memory.step) in SLOT_STEPS:
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
            actions=tuple(self.actions),
            changes=tuple(self.fold.changes),
            confirms=confirms(memory),
            outcome=memory.outcome if ends else "",
        )


_PHRASED = frozenset({"noted", "corrected", "refused", "open", "listing", "welcome", "generic", "withdrawn"})
