"""Which of the questions that stand a caller's words answer (R10.2, R10.6).

People do not only answer what was asked last. To "did I hear Holon?" they say yes, or no, or "Holon" once more, or go
on to the next thing; and who has said a piece in mind says it whatever the agent asks. Words that clearly answer
another open question are taken for that one; everything else is read as an answer to the question asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.dialog.domain import PARTS, Asked, Intent, Understand, Understanding
from app.dialog.hebrew.tokens import normalise
from app.dialog.policy.next_question import asked_of, open_steps
from app.dialog.policy.reading import known_slots, read_turn
from app.dialog.policy.state import SLOT_STEPS, DialogState, Step
from app.dialog.understanding.ear.by_ear import asks_change, is_clean, wavers
from app.dialog.understanding.ear.garbled_phone import mobile_number
from app.dialog.understanding.ear.nearest_answer import ranked

_MOST_WORDS = 7
_MOST_DICTATED_WORDS = 14
"""An answer to another question is short; of a longer one the slots name themselves."""
_AT_HOME = 0.06
"""How much less alike an answer to the question asked may be than one to another question."""
_ELSEWHERE = 0.72
"""How alike words must be to an answer to a question that was not asked."""
_AFTER_DOUBT = 0.66
"""The same when the caller was only to say yes or no, and has said neither."""
_NEAR = 0.8
_EXACT = 1.2
_ABOUT_TO_END = frozenset({Step.CALLER_ID, Step.READ_BACK, Step.SUMMARY})
_WISHES = (Intent.WHATSAPP, Intent.SCHEDULE)
_COUNTED = (Asked.BUDGET, Asked.ROOMS)
"""Numbers are said about many things: one in another reading is no answer."""
_YES_NO = (Asked.PHONE_CONFIRM, Asked.SUMMARY_CONFIRM)
_YES_OR_NO = (Intent.CONFIRM, Intent.DENY)
_PLAIN_INTENTS = (Intent.PROVIDE_INFO, Intent.CONFIRM, Intent.DENY, Intent.UNCLEAR)


@dataclass(frozen=True, slots=True)
class Read:
    """What a turn means, and the question it answers."""

    understood: Understanding
    answered: Asked


def read_standing(
    understand: Understand, memory: DialogState, text: str, *, today: date, alternatives: tuple[str, ...], agent: str
) -> Read:
    """Understand one caller utterance by whichever standing question it answers."""
    asked = asked_of(memory)

    def reading(question: Asked, other_readings: tuple[str, ...], without: Sequence[str] = ()) -> Understanding:
        known = {slot: value for slot, value in known_slots(memory).items() if slot not in without}
        return understand(text, asked=question, state=known, today=today, alternatives=other_readings, agent=agent)

    first = read_turn(understand, memory, text, today=today, alternatives=alternatives, agent=agent)
    step = Step(memory.step)
    if not text.strip() or step not in SLOT_STEPS | _ABOUT_TO_END | {Step.SURE} or not _is_plain(first):
        return Read(first, asked)
    sure = step is Step.SURE
    if sure and not (first.intent in _YES_OR_NO and not first.updates):
        doubted = PARTS.get(memory.about, (memory.about,))
        if _same(reading(asked, alternatives, without=doubted).updates, memory, doubted):
            return Read(replace(first, intent=Intent.CONFIRM, updates={}, unsure=()), asked)
    if _answers_what_was_asked(first, asked, text, sure=sure):
        return Read(first, asked)
    readings = (text, *alternatives)
    other = _fitting(readings, memory, asked, first, lambda question: reading(question, ()))
    if other is None and sure and set(first.updates) <= set(first.unsure):
        # One doubtful value is no correction of another, unless it is near or called a change.
        near = _alike(readings, asked, memory.slots.get("deal")) >= _NEAR or asks_change(normalise(text))
        return Read(first if near else Understanding(), asked)
    if other is None:
        return Read(first, asked)
    elsewhere = reading(other, alternatives)
    answers = elsewhere.intent in _WISHES if other is Asked.NEXT_STEP else _holds(elsewhere, other)
    return Read(elsewhere, other) if answers else Read(first, asked)


def _answers_what_was_asked(first: Understanding, asked: Asked, text: str, *, sure: bool) -> bool:
    """Whether no other question need be looked at; `sure`: the caller was to say whether a value was heard right."""
    if first.updates and not _holds(first, asked):
        return True
    if sure:
        return first.intent in _YES_OR_NO and not first.updates
    certain = not set(first.unsure) & {asked.value, *PARTS.get(asked.value, ())}
    return certain and _settles(first, asked) and is_clean(normalise(text), asked)


def read_first(
    understand: Understand, memory: DialogState, text: str, *, today: date, alternatives: tuple[str, ...], agent: str
) -> Read:
    """Understand the first reading of a recogniser that writes what was said; the others cannot make it wrong.

    Only where the first one holds words that nobody says here and no answer, another that plainly is one is taken, in
    doubt.
    """
    read = read_standing(understand, memory, text, today=today, alternatives=(), agent=agent)
    asked = asked_of(memory)
    nothing = read.understood.intent is Intent.UNCLEAR and not _settles(read.understood, asked)
    if not nothing or not _is_plain(read.understood) or is_clean(normalise(text), asked):
        return read
    for other in alternatives if asked not in _COUNTED else ():
        if is_clean(normalise(other), asked):
            meant = understand(other, asked=asked, state=known_slots(memory), today=today, agent=agent)
            if _holds(meant, asked):
                return Read(replace(meant, unsure=tuple(meant.updates)), asked)
    return read


def _fitting(
    readings: Sequence[str],
    memory: DialogState,
    asked: Asked,
    first: Understanding,
    exact: Callable[[Asked], Understanding],
) -> Asked | None:
    """Return the open question the readings answer clearly better than the one asked; None: there is none."""
    others = _others(memory, asked)
    if not others or (asked in _YES_NO and first.intent is not Intent.UNCLEAR):
        return None
    deal = memory.slots.get("deal")
    unsettled = wavers(readings)
    doubts = memory.step == Step.SURE
    if not unsettled and _settles(first, asked) and not doubts:
        return None
    home = _alike(readings, asked, deal) if unsettled or doubts else 0.0
    best, best_score = None, max(_AFTER_DOUBT, home) if doubts else max(_ELSEWHERE, home + _AT_HOME)
    for question in others:
        score = _fit(readings, question, deal, unsettled=unsettled, doubts=doubts, exact=exact)
        if score > best_score:
            best, best_score = question, score
    return best


def _others(memory: DialogState, asked: Asked) -> list[Asked]:
    last = [Asked.NEXT_STEP] if asked in (Asked.PHONE, *_YES_NO) and not memory.next_step_settled else []
    if asked in (Asked.NAME, Asked.PHONE):
        # Any word may be a name and any digit part of a number: what is said here is said about these.
        return last
    return [*(Asked(step.value) for step in open_steps(memory) if step.value != asked.value), *last]


def _fit(
    readings: Sequence[str],
    question: Asked,
    deal: str | None,
    *,
    unsettled: bool,
    doubts: bool,
    exact: Callable[[Asked], Understanding],
) -> float:
    said = normalise(readings[0])
    if question is Asked.PHONE:
        return _EXACT if len(said) <= _MOST_DICTATED_WORDS and unsettled and mobile_number(readings) else 0.0
    if len(said) > _MOST_WORDS:
        return 0.0
    if is_clean(said, question) and _holds(exact(question), question):
        return _alike(readings, question, deal) if doubts else _EXACT
    return _alike(readings, question, deal) if unsettled else 0.0


def _alike(readings: Sequence[str], question: Asked, deal: str | None) -> float:
    """Return how alike the readings are to the nearest answer to a question."""
    rivals = ranked(readings, question, deal)
    return rivals[0][1] if rivals and rivals[0][0].answers else 0.0


def _is_plain(understood: Understanding) -> bool:
    """Whether the caller does nothing but answer."""
    acts = understood.owner or understood.hold or understood.abuse or understood.injection
    asks = understood.asks_robot or understood.asks_listing
    return understood.intent in _PLAIN_INTENTS and not (acts or asks)


def _holds(understood: Understanding, question: Asked) -> bool:
    return any(slot in understood.updates for slot in PARTS.get(question.value, (question.value,)))


def _settles(understood: Understanding, question: Asked) -> bool:
    return _holds(understood, question) or bool(understood.refused or understood.phone_digits)


def _same(again: dict[str, object], memory: DialogState, doubted: Sequence[str]) -> bool:
    said = {slot: again[slot] for slot in doubted if slot in again}
    return bool(said) and all(memory.slots.get(slot) == value for slot, value in said.items())
