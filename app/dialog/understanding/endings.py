"""How far an interim transcript sounds finished, and what is no turn at all (turn-taking by words).

Pure functions of the text: endpointing waits longer after an open phrase or between dictated digits, and ends sooner
after an answer that sounds complete; a backchannel does not take the floor from the agent.
"""

import re
from functools import lru_cache
from typing import Any, Literal

from app.dialog import data
from app.dialog.domain import Asked
from app.dialog.hebrew.spelling import FEMININE, MASCULINE

Sounds = Literal["complete", "open", "dictating", "unknown"]


_LEXICON: dict[str, Any] = data.read_json("hebrew/endings.json")
_OPEN_ENDS = frozenset(_LEXICON["open_ends"])
_OPEN_HEADS = frozenset(_LEXICON["open_heads"])
_OPEN_PHRASES = re.compile(r"(?<![א-ת])(?:" + "|".join(_LEXICON["open_phrases"]) + ")$")
_CLOSED_ENDS = frozenset(_LEXICON["closed_ends"])
_CLOSED_ANSWERS = {Asked(topic): frozenset(ends) for topic, ends in _LEXICON["closed_answers"].items()}
_ANY_ANSWER = frozenset().union(*_CLOSED_ANSWERS.values())
# "שלושה חדרים" is an answer; a longer phrase that ends so often goes on ("… באזור המרכז"), unless it was asked for.
_SHORT_ANSWER_WORDS = 3
_BACKCHANNEL = frozenset(_LEXICON["backchannels"])
# One of these words alone while the agent speaks is assent; more words than this are a turn.
_MOST_BACKCHANNEL_WORDS = 3
_MOBILE_DIGITS = 10
_LANDLINE_DIGITS = 9
_ABROAD_FOLLOWS, _ABROAD_DIGITS = "פלוס", 12
_UNITS = {word for table in (MASCULINE, FEMININE) for word in table.split("|")[0].split()} | {"שתים"}
_LANDLINE_SECONDS = {"2", "3", "4", "8", "9", "שתיים", "שתים", "שלוש", "ארבע", "שמונה", "תשע"}
_TENS = {"עשרים", "שלושים", "ארבעים", "חמישים", "שישים", "שבעים", "שמונים", "תשעים"}


def _words(text: str) -> list[str]:
    return re.findall(r"[א-ת]+|\d+", re.sub(r"['\"׳״]", "", text.replace("-", " ")))


def _dictated(words: list[str]) -> int:
    """Count the digits that words dictate: each unit one, tens with ו and a unit two, tens alone two."""
    count, tens_before = 0, False
    for word in words:
        bare = word.removeprefix("ו")
        if word.isdigit():
            count += len(word)
        elif bare in _TENS:
            count += 2
        elif bare in _UNITS and not (tens_before and word.startswith("ו")):
            count += 1
        tens_before = bare in _TENS
    return count


# The same interim is judged by whoever waits for its end, and each time that the recogniser repeats it.
@lru_cache(maxsize=1024)
def interim_sounds(text: str, asked: Asked | None = None, digits_before: int = 0) -> Sounds:
    """Judge an interim transcript: "complete", "open" (more must come), "dictating" (a phone half said) or "unknown".

    `digits_before`: how many digits of the number earlier turns have brought.
    """
    words = _words(text)
    if not words:
        return "unknown"
    digits = _dictated(words)
    said_zero = words[-1] == "אפס" or any(word == "אפס" or word.startswith("0") for word in words)
    if digits and (asked is Asked.PHONE or digits_before or (said_zero and digits >= 2)):
        return _dictation(words, digits + digits_before)
    if _is_open(words[-1]) or _OPEN_PHRASES.search(" ".join(words)):
        return "open"
    if words[-1] in _CLOSED_ENDS or (asked is Asked.ROOMS and digits):
        return "complete"
    answers = _ANY_ANSWER if len(words) <= _SHORT_ANSWER_WORDS else _closed_by(asked)
    return "complete" if words[-1] in answers else "unknown"


def _closed_by(asked: Asked | None) -> frozenset[str]:
    return _CLOSED_ANSWERS.get(asked, frozenset()) if asked else frozenset()


def _is_open(word: str) -> bool:
    """Whether more must follow `word`, also with ו, and the head of a name ("בפתח", "לקריית") with a preposition."""
    bare = word.removeprefix("ו")
    if word in _OPEN_ENDS or (len(bare) > 1 and bare in _OPEN_ENDS):
        return True
    return bare in _OPEN_HEADS or (bare[:1] in "בלמ" and bare[1:] in _OPEN_HEADS)


def _dictation(words: list[str], digits: int) -> Sounds:
    if _ABROAD_FOLLOWS in words:
        return "complete" if digits >= _ABROAD_DIGITS else "dictating"
    spelled = [word for word in words if word.isdigit() or word in _UNITS or word in _TENS or word == "אפס"]
    second = spelled[0][1:2] if spelled[0].isdigit() else spelled[1] if len(spelled) > 1 else ""
    landline = spelled[0].startswith(("אפס", "0")) and second in _LANDLINE_SECONDS
    return "complete" if digits >= (_LANDLINE_DIGITS if landline else _MOBILE_DIGITS) else "dictating"


def is_backchannel(text: str) -> bool:
    """Whether these words, said while the agent speaks, only mean "I am listening"."""
    words = _words(text)
    return 0 < len(words) <= _MOST_BACKCHANNEL_WORDS and all(word in _BACKCHANNEL for word in words)
