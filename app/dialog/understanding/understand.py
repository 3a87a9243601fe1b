"""What one caller utterance means, given what was asked and what is known (R10.2, R10.6).

Deterministic and pure. When the best reading does not answer what was asked, the recogniser's further readings, and
words that sound like an answer, stand in; what they give is `unsure`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from app.dialog.domain import SLOT_NAMES, TOPICS, Asked, Intent, Understanding
from app.dialog.hebrew.scopes.telling import is_told
from app.dialog.hebrew.tokens import Utterance
from app.dialog.understanding.acts import HOLD
from app.dialog.understanding.clauses import with_change
from app.dialog.understanding.ear.by_ear import by_ear
from app.dialog.understanding.ear.misheard import mend
from app.dialog.understanding.ear.whole_words import said
from app.dialog.understanding.judging.intents import IntentTable, judged_intent
from app.dialog.understanding.judging.judge import Judge, Table
from app.dialog.understanding.judging.names import NameTable
from app.dialog.understanding.turn import Turn

_SLOTS_OF_ASKED = {**{Asked(topic.name): topic.slots for topic in TOPICS}, Asked.PHONE_CONFIRM: ("phone",)}


def _answers(understanding: Understanding, asked: Asked) -> bool:
    """Whether the reading holds what was asked for, or any act that needs no slot."""
    if understanding.intent not in (Intent.UNCLEAR, Intent.PROVIDE_INFO):
        return True
    slots = _SLOTS_OF_ASKED.get(asked, (asked.value,))
    if understanding.phone_digits and asked is Asked.PHONE:
        return True
    return any(slot in understanding.updates for slot in slots) or bool(
        asked in (Asked.GREETING, Asked.NEXT_STEP, Asked.ANYTHING_ELSE, Asked.SUMMARY_CONFIRM) and understanding.updates
    )


def understand(
    text: str,
    *,
    asked: Asked,
    state: Mapping[str, Any],
    today: date,
    alternatives: tuple[str, ...] = (),
    weights: Table | None = None,
    intents: IntentTable | None = None,
    names: NameTable | None = None,
    agent: str = "",  # noqa: ARG001 - part of the contract; the wording of the question decides nothing here
) -> Understanding:
    """Return what the caller's words mean.

    `state` holds the slots known before, and may hold `caller_id` (E.164) and `phone_digits`. `alternatives` are the
    recogniser's further readings: one of them stands in when the best reading does not answer what was asked; what it
    gives is then `unsure`. `weights`, `intents`, `names`: of another judge than the product's.
    """

    def read_as(heard: Utterance, answering: Asked) -> Understanding:
        return Turn(heard, answering, state, today, Judge(heard, answering, state, weights, names)).read()

    def read(heard: Utterance) -> Understanding:
        return with_change(read_as(heard, asked), heard, asked, state, read_as)

    utterance = said(text)
    best = read(utterance)
    meant = by_ear((text, *alternatives), asked, state.get("deal"), best, read)
    if meant is not None:
        return meant
    decided = _answers(best, asked) or best.injection or best.hold
    other = None if decided else _meant_instead(best, utterance, asked, alternatives, read)
    return other or replace(best, intent=judged_intent(utterance, asked, best, intents))


def _meant_instead(
    best: Understanding,
    utterance: Utterance,
    asked: Asked,
    alternatives: tuple[str, ...],
    read: Callable[[Utterance], Understanding],
) -> Understanding | None:
    """Return what another reading of the recogniser's, or the best one mended, says where one answers the question."""
    # What is told of others is no answer misheard.
    mendable = (
        best.intent is Intent.UNCLEAR
        and not best.updates
        and not is_told(utterance, len(utterance))
        and HOLD.at(utterance, 0) is None
    )
    mended = mend(utterance, asked) if mendable else None
    readings = [said(reading) for reading in alternatives] + ([mended] if mended is not None else [])
    for reading in readings:
        other = read(reading)
        if _answers(other, asked) and other.intent is not Intent.GOODBYE:
            if best.updates and not other.updates:
                continue
            doubtful = tuple(slot for slot in SLOT_NAMES if slot in other.updates and slot != "phone")
            return replace(other, unsure=tuple(dict.fromkeys((*other.unsure, *doubtful))))
    return None
