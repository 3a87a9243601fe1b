"""Where in a text somebody dictates a number, whole or a part of it, so that pages can hide it (R16).

Wider than what the dialog takes for a telephone number: what is hidden in vain is a click away, what shows is out.
"""

from functools import lru_cache

from app.dialog.hebrew.contact.phones import group_at
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.number_words import Kind, atom_at
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance, normalise

_GLUE = Lexicon("hebrew/phones.toml").words("glue")
_GROUPS = 4
_PAIRS, _DIGITS_OF_PAIRS = 3, 6
"""Four digits one by one, or three groups of two and more, are a dictation; rooms and prices are said in fewer."""
_SCALED = (Kind.THOUSAND, Kind.MILLION)
_LEAST_WORDS = 3


def dictations(text: str) -> list[Span[str]]:
    """Return the digits that are said in words, or partly so, in order: each run at `text[start:end]`."""
    if sum(map(_is_figure, text.split())) < _LEAST_WORDS:
        return []
    utterance = normalise(text)
    found, index = [], 0
    while index < len(utterance):
        groups, end, is_spoken = _run(utterance, index)
        digits = "".join(groups)
        enough = len(groups) >= _GROUPS or (len(groups) >= _PAIRS and len(digits) >= _DIGITS_OF_PAIRS)
        if is_spoken and enough:
            found.append(Span(utterance.tokens[index].start, utterance.tokens[end - 1].end, digits))
        index = max(end, index + 1)
    return found


@lru_cache(maxsize=8192)
def _is_figure(word: str) -> bool:
    """Whether a word can be part of a dictation: most sentences have too few such words to be looked at closely."""
    return group_at(normalise(word), 0) is not None


def _run(utterance: Utterance, start: int) -> tuple[list[str], int, bool]:
    """Return the groups from token `start` on, where they end, and whether any was said in words."""
    groups: list[str] = []
    index = end = start
    is_spoken = False
    while index < len(utterance):
        read = None if "," in utterance.tokens[index].text else group_at(utterance, index)
        if read is not None:
            is_spoken = is_spoken or not utterance.tokens[index].is_number
            groups.append(read[0])
            index = end = read[1]
        elif groups and utterance.key(index) in _GLUE:
            index += 1
        else:
            break
    scale = atom_at(utterance, end)
    if groups and scale is not None and scale.kind in _SCALED:
        groups.pop()  # "…שלוש מיליון": the last of them was a price
    return groups, end, is_spoken
