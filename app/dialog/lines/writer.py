"""Writes the agent's line for a state: which sentences, with which values, within the limits (R10.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from app.dialog.domain import PARTS
from app.dialog.hebrew.speakable import speakable
from app.dialog.hebrew.spelling import digits_words, national_digits, phone_words
from app.dialog.lines import book
from app.dialog.lines.checks import LineContext, check_line, context_of
from app.dialog.lines.values import (
    WISH_NOUNS,
    areas_phrase,
    budget_phrase,
    property_phrase,
    slots_phrase,
    spoken_name,
    timing_phrase,
    wishes_phrase,
)
from app.dialog.policy.folding import Fold
from app.dialog.policy.state import DialogState, Step

# Kept free for the question in the same line.
_MOST_ACK_WORDS = 12
_TAIL_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Written:
    """A line, the context it was checked in, and the questions another first sentence could be completed with."""

    line: str
    context: LineContext
    questions: tuple[str, ...] = ()


class LineWriter:
    """Puts lines together for one call; everything it says comes from the stock sentences and the known values."""

    def __init__(self, state: DialogState, office_name: str, agent_name: str, this_year: int) -> None:
        self.state = state
        self.office = _spoken_office(office_name)
        self.agent = spoken_name(agent_name) or "נועה"
        self.this_year = this_year

    def greeting(self, *, recorded: bool) -> Written:
        """Write the first line of the call."""
        kind = "greeting_recorded" if recorded else "greeting"
        return self._pick(self._fill(book.entries()[kind]), "greeting")

    def greeting_again(self) -> Written:
        """Write the greeting's question for a caller who did not hear it."""
        return self._pick(self._fill(book.entries()["greeting_again"]), "greeting")

    def whole(self, kind: str, *, closing: bool = False) -> Written:
        """Write a complete stock line."""
        return self._pick(book.whole(kind), None, closing=closing)

    def question(self, ack: str, *, fold: Fold | None = None, way: str = "ask") -> Written:
        """Write an acknowledgement of a kind and the question of the current step; `way`: ask, rephrase, examples."""
        step = Step(self.state.step)
        if step is Step.SUMMARY and way == "ask" and ack not in ("corrected", "repeat_rest"):
            return self.summary()
        if step is Step.READ_BACK and way == "ask":
            return self.read_back()
        topic, questions = self._questions(step, way)
        context = self.context(topic, examples=way == "examples")
        openings = self._acks(ack, fold)
        for options in (openings, book.acks("generic"), book.acks("noted", values="תודה רבה")):
            line = self._compose(options, questions, context)
            if line is not None:
                return Written(line, context, tuple(questions))
        return self._last_resort(questions, context)

    def summary(self) -> Written:
        """Write deal, type, area, budget and time in at most 20 words and ask whether they are right."""
        slots, context = self.state.slots, self.context("summary_confirm")
        seen: list[tuple[int, str]] = []
        no_rooms = {slot: value for slot, value in slots.items() if slot not in PARTS["rooms"]}
        whats = (property_phrase(slots), property_phrase(no_rooms), property_phrase(no_rooms, 1))
        moneys = (budget_phrase(slots), budget_phrase(slots, short=True), "")
        times = (timing_phrase(slots, self.this_year), "")
        wishes = (wishes_phrase(self.state.wishes), "")
        parts = book.entries()["summary"]
        for lost, (time, what, money, wish) in _richest_first(times, whats, moneys, wishes):
            said = ", ".join(part for part in (f"{what} {wish}".strip(), money, time) if part)
            if not said:
                continue
            for opening in parts["open"]:
                for close in parts["close"]:
                    line = f"{opening} {said}. {close}"
                    if self._fits(line):
                        seen.append((lost, line))
            sound = next((line for _, line in seen if not check_line(line, context)), None)
            if sound is not None:
                return Written(sound, context)
            seen.clear()
        return self._pick(book.whole("summary_empty"), "summary_confirm")

    def read_back(self) -> Written:
        """Write the dictated number in groups and ask whether it is right."""
        phone = phone_words(str(self.state.slots["phone"]))
        context = self.context("phone_confirm", digits=(str(self.state.slots["phone"]),))
        options = [template.format(phone=phone) for template in book.entries()["read_back"]]
        line = next((line for line in self._rotated(options) if self._fits(line)), options[0])
        return Written(line, context)

    def dictated_so_far(self) -> Written:
        """Write the digits heard so far and ask for the rest."""
        digits = self.state.phone_digits
        context = self.context("phone", digits=(digits,))
        said = digits_words(digits[:9])
        openings = [template.format(digits=said) for template in book.entries()["dictated_so_far"]]
        line = self._compose(openings, book.asks("phone_rest"), context)
        return Written(line, context) if line else self.question("generic")

    def context(self, topic: str | None, *, closing: bool = False, **rest: Any) -> LineContext:
        """Return what a line may state at this point of the call."""
        state = self.state
        done = {name for name in ("whatsapp", "callback") if getattr(state, name)} | (
            {"human"} if state.human_asked else set()
        )
        digits = [*rest.pop("digits", ())]
        if state.caller_number:
            digits.append(national_digits(state.caller_number)[-_TAIL_DIGITS:])
        name = spoken_name(state.slots.get("name"))
        return context_of(
            state.slots,
            digits=digits,
            topic=topic,
            closing=closing,
            names=tuple(spoken for spoken in (name, self.office, self.agent) if spoken),
            last_opening=state.last_opening,
            actions=frozenset(done),
            **rest,
        )

    def _questions(self, step: Step, way: str) -> tuple[str, Sequence[str]]:
        deal = self.state.slots.get("deal")
        topic = {Step.CALLER_ID: "phone_confirm", Step.READ_BACK: "phone_confirm", Step.SUMMARY: "summary_confirm"}.get(
            step, step.value
        )
        if step is Step.SURE:
            value = self._doubtful_value()
            return "sure", book.asks("sure", value=value)
        if step is Step.MOBILE:
            return "phone", book.asks("mobile")
        if step is Step.OFFER_CALLBACK:
            return "next_step", book.whole("offer_callback")
        if way == "rephrase":
            return topic, book.rephrased(topic)
        budget = f"budget_{deal}" if topic == "budget" and deal in ("buy", "rent") else topic
        if way == "examples":
            return topic, book.exemplified(budget)
        if step is Step.CALLER_ID:
            tail = digits_words(national_digits(str(self.state.caller_number))[-_TAIL_DIGITS:])
            return topic, book.asks(topic, tail=tail)
        return topic, book.asks(budget)

    def _doubtful_value(self) -> str:
        state = self.state
        match state.about:
            case "budget":
                said = budget_phrase(state.slots)
                words, _, rest = said.partition(" ")
                return {"עד": rest, "בין": f"טווח שבין {rest}", "מעל": f"סכום שמעל {rest}"}.get(words, said)
            case "rooms":
                said = property_phrase({slot: state.slots.get(slot) for slot in PARTS["rooms"]})
                words, _, rest = said.partition(" ")
                return {"עד": f"{rest} לכל היותר", "לפחות": f"{rest} לפחות"}.get(words, said)
            case "area":
                # The sentence brings the first ל itself.
                return areas_phrase(state.slots.get("area") or (), prefix="ל").removeprefix("ל")
            case "timing":
                return timing_phrase(state.slots, self.this_year)
        return WISH_NOUNS.get(state.about) or property_phrase({state.about: state.slots.get(state.about)})

    def _acks(self, kind: str, fold: Fold | None) -> list[str]:
        values = fold.values if fold else {}
        name = spoken_name(values.get("name"))
        said, short = (
            slots_phrase(values, self.state.slots, self.this_year, most) if values else ""
            for most in (_MOST_ACK_WORDS, _MOST_ACK_WORDS // 2)
        )
        if name and kind == "noted":
            with_values = book.acks("name_noted", name=name, values=said) if said else ()
            return [*with_values, *book.acks("name", name=name)]
        if name and kind == "corrected" and not said:
            said = f"השם הוא {name}"
        if kind in _ACKS_WITH_VALUES and (said or name):
            base = _ACKS_WITH_VALUES[kind]
            options = [ack for value in dict.fromkeys((said, short)) if value for ack in book.acks(base, values=value)]
            return options or [*book.acks("generic")]
        return self._plain_acks(kind)

    def _plain_acks(self, kind: str) -> list[str]:
        """Return the acknowledgements of a kind that say no value back."""
        if kind.startswith("introduction"):
            return self._fill(book.entries()["ack"][kind])
        if kind == "sure":
            about = self.state.about
            kind = f"sure_{about}" if about in ("budget", "area") else "sure_other"
        return [*book.acks("generic" if kind in ("noted", "corrected") else kind)]

    def introduces(self, words: str, *, recorded: bool) -> bool:
        """Whether these words tell the office, that the assistant is digital, and the recording where there is one."""
        told_by = [*book.entries()["introduced_by"], *(book.entries()["recording_told_by"] if recorded else ())]
        return all(word in words for word in (*told_by, self.office.split()[-1]))

    def _fill(self, templates: Sequence[str]) -> list[str]:
        offices = dict.fromkeys((self.office, " ".join(self.office.split()[:2]), "משרד התיווך"))
        return [template.format(office=office, agent=self.agent) for office in offices for template in templates]

    def _pick(self, options: Sequence[str], topic: str | None, *, closing: bool = False) -> Written:
        context = self.context(topic, closing=closing)
        # A stock line was checked when it was written; here only its opening and its length can still be wrong.
        lenient = replace(context, actions=frozenset({"whatsapp", "callback", "human"}))
        line = book.pick(
            options,
            last_opening=self.state.last_opening,
            turn=self.state.turn,
            accept=lambda said: not check_line(said, lenient),
        )
        return Written(line or options[0], context)

    def _compose(self, openings: Sequence[str], questions: Sequence[str], context: LineContext) -> str | None:
        return book.compose(
            openings,
            questions,
            last_opening=self.state.last_opening,
            turn=self.state.turn,
            accept=lambda line: not check_line(line, context),
        )

    def _last_resort(self, questions: Sequence[str], context: LineContext) -> Written:
        """Any pair of the right length: reached only when a value in the question itself is odd."""
        for ack in (*book.acks("generic"), *book.acks("not_understood")):
            for question in questions:
                if self._fits(f"{ack} {question}"):
                    return Written(f"{ack} {question}", context)
        return self.whole("offer_callback")

    def _fits(self, line: str) -> bool:
        return (
            book.MIN_WORDS <= book.word_count(line) <= book.MAX_WORDS and book.opening(line) != self.state.last_opening
        )

    def _rotated(self, options: Sequence[str]) -> list[str]:
        cut = self.state.turn % len(options)
        return [*options[cut:], *options[:cut]]


# One house has one name, and every guess at an answer has a writer.
@lru_cache(maxsize=16)
def _spoken_office(name: str) -> str:
    return " ".join(speakable(name).split()[:4]) or "משרד התיווך"


_ACKS_WITH_VALUES = {"noted": "noted", "corrected": "corrected", "listing": "listing_noted"}


def _richest_first(*choices: Sequence[str]) -> list[tuple[int, tuple[str, ...]]]:
    """Return every combination of one phrase per choice, those that keep the most first."""
    combined: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    for options in choices:
        combined = [(lost + rank, (*said, option)) for lost, said in combined for rank, option in enumerate(options)]
    return sorted(combined, key=lambda pair: pair[0])
