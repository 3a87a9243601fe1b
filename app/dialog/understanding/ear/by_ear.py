"""Decides when a garbled short answer is read as the typical answer it sounds like (R10.6).

Only a recogniser that wavers is second-guessed: it must offer other readings, and its best one must hold a word nobody
says here or no answer at all. What the caller clearly said always stands.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from app.dialog.domain import PARTS, SLOT_NAMES, Asked, Intent, Understanding
from app.dialog.hebrew.contact.name_words import first_names
from app.dialog.hebrew.gazetteer import COMMON_WORDS, find
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import atom_at
from app.dialog.hebrew.span import covered
from app.dialog.hebrew.tokens import Utterance, fold, normalise, rests
from app.dialog.understanding.ear.garbled_phone import mobile_number
from app.dialog.understanding.ear.garbled_words import remade
from app.dialog.understanding.ear.nearest_answer import Near, nearest
from app.dialog.understanding.ear.typical_answers import typical_answers

_LISTS = Lexicon("hebrew/ear.toml")

_LONGEST_WORDS = 7
_SHORT_WORDS = 4
"""Of so few words one that nobody says leaves the others in doubt."""
_NAME_MARGIN = 0.06
_OR = "או"
_GIVEN_AND_SURNAME = 2
_NAME_CUES = _LISTS.words("name_cues")
_FAMILY = _LISTS.words("family")
_BORNE = 1000
_KNOWN_BEARERS = 2700
"""Of so many people a name is as likely as any other misheard for it."""
_BOUNDS = {Asked(topic): slots for topic, slots in PARTS.items()}
_REMADE = (Asked.GREETING, Asked.DEAL, Asked.PROPERTY_TYPE)
_CHANGES = _LISTS.words("changes")
_CHANGEABLE = (Asked.BUDGET, Asked.AREA, Asked.ROOMS)
_PLAIN_WORDS = _LISTS.words("plain_words")
_SLOTLESS = (Asked.PHONE_CONFIRM, Asked.SUMMARY_CONFIRM, Asked.NEXT_STEP, Asked.ANYTHING_ELSE)

Reader = Callable[[Utterance], Understanding]


def by_ear(
    readings: Sequence[str], asked: Asked, deal: str | None, best: Understanding, read: Reader
) -> Understanding | None:
    """Return what the caller must have meant, or None when `best`, the meaning of the first reading, may stand.

    `read` is the exact understanding. Values found that are near but not clear are `unsure`.
    """
    said = normalise(readings[0])
    if not wavers(readings) or not len(said) or best.injection or best.hold:
        return None
    if best.intent is Intent.GOODBYE and not _mostly(Intent.GOODBYE, readings, read):
        # A call is not ended on a word that may have been another.
        meant = _meant(readings, said, asked, deal, Understanding(), read) or Understanding()
        return replace(meant, intent=Intent.PROVIDE_INFO if meant.updates else Intent.UNCLEAR)
    return _meant(readings, said, asked, deal, best, read)


def wavers(readings: Sequence[str]) -> bool:
    """Whether a recogniser's readings differ in their words."""
    return len({normalise(reading).keys for reading in readings}) > 1


def asks_change(said: Utterance) -> bool:
    """Whether the caller asks to have something changed."""
    return bool(set(said.keys) & _CHANGES)


def _mostly(intent: Intent, readings: Sequence[str], read: Reader) -> bool:
    return 2 * sum(read(normalise(reading)).intent is intent for reading in readings) > len(readings)


def _meant(
    readings: Sequence[str], said: Utterance, asked: Asked, deal: str | None, best: Understanding, read: Reader
) -> Understanding | None:
    if asked is Asked.PHONE:
        return None if "phone" in best.updates or is_clean(said, asked) else _dictated(readings, best)
    if asked is Asked.GREETING and not is_clean(said, asked) and (len(said) > _LONGEST_WORDS or best.updates):
        return _with_words_remade(best, said, read)
    if len(said) > _LONGEST_WORDS or _needs_no_ear(said, asked, best):
        return None
    clean = is_clean(said, asked)
    near = _in_parts(readings, asked, deal, read) or nearest(readings, asked, deal, read)
    if near is not None and near.is_something_else and not best.updates:
        ends = near.meaning.intent is Intent.GOODBYE and not _mostly(Intent.GOODBYE, readings, read)
        return best if clean or ends else near.meaning
    if asks_change(said) and not clean and (changed := _changed(readings, said, deal, read)) is not None:
        return changed
    return _compared(best, _found(near, said, asked, best), said, asked, read, clean=clean)


