"""Hebrew for what the store calls by codes. The words are data: `data/words.json`."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from markupsafe import Markup, escape

from app.dialog.hebrew.spelling import timing_words
from app.dialog.lines.values import DEAL_NOUNS, TYPES
from app.web.filters import money, number, span, words

WORDS: Mapping[str, Mapping[str, str]] = json.loads(
    (Path(__file__).parent / "data" / "words.json").read_text(encoding="utf-8")
)
_THIS_YEAR_IS_SAID = 0
_COMMA = Markup('<span class="muted">&nbsp;· </span>')


def label(code: object, kind: str) -> str:
    """Return the Hebrew of a code; one without a word stays as it is."""
    text = "" if code is None else str(code)
    return WORDS[kind].get(text, text)


def slot_text(value: Any, slot: str) -> str:
    """Return a slot's value as plain text; empty when it is not known."""
    if value is None or value == []:
        return ""
    match slot:
        case "deal":
            return DEAL_NOUNS.get(str(value), str(value))
        case "property_type":
            return TYPES.get(str(value), str(value))
        case "area":
            return ", ".join(value) if isinstance(value, list) else str(value)
        case "timing":
            return timing_words(value, _THIS_YEAR_IS_SAID) if isinstance(value, Mapping) else str(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def slot_value(value: Any, slot: str) -> Markup:
    """Return a slot's value as people read it on a page."""
    if value is None or value == []:
        return Markup('<span class="none">–</span>')
    if slot in ("budget", "budget_min", "budget_max"):
        return money(value)
    if slot in ("rooms", "rooms_min", "rooms_max"):
        return number(value)
    return words(slot_text(value, slot))


def known_slots(slots: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return those slots that hold something; both ends of a range that are one number are one line."""
    known = {name: slot for name, slot in slots.items() if slot["value"] not in (None, [])}
    shown: dict[str, Mapping[str, Any]] = {}
    for name, slot in known.items():
        whole, _, end = name.rpartition("_")
        twin = known.get(f"{whole}_{'max' if end == 'min' else 'min'}") if end in ("min", "max") else None
        if twin is None or twin["value"] != slot["value"]:
            shown[name] = slot
        elif whole not in shown:
            shown[whole] = slot
    return shown


def wish(slots: Mapping[str, Any]) -> Markup:
    """Return in one line what the caller is looking for: kind, rooms, where, for how much, when."""
    parts: list[Markup] = []
    kind, deal = TYPES.get(str(slots.get("property_type"))), DEAL_NOUNS.get(str(slots.get("deal")))
    if kind or deal:
        parts.append(escape(" ל".join(part for part in (kind, deal) if part)))
    if slots.get("rooms_min") is not None or slots.get("rooms_max") is not None:
        parts.append(_together(span(slots.get("rooms_min"), slots.get("rooms_max")) + " חדרים"))
    if slots.get("area"):
        parts.append(slot_value(slots["area"], "area"))
    if slots.get("budget_min") is not None or slots.get("budget_max") is not None:
        parts.append(_together(span(slots.get("budget_min"), slots.get("budget_max"), "₪")))
    if slots.get("timing"):
        parts.append(slot_value(slots["timing"], "timing"))
    return _COMMA.join(parts)


def _together(part: Markup) -> Markup:
    return Markup('<span class="nowrap">{}</span>').format(part)


def fix(error: str) -> str:
    """Return in Hebrew what to do about a delivery's last error; empty where nobody knows."""
    said = WORDS["error"]
    codes = re.findall(r"\b\d{3,5}\b", error)
    for code in codes:
        if code in said:
            return said[code]
    if any(len(code) == 3 and code.startswith("5") for code in codes):
        return said["5"]
    if re.search(r"time[d -]*out", error, re.IGNORECASE):
        return said["timeout"]
    return said["connection"] if re.search(r"connect|refused|resolve|unreachable", error, re.IGNORECASE) else ""


def install(flask: Flask) -> None:
    """Give the templates their words."""
    for function in (label, slot_value, known_slots, wish, fix):
        flask.add_template_filter(function)
