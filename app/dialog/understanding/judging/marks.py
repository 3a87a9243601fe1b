"""What the judge goes by: the marks of each word, and where it stands as seen from a value (R10.2).

A mark is a small fact of a word that recurs in other sentences: the word, what is left without its prefix, what it has
in common with its other forms, the pair it makes with the next one, the lists it stands in, that it names a place or a
given name. What the readers concluded is left out: the judge is to know what they do not.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from app.dialog.domain import PARTS, Asked
from app.dialog.hebrew.contact.name_words import KNOWN_BEARERS, bearers_of
from app.dialog.hebrew.gazetteer import find
from app.dialog.hebrew.lexicon import Lexicon, lists_by_word
from app.dialog.hebrew.scopes.past import tells_deed
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance, rests

POSITIONS = 11
"""Within the value; before it 1, 2, 3, 4-6 words away or farther; after it the same."""
SIDE = 5
_FARTHEST_NEAR, _FARTHEST_MIDDLE = 3, 6
_STEPS = (0, 1, 2, _FARTHEST_NEAR, _FARTHEST_MIDDLE)
_PREFIXES = frozenset("ושבלמהכ")
_LONG = 3
_SHORTEST, _MOST_OPENINGS = 2, 3
_OPENINGS, _OPENINGS_OF_SHORT, _ENDINGS = frozenset("שהכבלמתנא"), frozenset("התנל"), frozenset("התמנכ")
"""Letters that stand before and after what the forms of a word have in common; yod and vav go wherever they stand."""
LONG_SPEECH = 80
"""From so many words on nothing is read a second time against the rules: it would take too long."""
_MOST_ROOMS, _MOST_PLACES = 7, 3
EVIDENCE = "hebrew/whose.toml"
"""Words that no rule reads: marks alone."""
_FILES = (
    EVIDENCE,
    *(f"hebrew/{name}.toml" for name in ("scope", "whereabouts", "past", "timing", "limits", "names", "acts")),
    *(
        f"real_estate/{name}.toml"
        for name in ("area", "budget", "changes", "deals", "errands", "kinds", "rooms", "turn", "wishes")
    ),
)
_SCOPE, _WHOSE = Lexicon("hebrew/scope.toml"), Lexicon(EVIDENCE)
_TELLERS = (
    ("seeks", _SCOPE.words("seeks")),
    ("says", _SCOPE.words("said") | _WHOSE.words("say")),
    ("has", _SCOPE.words("has_now") | _SCOPE.words("works") | _SCOPE.words("studies") | _WHOSE.words("rents")),
    ("others", _SCOPE.words("others") | _WHOSE.words("kin") | _WHOSE.words("does")),
    ("did", _WHOSE.words("i_did") | _WHOSE.words("did")),
)
"""What words tell of: a search, what was said, what one has, others, what happened; of a word in several the first."""
_TELLING = (
    "hebrew/scope.toml",
    "hebrew/whereabouts.toml",
    EVIDENCE,
    "hebrew/past.toml",
    "real_estate/wishes.toml",
)


@lru_cache(maxsize=8192)
def word_marks(key: str, follower: str) -> tuple[str, ...]:
    """Return the marks of a folded word before another ("": the last one)."""
    return (key, f"{key} {follower}", *_marks_alone(key))


@lru_cache(maxsize=8192)
def _marks_alone(key: str) -> tuple[str, ...]:
    """Return the marks of a word whatever follows: its rest, the lists it stands in, what it looks like."""
    found = []
    if len(key) > _LONG and key[0] in _PREFIXES:
        found.append(f"~{key[1:]}")
    lists = lists_by_word(_FILES)
    found += sorted({name for rest in rests(key) for name in lists.get(rest, ())})
    found.append(f"/{skeleton(key)}")
    if key.isdigit():
        found.append("#")
    if bearers_of(key) >= KNOWN_BEARERS:
        found.append("@given name")
    if tells_deed(key):
        found.append("@deed")
    return tuple(found)


def skeleton(key: str) -> str:
    """Return the letters of a folded word that its forms have in common: "ספ" of "תוסיפי", "להוסיף" and "הוסף".

    A guess by letters alone, and no root: it is enough that the forms of one word share it and few other words do.
    """
    left = key.replace("ו", "").replace("י", "")
    if len(left) > _SHORTEST and left[-1] in _ENDINGS:
        left = left[:-1]
    for _ in range(_MOST_OPENINGS):
        openings = _OPENINGS if len(left) > _SHORTEST + 1 else _OPENINGS_OF_SHORT
        if len(left) > _SHORTEST and left[0] in openings:
            left = left[1:]
    return left if len(left) >= _SHORTEST else key


@lru_cache(maxsize=64)
def marks_of(utterance: Utterance) -> tuple[tuple[str, ...], ...]:
    """Return the marks of each word: who judges the values of a turn and who judges its intent go by the same ones."""
    more = {**_mended_marks(utterance), **_place_marks(utterance)}
    found = [word_marks(key, utterance.key(index + 1)) for index, key in enumerate(utterance.keys)]
    return tuple((*marks, more[index]) if index in more else marks for index, marks in enumerate(found))


def _mended_marks(utterance: Utterance) -> Mapping[int, str]:
    """Return a mark for each word that was guessed from a broken or wrongly written one."""
    return {index: "@mended" for index, token in enumerate(utterance.tokens) if token.mended}


def _place_marks(utterance: Utterance) -> Mapping[int, str]:
    """Return a mark for each word of a place that is named, with the letters written onto the name."""
    return {
        index: f"@place {mention.prefix}" for mention in find(utterance) for index in range(mention.start, mention.end)
    }


def position(index: int, start: int, end: int) -> int:
    """Return where the word at `index` stands, as seen from the value at `start` up to, not including, `end`."""
    if start <= index < end:
        return 0
    distance = start - index if index < start else index - end + 1
    if distance > _FARTHEST_NEAR:
        distance = _FARTHEST_NEAR + (1 if distance <= _FARTHEST_MIDDLE else 2)
    return distance if index < start else SIDE + distance


@lru_cache(maxsize=8192)
def stretches(start: int, end: int, size: int) -> tuple[tuple[int, int], ...]:
    """Return, position by position, from which word up to which the words of an utterance of `size` stand there."""
    before = [max(0, start - step) for step in _STEPS] + [0]
    after = [min(size, end + step) for step in _STEPS] + [size]
    return ((start, end), *((low, high) for high, low in pairwise(before)), *pairwise(after))


def frame_marks(
    utterance: Utterance, asked: Asked, state: Mapping[str, Any], topic: str, value: Span[Any], rivals: list[int]
) -> tuple[str, ...]:
    """Return the marks of the value itself: what was asked, what is known, where other values of its kind start.

    And the rule by which it would be none, and roughly what it is.
    """
    start, size = value.start, len(utterance)
    first = utterance.key(start)[:1]
    before = sum(map(start.__gt__, rivals))
    after = sum(map(start.__lt__, rivals))
    return _frame_marks(
        asked.value,
        any(state.get(slot) is not None for slot in PARTS.get(topic, (topic,))),
        min(size // 3, 6),
        start == 0,
        value.end >= size,
        min(2, before),
        min(2, after),
        first if first in _PREFIXES else "",
        value.against,
        _roughly(topic, value),
        *_tellers_around(utterance, start, value.end),
    )


# Values recur with all that is seen of them: their marks are written once.
@lru_cache(maxsize=8192)
def _frame_marks(
    asked: str,
    known: bool,
    long: int,
    first: bool,
    last: bool,
    before: int,
    after: int,
    prefix: str,
    rule: str,
    value: str,
    told: str,
    earlier: str,
    next_told: str,
) -> tuple[str, ...]:
    return (
        "=",
        f"=asked {asked}",
        f"=known {known}",
        f"=long {long}",
        f"=first {first}",
        f"=last {last}",
        f"=before {before}",
        f"=after {after}",
        f"=prefix {prefix}",
        f"=rule {rule}",
        f"=ruled out {bool(rule)}",
        f"=value {value}",
        # What holds of one question, rule or kind of value need not hold of another.
        f"=asked {asked} rule {rule}",
        f"=asked {asked} value {value}",
        f"=asked {asked} known {known}",
        f"=asked {asked} long {long}",
        f"=asked {asked} before {before}",
        f"=prefix {prefix} first {first}",
        f"=rule {rule} value {value}",
        f"=before {before} after {after}",
        # Who seeks here and lives there: the nearest of such words before it, the one before that, the next behind it.
        f"=told {told}",
        f"=told next {next_told}",
        f"=told {told} next {next_told}",
        f"=told {told} earlier {earlier}",
        f"=told {told} asked {asked}",
        f"=told {told} prefix {prefix}",
    )


@lru_cache(maxsize=8192)
def _teller(key: str) -> str:
    """Return what a folded word tells of; "": of nothing."""
    found = rests(key)
    told = next((name for name, words in _TELLERS if not words.isdisjoint(found)), "")
    return told or ("did" if tells_deed(key) else "")


@lru_cache(maxsize=64)
def _tellers(utterance: Utterance) -> tuple[tuple[int, str], ...]:
    """Return the words that tell of something, by their index: the same for all values of a turn."""
    return tuple((index, told) for index, told in enumerate(map(_teller, utterance.keys)) if told)


def _tellers_around(utterance: Utterance, start: int, end: int) -> tuple[str, str, str]:
    """Return what is told of last before `start`, before that, and next from `end` on."""
    tellers = _tellers(utterance)
    earlier, last = ["", "", *(told for index, told in tellers if index < start)][-2:]
    return last, earlier, next((told for index, told in tellers if index >= end), "")


@lru_cache(maxsize=8192)
def _told(key: str) -> tuple[str, ...]:
    """Return the lists that tell whose something is in which a folded word stands."""
    return tuple(mark for mark in word_marks(key, "") if mark.startswith(_TELLING))


@lru_cache(maxsize=64)
def whole_marks(utterance: Utterance) -> tuple[str, ...]:
    """Return the marks of a turn that count for each of its values: how it opens, how many places it names.

    And the lists it has words of that tell whose something is.
    """
    told = sorted(set[str]().union(*map(_told, utterance.keys)))
    places = sum(marks[-1].startswith("@place") for marks in marks_of(utterance))
    opening = utterance.key(0)
    return (
        *(f"=tells {name}" for name in told),
        f"=places {min(_MOST_PLACES, places)}",
        f"=opens {opening}",
        f"=opens {opening} {utterance.key(1)}",
        f"=opens /{skeleton(opening)}",
    )


def _roughly(topic: str, value: Span[Any]) -> str:
    """Return what a value is in words that recur: a month, a neighbourhood, four rooms, a sum of seven digits."""
    held = value.value
    if topic in PARTS:
        low, high = held
        size = int(low if high is None else high)
        return f"{low is not None} {high is not None} {min(size, _MOST_ROOMS) if topic == 'rooms' else len(str(size))}"
    if topic == "timing":
        return str(held["type"])
    if topic.startswith("area"):
        place = getattr(value, "place", None)
        return f"{place.kind} {place.risky}" if place is not None else ""
    return str(held) if topic in ("property_type", "deal") else ""
