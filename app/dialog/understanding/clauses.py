"""A change that is said besides an answer, or instead of one: "מרץ, והתקציב הוא אחד שבע" (R10.2).

The answer and the change are two clauses, each read as what it answers: what the agent asked, and the detail that is
named. So a detail that is known takes a new value in the same words at whatever question.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.dialog.domain import PARTS, Asked, Intent, Understanding
from app.dialog.hebrew.contact.phone_repairs import places_digits
from app.dialog.hebrew.gazetteer import find
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.number_words import atoms_of
from app.dialog.hebrew.tokens import Utterance, rests
from app.dialog.understanding.judging.marks import LONG_SPEECH

_LISTS, _DETAILS = Lexicon("real_estate/clauses.toml"), Lexicon("real_estate/withdrawals.toml")
_NOUNS = {
    Asked.BUDGET: _DETAILS.words("struck_budget"),
    Asked.ROOMS: _DETAILS.words("struck_rooms"),
    Asked.AREA: _DETAILS.words("struck_area"),
    Asked.TIMING: _DETAILS.words("struck_timing"),
    Asked.PROPERTY_TYPE: _DETAILS.words("struck_type"),
}
_KEEPS = _DETAILS.words("keeps")
_CHANGES, _BESIDES = _LISTS.words("changes"), _LISTS.words("besides")
_MOVES = _LISTS.words("moves")
_YES, _OF_A_NUMBER = _LISTS.words("yes"), _LISTS.words("of_a_number")
_MOST_DIGITS = 4
"""So many words of numbers behind a yes are no telephone number."""
_NAMED_BY_VALUE = (Asked.AREA, Asked.TIMING)
"""Places and months say themselves what they are of; a number does not."""
_PLAIN = (Intent.PROVIDE_INFO, Intent.CONFIRM, Intent.DENY, Intent.UNCLEAR)

Reader = Callable[[Utterance, Asked], Understanding]


def with_change(
    whole: Understanding, utterance: Utterance, asked: Asked, state: Mapping[str, Any], read: Reader
) -> Understanding:
    """Return what an utterance says, given the `whole` of it as an answer, when another detail is changed besides."""
    if len(utterance) >= LONG_SPEECH:
        return whole
    said = _Said(whole, utterance, asked, state, read)
    return said.behind_a_yes() or said.where_named() or whole


@dataclass(frozen=True, slots=True)
class _Said:
    """An utterance, what the whole of it says as an answer, and how its clauses are read."""

    whole: Understanding
    utterance: Utterance
    asked: Asked
    state: Mapping[str, Any]
    read: Reader

    def behind_a_yes(self) -> Understanding | None:
        """Read "כן, וחמש מאתיים": the yes to the caller's number, and what else is said."""
        asks = self.asked is Asked.PHONE_CONFIRM and self.state.get("caller_id") and not self.state.get("phone")
        keys = self.utterance.keys
        after = next((at for at, key in enumerate(keys) if key not in _YES), 0)
        digits = sum(atom is not None for atom in atoms_of(self.utterance))
        short = digits <= _MOST_DIGITS and not any(token.is_number for token in self.utterance.tokens)
        if not (asks and after and short) or "phone" in self.whole.updates or not _OF_A_NUMBER.isdisjoint(keys):
            return None
        if places_digits(self.utterance):
            # "כן, רק שתיים ארבע בסוף".
            return None
        besides = self._besides(after)
        return _joined(self._as_answer(after), besides, besides.updates) if besides.intent in _PLAIN else None

    def where_named(self) -> Understanding | None:
        """Read a detail's new value where its noun stands, or where a change begins that says itself what it is of."""
        if self.whole.intent not in _PLAIN or self.whole.errand:
            return None
        for start, topic in self._changes():
            slots = PARTS.get(topic.value, (topic.value,))
            change = self._from(start)
            if any(slot in self.whole.updates for slot in slots) or not self._may_be(topic, change):
                continue
            said = self.read(change, topic)
            new = {slot: said.updates[slot] for slot in slots if slot in said.updates}
            if any(value is not None for value in new.values()):
                return _joined(self._as_answer(start), said, new)
        return None

    def _changes(self) -> Iterator[tuple[int, Asked]]:
        """Yield where the words may begin that change a known detail, and which."""
        known = [topic for topic in _NOUNS if topic is not self.asked and self._is_known(topic)]
        if not known:
            return
        places = {mention.start for mention in find(self.utterance) if mention.prefix == "ו"}
        for index in self._told_now():
            key = self.utterance.keys[index]
            heard = rests(key)
            yield from ((index, topic) for topic in known if heard & _NOUNS[topic])
            if index and (heard & _CHANGES or key in _BESIDES or index in places):
                yield from ((index, topic) for topic in known if topic in _NAMED_BY_VALUE)
            if index and heard & _MOVES and Asked.BUDGET in known:
                yield index, Asked.BUDGET

    def _told_now(self) -> list[int]:
        """Return the words that tell of nothing that is to stay."""
        return [index for index in range(len(self.utterance)) if self.utterance.key(index - 1) not in _KEEPS]

    def _may_be(self, topic: Asked, change: Utterance) -> bool:
        """Whether a change can be one of a detail: a place is named, not misheard, and "תרשמי נורית לביא" names who."""
        if topic is not Asked.AREA:
            return True
        name = self.whole.quotes.get("name", "")
        is_name = bool(name) and name in change.quote(0, len(change))
        return bool(find(change, is_asked=True)) and not is_name

    def _is_known(self, topic: str) -> bool:
        return any(self.state.get(slot) is not None for slot in PARTS.get(topic, (topic,)))

    def _as_answer(self, end: int) -> Understanding:
        return self.read(Utterance.of(self.utterance.text, self.utterance.tokens[:end]), self.asked)

    def _from(self, start: int) -> Utterance:
        return Utterance.of(self.utterance.text, self.utterance.tokens[start:])

    def _besides(self, start: int) -> Understanding:
        """Read what is said from `start` on besides the answer."""
        rest, nothing = self._from(start), Asked.ANYTHING_ELSE
        return with_change(self.read(rest, nothing), rest, nothing, self.state, self.read)


def _joined(answer: Understanding, change: Understanding, new: dict[str, Any]) -> Understanding:
    """Return an answer with the details that are changed besides."""
    if not new:
        return answer
    return replace(
        answer,
        updates={**answer.updates, **new},
        quotes={**answer.quotes, **{slot: change.quotes[slot] for slot in new if slot in change.quotes}},
        unsure=(*answer.unsure, *(slot for slot in change.unsure if slot in new)),
        intent=Intent.PROVIDE_INFO if answer.intent in _PLAIN else answer.intent,
    )
