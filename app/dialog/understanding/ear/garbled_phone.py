"""A telephone number in garbled digits: the ten digit words whose sounds fit the readings best (R17).

The recogniser glues and splits spoken digits ("ששבסתיים" is six, seven, two), so words cannot be looked up one by
one. As in connected word recognition (Vintsyuk 1971), dynamic programming finds the cuts and the digits together.
"""

from collections.abc import Sequence

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from app.dialog.hebrew.sounds import likeness, sound
from app.dialog.hebrew.spelling import UNITS, digits_words
from app.dialog.hebrew.tokens import normalise

_DIGITS = 10
_WORDS = tuple(sound(word) for word in UNITS["f"][:_DIGITS])
_LONGEST_SOUND = max(len(spelled) for spelled in _WORDS) + 2
_FEWEST_SOUNDS = 40
"""Less cannot be ten digits, however many of their sounds were lost."""
_MOST_SOUNDS = 110
_READ = 2
"""Readings that are searched for numbers; all of them then judge what is found."""
_NEEDED = 0.77
_FIRST, _SECOND = (0,), (5,)
"""Only mobile numbers are rebuilt: an area code says too little to rest on."""
_IMPOSSIBLE = 10_000


def _spelled(reading: str) -> str:
    tokens = normalise(reading).tokens
    return sound(" ".join(digits_words(token.key) if token.is_number else token.key for token in tokens))


def _best_digits(heard: str) -> str:
    """Return the ten digits that fit the sounds of one reading best."""
    ends = len(heard)
    pieces = [
        (start, stop) for start in range(ends) for stop in range(start + 1, min(ends, start + _LONGEST_SOUND) + 1)
    ]
    costs = process.cdist([heard[start:stop] for start, stop in pieces], _WORDS, scorer=Levenshtein.distance)
    choices: list[tuple[int, ...]] = [_FIRST, _SECOND, *[tuple(range(_DIGITS))] * (_DIGITS - 2)]
    reached: list[dict[int, tuple[int, str]]] = [{0: (0, "")}]
    for allowed in choices:
        cheapest = costs[:, allowed]
        digit, cost = np.argmin(cheapest, axis=1), np.min(cheapest, axis=1)
        before, after = reached[-1], dict[int, tuple[int, str]]()
        for at, (start, stop) in enumerate(pieces):
            if start not in before:
                continue
            total = before[start][0] + int(cost[at])
            if total < after.get(stop, (_IMPOSSIBLE, ""))[0]:
                after[stop] = (total, before[start][1] + str(allowed[int(digit[at])]))
        reached.append(after)
    return reached[-1].get(ends, (_IMPOSSIBLE, ""))[1]


def mobile_number(readings: Sequence[str]) -> str | None:
    """Return the mobile number (E.164) that all readings together sound like; None when they are no such number."""
    heard = [spelled for reading in readings if _FEWEST_SOUNDS <= len(spelled := _spelled(reading)) <= _MOST_SOUNDS]
    numbers = sorted({digits for spelled in heard[:_READ] if (digits := _best_digits(spelled))})
    if not numbers:
        return None
    alike = likeness(heard, [sound(digits_words(number)) for number in numbers]).mean(axis=0)
    best = int(np.argmax(alike))
    return f"+972{numbers[best][1:]}" if alike[best] >= _NEEDED else None
