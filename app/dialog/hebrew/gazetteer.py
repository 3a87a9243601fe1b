"""Towns, neighbourhoods and regions by every spelling, and where an utterance names them (R10.2).

The data is data/hebrew/areas.json: canonical names, aliases, and flags for names that are also common words; and
data/hebrew/localities.txt: every other locality, mostly villages. Many of those are called like a person or a thing, so
that one of a single word is found only where it is located ("בגבים", "מושב נטעים") or where a place was asked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.dialog import data
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance, fold, rests, stems

_LISTS = Lexicon("hebrew/places.toml")

MAX_WORDS = 5
COMMON_WORDS = Lexicon("hebrew/common_words.toml").words("common_words")
"""Never a misheard town, and never a person's name."""
_SHARED = _LISTS.words("shared")
_VILLAGE_KINDS = _LISTS.words("village_kinds")
_EVERYDAY = _LISTS.words("everyday")
_SONS = _LISTS.words("sons")
VILLAGE = "village"
_OR = fold("או")
_HOUSES = fold("בתים")


@dataclass(frozen=True, slots=True)
class Place:
    """A gazetteer entry. `cities` are a neighbourhood's towns: more than one when the name repeats."""

    name: str
    kind: str
    cities: tuple[str, ...] = ()
    needs_city: bool = False
    risky: str = ""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """Towns with a neighbourhood called the same but for the article, each with that neighbourhood's name."""


@dataclass(frozen=True, slots=True)
class Mention(Span[str]):
    """A place named, as it goes into the slot."""

    place: Place
    prefix: str = ""
    alias: str = ""


def written_as_one(text: str) -> str:
    """Return a name folded, its words written together and a doubled yod as one: what spellings are compared by."""
    return fold(text).replace("יי", "י").replace(" ", "")


def _spellings(name: str) -> Iterable[str]:
    """Yield the ways a name is written: with and without the articles of its words."""
    parts = name.split()
    yield name
    for index, part in enumerate(parts):
        if part.startswith("ה") and len(part) > 3 and (index or len(parts) == 1):
            yield " ".join([*parts[:index], part[1:], *parts[index + 1 :]])
    if len(parts) > 1 and parts[0].startswith("ה"):
        yield " ".join([parts[0][1:], *parts[1:]])
        yield " ".join([part.removeprefix("ה") if len(part) > 3 else part for part in parts])


@lru_cache(maxsize=1)
def gazetteer() -> dict[str, tuple[Place, str]]:
    """Return every spelling, folded and written as one word, with its place and the alias it came from."""
    index = read_areas()
    for name in data.read_text("hebrew/localities.txt").splitlines():
        index.setdefault(written_as_one(name), (Place(name, "city", risky=VILLAGE), ""))
    return index


def read_areas() -> dict[str, tuple[Place, str]]:
    """Return the spellings of the places in areas.json."""
    entries: list[dict[str, Any]] = data.read_json("hebrew/areas.json")
    cities: dict[str, list[str]] = {}
    for entry in entries:
        if "city" in entry:
            cities.setdefault(entry["name"], []).append(entry["city"])
    alike: dict[str, list[str]] = {}
    for name in cities:
        for spelling in _spellings(name):
            alike.setdefault(written_as_one(spelling), []).append(name)
    index: dict[str, tuple[Place, str]] = {}
    for entry in entries:
        towns = tuple(cities.get(entry["name"], ()))
        needs_city = bool(entry.get("needs_city")) or len(towns) > 1
        others = alike.get(written_as_one(entry["name"]), ()) if towns else ()
        elsewhere = tuple((town, name) for name in others if name != entry["name"] for town in cities[name])
        place = Place(entry["name"], entry["kind"], towns, needs_city, entry.get("risky", ""), elsewhere)
        for alias in (entry["name"], *entry.get("aliases", ())):
            for spelling in _spellings(alias):
                index.setdefault(written_as_one(spelling), (place, _care(entry, alias, spelling)))
    # A thousand is never the neighbourhood "האלף" without its article.
    index.pop("אלפ", None)
    return index


def _care(entry: Mapping[str, Any], alias: str, spelling: str) -> str:
    """Return what a spelling is to be read with care for: "risky", "short" or without its article "bare"."""
    if alias in entry.get("risky_aliases", ()):
        return "risky"
    if len(written_as_one(alias)) <= 3 and alias != entry["name"] and '"' in alias:
        return "short"
    return "bare" if spelling != alias and alias.startswith("ה") and " " not in alias else ""


def find(utterance: Utterance, *, is_asked: bool = False) -> tuple[Mention, ...]:
    """Return every gazetteer name in the utterance, the longest first, whatever it is said for.

    `is_asked`: a place was asked for, so that a village may be named without "ב" or "מושב" before it.
    """
    return _found(utterance, is_asked)


@lru_cache(maxsize=64)
def _found(utterance: Utterance, is_asked: bool) -> tuple[Mention, ...]:
    found: list[Mention] = []
    index = 0
    while index < len(utterance):
        if not utterance.tokens[index].is_number and not _readings(utterance.keys[index]):
            index += 1
            continue
        mention = _at(utterance, index, is_asked=is_asked)
        later = _at(utterance, mention.end - 1) if mention is not None and mention.end - mention.start > 1 else None
        if mention is not None and later is not None and later.end > mention.end and _names_within(mention, later):
            # "באזור מרכז פתח תקווה", "תל אביב יפו ד": the later name, not what its first word could end.
            mention, index = later, later.start
        if mention is None:
            index += 1
        else:
            found.append(mention)
            index = mention.end
            while (also := _elliptic(utterance, found[-1]) or _listed(utterance, found[-1])) is not None:
                found.append(also)
                index = also.end
    return tuple(found)


