"""Operators' questions wait in a line of their own."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from app.leads.database import Database, StoreDown
from app.leads.questions.asking import Questions

MOST_WAITING, STALE_S = 100, 5.0

Told = list[tuple[dict[str, Any] | None, str, str]]


def raising(fault: Exception) -> Callable[..., dict[str, Any]]:
    def answer() -> dict[str, Any]:
        raise fault

    return answer


def nothing() -> dict[str, Any]:
    return {}


class Desk:
    """Asks, and waits for what is told."""

    def __init__(self, **others: Callable[..., dict[str, Any]]) -> None:
        self.now_s = 0.0
        self.questions = Questions(Database("sqlite:///:memory:"), others, lambda: self.now_s)
        self.told: Told = []
        self._all_told = threading.Semaphore(0)

    def ask(self, name: object, **arguments: object) -> None:
        self.questions.ask({"op": "query", "name": name, "arguments": arguments}, self._take)

    def wait(self, count: int = 1) -> Told:
        for _ in range(count):
            assert self._all_told.acquire(timeout=20)
        return self.told

    def _take(self, *answer: Any) -> None:
        self.told.append(answer)
        self._all_told.release()


def test_a_question_is_answered_with_its_arguments() -> None:
    """R16."""
    desk = Desk(peaks=lambda call_sid: {"of": call_sid})
    desk.questions.start()
    desk.ask("peaks", call_sid="CA1")
    assert desk.wait() == [({"of": "CA1"}, "", "")]


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (StoreDown("away"), "store_down", "away"),
        (ValueError("no such day"), "invalid_request", "no such day"),
        (KeyError("a bug"), "internal", "KeyError: 'a bug'"),
    ],
)
def test_what_went_wrong_is_told_and_the_next_is_answered(fault: Exception, code: str, message: str) -> None:
    """R18: a bug in one question is one question's."""
    desk = Desk(broken=raising(fault), well=nothing)
    desk.questions.start()
    desk.ask("broken")
    desk.ask("well")
    assert desk.wait(2) == [(None, code, message), ({}, "", "")]


def test_what_is_no_question_is_named() -> None:
    """R18: nobody guesses."""
    desk = Desk(well=nothing)
    desk.questions.start()
    desk.ask("x" * 60)
    desk.ask(7)
    desk.ask("well", wrong=1)
    told = desk.wait(3)
    assert [(answer, code) for answer, code, _ in told] == [(None, "invalid_request")] * 3
    assert told[0][2] == f"no such question: {'x' * 50!r}"


def test_when_too_many_wait_the_next_is_refused_at_once() -> None:
    """R18: a page can be asked for again."""
    desk = Desk(well=nothing)
    for _ in range(MOST_WAITING):
        desk.ask("well")
    assert desk.told == []
    desk.ask("well")
    assert desk.told == [(None, "busy", f"{MOST_WAITING} questions wait already")]
    desk.questions.start()
    assert desk.wait(MOST_WAITING + 1)[1:] == [({}, "", "")] * MOST_WAITING


def test_a_page_that_waited_too_long_is_not_begun_but_a_token_is_used_all_the_same() -> None:
    """R2.6, R16: on a machine so busy that the caller was let in unasked, the token opens nothing a second time."""
    used: list[str] = []

    def use_token(digest: str) -> dict[str, Any]:
        used.append(digest)
        return {"first": True}

    desk = Desk(use_token=use_token)
    desk.ask("today")
    desk.ask("use_token", digest="d")
    desk.now_s = STALE_S + 1
    desk.questions.start()
    assert desk.wait(2) == [(None, "timeout", "the question waited too long"), ({"first": True}, "", "")]
    assert used == ["d"]
