"""Replies prepared on interims that stand: what is understood once is not understood again."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from app.call.answering.guessing import Guesses
from app.call.answering.replying import Reply, ReplySettings
from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.domain import Understanding
from app.dialog.plan import Plan
from app.dialog.understanding.understand import understand

TODAY = date(2026, 11, 22)


class Caller:
    """A dialog that counts how often words are understood, and the guesses at its answers."""

    def __init__(self) -> None:
        self.understood: list[str] = []
        self.dialog = Dialog(DialogSettings(), TODAY, "+972541234549", self._understand)
        self.dialog.greet()
        self.guesses = Guesses()
        self.guesses.begin_turn()
        self._numbers = iter(range(1, 100))

    def _understand(self, text: str, **context: Any) -> Understanding:
        self.understood.append(text)
        return understand(text, **context)

    def pauses(self, text: str, alternatives: tuple[str, ...] = ()) -> Mapping[str, Any]:
        """The interim stands; return what the dialog would be after it."""
        self.hears(text, 0, alternatives)
        assert self.guesses.guess
        return self.guesses.guess.dialog.state

    def hears(self, text: str, now_ms: int, alternatives: tuple[str, ...] = ()) -> str | None:
        """The interim of a pause; return which words there is a guess for now."""
        self.guesses.prepare(text, alternatives, self.dialog, self._reply, now_ms)
        return self.guesses.guess.text if self.guesses.guess else None

    def ends(self, text: str) -> bool:
        """The turn is over, and so is the wait for the next one; return whether it was guessed."""
        guess, _ = self.guesses.take(text)
        self.guesses.begin_turn()
        return guess is not None

    def _reply(self, plan: Plan) -> Reply:
        return Reply(next(self._numbers), 1, [plan.line], None, ReplySettings(900, 1500), self._numbers, 0)


def test_a_breath_after_the_same_words_costs_no_understanding_and_a_fresh_reply() -> None:
    """R10, speculation: the voice came back without words."""
    caller = Caller()
    first = caller.pauses("דירה בחולון")
    once = len(caller.understood)
    assert once > 0
    before = caller.guesses.guess
    caller.guesses.drop()
    assert caller.pauses("דירה בחולון") == first
    assert len(caller.understood) == once
    assert caller.guesses.guess
    assert before
    assert caller.guesses.guess.reply is not before.reply


@pytest.mark.parametrize(
    ("text", "alternatives"), [("דירה בחולון שלושה חדרים", ()), ("דירה בחולון", ("דירה בחולות",)), ("בית בחולון", ())]
)
def test_other_words_and_other_readings_are_understood(text: str, alternatives: tuple[str, ...]) -> None:
    """R10: nothing is taken for what it is not."""
    caller = Caller()
    caller.pauses("דירה בחולון")
    once = len(caller.understood)
    caller.guesses.drop()
    caller.pauses(text, alternatives)
    assert len(caller.understood) > once


@pytest.mark.parametrize("happens", [lambda dialog: dialog.dtmf("5"), lambda dialog: dialog.said("שלום")])
def test_a_dialog_to_which_something_happened_understands_anew(happens: Any) -> None:
    """R10: a key, a line that was heard: the same words may mean something else now."""
    caller = Caller()
    caller.pauses("דירה בחולון")
    once = len(caller.understood)
    caller.guesses.drop()
    happens(caller.dialog)
    caller.pauses("דירה בחולון")
    assert len(caller.understood) > once


def test_a_guess_that_was_taken_and_a_new_turn_begin_anew() -> None:
    """R10: the same words in the next turn are an answer to another question."""
    caller = Caller()
    caller.pauses("דירה בחולון")
    guess, _ = caller.guesses.take("דירה בחולון")
    assert guess
    once = len(caller.understood)
    caller.guesses.begin_turn()
    caller.pauses("דירה בחולון")
    assert len(caller.understood) > once


def test_words_that_come_behind_the_voice_are_guessed_once_they_stand() -> None:
    """R10: where the recogniser is behind, each word more would cost a guess."""
    caller = Caller()
    assert caller.hears("דירה", 0) == "דירה"
    assert caller.hears("דירה בחולון", 60) is None
    assert caller.hears("דירה בחולון עם", 200) is None
    assert caller.hears("דירה בחולון עם מרפסת", 260) is None
    assert caller.hears("דירה בחולון עם מרפסת", 400) is None
    assert caller.hears("דירה בחולון עם מרפסת", 410) == "דירה בחולון עם מרפסת"
    assert len(set(caller.understood)) == 2


def test_a_recogniser_that_was_behind_is_trusted_again_by_and_by() -> None:
    """R10: each guess that was right is the sooner for the next."""
    caller = Caller()
    caller.hears("דירה", 0)
    caller.hears("דירה בחולון", 60)
    assert caller.hears("דירה בחולון", 210) == "דירה בחולון"
    assert caller.ends("דירה בחולון")
    for waits_ms, words in ((100, "שלושה חדרים"), (50, "עד שני מיליון"), (0, "עם מרפסת")):
        assert (caller.hears(words, 1000) is None) is (waits_ms > 0)
        assert caller.hears(words, 1000 + waits_ms) == words
        assert caller.ends(words)


def test_a_caller_who_goes_on_is_no_recogniser_that_is_behind() -> None:
    """R10: the voice came back with more words, and the guess was thrown away with it."""
    caller = Caller()
    caller.hears("דירה", 0)
    caller.guesses.drop()
    assert caller.hears("דירה בחולון", 900) == "דירה בחולון"
