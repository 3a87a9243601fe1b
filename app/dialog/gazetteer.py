"""Towns, neighbourhoods and regions by every spelling, and where an utterance names them (R10.2).

The data is data/areas.json: canonical names, aliases, and flags for names that are also common words.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.dialog.normalise import Utterance, fold, stems

MAX_WORDS = 5


@dataclass(frozen=True, slots=True)
class Place:
    """A gazetteer entry. `cities` are a neighbourhood's towns: more than one when the name repeats."""

    name: str
    kind: str
    cities: tuple[str, ...] = ()
    needs_city: bool = False
    risky: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place named at tokens `start` up to, not including, `end`; `name` as it goes into the slot."""

    start: int
    end: int
    place: Place
    name: str
    prefix: str = ""
    alias: str = ""
    sure: bool = True


def _loose(text: str) -> str:
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
    path = Path(__file__).parent / "data" / "areas.json"
    entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    cities: dict[str, list[str]] = {}
    for entry in entries:
        if "city" in entry:
            cities.setdefault(entry["name"], []).append(entry["city"])
    index: dict[str, tuple[Place, str]] = {}
    for entry in entries:
        towns = tuple(cities.get(entry["name"], ()))
        needs_city = bool(entry.get("needs_city")) or len(towns) > 1
        place = Place(entry["name"], entry["kind"], towns, needs_city, entry.get("risky", ""))
        for alias in (entry["name"], *entry.get("aliases", ())):
            for spelling in _spellings(alias):
                if spelling == "אלף":
                    # A thousand is never the neighbourhood "האלף" without its article.
                    continue
                risky = "risky" if alias in entry.get("risky_aliases", ()) else ""
                short = "short" if len(_loose(alias)) <= 3 and alias != entry["name"] and '"' in alias else ""
                bare = "bare" if spelling != alias and alias.startswith("ה") and " " not in alias else ""
                index.setdefault(_loose(spelling), (place, risky or short or bare))
    return index


def find(utterance: Utterance) -> list[Mention]:
    """Return every gazetteer name in the utterance, the longest first, whatever it is said for."""
    found: list[Mention] = []
    index = 0
    while index < len(utterance):
        mention = _at(utterance, index)
        if mention is None:
            index += 1
        else:
            found.append(mention)
            index = mention.end
    return found


def _at(utterance: Utterance, start: int) -> Mention | None:
    names = gazetteer()
    first = utterance.tokens[start]
    readings = ((first.prefix, first.key),) if first.is_number else stems(first.key)
    for count in range(min(MAX_WORDS, len(utterance) - start), 0, -1):
        rest = "".join(utterance.key(start + offset) for offset in range(1, count)).replace("יי", "י")
        for prefix, stem in readings:
            entry = names.get(stem.replace("יי", "י") + rest)
            if entry is None or (count > 1 and utterance.tokens[start + count - 1].prefix):
                continue
            if entry[1] == "short" and not first.abbreviated:
                continue
            return Mention(start, start + count, entry[0], entry[0].name, prefix, entry[1])
    return None
