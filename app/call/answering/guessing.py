"""Answering before the recogniser is sure: a reply prepared on a stable interim, used only if the final says the same.

The caller has paused, the interim stands still: the dialog (a copy of it) hears the interim, and its reply is phrased
and synthesised while the silence is still being judged. Nothing of it is played before the final transcript agrees; if
it does not, or the caller goes on, the guess is thrown away and nobody heard it. Each guess costs a language-model call
and some speech, so there are at most `MOST_GUESSES` a turn, and each one thrown away is logged.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.call.answering.replying import Reply
from app.call.events import Command, Log
from app.dialog.dialog import Dialog
from app.dialog.plan import Plan
from app.dialog.policy.state import DialogState

MOST_GUESSES = 3
STABLE_SILENCE_MS = 100  # less would guess within a word: consonants stop the voice for as long
OVERTAKEN_STANDS_MS, RIGHT_LESS_MS = 150, 50
"""More words in the same breath: the recogniser is behind the voice. Then words have to stand for so long, in this
call, and less by so much with each guess that was right: a full house would guess at every word that comes late."""

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


class Guesses:
    """The guess in hand, and how many this turn has cost. Pure; times are monotonic ms."""

    def __init__(self) -> None:
        self.guess: Guess | None = None
        self._made = 0
        self._stands_ms = self._since_ms = 0
        self._text = ""
        self._understood: _Understood | None = None

    def begin_turn(self) -> None:
        """A new turn may cost as many guesses as the last one."""
        self._made = 0
        self._understood = None

    def prepare(
        self,
        text: str,
        alternatives: tuple[str, ...],
        dialog: Dialog,
        make_reply: Callable[[Plan], Reply],
        now_ms: int,
    ) -> list[Command]:
        """Prepare the reply to `text`, an interim that stands; whatever was guessed from other words goes."""
        if text != self._text:
            self._text, self._since_ms = text, now_ms
        if self._made >= MOST_GUESSES or (self.guess and same_words(self.guess.text, text)):
            return []
        if self.guess:
            self._stands_ms = OVERTAKEN_STANDS_MS
        commands = self.drop()
        if now_ms < self._since_ms + self._stands_ms:
            return commands
        if not text or dialog.interim_sounds(text) in ("open", "dictating"):
            return commands
        self._made += 1
        understood = self._understood
        if understood is None or not understood.holds(text, alternatives, dialog):
            understood = self._understood = _understand(text, alternatives, dialog)
        reply = make_reply(understood.plan)
        self.guess = Guess(text, understood.ahead, understood.plan, reply)
        return [*commands, *reply.begin(understood.plan.messages, now_ms)]

    def take(self, text: str) -> tuple[Guess | None, list[Command]]:
        """The final says `text`: return the guess if it was right; else it is thrown away."""
        if self.guess is None or not self.guess.fits(text):
            return None, self.drop()
        self._stands_ms = max(0, self._stands_ms - RIGHT_LESS_MS)
        guess, self.guess, self._understood = self.guess, None, None
        return guess, [Log("SPECULATION", {"used": True, "guesses": self._made})]

    def drop(self) -> list[Command]:
        """Throw the guess away."""
        guess, self.guess = self.guess, None
        if guess is None:
            return []
        return [Log("SPECULATION", {"used": False, "guesses": self._made}), *guess.reply.cancel()]


@dataclass(slots=True)
class _Understood:
    """What a dialog made of some words: a caller who goes on and says nothing more is not understood anew."""

    text: str
    alternatives: tuple[str, ...]
    memory: DialogState
    """The dialog's, before it heard them."""
    lines: int
    ahead: Dialog
    plan: Plan

    def holds(self, text: str, alternatives: tuple[str, ...], dialog: Dialog) -> bool:
        """Whether `dialog` would make the same of these words."""
        is_same_dialog = self.lines == len(dialog.history) and self.memory == dialog.memory
        return self.text == text and self.alternatives == alternatives and is_same_dialog


def _understand(text: str, alternatives: tuple[str, ...], dialog: Dialog) -> _Understood:
    ahead, memory = dialog.copy(), dialog.memory.copy()
    return _Understood(text, alternatives, memory, len(dialog.history), ahead, ahead.hear(text, alternatives))


def same_words(one: str, other: str) -> bool:
    """Compare two transcripts by their words alone."""
    return one == other or _words(one) == _words(other)


def _words(text: str) -> list[str]:
    return _NOT_WORDS.sub("", text).split()