def _names_within(mention: Mention, later: Mention) -> bool:
    return mention.place.kind == "region" or mention.place.name in later.place.cities


def _elliptic(utterance: Utterance, before: Mention) -> Mention | None:
    """Read the second name of "קריית מוצקין או ביאליק", whose first word is said once."""
    if before.end - before.start < 2:
        return None
    shared = utterance.key(before.start).removeprefix(before.prefix)
    index = before.end + (utterance.key(before.end) == "או")
    key = utterance.key(index)
    if shared not in _SHARED or not key or (index == before.end and key[0] != "ו"):
        return None
    entry = gazetteer().get(written_as_one(shared + key.removeprefix("ו")))
    if entry is None or entry[0] == before.place or _at(utterance, index) is not None:
        return None
    return Mention(index, index + 1, entry[0].name, entry[0], "ו" if key[0] == "ו" else "", entry[1])


def _listed(utterance: Utterance, before: Mention) -> Mention | None:
    """Read the village of "קצרין או חספין", "בכליל או ביודפת": where another place is said, it needs nothing more."""
    start = before.end + 1
    if utterance.key(before.end) != _OR or before.place.risky == "word" or start == len(utterance):
        return None
    if utterance.key(start) in COMMON_WORDS:
        return None
    mention = _at(utterance, start, is_listed=True)
    return mention if mention is not None and mention.prefix in ("", "ב") else None


@lru_cache(maxsize=1)
def _beginnings() -> frozenset[str]:
    """Return whatever some name begins with, one letter or all of it."""
    return frozenset(name[:length] for name in gazetteer() for length in range(1, len(name) + 1))


@lru_cache(maxsize=4096)
def _readings(key: str) -> tuple[tuple[str, str], ...]:
    """Return the stems of a word that some name begins with: most words begin none."""
    readings = stems(key)
    if len(key) == 2 and key[0] == "ב":
        # "בח 300": too short for a stem anywhere else.
        readings = (*readings, ("ב", key[1]))
    return tuple(reading for reading in readings if reading[1].replace("יי", "י") in _beginnings())


def says_village(word: str) -> bool:
    """Whether a word says that a village's name follows: "מושב", "בקיבוץ"."""
    return not rests(word).isdisjoint(_VILLAGE_KINDS)


def _is_village(utterance: Utterance, start: int, count: int, prefix: str, name: str, *, is_asked: bool) -> bool:
    """Whether a village stands at `start`, and no person or thing that is called so; its words are written apart."""
    if says_village(utterance.key(start - 1)):
        return True
    if fold(name).replace(" ", "") in _EVERYDAY:
        return False
    single = count == 1 or utterance.key(start).removeprefix(prefix) in _SONS
    return not single or prefix[-1:] == "ב" or (is_asked and prefix in ("", "ו"))


def _rests_after(utterance: Utterance, start: int, stems_here: Iterable[str]) -> list[str]:
    """Return what follows the word at `start` in names of one word, two words, …: as long as some name goes on so."""
    found, said = [""], ""
    for index in range(start + 1, min(start + MAX_WORDS, len(utterance))):
        said += utterance.key(index)
        rest = said.replace("יי", "י")
        if not any(stem + rest in _beginnings() for stem in stems_here):
            break
        found.append(rest)
    return found


def _at(utterance: Utterance, start: int, *, is_asked: bool = False, is_listed: bool = False) -> Mention | None:
    names = gazetteer()
    first = utterance.tokens[start]
    readings = ((first.prefix, first.key),) if first.is_number else _readings(first.key)
    if not readings:
        return None
    rests_after = _rests_after(utterance, start, [stem.replace("יי", "י") for _, stem in readings])
    for count in range(len(rests_after), 0, -1):
        rest = rests_after[count - 1]
        for prefix, stem in readings:
            place, care = names.get(stem.replace("יי", "י") + rest, (None, ""))
            if place is None or (care == "short" and not first.abbreviated):
                continue
            if not _is_something_else(utterance, start, count, prefix, place, is_asked=is_asked, is_listed=is_listed):
                return Mention(start, start + count, place.name, place, prefix, care)
    return None


def _is_something_else(
    utterance: Utterance, start: int, count: int, prefix: str, place: Place, *, is_asked: bool, is_listed: bool
) -> bool:
    """Whether so many words that are written as a place's name are none."""
    first = utterance.key(start)
    if count == 1 and first.removeprefix(prefix) == _HOUSES and len(utterance) > 1:
        # "בתים למכירה" are houses, not Bat Yam written as one word.
        return True
    if count > 1 and (
        utterance.tokens[start + count - 1].prefix or (prefix and " " not in place.name and first in COMMON_WORDS)
    ):
        # "מחר יש" is not "from Harish".
        return True
    if place.risky != VILLAGE:
        return False
    village = is_listed or _is_village(utterance, start, count, prefix, place.name, is_asked=is_asked)
    return count != len(place.name.split()) or not village