def _compared(
    best: Understanding, found: Near | None, said: Utterance, asked: Asked, read: Reader, *, clean: bool
) -> Understanding | None:
    """Return what the best reading means beside the typical answer found, if any; None: the best one may stand."""
    if _holds_answer(best, asked):
        return None if clean and found is None else _weighed(best, found, said, asked)
    if found is None:
        return _with_words_remade(best, said, read) if asked in _REMADE and not clean else None
    if asked in _SLOTLESS and not (found.sure or found.is_plain):
        # Nothing can be asked back about a yes.
        return None
    return _taken(found, said, asked, sure=found.sure)


def _needs_no_ear(said: Utterance, asked: Asked, best: Understanding) -> bool:
    """Whether what was written is a plain answer: a name that many bear, or words all of which callers say here."""
    if asked is Asked.NAME and (first_names().get(fold(_given(best)), 0) >= _BORNE or _is_yes_or_no(best, said)):
        return True
    if not _holds_answer(best, asked) or not is_clean(said, asked) or not set(best.unsure).isdisjoint(_slots(asked)):
        return False
    return asked not in _BOUNDS or len(said) > _SHORT_WORDS or _is_plain(said, asked)


def _found(near: Near | None, said: Utterance, asked: Asked, best: Understanding) -> Near | None:
    """Return the typical answer if it is taken for what was said."""
    if near is None or (near.likely and _holds_answer(near.meaning, asked)):
        return near
    # What no Israeli is called was some other name, even if two are as near; which one is said back.
    other = asked is Asked.NAME and near.resembles and not _may_be_named(_given(best), said)
    return near if other else None


def _given(best: Understanding) -> str:
    return str(best.updates.get("name") or "").partition(" ")[0]


def _may_be_named(given: str, said: Utterance) -> bool:
    return bool(given) and (fold(given) in first_names() or bool(set(said.keys) & _FAMILY))


def _is_yes_or_no(best: Understanding, said: Utterance) -> bool:
    return best.intent in (Intent.CONFIRM, Intent.DENY) and not best.updates and set(said.keys) <= COMMON_WORDS


def _with_words_remade(best: Understanding, said: Utterance, read: Reader) -> Understanding | None:
    """Return what the utterance means with its garbled words made good; what only they say is in doubt."""
    better = remade(said)
    if better is None:
        return None
    meaning = read(better)
    new = {slot: value for slot, value in meaning.updates.items() if best.updates.get(slot) != value}
    if not new or not set(best.updates) <= set(meaning.updates):
        return None
    unsure = {*meaning.unsure, *new}
    quotes = {**dict.fromkeys(new, said.text.strip()), **best.quotes}
    return replace(meaning, quotes=quotes, unsure=tuple(slot for slot in SLOT_NAMES if slot in unsure))


def _dictated(readings: Sequence[str], best: Understanding) -> Understanding | None:
    phone = mobile_number(readings)
    if phone is None:
        return None
    quotes = {"phone": readings[0].strip()}
    return replace(best, updates={"phone": phone}, intent=Intent.PROVIDE_INFO, quotes=quotes, phone_digits="")


def _changed(readings: Sequence[str], said: Utterance, deal: str | None, read: Reader) -> Understanding | None:
    """Read what follows "תשני ל" as the new value of whichever slot it sounds like."""
    tails = []
    for reading in readings:
        keys = normalise(reading).keys
        cue = next((index for index, key in enumerate(keys) if key in _CHANGES), len(keys))
        tails.append(" ".join(keys[cue + 1 :]).removeprefix("ל"))
    nears = [near for asked in _CHANGEABLE if (near := nearest(tails, asked, deal, read)) and near.likely]
    near = max(nears, key=lambda near: near.score, default=None)
    return _taken(near, said, Asked.NAME, sure=False) if near is not None and near.meaning.updates else None


def _weighed(best: Understanding, found: Near | None, said: Utterance, asked: Asked) -> Understanding | None:
    """Decide between an answer read off garbled words and the one they sound like."""
    if found is not None and _agree(best, found.meaning, asked):
        known = asked is not Asked.NAME or found.margin >= _NAME_MARGIN
        return _settled(best, asked) if known else _doubted(best, asked)
    if asked in _SLOTLESS or asked is Asked.GREETING:
        return None
    if found is not None:
        return _taken(found, said, asked, sure=found.sure and found.is_plain)
    return _doubted(best, asked) if len(said) <= _SHORT_WORDS or asked in _BOUNDS else None


def _taken(near: Near, said: Utterance, asked: Asked, *, sure: bool) -> Understanding:
    """Return what the typical answer means, in the caller's own words; a name is never sure."""
    meaning = near.meaning
    slots = tuple(slot for slot in SLOT_NAMES if slot in meaning.updates)
    doubtful = meaning.unsure if sure and asked is not Asked.NAME else tuple(slot for slot in slots if slot != "phone")
    return replace(meaning, quotes=dict.fromkeys(slots, said.text.strip()), unsure=doubtful)


