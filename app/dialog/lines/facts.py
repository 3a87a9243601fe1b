"""What facts an agent line states: its numbers and its places (R10.4: nothing invented).

The agent speaks correct Hebrew, so this reads the written-out forms only, strictly; what callers say is read by the
number grammar of the understanding half.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from app.dialog import data
from app.dialog.hebrew.spelling import CONSTRUCT, FEMININE, MASCULINE, TENS

MILLION = 10**6
THOUSAND = 1000
HALF = 0.5
HUNDREDS_WORD = -1.0
_PREFIXES = re.compile(r"[ושכ]{0,2}[בלמהכ]{0,2}")
_TIME_PHRASES = (
    ("שנה וחצי", "#18"),
    ("חצי שנה", "#6"),
    ("שנתיים", "#24"),
    ("חודשיים", "#2"),
)
_BARE_TIME = re.compile(r"(?:בעוד|תוך|עוד) (חודש|שנה)(?![א-ת])")
_CURRENCY = frozenset({"שקל", "שקלים", "ש", "שח"})
_SWALLOWS = "בלכ"
"""Prefixes in which an article is heard and not written: "באלף" is in the neighbourhood "האלף", or for a thousand."""
_SECOND_DAY = re.compile(r"יום (?:ראשון|שני|שלישי|רביעי|חמישי|שישי)(?![א-ת])")


@cache
def _lexicon() -> Mapping[str, float]:
    words: dict[str, float] = {}
    for table in (MASCULINE, FEMININE):
        words |= {word: float(value) for value, word in enumerate(table.split("|")[0].split())}
    words |= {word: float(value) for value, word in enumerate(CONSTRUCT) if word}
    words |= {word: 10.0 * value for value, word in enumerate(TENS) if word}
    words |= {
        "שני": 2.0,
        "שתי": 2.0,
        "שנים": 2.0,
        "שתים": 2.0,
        "עשר": 10.0,
        "עשרה": 10.0,
        "מאה": 100.0,
        "מאתיים": 200.0,
    }
    words |= {"חצי": HALF, "רבע": 0.25, "אלף": THOUSAND, "אלפים": THOUSAND, "אלפי": THOUSAND, "אלפיים": 2.0 * THOUSAND}
    words |= {"מאות": HUNDREDS_WORD, "עשרות": 10.0}
    words |= {"מיליון": MILLION, "מיליונים": MILLION, "מיליוני": MILLION, "מיליארד": 1000.0 * MILLION}
    return words


def _number(word: str) -> tuple[float | None, str]:
    """Return a word's number and the prefix it is said with: ו joins it to what came before, another parts them."""
    if word.startswith("#"):
        return float(word[1:]), "#"
    value = _lexicon().get(word)
    if value is not None:
        return value, ""
    prefix = _PREFIXES.match(word)
    for length in range(1, len(prefix.group()) + 1 if prefix else 1):
        value = _lexicon().get(word[length:])
        if value is not None:
            return value, word[:length]
    return None, ""


@dataclass(frozen=True, slots=True)
class Claims:
    """The numbers and places a line states; each number with every reading a listener may give it.

    `either`: what may be a number or a place, with the readings of the number and the spelling of the place.
    """

    numbers: tuple[frozenset[float], ...]
    digits: tuple[str, ...]
    places: frozenset[str]
    either: tuple[tuple[frozenset[float], str], ...] = ()


def _evaluate(run: list[tuple[float, str]]) -> frozenset[float]:
    total, group, scale = 0.0, 0.0, 1.0
    for value, _ in run:
        if value >= THOUSAND and value in (THOUSAND, MILLION, 1000.0 * MILLION):
            total += (group or 1.0) * value
            group, scale = 0.0, value
        elif value == HUNDREDS_WORD:
            unit = group % 10
            group += (unit or 1.0) * 100 - unit
        elif value < 1:
            group += value * scale if not group and scale > 1 else value
        else:
            group += value
            scale = 1.0 if value < THOUSAND else scale
    readings = {total + group}
    if total >= MILLION and 0 < group < THOUSAND and not total % MILLION:
        # "שני מיליון ומאה" is two million one hundred thousand to every listener.
        readings.add(total + group * THOUSAND)
    return frozenset(readings)


def _place_of_number(word: str, prefix: str) -> str:
    """Return the place that a lone number word may name, its article swallowed; "": none."""
    named = "ה" + word[len(prefix) :]
    return named if prefix[-1:] in tuple(_SWALLOWS) and named in _places().names else ""


