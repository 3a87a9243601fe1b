"""The gate every agent line passes before it is spoken (R10.4).

`check_line` returns the named reasons why a line may not be said; an empty tuple lets it through. What counts as
invention depends on what is known at this point of the call: that is the `LineContext`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.dialog import data
from app.dialog.domain import PARTS, TOPICS
from app.dialog.hebrew.spelling import MONTHS, national_digits
from app.dialog.lines import facts
from app.dialog.lines.book import MAX_WORDS, MIN_WORDS, opening, word_count
from app.dialog.lines.values import DEAL_NOUNS, TYPES


@dataclass(frozen=True, slots=True)
class LineContext:
    """What a line may state and ask. `topic` is the key of the question expected at its end; None: any question."""

    topic: str | None = None
    closing: bool = False
    numbers: frozenset[float] = frozenset()
    digits: tuple[str, ...] = ()
    places: frozenset[str] = frozenset()
    months: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    deal: str | None = None
    property_type: str | None = None
    last_opening: str = ""
    actions: frozenset[str] = frozenset()
    examples: bool = False
    """The line may give examples of an answer: numbers and places that nobody said."""


def context_of(slots: Mapping[str, Any], *, digits: Iterable[str] = (), **rest: Any) -> LineContext:
    """Build the context of a line from the slots known at this point."""
    numbers = {float(slots[slot]) for slot in _NUMBER_SLOTS if slots.get(slot)}
    timing = slots.get("timing") or {}
    months: set[str] = set()
    if timing.get("months_max"):
        numbers.add(float(timing["months_max"]))
    if timing.get("month"):
        year, month = str(timing["month"]).split("-")
        months.add(MONTHS[int(month)])
        numbers.add(float(year))
    phones = tuple(national_digits(str(phone)) for phone in (slots.get("phone"), *digits) if phone)
    return LineContext(
        numbers=frozenset(numbers),
        digits=phones,
        places=facts.parents(tuple(slots.get("area") or ())),
        months=frozenset(months),
        deal=slots.get("deal"),
        property_type=slots.get("property_type"),
        **rest,
    )


_NUMBER_SLOTS = tuple(slot for slots in PARTS.values() for slot in slots)


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(r"(?<![א-ת])(?:" + "|".join(alternatives) + r")(?![א-ת])")


_RULES: Mapping[str, list[str]] = data.read_json("real_estate/forbidden.json")
_FOREIGN = re.compile(r"[^א-ת ,.?!'\"]|(?<![א-ת])['\"]|\"(?![א-ת])")
_LANGUAGE = (
    ("masculine", _words(*_RULES["masculine"])),
    ("masculine", re.compile(r"(?:^|[.,!?] ?)(?:" + "|".join(_RULES["masculine_opening"]) + r")(?![א-ת])")),
    ("address", _words(*_RULES["address"])),
    ("invention", _words(*_RULES["invention"])),
    ("topic", _words(*_RULES["topic"])),
    ("leak", _words(*_RULES["leak"])),
)
_ACTIONS = {kind: _words(*_RULES[f"action_{kind}"]) for kind in ("whatsapp", "callback", "human")}
_INTERROGATIVE = _words(*_RULES["interrogative"])
_REQUEST = _words(*_RULES["request"])
_MARKERS = {name: re.compile(question["asks"]) for name, question in data.questions().items() if "asks" in question}
_TOPICS = tuple(topic.name for topic in TOPICS)
_RELATED = {
    "greeting": frozenset({"property_type", "area", "deal"}),
    "phone_confirm": frozenset({"phone"}),
    "next_step": frozenset({"phone"}),
    "sure": frozenset(_TOPICS),
    "summary_confirm": frozenset({"name"}),
    "anything_else": frozenset[str](),
}
_PERSON = re.compile(r"(?:נעים מאוד|תודה|בשם|להכיר),? ([א-ת'\"]+)")
_NO_PERSON = frozenset(_RULES["not_a_person"])
_MONTH = re.compile(r"(?<![א-ת])[ובלמ]{0,2}(" + "|".join(MONTHS[1:]) + r")(?![א-ת])")
_DEAL_WORDS = {
    "buy": re.compile("(?<![א-ת])[ב]?(?:ל?קנייה|לקנות|לרכישה)(?![א-ת])"),
    "rent": re.compile("(?<![א-ת])[ב]?(?:להשכרה|שכירות|לשכור)(?![א-ת])"),
}
_TYPE_WORDS = [
    (word, re.compile(rf"(?<![א-ת])[הבלו]{{0,2}}{re.escape(word)}(?![א-ת])"), code)
    for word, code in sorted(
        ((word, code) for code, word in TYPES.items() if code != "apartment"), key=lambda pair: -len(pair[0])
    )
]


def question_of(line: str) -> tuple[str, str]:
    """Split a line into what comes before its last sentence, and its last sentence."""
    cut = max(line[:-1].rfind(mark) for mark in ".!?") + 1 if line else 0
    return line[:cut].strip(), line[cut:].strip()


def check_line(line: str, context: LineContext) -> tuple[str, ...]:
    """Return every reason why the agent must not say this line; () when it may."""
    reasons = list(check_sentence(line, context))
    before, question = question_of(line)
    if not MIN_WORDS <= word_count(line) <= MAX_WORDS:
        reasons.append("words")
    if context.closing:
        if "?" in line:
            reasons.append("question_mark")
    else:
        if line.count("?") != 1 or not line.endswith("?"):
            reasons.append("question_mark")
        reasons += _check_asking(before, question, context)
    return tuple(reasons)


def check_opening(sentence: str, context: LineContext) -> tuple[str, ...]:
    """Return why a first sentence must not be spoken while the rest of its line is still to come."""
    reasons = list(check_sentence(sentence, context))
    if "?" in sentence or _INTERROGATIVE.search(sentence) or _REQUEST.search(sentence):
        reasons.append("asks_early")
    if not sentence.endswith((".", "!")) or not re.search(r"[א-ת]{2}", sentence):
        reasons.append("unfinished")
    return tuple(reasons)


def check_sentence(sentence: str, context: LineContext) -> tuple[str, ...]:
    """Return what is wrong with any stretch of agent speech, whole line or not."""
    text = _without_names(sentence, context.names)
    reasons = ["symbols"] if _FOREIGN.search(sentence) else []
    reasons += [name for name, pattern in _LANGUAGE if pattern.search(text)]
    reasons += [
        f"action_claim:{kind}" for kind, pattern in _ACTIONS.items() if _claims_action(kind, pattern, text, context)
    ]
    if not sentence.strip() or opening(sentence) == context.last_opening:
        reasons.append("same_opening")
    if not context.examples:
        reasons += _check_facts(text, context)
    return tuple(dict.fromkeys(reasons))


def _claims_action(kind: str, pattern: re.Pattern[str], text: str, context: LineContext) -> bool:
    if kind in context.actions:
        return False
    # Offering it, where that is the question, claims nothing.
    said = question_of(text)[0] if context.topic in ("next_step", "callback_time", "sure") else text
    return bool(pattern.search(said))


def _without_names(text: str, names: Iterable[str]) -> str:
    for name in names:
        if name and name in text:
            text = re.sub(rf"(?<![א-ת])([ולב]?){re.escape(name)}(?![א-ת])", r"\1~", text)
    return text


def _check_facts(text: str, context: LineContext) -> list[str]:
    said = facts.claims(text)
    reasons = [f"number:{min(readings):g}" for readings in said.numbers if not _known_number(readings, context)]
    reasons += [f"digits:{digits}" for digits in said.digits if not any(digits in known for known in context.digits)]
    reasons += [f"place:{place}" for place in sorted(said.places) if not facts.canonical(place) & context.places]
    reasons += [
        f"place:{place}"
        for readings, place in said.either
        if not _known_number(readings, context) and not facts.canonical(place) & context.places
    ]
    reasons += [f"month:{month}" for month in _MONTH.findall(text) if month not in context.months]
    reasons += ["name" for person in _PERSON.findall(text) if person not in _NO_PERSON and "~" not in person]
    before = text if context.closing else question_of(text)[0] or ("" if text.endswith("?") else text)
    reasons += _check_property(before, context)
    return reasons


def _known_number(readings: frozenset[float], context: LineContext) -> bool:
    if readings & context.numbers:
        return True
    # A lone digit of a number being read back in groups.
    return any(f"{value:g}" in digits for digits in context.digits for value in readings if value < 10)


def _check_property(text: str, context: LineContext) -> list[str]:
    for word, pattern, code in _TYPE_WORDS:
        if word in text and code != context.property_type and pattern.search(text):
            if word == "משרד" or word in TYPES.get(str(context.property_type), ""):
                continue  # the office itself; and a part of a longer type's name
            return [f"type:{code}"]
    for deal, noun in DEAL_NOUNS.items():
        if context.deal not in (deal, None) and _DEAL_WORDS[deal].search(text):
            return [f"deal:{noun}"]
    return []


def _check_asking(before: str, question: str, context: LineContext) -> list[str]:
    reasons: list[str] = []
    if context.topic is None:
        return reasons
    topic = "budget" if context.topic.startswith("budget") else context.topic
    if not _MARKERS[topic].search(question):
        reasons.append("asks_nothing")
    related = _RELATED.get(topic, frozenset())
    others = [
        other for other in _TOPICS if other != topic and other not in related and _MARKERS[other].search(question)
    ]
    reasons += [f"asks_other:{other}" for other in others]
    if before and (_INTERROGATIVE.search(before) or _REQUEST.search(before)):
        reasons.append("asks_other")
    return reasons
