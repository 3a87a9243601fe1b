"""Give Hebrew its vowel points, with the Nakdimon model (Gershuni & Pinter 2022, "Restoring Hebrew Diacritics").

The model reads letters and answers three questions about each: which vowel, is there a dagesh, which shin.
"""

import re
import unicodedata
from pathlib import Path

import numpy as np

from app.speech.embedded.onnx import open_session

SHVA, SHURUK_OR_DAGESH, SHIN_DOT, SIN_DOT, PATAH = "\u05b0", "\u05bc", "\u05c1", "\u05c2", "\u05b7"
_LETTERS = [chr(code) for code in range(0x05D0, 0x05EB)]
_FINAL_FORMS = dict(zip("ךםןףץ", "כמנפצ", strict=True))
_UNKNOWN = "O"
# The order is the model's: its embedding rows were trained on it.
_ROWS = {char: row for row, char in enumerate(["", "H", _UNKNOWN, "5", *" !\"'(),-.:;?", *_LETTERS])}
_VOWELS = ["", "", *[chr(code) for code in range(0x05B0, 0x05BD)], PATAH]
_TAKES_VOWEL = frozenset("אבגדהוזחטיכלמנסעפצקרשתךן")
_TAKES_DAGESH = frozenset("בגדהוזטיכלמנספצקשתךף")
_SENTENCE_ENDS = frozenset(".?!")
_POINTS = re.compile("[\u0591-\u05bd\u05bf-\u05c7]")
_ALIKE = str.maketrans({"׳": "'", "’": "'", "‘": "'", "´": "'", "״": '"', "“": '"', "”": '"', "־": "-", "–": "-"})


def bare(text: str) -> str:
    """Return `text` in NFC without vowel points, its Hebrew quotes and dashes in their ASCII forms."""
    return unicodedata.normalize("NFC", _POINTS.sub("", unicodedata.normalize("NFD", text))).translate(_ALIKE)


class Nakdimon:
    """The model that points; safe to call from one thread at a time."""

    def __init__(self, file: Path, threads: int = 2) -> None:
        self._session = open_session(file, threads)

    def point(self, text: str) -> str:
        """Return `text`, any language, with vowel points on its Hebrew letters."""
        text = bare(text)
        if not text:
            return ""
        # The model has learnt from sentences: a bare phrase it takes for cut off, and misreads its last word.
        sentence = text if text[-1] in _SENTENCE_ENDS else text + "."
        rows = [_ROWS.get(_FINAL_FORMS.get(char, char), _ROWS[_UNKNOWN]) for char in sentence]
        answers = self._session.run(None, {"input": np.array([rows], np.int32)})
        vowels, dageshes, shins = (answer[0].argmax(-1) for answer in answers)
        return "".join(
            char + _points(char, int(vowel), int(dagesh), int(shin))
            for char, vowel, dagesh, shin in zip(
                text, vowels, dageshes, shins, strict=False
            )  # the added full stop is left out
        )


def _points(char: str, vowel: int, dagesh: int, shin: int) -> str:
    """Return the points the model's three answers mean for this letter; 0 and 1 mean none."""
    points = SHURUK_OR_DAGESH if dagesh > 1 and char in _TAKES_DAGESH else ""
    if char == "ש" and shin > 1:
        points += SHIN_DOT if shin == 2 else SIN_DOT
    return points + (_VOWELS[vowel] if char in _TAKES_VOWEL else "")