def _doubted(understanding: Understanding, asked: Asked) -> Understanding:
    """Return the understanding with what was asked in doubt."""
    doubtful = {*understanding.unsure, *(slot for slot in _slots(asked) if slot in understanding.updates)}
    return replace(understanding, unsure=tuple(slot for slot in SLOT_NAMES if slot in doubtful))


def _slots(asked: Asked) -> tuple[str, ...]:
    return _BOUNDS.get(asked, (asked.value,))


def _holds_answer(understanding: Understanding, asked: Asked) -> bool:
    if asked in _SLOTLESS:
        return understanding.intent is not Intent.UNCLEAR
    if asked is Asked.GREETING:
        return bool(understanding.updates)
    return any(slot in understanding.updates for slot in _slots(asked))


def _agree(first: Understanding, second: Understanding, asked: Asked) -> bool:
    if asked in _SLOTLESS:
        return first.intent is second.intent
    if asked is Asked.GREETING:
        return all(first.updates.get(slot) == value for slot, value in second.updates.items())
    return all(first.updates.get(slot) == second.updates.get(slot) for slot in _slots(asked))


def _settled(understanding: Understanding, asked: Asked) -> Understanding:
    """Return the understanding with what was asked no longer in doubt."""
    unsure = tuple(slot for slot in understanding.unsure if slot not in _slots(asked))
    return replace(understanding, unsure=unsure)


def _in_parts(readings: Sequence[str], asked: Asked, deal: str | None, read: Reader) -> Near | None:
    """Read "X או Y" of two places each by itself, and of a name with a surname only the given name."""
    if asked is Asked.AREA:
        return _two_places(readings, deal, read)
    return _given_name(readings, deal, read) if asked is Asked.NAME else None


def _two_places(readings: Sequence[str], deal: str | None, read: Reader) -> Near | None:
    halves = [parts for reading in readings if len(parts := reading.split(f" {_OR} ")) == 2]
    if not halves or _OR not in normalise(readings[0]).keys:
        return None
    first, second = (nearest([parts[at] for parts in halves], Asked.AREA, deal, read) for at in (0, 1))
    if first is None or second is None or not (first.likely and second.likely):
        return None
    weaker = min(first, second, key=lambda near: near.score)
    text = f"{first.answer.text} {_OR} {second.answer.text}"
    return _reworded(weaker, text, min(first.margin, second.margin), read)


def _given_name(readings: Sequence[str], deal: str | None, read: Reader) -> Near | None:
    tokens = [normalise(reading).tokens for reading in readings]
    named = [[token.text for token in heard if token.key not in _NAME_CUES] for heard in tokens]
    if len(named[0]) != _GIVEN_AND_SURNAME:
        return None
    given = nearest([parts[0] for parts in named if parts], Asked.NAME, deal, read)
    whole = nearest(readings, Asked.NAME, deal, read)
    if given is None or not given.likely or (whole is not None and whole.likely and whole.score > given.score):
        return None
    return _reworded(given, f"{given.answer.text} {named[0][1]}", given.margin, read)


def _reworded(near: Near, text: str, margin: float, read: Reader) -> Near:
    return Near(replace(near.answer, text=text), read(normalise(text)), near.score, margin)


def load() -> Iterator[None]:
    """Fold the typical answers' words now, a question at a time (up to 50 ms each), rather than in a call."""
    for asked in Asked:
        _vocabulary(asked)
        yield


@lru_cache(maxsize=64)
def _vocabulary(asked: Asked) -> frozenset[str]:
    """Return the folded words of all typical answers to a question."""
    return frozenset(key for answer in typical_answers(asked) for key in normalise(answer.text).keys)


def _is_plain(utterance: Utterance, asked: Asked) -> bool:
    """Whether nothing but well-formed numbers and what stands beside them was heard."""
    known = _PLAIN_WORDS | _vocabulary(asked)
    return all(token.is_number or token.key in known for token in utterance.tokens)


def is_clean(utterance: Utterance, asked: Asked) -> bool:
    """Whether every word is one that callers say here."""
    known = COMMON_WORDS | _vocabulary(asked)
    named = covered(find(utterance))
    return all(
        index in named
        or token.is_number
        or atom_at(utterance, index) is not None
        or (asked is Asked.NAME and first_names().get(token.key, 0) >= _KNOWN_BEARERS)
        or (asked is not Asked.NAME and not rests(token.key).isdisjoint(known))
        for index, token in enumerate(utterance.tokens)
    )
