"""A change that is said besides an answer, or instead of one: "מרץ, והתקציב הוא אחד שבע" (R10.2).

The answer and the change are two clauses, each read as what it answers: what the agent asked, and the detail that is
named. So a detail that is known takes a new value in the same words at whatever question.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from app.dialog.domain import PARTS, Asked, Intent, Understanding
from app.dialog.hebrew.gazetteer import find
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.scopes.scope import no_wish
from app.dialog.hebrew.tokens import Utterance, rests
from app.dialog.understanding.judging.marks import LONG_SPEECH

_LISTS = Lexicon("real_estate/withdrawals.toml")
_NOUNS = {
    Asked.BUDGET: _LISTS.words("struck_budget"),
    Asked.ROOMS: _LISTS.words("struck_rooms"),
    Asked.AREA: _LISTS.words("struck_area"),
    Asked.TIMING: _LISTS.words("struck_timing"),
    Asked.PROPERTY_TYPE: _LISTS.words("struck_type"),
}
_CHANGES, _BESIDES = _LISTS.words("changes"), _LISTS.words("besides")
_KEEPS = _LISTS.words("keeps")
_NAMED_BY_VALUE = (Asked.AREA, Asked.TIMING)
"""Places and months say themselves what they are of; a number does not."""
_PLAIN = (Intent.PROVIDE_INFO, Intent.CONFIRM, Intent.DENY, Intent.UNCLEAR)

Reader = Callable[[Utterance, Asked], Understanding]


def with_change(
    whole: Understanding, utterance: Utterance, asked: Asked, state: Mapping[str, Any], read: Reader
) -> Understanding:
    """Return what an utterance says, given the `whole` of it as an answer, when another detail is changed besides."""
    if whole.intent not in _PLAIN or whole.errand or len(utterance) >= LONG_SPEECH:
        return whole
    for start, topic in _changes(utterance, asked, state):
        slots = PARTS.get(topic.value, (topic.value,))
        if any(slot in whole.updates for slot in slots):
            continue
        change = _part(utterance, start, len(utterance))
        if topic is Asked.AREA and not _names_place(change, whole.quotes.get("name", "")):
            continue
        said = read(change, topic)
        new = {slot: said.updates[slot] for slot in slots if slot in said.updates}
        if new:
            return _joined(read(_part(utterance, 0, start), asked), said, new)
    return whole


def _changes(utterance: Utterance, asked: Asked, state: Mapping[str, Any]) -> Iterator[tuple[int, Asked]]:
    """Yield where the words may begin that change a known detail, and which."""
    known = [topic for topic in _NOUNS if topic is not asked and _is_known(topic, state)]
    told = no_wish(utterance) if known else frozenset()
    for index, key in enumerate(utterance.keys):
        if index in told or utterance.key(index - 1) in _KEEPS:
            continue
        heard = rests(key)
        yield from ((index, topic) for topic in known if heard & _NOUNS[topic])
        if index and (heard & _CHANGES or key in _BESIDES):
            yield from ((index, topic) for topic in known if topic in _NAMED_BY_VALUE)


def _is_known(topic: Asked, state: Mapping[str, Any]) -> bool:
    return any(state.get(slot) is not None for slot in PARTS.get(topic.value, (topic.value,)))


def _part(utterance: Utterance, start: int, end: int) -> Utterance:
    return Utterance.of(utterance.text, utterance.tokens[start:end])


def _names_place(change: Utterance, name: str) -> bool:
    """Whether a place is named, and not misheard; "תרשמי נורית לביא" names who, when that is the caller's `name`."""
    is_name = bool(name) and name in change.quote(0, len(change))
    return bool(find(change, is_asked=True)) and not is_name


def _joined(answer: Understanding, change: Understanding, new: dict[str, Any]) -> Understanding:
    """Return an answer with the details that are changed besides."""
    quotes = {slot: change.quotes[slot] for slot in new if slot in change.quotes}
    unsure = tuple(slot for slot in change.unsure if slot in new)
    return replace(
        answer,
        updates={**answer.updates, **new},
        quotes={**answer.quotes, **quotes},
        unsure=(*answer.unsure, *unsure),
        intent=Intent.PROVIDE_INFO if answer.intent in _PLAIN else answer.intent,
    )