def _scan_numbers(text: str) -> Claims:
    """Read the numbers of a text whose places are taken out."""
    text = _SECOND_DAY.sub(" ", text)
    for phrase, token in _TIME_PHRASES:
        text = re.sub(rf"(?<![א-ת])[ובלמה]{{0,2}}{phrase}(?![א-ת])", f" , {token} , ", text)
    text = _BARE_TIME.sub(lambda match: " , #1 , " if match.group(1) == "חודש" else " , #12 , ", text)
    numbers: list[frozenset[float]] = []
    digits: list[str] = []
    either: list[tuple[frozenset[float], str]] = []
    run: list[tuple[float, str]] = []
    place = ""

    def close(before: str) -> None:
        if len(run) > 1 and all(0 <= value < 10 and value == int(value) and prefix != "ו" for value, prefix in run):
            digits.append("".join(str(int(value)) for value, _ in run))
        elif len(run) == 1 and place and before not in _CURRENCY:
            either.append((_evaluate(run), place))
        elif run and (run != [(1.0, run[0][1])] or run[0][1] == "#"):
            numbers.append(_evaluate(run))
        run.clear()

    for word in re.findall(r"[א-ת'\"]+|#\d+|[,.?!]", text):
        value, prefix = _number(word)
        if value is None or prefix not in ("", "ו", "#"):
            close(word)
        if value is not None:
            place = place if run else _place_of_number(word, prefix)
            run.append((value, prefix))
    close("")
    return Claims(tuple(numbers), tuple(digits), frozenset(), tuple(either))


def fold(text: str) -> str:
    """Bring spellings together: no quotes, single י and ו, hyphens as spaces."""
    text = re.sub(r"['\"׳״]", "", text).replace("-", " ").replace("־", " ")
    return text.replace("יי", "י").replace("וו", "ו")


@dataclass(frozen=True, slots=True)
class _Places:
    names: Mapping[str, frozenset[str]]
    openers: frozenset[str]
    """The first words of names."""
    longest: int


@cache
def _places() -> _Places:
    """Every spelling of every place with the canonical names it may stand for; common words are left out."""
    names: dict[str, set[str]] = {}
    for place in data.read_json("hebrew/areas.json"):
        if place.get("risky") and " " not in place["name"]:
            continue
        risky = set(place.get("risky_aliases", ()))
        for spelling in (place["name"], *place.get("aliases", ())):
            if spelling in risky or not re.match(r"[א-ת]", spelling):
                continue
            also = {place["name"], place.get("city", place["name"])}
            names.setdefault(fold(spelling), set()).update(also)
    frozen = {spelling: frozenset(canonical) for spelling, canonical in names.items()}
    openers = frozenset(spelling.partition(" ")[0] for spelling in frozen)
    return _Places(frozen, openers, max(len(spelling.split()) for spelling in frozen))


def parents(areas: Iterable[str]) -> frozenset[str]:
    """Return the areas with every city they may lie in."""
    return frozenset[str]().union(*map(_parents, areas))


@lru_cache(maxsize=1024)
def _parents(area: str) -> frozenset[str]:
    # "דרום תל אביב" is said with the names of the town and of the south.
    names = map(canonical, (fold(area), *_scan_places("ב" + area)[0]))
    return frozenset({area}).union(*names)


@lru_cache(maxsize=2048)
def _may_open_place(word: str) -> bool:
    """Whether a word, its prefixes taken off or an article put on, is the first of a place's name."""
    prefix = _PREFIXES.match(word)
    rests = [word[cut:] for cut in range(len(prefix.group()) + 1 if prefix else 1)]
    return not _places().openers.isdisjoint((*rests, *("ה" + rest for rest in rests)))


def _place_at(words: list[str], start: int) -> tuple[str, int] | None:
    if not _may_open_place(words[start]):
        return None
    places = _places()
    for length in range(min(places.longest, len(words) - start), 0, -1):
        phrase = " ".join(words[start : start + length])
        prefix = _PREFIXES.match(phrase)
        for cut in range(len(prefix.group()) + 1 if prefix else 1):
            # "לאלף" is left to the numbers, which know what stands after it.
            swallowed = "ה" + phrase[cut:] if cut and phrase[cut:] not in _lexicon() else ""
            for spelling in (phrase[cut:], swallowed):
                if len(spelling) > 1 and spelling in places.names:
                    return spelling, length
    return None


def _scan_places(text: str) -> tuple[frozenset[str], str]:
    """Return the spellings of places found, and the text without them (באר שבע is no seven)."""
    found: set[str] = set()
    rest: list[str] = []
    words = re.findall(r"[א-ת]+|[,.?!]", fold(text))
    index = 0
    while index < len(words):
        hit = _place_at(words, index)
        if hit is None:
            rest.append(words[index])
            index += 1
        else:
            found.add(hit[0])
            rest.append(",")
            index += hit[1]
    return frozenset(found), " ".join(rest)


def canonical(spelling: str) -> frozenset[str]:
    """Return the canonical names a folded spelling may stand for."""
    return _places().names.get(spelling, frozenset())


def _any_spelling(letter: str) -> str:
    return rf"{letter}{{1,2}}" if letter in "יו" else rf"{letter}['\"]?"


@lru_cache(maxsize=512)
def claims(text: str) -> Claims:
    """Read the numbers and places stated in a sentence of the agent."""
    places, _ = _scan_places(text)
    # Folding touches only places; numbers are read from the text as it is, without the places found in it.
    rest = text
    for place in places:
        flexible = "[ -]".join("".join(map(_any_spelling, word)) for word in place.split())
        rest = re.sub(flexible + r"(?![א-ת])", ",", rest)
    return replace(_scan_numbers(rest), places=places)
