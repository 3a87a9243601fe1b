"""How alike Hebrew words sound over a telephone (R10.6).

A consonant is spelled as three symbols (where it is made, how, voiced or not), a vowel letter as one. Plain edit
distance over such spellings is then a weighted one: "ש" for "ס" costs a third of "ש" for "מ", a lost "א" a third of
a lost "ל". Word ends are not marked, because recognisers glue and split words.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from app.dialog.hebrew.tokens import fold

Scores = npt.NDArray[np.float32]

_SOUNDS = {
    "א": "a",
    "ע": "a",
    "ה": "h",
    "ו": "o",
    "י": "i",
    "ב": "Lfv",
    "פ": "Lfu",
    "מ": "Lnv",
    "ת": "Dsu",
    "ט": "Dsu",
    "ד": "Dsv",
    "נ": "Dnv",
    "ל": "Dlv",
    "ר": "Rlv",
    "ס": "Dfu",
    "ז": "Dfv",
    "צ": "Dtu",
    "ש": "Sfu",
    "ח": "Kfu",
    "כ": "Kfu",
    "ק": "Ksu",
    "ג": "Ksv",
}
_CONSONANT_VAV = "Lfv"
_OPEN_END = "h"
_SHORTEST_OPENED = 6


@lru_cache(maxsize=16384)
def sound(text: str) -> str:
    """Return how folded or plain Hebrew text sounds; what is no Hebrew letter is left out."""
    spelled: list[str] = []
    for spoken in fold(text).split():
        for at, letter in enumerate(spoken):
            if letter == "ו" and at == 0 and len(spoken) > 1 and spoken[1] in "אעהוי":
                spelled.append(_CONSONANT_VAV)
            else:
                spelled.append(_SOUNDS.get(letter, ""))
    return "".join(spelled)


def without_last_liquid(spelled: str) -> str:
    """Return a spelling with a "ר" or "ל" at its end open: recognisers hear one after a last vowel nobody closed."""
    return spelled[:-3] + _OPEN_END if spelled[-2:] == "lv" and len(spelled) > _SHORTEST_OPENED else spelled


def likeness(heard: Sequence[str], candidates: Sequence[str]) -> Scores:
    """Return how alike each reading and each candidate sound, 0 to 1, as a (heard, candidates) matrix.

    Both are spelled by `sound`.
    """
    return process.cdist(heard, candidates, scorer=Levenshtein.normalized_similarity, dtype=np.float32)
