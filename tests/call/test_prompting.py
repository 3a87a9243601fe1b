"""The agent speaks unasked."""

import pytest

from app.call.events import Speak, SttHeard
from app.call.prompting import Prompting
from app.call.states import State, Trigger
from app.dialog.dialog import Dialog
from tests.call.floors import greeted, opened

HOPELESS_MS = 60_000


def test_nobody_is_prompted_while_the_agent_has_the_floor() -> None:
    """R17: and from where it falls silent, the caller has time."""
    floor = opened()
    prompting = Prompting(floor)
    assert prompting.due_ms() is None
    floor.go(Trigger.REPLY_READY)
    assert prompting.due_ms() is None
    floor.listen(Trigger.PLAYED, 3000)
    plan = floor.conversation.plan
    assert plan
    assert prompting.due_ms() == 3000 + plan.no_input_ms


def test_what_is_said_unasked_takes_the_floor_from_a_silent_caller() -> None:
    """R17."""
    floor = greeted()
    said = Prompting(floor).say(Dialog.no_input, 9000)
    assert floor.state is State.PROCESSING
    assert floor.reply
    assert " ".join(command.text for command in said if isinstance(command, Speak)) == floor.reply.text


@pytest.mark.parametrize(("words", "is_prompted"), [("אני מחפש דירה", False), ("", True)])
def test_words_that_do_not_end_are_answered_and_a_sound_without_any_is_asked(words: str, is_prompted: bool) -> None:
    """R17, R6.4: the longest turn; after it the agent speaks, whatever sounds."""
    floor = greeted()
    floor.collect(3100)
    assert floor.caller.stretch
    floor.adopt(floor.caller.stretch)
    for _ in range(20):
        floor.caller.keep(bytes(320))
    floor.receive(SttHeard(1, words, is_final=False, stability=0.9), 3600)
    said = Prompting(floor).on_no_progress(20_000)
    assert bool(said) is is_prompted
    assert floor.insists
    assert (floor.turn is None) is is_prompted
    assert floor.turn is None or floor.turn.is_cut


def test_after_a_minute_of_nothing_understood_the_agent_takes_its_leave() -> None:
    """R17."""
    floor = greeted()
    assert Prompting(floor).on_no_progress(3000 + HOPELESS_MS)
    assert floor.conversation.plan
    assert floor.conversation.plan.ends_call
