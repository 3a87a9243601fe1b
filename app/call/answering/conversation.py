"""The dialog's side of a call: replies to what was heard, replies guessed ahead, and words taken back. Pure.

A reply that nobody heard answered half a sentence: the dialog is set back to before it. Times are monotonic ms.
"""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from app.call.answering.extracting import Extractions
from app.call.answering.guessing import Guesses
from app.call.answering.replying import Reply, ReplySettings
from app.call.events import CallStarted, Command, Extracted, Save
from app.call.hearing.recognition import TurnHeard
from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.lines import book
from app.dialog.lines.stock import sentences
from app.dialog.llm.reply_gate import ReplyGate
from app.dialog.plan import Plan
from app.speech.pace import Pace

Begun = tuple[Reply, list[Command]]
"""A reply that is being prepared, and what that takes."""


class Conversation:
    """What is said in one call. `turn` is everywhere the number of the caller turn, 0 for the greeting."""

    def __init__(self, settings: DialogSettings, replying: ReplySettings, started: CallStarted) -> None:
        if started.past is None:
            self.dialog = Dialog(settings, started.today, started.caller)
        else:
            self.dialog = Dialog.restore(settings, started.today, started.past)
        self.plan: Plan | None = None
        """What the agent set out to say last."""
        self._replying = replying
        self._pace = Pace() if replying.voice_is_slow else None
        self.is_unasked = False
        """Whether what the agent says answers no words: it breaks a silence, or asks again what was not heard."""
        self._before: Dialog | None = None
        self._plan_before: Plan | None = None
        self._extractions = Extractions()
        self._guesses = Guesses()
        self._replies, self._speeches, self._holds = count(1), count(1), count()

    def say(self, plan: Plan, turn: int, now_ms: int) -> Begun:
        """Speak unasked: the greeting, or what keys ask for. It cannot be taken back."""
        self._before, self.is_unasked = None, False
        reply, commands = self._begin(plan, turn, now_ms)
        planned = Save("planned", {"turn": turn, "plan": plan, "state": self.dialog.state})
        return reply, [planned, *commands]

    def prompt(self, speak: Callable[[Dialog], Plan], turn: int, now_ms: int) -> Begun:
        """Break a silence; a caller who speaks just then has not been told anything."""
        before = self.dialog.copy()
        begun = self.say(speak(self.dialog), turn, now_ms)
        self._before, self.is_unasked = before, True
        return begun

    def answer(self, heard: TurnHeard, turn: int, now_ms: int) -> Begun:
        """Answer a turn; with the reply guessed ahead if that was made for the same words."""
        self.is_unasked = not heard.text
        guess, commands = self._guesses.take(heard.text)
        if guess:
            self._before, self.dialog, plan = self.dialog, guess.dialog, guess.plan
            self._plan_before, self.plan, reply = self.plan, plan, guess.reply
            reply.asked_at_ms = now_ms
            more: list[Command] = []
        else:
            before = self.dialog.copy()
            plan = self.dialog.hear(heard.text, heard.alternatives)
            self._before = before
            reply, more = self._begin(plan, turn, now_ms)
        saved: Mapping[str, Any] = {"turn": turn, "text": heard.text, "plan": plan, "state": self.dialog.state}
        return reply, [*commands, Save("heard", saved), *self._extractions.ask(plan, turn), *more]

    def overhear(self, text: str, turn: int) -> list[Command]:
        """Take in what was said when the line broke off: nobody answers it, and it counts all the same (R14)."""
        plan = self.dialog.hear(text)
        return [Save("heard", {"turn": turn, "text": text, "plan": plan, "state": self.dialog.state})]

    def hold(self, turn: int, now_ms: int) -> Begun:
        """Ask for a moment: no part of the dialog, which nothing is to be answered to."""
        phrases = book.holding()
        line = sentences(phrases[next(self._holds) % len(phrases)])
        reply = Reply(next(self._replies), turn, line, None, self._replying, self._speeches, now_ms, self._pace)
        return reply, reply.begin(None, now_ms)

    @property
    def can_take_back(self) -> bool:
        """Whether the agent's latest words may still turn out to answer half a sentence."""
        return self._before is not None

    def take_back(self) -> None:
        """The latest words were an answer to half a sentence: as if neither had been."""
        if self._before is not None:
            self.dialog, self.plan, self._before = self._before, self._plan_before, None

    def settle(self) -> None:
        """What was said so far stands."""
        self._before = None

    def said(self, reply: Reply, heard_ms: int) -> list[Command]:
        """What the caller heard of `reply` enters the history."""
        heard = reply.heard_text(heard_ms)
        self.dialog.said(heard)
        lengths = {"heard_ms": heard_ms, "voice_ms": reply.voice_ms}
        return [
            Save("said", {"turn": reply.turn, "reply": reply.number, "text": reply.text, "heard": heard, **lengths})
        ]

    def begin_turn(self) -> None:
        """The caller begins to speak: this turn may cost some guesses."""
        self._guesses.begin_turn()

    def guess_ahead(self, text: str, alternatives: tuple[str, ...], turn: int, now_ms: int) -> list[Command]:
        """Prepare the reply to `text`, an interim transcript that stands still, and its further readings."""

        def make_reply(plan: Plan) -> Reply:
            return self._make_reply(plan, turn, now_ms)

        return self._guesses.prepare(text, alternatives, self.dialog, make_reply, now_ms)

    def drop_guess(self) -> list[Command]:
        """The caller goes on, or the turn is over without an answer."""
        return self._guesses.drop()

    @property
    def guessed_reply(self) -> Reply | None:
        """The reply prepared ahead, if there is one."""
        return self._guesses.guess.reply if self._guesses.guess else None

    def extracted(self, event: Extracted) -> list[Command]:
        """Merge the language model's reading of a turn, also into the dialogs that may come to count."""
        others = [self._before, self._guesses.guess.dialog if self._guesses.guess else None]
        return self._extractions.receive(event, self.dialog, [other for other in others if other is not None])

    def _begin(self, plan: Plan, turn: int, now_ms: int) -> Begun:
        self._plan_before, self.plan = self.plan, plan
        reply = self._make_reply(plan, turn, now_ms)
        return reply, reply.begin(plan.messages, now_ms)

    def _make_reply(self, plan: Plan, turn: int, now_ms: int) -> Reply:
        gate = ReplyGate(plan) if plan.messages is not None else None
        line, number = sentences(plan.line), next(self._replies)
        return Reply(number, turn, line, gate, self._replying, self._speeches, now_ms, self._pace)
