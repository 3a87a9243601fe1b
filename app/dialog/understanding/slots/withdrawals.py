"""Which known details a caller takes back: "התקציב לא משנה", "תשכחי מהתקציב", "בלי מינימום" (R10.2)."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from app.dialog.domain import PARTS, TOPICS, Asked
from app.dialog.hebrew.gazetteer import find
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import atom_at, quantities
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance, rests, rests_of
from app.dialog.understanding.slots.move_in_dates import names_time

_LISTS, _NOUNS = Lexicon("real_estate/withdrawals.toml"), Lexicon("real_estate/turn.toml")
_CLEARED = {
    "area": _NOUNS.words("about_area"),
    "rooms": _NOUNS.words("about_rooms"),
    "budget": _NOUNS.words("about_budget"),
    "timing": _NOUNS.words("about_timing"),
    "property_type": _NOUNS.words("about_type"),
}
_STRUCK = {
    "area": _LISTS.words("struck_area"),
    "rooms": _LISTS.words("struck_rooms"),
    "budget": _LISTS.words("struck_budget"),
    "timing": _LISTS.words("struck_timing"),
    "property_type": _LISTS.words("struck_type"),
    "phone": _LISTS.words("struck_phone"),
    "name": _LISTS.words("struck_name"),
}
_INDIFFERENT = _LISTS.phrases("indifferent")
_STRIKES, _LOWERS, _BETWEEN = _LISTS.words("strikes"), _LISTS.words("lowers"), _LISTS.words("between")
_NOT_TO_WRITE, _MATTERS_NOT = _LISTS.phrases("not_to_write"), _LISTS.phrases("matters_not")
_ENDS = {"min": _LISTS.words("least"), "max": _LISTS.words("most")}
_PART_OF_NAME = _LISTS.words("part_of_name")
_KEEPS, _WANTS = _LISTS.words("keeps"), _LISTS.words("wants")
_REMOVES, _LEFT_EMPTY = _LISTS.words("removes"), _LISTS.phrases("left_empty")
_NONE, _WITHOUT, _AFTER_NONE = _LISTS.words("none"), _LISTS.words("without"), _LISTS.words("after_none")
_TO_US, _GIVES_UP = _LISTS.words("to_us"), _LISTS.words("gives_up")
_BEFORE_IT, _IT, _BEGINS_CLAUSE = _LISTS.words("before_it"), _LISTS.words("it"), _LISTS.words("begins_clause")
_CONTACT = frozenset(topic.name for topic in TOPICS if topic.is_contact)
_WIDEST = 4


def withdrawn(utterance: Utterance, asked: Asked, state: Mapping[str, Any], said: Collection[str]) -> list[str]:
    """Return the slots known in `state` that the caller takes back; none of which another value was `said`."""
    topics, ends = _struck(utterance, asked, state)
    if _INDIFFERENT.within(utterance):
        heard = rests_of(utterance.keys)
        topics += [topic for topic, nouns in _CLEARED.items() if heard & nouns]
    whole = [PARTS.get(topic, (topic,)) for topic in topics]
    found = [*ends, *(slot for slots in whole if not any(slot in said for slot in slots) for slot in slots)]
    return [slot for slot in dict.fromkeys(found) if state.get(slot) is not None and slot not in said]


def _struck(utterance: Utterance, asked: Asked, state: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the topics that are struck, and the ends of ranges."""
    topics: list[str] = []
    ends: list[str] = []
    for verb, ends_only in _verbs(utterance):
        at = _object(utterance, verb)
        if at is None:
            it = not ends_only and _strikes_it(utterance, verb, asked, state)
            topics += (_named(utterance.keys) or [asked.value]) if it else []
            continue
        end = next((name for name, words in _ENDS.items() if rests(utterance.key(at)) & words), None)
        if end is not None:
            ends += _end_of(utterance, end, asked, state)
        elif not ends_only and utterance.key(at + 1) not in _PART_OF_NAME and not _tells_of(utterance, verb, at):
            # "אין לי נייד" takes no number back.
            none = utterance.key(verb.start).removeprefix("ו") in _NONE
            topics += [topic for topic in _named((utterance.key(at),)) if not (none and topic in _CONTACT)]
    return topics, ends


