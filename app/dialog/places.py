"""Areas the caller wants: towns, neighbourhoods and regions of the gazetteer, told apart from those only mentioned.

The gazetteer is data/areas.json: canonical names, aliases, and flags for names that are also common words.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from app.dialog.normalise import Utterance, fold, stems, words
from app.dialog.repairs import answers_no_with, background, negated, settle
from app.dialog.slots import Asked
from app.dialog.vocabulary import COMMON_WORDS

MAX_WORDS = 5
FUZZY_RATIO = 90.0
SHORT_RATIO = 84.0
NOISY_RATIO = 79.0

_STREET = words("רחוב ברחוב שדרות בשדרות סמטת כיכר כביש בכביש צומת דרך שדרה לרחוב הרחוב מרחוב")
_NEAR = words("ליד סמוך סמוכה קרוב קרובה מול לכיוון צמוד")
_LIVES = (
    *(
        "גר",
        "מתגור",
        "מתגורר",
        "נולד",
        "עובד",
        "לומד",
        "עברתי",
        "משכיר",
        "משכירה",
        "משכירימ",
        "עברנו",
        "הגענו",
        "מגיע",
        "בא",
        "באה",
        "באימ",
    ),
    *("נולדתי", "נולדה", "גדלה", "נמצא", "נמצאת", "מוכר", "מוכרימ", "מוכרת", "למכור", "קנה", "קנתה"),
    *("קנו", "קניתי", "מכרתי", "מכרנו", "שכרנו", "שכרתי", "גדלתי", "היינו", "הייתי", "הייתה", "בן", "יליד"),
)
_LIVES_WORDS = words(" ".join(_LIVES)) | words("גרה גרים גרות עובדת עובדים לומדת לומדים מתגוררת מתגוררים מגיעים")
_CALLS = words("מתקשר מתקשרת מתקשרים מדבר מדברת")
_KIN = words("אחותי אחי אמא אבא ההורים הבן הבת חבר חברה חברים השכן השכנה בעלי אשתי דודה דוד סבתא סבא בת בן הילדים")
_SEEKS = words(
    """רוצה רוצים מחפש מחפשת מחפשים צריך צריכה צריכים מעוניין מעוניינת מעוניינים אבל לעבור לגור רק אלא לקנות לשכור
    ורוצה ורוצים ומחפש ומחפשת ומחפשים מעדיף מעדיפה מעדיפים עוברים קונים קונה לרכוש מתעניין מתעניינת לחפש חיפוש שכירות קנייה השכרה לגבי בקשר"""
)
_DIRECTIONS = {fold(word): word for word in ("צפון", "דרום", "מזרח", "מערב", "מרכז")}
_ADD = words("גם וגם תוסיפי תוסיף להוסיף נוסף בנוסף ועוד עוד ואפשר אפילו")
_REMOVE = words("תורידי תוריד תמחקי תמחק להוריד למחוק עזבי עזוב תוותרי לוותר")
_CARRIERS = words(
    """אני אנחנו רוצה רוצים מחפש מחפשת מחפשים צריך צריכה מעוניין מעוניינת מעדיף מעדיפה באזור אזור של העיר עיר בעיר
    שכונת שכונה בשכונת בשכונה רק או גם את זה אולי סביבת בסביבות בסביבה לגור בערך משהו כן תל קרית רמת גבעת נוה כפר ב"""
)


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


@dataclass(frozen=True, slots=True)
class Areas:
    """What an utterance says about the area: the new full list (None: no change), and where."""

    value: list[str] | None = None
    withdrawn: bool = False
    mentions: tuple[Mention, ...] = ()
    unsure: bool = False
    claimed: frozenset[int] = field(default_factory=frozenset)


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


@lru_cache(maxsize=1)
def _fuzzy_names() -> list[str]:
    return [key for key, (place, _) in gazetteer().items() if len(key) >= 4 and not place.risky]


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


def _certain(utterance: Utterance, mention: Mention, asked: Asked, towns: set[str], mentions: int) -> bool:
    """Whether a name that is also a common word stands for the place here."""
    place, before, after = mention.place, utterance.key(mention.start - 1), utterance.key(mention.end)
    located = mention.prefix[-1:] in ("ב", "ל") or before in words("באזור שכונת בשכונת שכונה בעיר העיר או")
    alone = asked is Asked.AREA and len(utterance) - (mention.end - mention.start) <= 2
    if place.risky == "word":
        return (
            (before in words("העיר בעיר") or (mentions == 1 and located and len(utterance) == mention.end))
            and mention.end == len(utterance)
            and (asked is Asked.AREA or before in words("העיר בעיר"))
        )
    if mention.alias == "risky":
        if before in words("יום ביום מיום דבר קודם") or after[:1] == "ל" or after in words("בינואר בבוקר"):
            return False
        return asked is Asked.AREA or located
    if mention.alias == "bare" and mention.end - mention.start == 1 and place.kind == "region":
        if after in words("העיר הכרמל ישן חדש מסחרי קניות"):
            return False
        return located or asked is Asked.AREA or before in _DIRECTIONS
    if place.needs_city:
        return alone or asked is Asked.AREA or bool(towns & set(place.cities)) or before in words("שכונת בשכונת שכונה")
    if place.risky == "small":
        return located or alone
    return not (len(place.name) <= 4 and place.kind == "neighbourhood" and not (located or alone or towns))


def _wanted(utterance: Utterance, mention: Mention, named: frozenset[int], others: int) -> bool:
    """Whether the caller wants the place, rather than living there, passing by or naming a street."""
    before = utterance.key(mention.start - 1)
    if before in _STREET and mention.place.name != "שדרות":
        return False
    if (before in _NEAR or utterance.key(mention.start - 2) in _NEAR) and others:
        return False
    if mention.prefix.endswith("מ") and before in words("אני אנחנו אנו") and not mention.place.name.startswith("מ"):
        return False
    kin = False
    for index in range(mention.start - 1, max(-1, mention.start - 7), -1):
        key = utterance.key(index)
        if index in named:
            # "כפר סבא רעננה": words of another place say nothing about this one.
            continue
        rest = {rest for _, rest in stems(key)}
        if rest & _SEEKS:
            return not (mention.prefix.endswith("מ") and rest & words("לעבור עוברים"))
        if rest & _LIVES_WORDS or (rest & _CALLS and mention.prefix.endswith("מ")):
            return False
        kin = kin or key in _KIN
        if key in _NEAR:
            return True
    return not kin


def _with_direction(utterance: Utterance, mention: Mention) -> Mention:
    """Read "צפון תל אביב" and "תל אביב מרכז" as one name."""
    if mention.place.kind != "city":
        return mention
    before = utterance.key(mention.start - 1)
    for prefix, rest in stems(before) if before else ():
        if rest in _DIRECTIONS and not mention.prefix:
            name = f"{_DIRECTIONS[rest]} {mention.place.name}"
            return Mention(mention.start - 1, mention.end, mention.place, name, prefix, mention.alias)
    after = utterance.key(mention.end)
    if after in _DIRECTIONS:
        name = f"{_DIRECTIONS[after]} {mention.place.name}"
        return Mention(mention.start, mention.end + 1, mention.place, name, mention.prefix, mention.alias)
    return mention


def _without_overlaps(mentions: list[Mention]) -> list[Mention]:
    """Leave out mentions inside a longer one, and the word "שדרות" before the name of a boulevard."""
    kept: list[Mention] = []
    for mention in mentions:
        inside = any(
            other is not mention and other.start <= mention.start and mention.end <= other.end for other in mentions
        )
        boulevard = mention.place.name == "שדרות" and any(
            other.start == mention.end and not other.prefix for other in mentions
        )
        if not inside and not boulevard:
            kept.append(mention)
    return kept


def _drop_parents(utterance: Utterance, mentions: list[Mention]) -> list[Mention]:
    """Leave out a town that only says where a neighbourhood is: "פלורנטין בתל אביב", "תל אביב פלורנטין"."""
    kept: list[Mention] = []
    for mention in mentions:
        children = [other for other in mentions if mention.place.name in other.place.cities]
        beside = any(
            (child.start == mention.end and not child.prefix.startswith("ו"))
            or (mention.start == child.end and not mention.prefix.startswith("ו"))
            or (mention.start - child.end == 1 and utterance.key(child.end) in words("של שכונת בשכונת"))
            or (child.start - mention.end == 1 and utterance.key(mention.end) in words("שכונת בשכונת אזור באזור"))
            for child in children
        )
        if not beside:
            kept.append(mention)
    return kept


def understand_areas(utterance: Utterance, asked: Asked, known: list[str], *, fuzzy: bool = True) -> Areas:
    """Return what the utterance says about the area, given the areas `known` before.

    `fuzzy`: look for misheard names when the area was asked and none was found.
    """
    found = _without_overlaps([_with_direction(utterance, mention) for mention in find(utterance)])
    towns = {mention.place.name for mention in found if mention.place.kind == "city"}
    towns |= set(known)
    certain = [mention for mention in found if _certain(utterance, mention, asked, towns, len(found))]
    if asked is Asked.NAME:
        certain = [mention for mention in certain if _named_despite_name(utterance, mention)]
    claimed = frozenset(index for mention in certain for index in range(mention.start, mention.end))
    now = background(utterance)
    wanted = [
        mention
        for mention in certain
        if mention.start not in now and _wanted(utterance, mention, claimed, len(certain) - 1)
    ]
    if fuzzy and not wanted and not certain and asked is Asked.AREA:
        wanted = _fuzzy(utterance)
        certain = wanted
        claimed = frozenset(index for mention in certain for index in range(mention.start, mention.end))
    standing, denied = settle(utterance, wanted)
    standing, denied = _extend_denial(utterance, standing, denied)
    return _fold(utterance, standing, denied, known, claimed)


def _named_despite_name(utterance: Utterance, mention: Mention) -> bool:
    """Whether, though the name was asked, the words around a place make it one: a repair or a request."""
    before = utterance.keys[: mention.start]
    repair = bool(set(before) & (words("בעצם תשני תוסיפי לא במקום אלא באזור") | _SEEKS))
    return (repair and mention.place.kind != "neighbourhood") or (repair and mention.prefix[-1:] == "ב")


def _extend_denial(
    utterance: Utterance, standing: list[Mention], denied: list[Mention]
) -> tuple[list[Mention], list[Mention]]:
    """Let "לא בחיפה או בנשר" deny both."""
    for mention in list(standing):
        before = [other for other in denied if negated(utterance, other.start)]
        if any(mention.start - other.end == 1 and utterance.key(other.end) == "או" for other in before):
            standing.remove(mention)
            denied.append(mention)
    return standing, denied


def _fold(
    utterance: Utterance, standing: list[Mention], denied: list[Mention], known: list[str], claimed: frozenset[int]
) -> Areas:
    keys = set(utterance.keys)
    if not standing and len(denied) == 1 and denied[0].name not in known and known:
        if answers_no_with(utterance, denied[0].start):
            standing, denied = denied, []
    names: list[str] = []
    for mention in _drop_parents(utterance, standing):
        if mention.name not in names:
            names.append(mention.name)
    mentions = (*standing, *denied)
    unsure = any(not mention.sure for mention in standing)
    removed = {mention.name for mention in denied}
    if not names:
        left = [name for name in known if name not in removed]
        if left == known:
            return Areas(mentions=mentions, claimed=claimed)
        return Areas(left or None, not left, mentions, unsure, claimed)
    first = min(mention.start for mention in standing)
    adds = bool(known) and not removed and bool(set(utterance.keys[max(0, first - 3) : first + 1]) & _ADD)
    adds = adds or (bool(known) and not removed and utterance.key(len(utterance) - 1) == "גמ")
    if (keys & _REMOVE or removed) and any(name in known for name in removed) and len(known) > 1:
        adds = True
    if adds:
        names = [name for name in known if name not in removed and name not in names] + names
    return Areas(names, mentions=mentions, unsure=unsure, claimed=claimed)


_CONFUSABLE = str.maketrans({"ט": "ת", "ק": "כ", "ח": "כ", "ע": "א", "ס": "ש", "צ": "ש", "ו": "ב", "פ": "ב"})


def sounds(key: str) -> str:
    """Return a folded word as a telephone carries it: letters that sound alike are equal, gutturals are gone."""
    return key.translate(_CONFUSABLE).replace("א", "").replace("ה", "").replace("י", "")


def _fuzzy(utterance: Utterance) -> list[Mention]:
    """Find a place in misheard words, for use when the area was asked and nothing else matched."""
    found: list[Mention] = []
    for count in (3, 2, 1):
        for start in range(len(utterance) - count + 1):
            span = range(start, start + count)
            if any(len(utterance.key(index)) == 1 for index in span):
                continue
            if any(mention.start < start + count and start < mention.end for mention in found):
                continue
            if not any(
                len(utterance.key(index)) > 1 and utterance.key(index) not in COMMON_WORDS for index in span
            ) or any(utterance.tokens[index].is_number for index in span):
                continue
            mention = _fuzzy_at(utterance, start, count)
            if mention is not None:
                found.append(mention)
    return sorted(found, key=lambda mention: mention.start)


def _fuzzy_at(utterance: Utterance, start: int, count: int) -> Mention | None:
    rest = "".join(utterance.key(start + offset) for offset in range(1, count))
    others = [key for index, key in enumerate(utterance.keys) if not start <= index < start + count]
    short_answer = all(key in _CARRIERS or key in COMMON_WORDS for key in others)
    for prefix, stem in stems(utterance.key(start)):
        joined = (stem + rest).replace("יי", "י")
        if len(joined) < 4 or prefix not in ("", "ב", "ל", "מ", "ו", "וב", "ה"):
            continue
        name, ratio = _nearest(joined)
        needed = FUZZY_RATIO if not short_answer else SHORT_RATIO if len(joined) < 5 else NOISY_RATIO
        if name and ratio >= needed:
            place = gazetteer()[name][0]
            return Mention(start, start + count, place, place.name, prefix, sure=ratio >= 95)
    return None


def _nearest(joined: str) -> tuple[str, float]:
    """Return the name nearest to misheard letters and how near it is; names that sound the same come nearer."""
    best, best_ratio = "", 0.0
    for name, ratio, _ in process.extract(joined, _fuzzy_names(), scorer=fuzz.ratio, score_cutoff=65.0, limit=5):
        heard = fuzz.ratio(sounds(joined), sounds(name))
        nearness = 93.0 if heard == 100.0 and ratio >= 70.0 and len(sounds(joined)) >= 3 else ratio
        if heard < 100.0 and len(joined) <= 4 and len(name) != len(joined):
            nearness -= 4.0
        if nearness > best_ratio:
            best, best_ratio = name, nearness
    return best, best_ratio
