"""Replaces words nobody says by the expected words they sound like, inside a longer utterance (R10.6).

An opening such as "משרד להסכרה בניתני" is no closed set, but its content words are: deals, property types, towns.
"""

from functools import lru_cache

import numpy as np

from app.dialog.domain import Asked
from app.dialog.hebrew.gazetteer import COMMON_WORDS, find
from app.dialog.hebrew.numbers import atom_at
from app.dialog.hebrew.sounds import likeness, sound
from app.dialog.hebrew.span import covered
from app.dialog.hebrew.tokens import Utterance, normalise, stems
from app.dialog.understanding.ear.typical_answers import typical_answers

_CONTENT = (Asked.DEAL, Asked.PROPERTY_TYPE, Asked.AREA)
_MOST_WORDS = 2
"""Of a replaced phrase, and of the garbled stretch it replaces."""
_NEEDED = 0.76
_LEAST_SOUNDS = 6
_TOWN_PRIOR = 0.03
"""Only towns and what is as likely: a neighbourhood is too easily made of noise."""


@lru_cache(maxsize=1)
def _content() -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
    """Return the phrases of content and the common words beside them, how all of them sound, and the former alone."""
    texts: dict[str, bool] = {}
    for asked in _CONTENT:
        for answer in typical_answers(asked):
            likely = asked is not Asked.AREA or answer.prior >= _TOWN_PRIOR
            if answer.answers and likely and len(answer.text.split()) <= _MOST_WORDS:
                texts[answer.text] = True
    content = frozenset(texts)
    everything = tuple(dict.fromkeys((*texts, *sorted(COMMON_WORDS))))
    return everything, tuple(sound(text) for text in everything), content


def _unknown(utterance: Utterance) -> list[bool]:
    named = covered(find(utterance))
    words = _content()[2]
    return [
        not (
            index in named
            or token.is_number
            or atom_at(utterance, index) is not None
            or any(rest in COMMON_WORDS or rest in words for _, rest in stems(token.key))
        )
        for index, token in enumerate(utterance.tokens)
    ]


def remade(utterance: Utterance) -> Utterance | None:
    """Return the utterance with its garbled words replaced; None: nothing needs or finds a replacement."""
    unknown = _unknown(utterance)
    if not any(unknown):
        return None
    texts, sounds, content = _content()
    spans = [
        (start, start + count)
        for count in range(_MOST_WORDS, 0, -1)
        for start in range(len(utterance) - count + 1)
        if any(unknown[start : start + count])
    ]
    heard = [sound(" ".join(utterance.keys[start:end])) for start, end in spans]
    alike = likeness(heard, sounds)
    best = np.argmax(alike, axis=1)
    found = sorted(
        (
            (float(alike[at, best[at]]), span, texts[best[at]])
            for at, span in enumerate(spans)
            if alike[at, best[at]] >= _NEEDED and len(heard[at]) >= _LEAST_SOUNDS
        ),
        reverse=True,
    )
    taken: dict[tuple[int, int], str] = {}
    for _, (start, end), text in found:
        if all(end <= other_start or other_end <= start for other_start, other_end in taken):
            taken[start, end] = text
    if not any(text in content for text in taken.values()):
        return None
    parts: list[str] = []
    index = 0
    while index < len(utterance):
        span = next((span for span in taken if span[0] == index), (index, index + 1))
        parts.append(taken.get(span, utterance.tokens[index].text))
        index = span[1]
    return normalise(" ".join(parts))
