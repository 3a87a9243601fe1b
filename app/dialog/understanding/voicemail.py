"""A message left on the recorder, read like a caller's first words (R2.7). Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.dialog.domain import Asked, Intent
from app.dialog.hebrew.times.clock_times import callback_words
from app.dialog.understanding.ready import understand

_SENTENCE = re.compile(r"(?<=[.?!])\s+|\n+")
# Said in one breath, a message has no pauses to cut it at; these words begin something new.
_BREATH_WORDS = 10
_BEGINS = re.compile(
    r"\s+(?=ו?(?:קוראים|שמי|אני|אנחנו|מחפש\w*|הטלפון|טלפון|המספר|הנייד|כניסה|להיכנס|התקציב|תקציב|תחזרו|תתקשרו|תודה)\b)"
)
_MOST_JOINED = 4  # a number may be dictated with that many pauses less one


@dataclass(slots=True)
class Message:
    """What a message says; `updates` and `quotes` as in `domain.Understanding`."""

    text: str
    updates: dict[str, Any] = field(default_factory=dict)
    quotes: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    intent: Intent = Intent.UNCLEAR
    owner: bool = False
    wants_human: bool = False
    call_back: str | None = None
    """When to call, in the caller's words; empty: whenever."""


def read_message(pieces: Sequence[str], today: date) -> Message:
    """Read a message that was transcribed piece by piece, as the caller paused.

    Each sentence is read by itself, later ones correct earlier ones; the message as a whole then adds what was said
    across a pause.
    """
    sentences = [part for piece in pieces for sentence in _SENTENCE.split(piece.strip()) for part in _parts(sentence)]
    message = Message(" ".join(sentences))
    for sentence in sentences:
        _fold(message, sentence, today)
    if len(sentences) > 1:
        whole = understand(message.text, asked=Asked.GREETING, state={}, today=today)
        for slot, value in whole.updates.items():
            if slot not in message.updates:
                message.updates[slot], message.quotes[slot] = value, whole.quotes.get(slot, "")
                message.unsure |= {slot} & set(whole.unsure)
    if "phone" not in message.updates:
        _find_phone(message, sentences, today)
    message.updates = {slot: value for slot, value in message.updates.items() if value is not None}
    if message.intent is Intent.UNCLEAR and message.updates:
        message.intent = Intent.PROVIDE_INFO
    return message


def _parts(sentence: str) -> list[str]:
    if len(sentence.split()) <= _BREATH_WORDS:
        return [sentence] if sentence else []
    return [part for part in _BEGINS.split(sentence) if part]


def _fold(message: Message, sentence: str, today: date) -> None:
    understood = understand(sentence, asked=Asked.GREETING, state=dict(message.updates), today=today)
    message.updates |= understood.updates
    message.quotes |= {slot: understood.quotes.get(slot, sentence) for slot in understood.updates}
    message.unsure -= set(understood.updates)
    message.unsure |= set(understood.unsure)
    message.refused += [slot for slot in understood.refused if slot not in message.refused]
    message.owner = message.owner or understood.owner
    match understood.intent:
        case Intent.HUMAN:
            message.wants_human = True
        case Intent.SCHEDULE:
            message.call_back = callback_words(sentence) or message.call_back or ""
    if understood.intent not in (Intent.UNCLEAR, Intent.GOODBYE, Intent.CONFIRM, Intent.DENY):
        message.intent = understood.intent


def _find_phone(message: Message, sentences: Sequence[str], today: date) -> None:
    """A number said after "הטלפון שלי", or in groups with pauses between them, is what a phone's question expects."""
    for joined in range(1, _MOST_JOINED + 1):
        for start in range(len(sentences) - joined + 1):
            text = " ".join(sentences[start : start + joined])
            understood = understand(text, asked=Asked.PHONE, state={}, today=today)
            if understood.updates.get("phone"):
                message.updates["phone"] = understood.updates["phone"]
                message.quotes["phone"] = understood.quotes.get("phone", text)
                return
