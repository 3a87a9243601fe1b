"""Operators' questions, answered beside the calls' writes: a thread and a connection of their own.

A question that takes too long is ended, a page's that waited too long is not begun, and when too many wait, the next
is refused: a page can be asked for again, a call's record cannot. What else is asked leaves something behind (a token
is used, a line kept): it is done though nobody waits for the answer any more.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from app.leads.database import Database, StoreDown
from app.leads.questions import QUESTIONS
from app.leads.records import Query

MOST_WAITING = 100
STALE_S = 5.0
ANSWERED_WITHIN_S = 2.0
Reply = Callable[[dict[str, Any] | None, str, str], None]
"""Takes the answer, or None with an error's code and message."""
_log = logging.getLogger("leads.questions")


class Questions:
    """A queue of questions and the thread that answers them."""

    def __init__(
        self,
        database: Database,
        others: Mapping[str, Callable[..., dict[str, Any]]],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Answer from `database`, which nobody else uses; `others` are questions about something else."""
        self._clock_s = clock_s
        self._database = database
        self._others = others
        self._waiting: queue.Queue[tuple[float, object, Reply]] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="questions", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def ask(self, request: object, reply: Reply) -> None:
        """Have a question answered; returns at once."""
        try:
            self._waiting.put_nowait((self._clock_s(), request, reply))
        except queue.Full:
            reply(None, "busy", f"{MOST_WAITING} questions wait already")

    def _run(self) -> None:
        while True:
            asked_at, request, reply = self._waiting.get()
            if self._clock_s() - asked_at > STALE_S and _is_of_a_page(request):
                reply(None, "timeout", "the question waited too long")
                continue
            self._answer(request, reply)

    def _answer(self, request: object, reply: Reply) -> None:
        try:
            query = Query.model_validate(request)
            answer = self._answer_to(query)
        except StoreDown as fault:
            reply(None, "store_down", str(fault))
        except (ValueError, TypeError, ValidationError) as fault:
            reply(None, "invalid_request", str(fault))
        except Exception as fault:  # noqa: BLE001 - the asker hears of it, the others go on
            _log.exception("a question broke")
            reply(None, "internal", f"{type(fault).__name__}: {fault}")
        else:
            reply(answer, "", "")

    def _answer_to(self, query: Query) -> dict[str, Any]:
        if query.name in self._others:
            return self._others[query.name](**query.arguments)
        question = QUESTIONS.get(query.name)
        if question is None:
            raise ValueError(f"no such question: {query.name[:50]!r}")
        with self._database.begin(read_only=True) as session:
            return question(session, **query.arguments)


def _is_of_a_page(request: object) -> bool:
    return isinstance(request, dict) and request.get("name") in QUESTIONS
