"""A turn's text is known: whose words they are, and what is answered."""

from collections.abc import Sequence

import pytest

from app.call.events import Command, Log, Speak
from app.call.states import State
from app.call.turn_end import TurnEnd
from tests.call.floors import GREETED_AT_MS, greeted, hear

STABLE_SILENCE_MS = 100

AREA = "אני מחפש דירה בשכירות ברעננה"
KNOWN_AT_MS = GREETED_AT_MS + 1200


def logged(commands: Sequence[Command]) -> list[str]:
    return [command.line for command in commands if isinstance(command, Log)]


def test_a_turn_is_answered_once_its_text_is_known() -> None:
    """R8, R9: and only then is it understood."""
    floor = greeted()
    hear(floor, AREA)
    commands = TurnEnd(floor, guesses=False).hear(KNOWN_AT_MS)
    assert logged(commands)[0] == "ASR_TEXT"
    assert floor.conversation.dialog.slots["area"] == ["רעננה"]
    assert floor.reply
    assert floor.reply.turn == 1
    assert not floor.progress.is_hopeless(KNOWN_AT_MS + 59_000)


def test_there_is_nothing_to_answer_while_the_caller_has_the_floor() -> None:
    """R6.5."""
    floor = greeted()
    turn_end = TurnEnd(floor, guesses=False)
    assert turn_end.hear(GREETED_AT_MS) == []
    hear(floor, AREA, is_over=False)
    assert turn_end.hear(KNOWN_AT_MS) == []
    assert floor.reply is None


def test_a_short_sound_without_words_is_nobodys_turn() -> None:
    """R6.2: no recogniser finds a word in it; nothing is answered, and nothing was understood."""
    floor = greeted()
    hear(floor, "")
    TurnEnd(floor, guesses=False).hear(KNOWN_AT_MS + 6000)
    assert (floor.state, floor.reply) == (State.LISTENING, None)
    assert floor.progress.is_hopeless(GREETED_AT_MS + 60_000)


def test_what_the_agent_just_said_is_its_echo_and_no_answer() -> None:
    """R7.1: the last net; the line's echo is taken for louder from then on."""
    floor = greeted()
    assert floor.conversation.plan
    hear(floor, floor.conversation.plan.line)
    before = floor.caller.ear.front.echo.gain
    assert "ECHO" in logged(TurnEnd(floor, guesses=False).hear(KNOWN_AT_MS))
    assert floor.caller.ear.front.echo.gain > before
    assert (floor.state, floor.reply) == (State.LISTENING, None)


@pytest.mark.parametrize("guesses", [True, False])
def test_a_reply_is_made_ahead_where_that_is_wanted(guesses: bool) -> None:
    """R9: from words that are no more than likely; the dialog has not heard them yet."""
    floor = greeted()
    hear(floor, AREA, is_over=False)
    floor.caller.ear.media_ms = 1000  # silence
    commands = TurnEnd(floor, guesses=guesses).guess_ahead(KNOWN_AT_MS)
    assert any(isinstance(command, Speak) for command in commands) is guesses
    assert "area" not in floor.conversation.dialog.slots


def test_no_reply_is_made_ahead_before_the_voice_has_paused_or_where_there_is_none() -> None:
    """R9: within a word nobody knows what it will be."""
    floor = greeted()
    turn_end = TurnEnd(floor, guesses=True)
    floor.caller.ear.media_ms = STABLE_SILENCE_MS
    assert turn_end.guess_ahead(KNOWN_AT_MS) == []
    hear(floor, AREA, is_over=False)
    floor.caller.ear.media_ms = STABLE_SILENCE_MS - 20
    assert turn_end.guess_ahead(KNOWN_AT_MS) == []
    floor.caller.ear.media_ms = STABLE_SILENCE_MS
    assert turn_end.guess_ahead(KNOWN_AT_MS) != []


def test_words_that_are_understood_are_progress_also_where_they_tell_nothing_new() -> None:
    """R17: who greets is there, and no miss."""
    floor = greeted()
    slots = floor.conversation.dialog.slots
    hear(floor, "שלום")
    TurnEnd(floor, guesses=False).hear(KNOWN_AT_MS)
    assert floor.conversation.dialog.slots == slots
    assert not floor.progress.is_hopeless(GREETED_AT_MS + 60_000)
