"""What callers typically answer to each question, generated from the grammars that read it (R10.6).

Not to be spoken: a poor recogniser's readings are compared with these by ear, and the nearest is read in their place.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from math import log

from app.dialog import data
from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.spelling import CONSTRUCT, MONTHS, TENS, UNITS, months_words, number_words

_LISTS = Lexicon("real_estate/typical_answers.toml")
_LARGE_CITIES = 45
"""The gazetteer lists cities by size; so many from its start are large."""
_MOST_NAMES = 600
_NAME_PRIOR = 0.08
"""Of the name that most people bear; the others' falls with the logarithm of theirs."""
_MOST_ROOMS = 7
_MOST_MILLIONS = 9
_MOST_RENT_THOUSANDS = 15


@dataclass(frozen=True, slots=True)
class Answer:
    """A typical answer; `prior` is added to its likeness, `answers` is False for what merely might be said instead."""

    text: str
    prior: float = 0.0
    answers: bool = True


def _plain(texts: Iterable[str], prior: float = 0.0) -> Iterator[Answer]:
    return (Answer(text, prior) for text in texts)


def _areas() -> Iterator[Answer]:
    cities = 0
    for entry in data.read_json("hebrew/areas.json"):
        is_city = entry["kind"] == "city"
        cities += is_city
        prior = 0.08 if is_city and cities <= _LARGE_CITIES else 0.04 if is_city else 0.03
        if entry["kind"] == "neighbourhood":
            prior = -0.02 if entry.get("needs_city") else 0.0
        if entry.get("risky") == "word":
            continue
        for name in (entry["name"], *entry.get("aliases", ())):
            if '"' in name or name.isascii() or name in entry.get("risky_aliases", ()):
                continue
            yield Answer(name, prior)
            yield Answer(f"ב{name}", prior - 0.01)


def _counts() -> Iterator[tuple[str, str]]:
    """Yield how callers say a number of rooms and the number one greater, in both genders."""
    for gender in ("m", "f"):
        units = UNITS["m" if gender == "m" else "f"][1 : _MOST_ROOMS + 2]
        yield from pairwise(units)


def _rooms() -> Iterator[Answer]:
    for count, next_count in _counts():
        single = count in ("אחד", "אחת")
        halves = [f"{count} וחצי"] if not single else ["חדר וחצי"]
        nouns = [f"{count} חדרים", f"{count} וחצי חדרים", f"{count} חדרים וחצי"] if not single else ["חדר אחד", "חדר"]
        if count in ("שניים", "שתיים"):
            nouns += ["שני חדרים", "שתי חדרים", "שני חדרים וחצי"]
        yield from _plain([count, *halves], 0.02)
        yield from _plain(nouns)
        yield from _plain(
            f"{bound} {amount}" for bound, amount in product(("לפחות", "מינימום", "עד"), (count, *nouns[:2]))
        )
        for joint in (" ", " או ", " עד ") if not single else ():
            yield from _plain((f"{count}{joint}{next_count}", f"{count}{joint}{next_count} חדרים"))


def _millions() -> Iterator[str]:
    masculine = UNITS["m"]
    hundreds = ["מאה", "מאתיים", *(f"{unit} מאות" for unit in UNITS["f"][3:10])]
    for count in range(1, _MOST_MILLIONS + 1):
        said = {1: "מיליון", 2: "שני מיליון"}.get(count, f"{masculine[count]} מיליון")
        yield said
        yield f"{said} וחצי"
        yield f"{said} ורבע"
        if count > 1:
            yield f"{masculine[count]} וחצי מיליון"
            yield f"{UNITS['f'][count]} וחצי"
        if count <= 4:
            yield from (f"{said} ו{hundred}{tail}" for hundred, tail in product(hundreds, ("", " אלף")))
            yield from (f"{said} {hundred}{tail}" for hundred, tail in product(hundreds, ("", " אלף")))
            yield from (f"{said} {UNITS['f'][digit]}" for digit in range(1, 10))
    yield from (f"{hundred} אלף" for hundred in hundreds[3:])


def _thousands() -> Iterator[str]:
    hundreds = ["מאתיים", *(f"{unit} מאות" for unit in UNITS["f"][3:10])]
    for count in range(1, _MOST_RENT_THOUSANDS + 1):
        said = {1: "אלף", 2: "אלפיים"}.get(count) or (
            f"{CONSTRUCT[count]} אלפים" if count <= 10 else f"{number_words(count)} אלף"
        )
        yield said
        if 1 < count <= 10:
            yield f"{UNITS['f'][count]} וחצי"
            yield f"{UNITS['f'][count]} אלף"
            yield from (f"{said} ו{hundred}" for hundred in hundreds)
            yield from (f"{said} {hundred}" for hundred in hundreds)
    yield from (f"{tens} אלף" for tens in TENS[2:])


def _budget(deal: str) -> Iterator[Answer]:
    said = [*(_millions() if deal != "rent" else ()), *(_thousands() if deal != "buy" else ())]
    yield from _plain(said, 0.01)
    yield from _plain(f"{amount} שקל" for amount in said)
    yield from _plain(f"{bound} {amount}" for bound, amount in product(_LISTS.listed("round"), said))
    yield from _plain(f"{first} {second}" for first, second in pairwise(list(_round_amounts(deal))))


def _round_amounts(deal: str) -> Iterator[str]:
    """Yield amounts a step apart, for the ranges callers say as two neighbours: "חמשת אלפים ששת אלפים"."""
    if deal != "buy":
        yield from (f"{CONSTRUCT[count]} אלפים" for count in range(3, 11))
    if deal != "rent":
        yield from ("מיליון", "מיליון וחצי", "שני מיליון", "שניים וחצי מיליון", "שלושה מיליון")


