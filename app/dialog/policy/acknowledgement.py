"""What one understood utterance answers, given the question that stands (R10.2, R10.5)."""

from app.dialog.domain import TOPIC_OF, WISHES, Intent, Understanding
from app.dialog.hebrew.times.clock_times import callback_words
from app.dialog.hebrew.tokens import normalise, words
from app.dialog.policy.actions import Action, ActionKind
from app.dialog.policy.folding import Fold
from app.dialog.policy.misses import MOST_MISSES
from app.dialog.policy.state import SEEKER_STEPS, SLOT_STEPS, DialogState, Mode, Source, Step
from app.dialog.understanding.no_answer import is_open_answer

_MOST_ASKS = 2
_PLAIN_NO = words("לא ממש נכון מדויק טעות זה אמרתי")


class Turn:
    """One caller turn: reads yes, no and wishes by the question, and says which acknowledgement they deserve."""

    def __init__(self, state: DialogState, fold: Fold, understood: Understanding, text: str) -> None:
        self.state = state
        self.fold = fold
        self.understood = understood
        self.text = text
        self._passes_name = False

    def confirm_number(self) -> None:
        """Let a plain "כן" confirm the number in question even where the parser gave no value."""
        state = self.state
        if self.understood.intent is not Intent.CONFIRM:
            return
        if state.step == Step.CALLER_ID and state.caller_number and "phone" not in self.understood.updates:
            self.fold.set("phone", state.caller_number, self.text, source=Source.CALLER_ID)
        if state.step == Step.READ_BACK:
            state.phone_confirmed = self.understood.updates.get("phone") in (None, state.slots.get("phone"))

    def go_past(self, answered: str) -> None:
        """Note that the caller says something else than was asked: the question can wait.

        Once only what was not understood, or what answers another question in so many words, is left for later; who
        merely adds something is asked again at once, but not a third time before the end.
        """
        state, step = self.state, self.state.step
        if step == Step.NAME and step not in state.passed and state.misses.get(step) and self._says_only_yes_or_no:
            self._passes_name = True
            state.passed.append(step)
        if Step(step) not in SEEKER_STEPS or state.settled(step) or not self.fold.values:
            return
        asked = state.asks.get(step, 0)
        if step in state.passed:
            if asked > _MOST_ASKS:
                state.left_open.append(step)
        elif state.misses.get(step) or answered != step or asked >= _MOST_ASKS:
            state.passed.append(step)

    @property
    def _says_only_yes_or_no(self) -> bool:
        return self.understood.intent in (Intent.CONFIRM, Intent.DENY) and not self.understood.updates

    def takes_back(self, said_back: list[str]) -> str | None:
        """Take back what the last line said in doubt, when the caller plainly says no to it."""
        plain = set(normalise(self.text).keys) <= _PLAIN_NO and not self.fold.changes and not self.fold.refused
        if not said_back or not plain or Step(self.state.step) not in SLOT_STEPS:
            return None
        for topic in said_back:
            self.deny(topic)
        return "withdrawn"

    def wishes(self) -> list[Action]:
        """Note that a summary by WhatsApp or a call was asked for; it is confirmed when the call closes."""
        state, intent = self.state, self.understood.intent
        if intent not in (Intent.WHATSAPP, Intent.SCHEDULE):
            return []
        state.next_step_settled = state.next_step_settled or state.step == Step.NEXT_STEP
        if intent is Intent.WHATSAPP:
            state.whatsapp = True
            return [Action(ActionKind.WHATSAPP)]
        state.callback = True
        state.callback_words = callback_words(self.text) or state.callback_words
        return [Action(ActionKind.CALLBACK, words=state.callback_words)]

    def acknowledgement(self) -> str | None:
        """Return which acknowledgement the answer deserves; None when it was not understood."""
        fold, state = self.fold, self.state
        at_step = self._answer_at_step()
        if at_step is not None:
            return at_step or None
        if fold.refused:
            return "refused"
        if fold.values:
            if self.understood.asks_listing:
                return "listing"
            return "corrected" if fold.corrected else "noted"
        if fold.withdrawn:
            return "withdrawn"
        if fold.wished:
            return "wished"
        if self.understood.intent is Intent.WHATSAPP:
            return "whatsapp"
        if state.step == Step.GREETING:
            return "welcome"
        if self.understood.updates or self.understood.intent is Intent.SCHEDULE:
            return "callback" if self.understood.intent is Intent.SCHEDULE else "generic"
        return self._left_open()

    def _left_open(self) -> str | None:
        state = self.state
        if self._passes_name:
            return "generic"
        if Step(state.step) not in SLOT_STEPS:
            return None
        if state.step == Step.PHONE and not (is_open_answer(self.text) and state.misses.get(state.step)):
            # Without a number nobody can call: who does not know it is asked once more.
            return None
        # What says something, but nothing new, is asked about once more before it is left open.
        says_something = self.understood.intent is Intent.PROVIDE_INFO and state.misses.get(state.step)
        if is_open_answer(self.text) or says_something:
            state.left_open.append(state.step)
            return "open"
        return None

    def _answer_at_step(self) -> str | None:
        """Read yes and no by the question that stands; "" is an answer that says nothing, None leaves it to others."""
        yes, no = self.understood.intent is Intent.CONFIRM, self.understood.intent is Intent.DENY
        match Step(self.state.step):
            case Step.CALLER_ID | Step.READ_BACK as step:
                return self._answer_about_phone(step, yes=yes, no=no)
            case Step.MOBILE:
                # Asked once: without a mobile number the call goes on as well.
                self.state.left_open.append(Step.MOBILE.value)
                return None if self.fold.values else "open"
            case Step.SURE:
                return self._answer_about_doubt(yes=yes, no=no)
            case Step.SUMMARY:
                return self._answer_to_summary(yes=yes, no=no)
            case Step.NEXT_STEP | Step.CALLBACK_TIME | Step.ANYTHING_ELSE | Step.OFFER_CALLBACK as step:
                return self._answer_at_end(step)
        return None

    def _answer_about_phone(self, step: Step, *, yes: bool, no: bool) -> str | None:
        state = self.state
        if "phone" in self.fold.values:
            return "generic" if state.phone_confirmed else None
        if step is Step.READ_BACK and yes and state.phone_confirmed:
            return "generic"
        if no and not self.fold.refused and not self.fold.values:
            if step is Step.CALLER_ID:
                state.caller_number_denied = True
                return "other_number"
            self.deny("phone")
            state.caller_number_denied = True
            if len(state.denied["phone"]) < MOST_MISSES:
                return "wrong_number"
            # Heard wrong again and again: no further reading of it will be better.
            state.left_open.append("phone")
            return "no_number"
        return None

    def _answer_about_doubt(self, *, yes: bool, no: bool) -> str | None:
        state, about = self.state, self.state.about
        if about not in state.unsure:
            return None
        if any(TOPIC_OF.get(slot, slot) == about for slot in self.fold.values):
            return None
        if no and not self.fold.values:
            state.unsure.remove(about)
            self.deny(about)
            return "generic" if about in WISHES else "withdrawn"
        if not (yes or self.fold.values or self.fold.refused or state.misses.get(Step.SURE)):
            return ""
        # A yes, the same again, or something else: who goes on has not said no. Asked twice, it stays as heard, too,
        # and the summary will show it.
        state.unsure.remove(about)
        state.misses.pop(Step.SURE, None)
        return None if self.fold.values or self.fold.refused else "generic"

    def deny(self, topic: str) -> None:
        """Take back what was heard of a topic, and remember that it was not that."""
        for slot in [slot for slot in self.state.slots if TOPIC_OF.get(slot, slot) == topic]:
            self.state.denied.setdefault(slot, []).append(self.state.slots[slot])
            self.fold.set(slot, None, self.text)

    def _answer_to_summary(self, *, yes: bool, no: bool) -> str | None:
        state = self.state
        if self.fold.values or self.fold.withdrawn:
            return "corrected" if self.fold.values else "withdrawn"
        if yes:
            state.summary_confirmed = True
            return "confirmed"
        if no and not self.fold.refused:
            state.misses[Step.SUMMARY] = state.misses.get(Step.SUMMARY, 0) + 1
            return "whole:fix_summary" if state.misses[Step.SUMMARY] < MOST_MISSES else ""
        return None

    def _answer_at_end(self, step: Step) -> str | None:
        state, intent = self.state, self.understood.intent
        done = intent in (Intent.WHATSAPP, Intent.SCHEDULE)
        does_not_mind = is_open_answer(self.text) and not self.fold.changes
        match step:
            case Step.NEXT_STEP if done or intent is Intent.DENY or does_not_mind:
                state.next_step_settled = True
                return "callback" if intent is Intent.SCHEDULE else "whatsapp" if done else self._settled()
            case Step.CALLBACK_TIME:
                state.callback_words = callback_words(self.text) or self.text.strip()
                state.left_open.append("callback_time")
                return "generic"
            case Step.ANYTHING_ELSE if intent is Intent.DENY or self.understood.refused or state.misses.get(step):
                state.finished = True
                return "generic"
            case Step.OFFER_CALLBACK:
                return self._answer_to_offer()
        return None if self.fold.changes else ""

    def _answer_to_offer(self) -> str | None:
        state = self.state
        if self.fold.values:
            return None
        if self.understood.intent is Intent.DENY:
            state.left_open.append(state.about)
            if state.about == "summary":
                state.summary_confirmed = True
            return "open"
        # The line is bad: a number is enough, the name can wait.
        state.left_open.append("name")
        state.mode, state.callback = Mode.CALLBACK.value, True
        return "callback"

    def _settled(self) -> str:
        return "settled" if self.state.slots.get("phone") else "no_phone_settled"
