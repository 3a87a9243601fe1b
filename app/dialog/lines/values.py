"""Slot values as Hebrew phrases: "דירת ארבעה חדרים להשכרה בחולון", "עד שבעת אלפים שקל בחודש" (R9.6, R10.2)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from app.dialog import data
from app.dialog.hebrew.speakable import speakable
from app.dialog.hebrew.spelling import FEMININE, MASCULINE, budget_words, rooms_words, timing_words
from app.dialog.lines import book

_SAID = data.read_toml("real_estate/values.toml")
TYPES: Mapping[str, str] = _SAID["kinds"]
DEALS: Mapping[str, str] = _SAID["deals"]
DEAL_NOUNS: Mapping[str, str] = _SAID["deal_nouns"]
WISH_NOUNS: Mapping[str, str] = _SAID["wishes"]
# Names that begin with ה as part of the name, not as an article: ב + ה stays.
_OWN_HE = re.compile(r"ה(?:רצליה|וד |ר |רי |דר|ולילנד)")
MAX_AREAS_SPOKEN = 2
MAX_WISHES_SPOKEN = 2
_DIGIT_WORDS = frozenset(f"{MASCULINE} {FEMININE}".replace("|", " ").split())


def in_area(name: str) -> str:
    """Return "ב" + the place, with the article swallowed as Hebrew does: הצפון → בצפון, הרצליה → בהרצליה."""
    return _to("ב", name)


def _to(prefix: str, name: str) -> str:
    return prefix + (name[1:] if name.startswith("ה") and not _OWN_HE.match(name) else name)


@lru_cache(maxsize=512)
def _spoken_place(prefix: str, area: str) -> str:
    return speakable(_to(prefix, area))


def areas_phrase(areas: Sequence[str], most: int = MAX_AREAS_SPOKEN, prefix: str = "ב") -> str:
    """Say where: בחולון ובבת ים; of a longer list the first places, "ובאזורים נוספים" for the rest."""
    said = [_spoken_place(prefix, area) for area in areas[:most]]
    if len(areas) > most:
        said.append(f"{prefix}אזורים נוספים")
    return said[0] if len(said) == 1 else " ".join(said[:-1]) + " ו" + said[-1] if said else ""


def property_phrase(slots: Mapping[str, Any], areas: int = MAX_AREAS_SPOKEN) -> str:
    """Say what is wanted and where, from those of deal, type, rooms and area that are in `slots`."""
    rooms = rooms_words(slots.get("rooms_min"), slots.get("rooms_max"))
    kind = TYPES.get(str(slots.get("property_type")), "")
    deal = str(slots.get("deal"))
    if kind == "דירה" and rooms and not rooms.startswith(("לפחות", "עד")):
        head = f"דירת {rooms}"
    elif kind and rooms:
        head = f"{kind} עם {rooms}"
    else:
        head = kind or rooms
    words = [head] if head else []
    if deal in DEALS:
        words.append(DEALS[deal] if kind else DEAL_NOUNS[deal])
        if not kind:
            words.reverse()
    if slots.get("area"):
        if not words:
            words.append("חיפוש")
        words.append(areas_phrase(slots["area"], areas))
    return " ".join(words)


def budget_phrase(slots: Mapping[str, Any], *, short: bool = False) -> str:
    """Say the budget, "בחודש" when renting; short: its upper end only."""
    lowest, highest = slots.get("budget_min"), slots.get("budget_max")
    if short and highest:
        lowest = None
    words = budget_words(lowest, highest)
    return f"{words} בחודש" if words and slots.get("deal") == "rent" else words


def timing_phrase(slots: Mapping[str, Any], this_year: int) -> str:
    """Say the move-in time."""
    timing = slots.get("timing")
    return timing_words(timing, this_year) if timing else ""


def wishes_phrase(wishes: Iterable[str], most: int | None = MAX_WISHES_SPOKEN) -> str:
    """Say what is wished beside the slots: "עם ממ״ד ומעלית"; "" for more than `most`, and for what has no noun."""
    nouns: dict[str, str] = book.entries()["wishes"]
    said = [nouns[kind] for kind in wishes if kind in nouns]
    if not said or (most is not None and len(said) > most):
        return ""
    return "עם " + (said[0] if len(said) == 1 else ", ".join(said[:-1]) + " ו" + said[-1])


def spoken_name(name: object) -> str:
    """Return the name as it may be said: at most two Hebrew words, nothing for what is no Hebrew name."""
    words = [word for word in re.findall(r"[א-ת'\"]+", str(name or "")) if len(word) > 1][:2]
    # A lone digit word is more likely a misheard number than a name.
    return "" if len(words) == 1 and words[0] in _DIGIT_WORDS else " ".join(words)


def slots_phrase(changed: Mapping[str, Any], known: Mapping[str, Any], this_year: int, most_words: int) -> str:
    """Say the changed values in one breath of at most `most_words` words; the plainest details are dropped first."""
    what = {slot: changed[slot] for slot in ("deal", "property_type", "area") if changed.get(slot)}
    if "rooms_min" in changed or "rooms_max" in changed:
        what |= {slot: known.get(slot) for slot in ("rooms_min", "rooms_max")}
    money = {"deal": known.get("deal"), **{slot: known.get(slot) for slot in ("budget_min", "budget_max")}}
    money_changed = any(changed.get(slot) for slot in ("budget_min", "budget_max"))
    options = (
        (property_phrase(what), property_phrase(what, 1), property_phrase({**what, "area": None})),
        (budget_phrase(money), budget_phrase(money, short=True)) if money_changed else ("",),
        (timing_phrase(changed, this_year),),
    )
    parts: list[str] = []
    for option in options:
        room = most_words - sum(len(part.split()) for part in parts)
        fitting = next((said for said in option if said and len(said.split()) <= room), "")
        if fitting:
            parts.append(fitting)
    return ", ".join(parts)
