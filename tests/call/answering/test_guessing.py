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
        self.guesses.prepare(text, alternatives, self.dialog, self._reply, 0)
        assert self.guesses.guess
        return self.guesses.guess.dialog.state

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
