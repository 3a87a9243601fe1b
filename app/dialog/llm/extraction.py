"""The LLM's reading of a caller turn, and how far it is believed (R10.2).

The parser runs first and wins on digits; the LLM is heard on what the parser did not find. A value whose quote the
caller never said is dropped, and where the two disagree the caller is asked.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from app.dialog import data
from app.dialog.domain import SLOT_NAMES, TOPICS, WISHES, Intent, Understanding
from app.dialog.lines.values import TYPES

PARSER_WINS = frozenset(slot for topic in TOPICS if topic.is_counted for slot in topic.slots)
_OPS = ("set", "add", "remove", "clear")
_AREA_LIMIT = 6
_MONTH = re.compile(r"20\d\d-(?:0[1-9]|1[0-2])")


@cache
def schema() -> dict[str, Any]:
    """Return the strict JSON schema of one turn's updates (data/real_estate/extract_schema.json)."""
    loaded: dict[str, Any] = data.read_json("real_estate/extract_schema.json")
    loaded["schema"]["properties"]["updates"]["items"]["properties"]["slot"]["enum"] = list(SLOT_NAMES)
    return loaded


def merge_extraction(
    json_text: str, transcript: str, parsed: Understanding, known: Mapping[str, Any] | None = None
) -> Understanding:
    """Merge an extraction into what the parser understood; anything malformed or unquoted leaves the parser's word.

    `known`: the slots before the turn, to which an area may be added or from which one may be removed.
    """
    extracted = _document(json_text)
    updates = extracted.get("updates")
    if not isinstance(updates, list):
        return parsed
    said = _plain(transcript)
    values, quotes, unsure = dict(parsed.updates), dict(parsed.quotes), list(parsed.unsure)
    for update in updates:
        read = _read(update, said, (known or {}).get("area") or []) if isinstance(update, Mapping) else None
        if read is None:
            continue
        slot, value, quote = read
        if slot not in values:
            if not (slot in PARSER_WINS and _parser_read(slot, parsed)):
                values[slot], quotes[slot] = value, quote
                if slot in PARSER_WINS and slot != "timing" and value is not None:
                    # Digits that only the LLM saw: the caller is asked.
                    unsure.append(slot)
        elif values[slot] != value and slot not in PARSER_WINS and slot not in unsure:
            unsure.append(slot)
    refused = _refused(extracted.get("refused"), parsed, values)
    return replace(
        parsed,
        updates=values,
        quotes=quotes,
        unsure=tuple(unsure),
        refused=refused,
        intent=_intent(extracted.get("intent"), parsed),
    )


def missed_wish(json_text: str, transcript: str, parsed: Understanding) -> Intent | None:
    """Return a wish (for a person, a summary, a call, the end) that the LLM heard and the parser did not.

    It comes after the turn was answered, so nothing is done by it alone: the caller is to be asked. Without a quote
    that the caller said there is no wish.
    """
    extracted = _document(json_text)
    intent, quote = extracted.get("intent"), extracted.get("intent_quote")
    if not isinstance(intent, str) or not isinstance(quote, str) or intent not in set(WISHES) - {parsed.intent}:
        return None
    if parsed.injection or parsed.abuse or parsed.intent in (Intent.HUMAN, Intent.GOODBYE):
        return None
    return Intent(intent) if _was_said(quote, _plain(transcript)) else None


def _document(json_text: str) -> dict[str, Any]:
    try:
        document = json.loads(json_text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _was_said(quote: str, said: str) -> bool:
    return bool(_plain(quote)) and f" {_plain(quote)} " in f" {said} "


def _parser_read(slot: str, parsed: Understanding) -> bool:
    """Whether the parser read this slot's pair: its "עד" (a maximum only) is meant."""
    stem = slot.rsplit("_", maxsplit=1)[0]
    return any(name.startswith(stem) for name in parsed.updates)


def _read(update: Mapping[str, Any], said: str, areas: list[str]) -> tuple[str, Any, str] | None:
    """Return slot, value and quote of a believable update, or None."""
    slot, quote = update.get("slot"), update.get("quote")
    if not isinstance(slot, str) or not isinstance(quote, str) or update.get("op") not in _OPS:
        return None
    if not _was_said(quote, said):
        return None
    if update["op"] == "clear":
        return slot, None, quote
    value = _value(slot, update)
    if slot == "area" and value and update["op"] != "set":
        others = [area for area in areas if area not in value]
        value = [*others, *value] if update["op"] == "add" else others or None
    return None if value is None else (slot, value, quote)


def _value(slot: str, update: Mapping[str, Any]) -> Any:
    text, number, places = update.get("text"), update.get("number"), update.get("list")
    match slot:
        case "deal":
            return text if text in ("buy", "rent") else None
        case "property_type":
            return text if text in TYPES else None
        case "area":
            return _areas(places)
        case "name":
            return text if isinstance(text, str) and re.fullmatch(r"[א-ת'\" -]{2,40}", text) else None
        case "phone":
            return text if isinstance(text, str) and re.fullmatch(r"\+[1-9]\d{7,14}", text) else None
        case "timing":
            return _timing(update.get("timing"))
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return None
    if slot.startswith("rooms"):
        return number if 1 <= number <= 12 and (number * 2) % 1 == 0 else None
    return int(number) if slot.startswith("budget") and 500 <= number <= 10**9 else None


def _areas(places: object) -> list[str] | None:
    if not isinstance(places, list) or not 0 < len(places) <= _AREA_LIMIT:
        return None
    return (
        places if all(isinstance(place, str) and re.fullmatch(r"[א-ת'\" -]{2,30}", place) for place in places) else None
    )


def _timing(timing: object) -> dict[str, Any] | None:
    if not isinstance(timing, Mapping):
        return None
    match timing.get("type"):
        case "immediate" | "flexible" as kind:
            return {"type": kind}
        case "within" if isinstance(timing.get("months_max"), int) and 0 < timing["months_max"] <= 60:
            return {"type": "within", "months_max": timing["months_max"]}
        case "month" if isinstance(timing.get("month"), str) and _MONTH.fullmatch(timing["month"]):
            return {"type": "month", "month": timing["month"]}
    return None


def _refused(refused: object, parsed: Understanding, values: Mapping[str, Any]) -> tuple[str, ...]:
    if parsed.refused or not isinstance(refused, list) or parsed.intent is not Intent.DENY:
        return parsed.refused
    return tuple(slot for slot in refused if isinstance(slot, str) and slot not in values)


def _intent(intent: object, parsed: Understanding) -> Intent:
    if parsed.intent is not Intent.UNCLEAR or parsed.injection or parsed.abuse:
        return parsed.intent
    return Intent(intent) if isinstance(intent, str) and intent in set(Intent) else parsed.intent


def _plain(text: str) -> str:
    text = re.sub(r"[^\wא-ת\s]", " ", text.replace("'", "").replace('"', ""))
    return " ".join(text.replace("יי", "י").replace("וו", "ו").split())
