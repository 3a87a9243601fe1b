"""What the LLM is told: the office's sentence, the rules, short examples, and last the state (R10.1, R10.3).

The static part comes first so that providers can cache it. The caller's words only ever appear as user messages
inside a delimiter; nothing a caller says can become an instruction.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from app.dialog import data
from app.dialog.hebrew.spelling import date_words
from app.dialog.lines.values import budget_phrase, property_phrase, spoken_name, timing_phrase
from app.dialog.policy.state import CONTACT_STEPS, SEEKER_STEPS, DialogState

OPEN, CLOSE = "<פונה>", "</פונה>"
MOST_HISTORY = 12
_LABELS = {name: question["label"] for name, question in data.questions().items() if "label" in question}


@cache
def _template() -> str:
    return data.read_text("real_estate/system_prompt.md")


def system_prompt(office_name: str, agent_name: str, today: date, state: DialogState) -> str:
    """Return the Hebrew system prompt with the state block filled in."""
    missing = [_LABELS[step.value] for step in (*SEEKER_STEPS, *CONTACT_STEPS) if not state.settled(step.value)]
    actions = [
        name for name, done in (("התבקש סיכום בוואטסאפ", state.whatsapp), ("התבקשה שיחה", state.callback)) if done
    ]
    blanks = {
        "office_name": office_name,
        "agent_name": agent_name,
        "today": date_words(today.day, today.month, today.year),
        "known_slots": _known(state, today.year) or "עדיין כלום",
        "missing_slots": ", ".join(missing) or "הכול נאסף",
        "refused_slots": ", ".join(_LABELS[topic] for topic in state.refused if topic in _LABELS) or "אין",
        "next_slot": _LABELS.get(state.step, "אישור הפרטים"),
        "actions_done": ", ".join(actions) or "אין",
        "last_opening": state.last_opening or "אין",
    }
    # One pass: a value that looks like a blank is not filled again.
    return re.sub(r"\{(\w+)\}", lambda match: blanks.get(match.group(1), match.group()), _template())


def _known(state: DialogState, this_year: int) -> str:
    parts = (
        property_phrase(state.slots),
        budget_phrase(state.slots),
        timing_phrase(state.slots, this_year),
        f"שם: {spoken_name(state.slots['name'])}" if spoken_name(state.slots.get("name")) else "",
        "יש מספר טלפון" if state.slots.get("phone") else "",
    )
    return "; ".join(part for part in parts if part)


def quoted(caller_words: str) -> str:
    """Put the caller's words inside the delimiter, which they cannot close."""
    return f"{OPEN}{re.sub(r'[<>{}]', ' ', caller_words).strip()}{CLOSE}"


def chat_messages(
    *, office_name: str, agent_name: str, today: date, state: DialogState, history: Sequence[tuple[str, str]]
) -> list[dict[str, str]]:
    """Return the chat messages that let an LLM phrase the next line; the history is what was heard, no more."""
    messages = [{"role": "system", "content": system_prompt(office_name, agent_name, today, state)}]
    for who, text in history[-MOST_HISTORY:]:
        if who == "agent":
            messages.append({"role": "assistant", "content": text})
        else:
            messages.append({"role": "user", "content": quoted(text)})
    return messages


@cache
def _extraction_rules() -> str:
    return data.read_text("real_estate/extract_prompt.md").strip()


def extraction_messages(
    transcript: str, agent_line: str, slots: Mapping[str, Any], today: date
) -> list[dict[str, str]]:
    """Return the messages of the extraction call for one caller turn (schema: `extraction.schema()`)."""
    known = {slot: value for slot, value in slots.items() if slot != "phone"}
    context = f"today: {today.isoformat()}\nknown: {json.dumps(known, ensure_ascii=False)}\nagent asked: {agent_line}"
    return [
        {"role": "system", "content": f"{_extraction_rules()}\n\n{context}"},
        {"role": "user", "content": quoted(transcript)},
    ]