def _timing() -> Iterator[Answer]:
    yield from _plain(_LISTS.listed("soon"), 0.01)
    yield from _plain(_LISTS.listed("whenever"), 0.01)
    spans = [months_words(count) for count in range(1, 13)] + ["שנה וחצי", "שנתיים", "שבועיים", "שבוע", "חודש חודשיים"]
    spans += [f"{unit} חודשים" for unit in UNITS["f"][3:11]] + ["חודשיים שלושה", "שלושה ארבעה חודשים"]
    yield from _plain(spans, 0.01)
    yield from _plain(f"{ahead} {span}" for ahead, span in product(("בעוד", "עוד", "תוך", "עד"), spans))
    yield from _plain(f"{span} בערך" for span in spans)
    for month in MONTHS[1:]:
        yield from _plain((month, f"ב{month}"), 0.01)
        yield from _plain(
            f"{edge} {month}" for edge in ("תחילת", "אמצע", "סוף", "בתחילת", "באמצע", "בסוף", "עד", "חודש")
        )
    yield from _plain(f"{edge}{season}" for edge, season in product(("", "ב", "אחרי ה"), _LISTS.listed("seasons")))
    yield from _plain(f"{edge} {day}" for edge, day in product(("אחרי", "לפני", "עד"), _LISTS.listed("holidays")))
    yield from _plain(
        ("סוף השנה", "עד סוף השנה", "בסוף השנה", "תחילת השנה", "חודש הבא", "בחודש הבא", "שנה הבאה", "סוף החודש")
    )


def _deal() -> Iterator[Answer]:
    yield from _plain((*_LISTS.listed("deal_verbs"), *_LISTS.listed("deal_nouns")), 0.02)
    yield from _plain(f"{want} {verb}" for want, verb in product(_LISTS.listed("wanting"), _LISTS.listed("deal_verbs")))
    yield from _plain(f"{verb} דירה" for verb in _LISTS.listed("deal_verbs"))
    yield from _plain(f"דירה {noun}" for noun in _LISTS.listed("deal_nouns"))


def _types() -> Iterator[Answer]:
    named = [phrase for phrases in data.property_kinds().values() for phrase in phrases if not phrase.isascii()]
    yield from _plain(named, 0.02)
    yield from _plain(("דירה רגילה", "סתם דירה"), 0.02)
    yield from _plain(f"{want} {kind}" for want, kind in product(_LISTS.listed("wanting"), named))


def _names() -> Iterator[Answer]:
    lines = data.read_text("hebrew/first_names.txt").splitlines()[:_MOST_NAMES]
    borne = {name: log(int(count)) for name, _, count in (line.partition("\t") for line in lines)}
    least, most = min(borne.values()), max(borne.values())
    for name, bearers in borne.items():
        yield Answer(name, _NAME_PRIOR * (bearers - least) / (most - least))
        yield Answer(f"קוראים לי {name}")
        yield Answer(f"שמי {name}")
    yield from _plain(f"משפחת {surname}" for surname in _LISTS.listed("surnames"))


def _openings() -> Iterator[Answer]:
    """Yield what opens a call: who seeks, what, and whether to buy or to rent."""
    deals = (
        *(f"{verb} דירה" for verb in _LISTS.listed("deal_verbs")),
        "דירה לקנות",
        "דירה לקנייה",
        "דירה להשכרה",
        "דירה בשכירות",
        "דירה",
    )
    for hello, want, wish in product(("", "שלום ", "היי "), ("", *_LISTS.listed("wanting")), deals):
        if want or wish != "דירה":
            yield Answer(f"{hello}{want} {wish}".strip())


def _yes_or_no() -> Iterator[Answer]:
    yield from _plain((*_LISTS.listed("yes"), *_LISTS.listed("no")), 0.01)


def _about_number() -> Iterator[Answer]:
    yield from _yes_or_no()
    yield from _plain(_LISTS.listed("number"))


def _next_step() -> Iterator[Answer]:
    yield from _plain(_LISTS.listed("next_step"), 0.01)
    yield from _yes_or_no()


def _anything_else() -> Iterator[Answer]:
    yield from _plain((*_LISTS.listed("no"), *_LISTS.listed("nothing_else")))


_EXPECTED: dict[Asked, Callable[[], Iterator[Answer]]] = {
    Asked.GREETING: _openings,
    Asked.AREA: _areas,
    Asked.ROOMS: _rooms,
    Asked.TIMING: _timing,
    Asked.DEAL: _deal,
    Asked.PROPERTY_TYPE: _types,
    Asked.NAME: _names,
    Asked.PHONE_CONFIRM: _about_number,
    Asked.SUMMARY_CONFIRM: _yes_or_no,
    Asked.NEXT_STEP: _next_step,
    Asked.ANYTHING_ELSE: _anything_else,
}


@lru_cache(maxsize=64)
def typical_answers(asked: Asked, deal: str | None = None) -> tuple[Answer, ...]:
    """Return the answers to expect to a question, and what might be said instead of an answer, each text once.

    `deal`: "buy" or "rent" when known; prices depend on it.
    """
    expected = _budget(deal or "") if asked is Asked.BUDGET else _EXPECTED[asked]() if asked in _EXPECTED else ()
    answers: dict[str, Answer] = {}
    for answer in expected:
        answers.setdefault(answer.text, answer)
    for text in _LISTS.listed("else") if answers else ():
        answers.setdefault(text, Answer(text, answers=False))
    return tuple(answers.values())
