"""Answering before the recogniser is sure: a reply prepared on a stable interim, used only if the final says the same.

The caller has paused, the interim stands still: the dialog (a copy of it) hears the interim, and its reply is phrased
and synthesised while the silence is still being judged. Nothing of it is played before the final transcript agrees; if
it does not, or the caller goes on, the guess is thrown away and nobody heard it. Each guess costs a language-model call
and some speech, so there are at most `MOST_GUESSES` a turn, and each one thrown away is logged.
"""

import re
from dataclasses import dataclass

from app.call.replying import Reply
from app.dialog.dialog import Dialog
from app.dialog.plan import Plan

MOST_GUESSES = 3
STABLE_SILENCE_MS = 100  # less would guess within a word: consonants stop the voice for as long

_NOT_WORDS = re.compile(r"[^\w\s]|[\u0591-\u05c7]")


@dataclass(slots=True)
class Guess:
    """A reply prepared for a turn whose text is not final yet."""

    text: str
    dialog: Dialog
    plan: Plan
    reply: Reply

    def fits(self, text: str) -> bool:
        """Whether `text` says what was guessed: the same words, whatever the punctuation and the vowel points."""
        return same_words(self.text, text)


def same_words(one: str, other: str) -> bool:
    """Compare two transcripts by their words alone."""
    return _words(one) == _words(other)


def _words(text: str) -> list[str]:
    return _NOT_WORDS.sub("", text).split()