def _tells_of(utterance: Utterance, verb: Span[str], noun: int) -> bool:
    """Whether something is told of what there is none of: "אין באזור חניה", "התקציב בלי ארנונה"."""
    if utterance.key(verb.start).removeprefix("ו") not in _NONE | _WITHOUT:
        return False
    rest = utterance.keys[max(verb.end, noun + 1) :]
    after = next((key for key in rest if key not in _TO_US), "")
    return utterance.key(noun).startswith("ב") or not (after in _AFTER_NONE or after[:1] in ("", "ו"))


def _strikes_it(utterance: Utterance, verb: Span[str], asked: Asked, state: Mapping[str, Any]) -> bool:
    """Whether a verb strikes what was spoken of: "תמחקי את זה", "תשאירי ריק", or what is known: "תמחקי את השש"."""
    strikes = utterance.key(verb.start) in _REMOVES or _LEFT_EMPTY.at(utterance, verb.start)
    if not strikes or find(utterance) or _strikes_other(utterance, verb):
        return False
    known = {state.get(slot) for slot in PARTS.get(asked.value, ())}
    return all(quantity.value in known for quantity in quantities(utterance))


def _strikes_other(utterance: Utterance, verb: Span[str]) -> bool:
    """Whether a verb strikes what is no detail: "תבטלי את השיחה", "תסירי אותי מהרשימה", "את הפגישה תבטלי"."""
    after = next((at for at in range(verb.end, len(utterance)) if utterance.key(at) not in _BEFORE_IT), None)
    objects = [after] if after is not None else []
    if utterance.key(verb.start - 2) == "את":
        objects.append(verb.start - 1)
    return any(
        utterance.key(at) not in _IT | _BEGINS_CLAUSE
        and not utterance.key(at).startswith("ו")
        and not names_time(utterance.key(at))
        and atom_at(utterance, at) is None
        for at in objects
    )


def _named(keys: tuple[str, ...]) -> list[str]:
    """Return the details whose nouns are among some words."""
    heard = rests_of(keys)
    return [topic for topic, nouns in _STRUCK.items() if heard & nouns]


def _verbs(utterance: Utterance) -> Iterator[tuple[Span[str], bool]]:
    """Yield what may strike something, and whether it strikes ends of a range only."""
    for index, key in enumerate(utterance.keys):
        bare = key.removeprefix("ו")
        strikes = key in _STRIKES or bare in _STRIKES
        if not strikes and key not in _LOWERS and bare not in _LOWERS:
            continue
        if bare in _GIVES_UP and utterance.key(index + 1) != "על":
            continue
        before = index - 1 - (utterance.key(index - 1) in _WANTS)
        if utterance.key(before) not in _KEEPS:
            yield Span(index, index + 1, key), not strikes
    for book, ends_only in ((_NOT_TO_WRITE, False), (_LEFT_EMPTY, False), (_MATTERS_NOT, True)):
        yield from ((match, ends_only) for match in book.all(utterance))


def _object(utterance: Utterance, verb: Span[str]) -> int | None:
    """Return where the noun stands that a verb strikes: the first one on either side behind words that say nothing."""
    nouns = frozenset().union(*_STRUCK.values(), *_ENDS.values())
    for side in (range(verb.end, verb.end + _WIDEST + 1), range(verb.start - 1, verb.start - _WIDEST - 2, -1)):
        for at in side:
            key = utterance.key(at)
            counts_rooms = key in _BETWEEN and rests(utterance.key(at + 1)) & _STRUCK["rooms"]
            if rests(key) & nouns and not counts_rooms:
                return at
            if key not in _BETWEEN:
                break
    return None


def _end_of(utterance: Utterance, end: str, asked: Asked, state: Mapping[str, Any]) -> list[str]:
    """Return the end of which range is meant: of the one named, asked about, or the only one; four rooms are none."""
    heard = rests_of(utterance.keys)
    known = [topic for topic in PARTS if state.get(f"{topic}_{end}") is not None]
    ranges = [topic for topic in known if len({state.get(slot) for slot in PARTS[topic]}) > 1]
    if named := [topic for topic in PARTS if heard & _STRUCK[topic]]:
        chosen = [topic for topic in ranges if topic in named]
    else:
        chosen = [topic for topic in ranges if asked.value == topic] or ranges
    return [f"{chosen[0]}_{end}"] if len(chosen) == 1 else []
