"""The dialog's side of a call."""

from app.call.answering.conversation import Conversation
from app.call.answering.replying import Reply, ReplySettings
from app.call.events import AskLlm, CallStarted, Log, Save, Speak, SpeechAudio, SpeechEnded
from app.call.hearing.recognition import TurnHeard
from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.lines import book
from tests.call.driver import CALLER, TODAY

AREA = "אני מחפש דירה בשכירות ברעננה"


def _talk() -> Conversation:
    talk = Conversation(DialogSettings(), ReplySettings(900, 1500), CallStarted("CA1", "MZ1", CALLER, None, TODAY))
    reply, _ = talk.say(talk.dialog.greet(), 0, 0)
    _voice(reply)
    talk.said(reply, reply.voice_ms)
    return talk


def _voice(reply: Reply, ms: int = 1000) -> None:
    for speech in range(1, 30):
        for event in (SpeechAudio(speech, b"\x20" * 8 * ms), SpeechEnded(speech)):
            if reply.awaits(event):
                reply.receive(event, 0)


def _heard(text: str) -> TurnHeard:
    return TurnHeard(text, (), "final", 100, 1500)


def test_an_answer_is_saved_with_what_was_heard_and_spoken_sentence_by_sentence() -> None:
    """R10, R14."""
    talk = _talk()
    reply, commands = talk.answer(_heard(AREA), 1, 0)
    assert reply.turn == 1
    assert [one.kind for one in commands if isinstance(one, Save)] == ["heard"]
    assert talk.plan
    assert " ".join(one.text for one in commands if isinstance(one, Speak)) == talk.plan.line
    assert talk.dialog.slots["area"] == ["רעננה"]


def test_an_answer_to_half_a_sentence_is_taken_back_whole() -> None:
    """R6.4: the dialog, and what was asked."""
    talk = _talk()
    plan = talk.plan
    talk.answer(_heard(AREA), 1, 0)
    assert talk.can_take_back
    talk.take_back()
    assert (talk.dialog.slots.get("area"), talk.plan) == (None, plan)
    talk.take_back()
    assert talk.plan is plan


def test_what_stands_is_not_taken_back() -> None:
    """R7.1: the turn before the last one is never undone."""
    talk = _talk()
    talk.answer(_heard(AREA), 1, 0)
    talk.settle()
    assert not talk.can_take_back
    talk.take_back()
    assert talk.dialog.slots["area"] == ["רעננה"]


def test_a_prompt_can_be_taken_back_and_the_greeting_cannot() -> None:
    """R17: a caller who speaks just then has not been told anything."""
    talk = _talk()
    assert not talk.can_take_back
    talk.prompt(Dialog.no_input, 0, 5000)
    assert talk.can_take_back


def test_a_guess_for_the_same_words_is_the_answer_and_any_other_is_thrown_away() -> None:
    """R8.4: a reply is prepared once; its cost is logged either way."""
    for final, used in ((AREA + ".", True), ("אני מחפש דירה בשכירות בחולון", False)):
        talk = _talk()
        talk.begin_turn()
        assert [one for one in talk.guess_ahead(AREA, (), 1, 0) if isinstance(one, Speak | AskLlm)]
        assert talk.guess_ahead(AREA, (), 1, 0) == []
        guessed = talk.guessed_reply
        reply, commands = talk.answer(_heard(final), 1, 400)
        assert (reply is guessed) is used
        assert talk.guessed_reply is None
        (cost,) = [one for one in commands if isinstance(one, Log) and one.line == "SPECULATION"]
        assert cost.fields == {"used": used, "guesses": 1}


def test_guesses_are_few_and_never_made_of_half_a_sentence() -> None:
    """R8.4: at most three a turn, whatever the recogniser changes its mind to."""
    talk = _talk()
    talk.begin_turn()
    assert talk.guess_ahead("אני מחפש דירה של", (), 1, 0) == []
    made = []
    for word in ("אחת", "אחרת", "יפה", "נאה", "טובה"):
        talk.guess_ahead(f"דירה בחולון {word}", (), 1, 0)
        made.append(talk.guessed_reply is not None)
        talk.drop_guess()
    assert made == [True, True, True, False, False]


def test_a_holding_phrase_changes_nothing_in_the_dialog() -> None:
    """R9.4: each time another one."""
    talk = _talk()
    before, plan = talk.dialog.state, talk.plan
    said = [" ".join(one.text for one in talk.hold(1, 0)[1] if isinstance(one, Speak)) for _ in range(4)]
    assert tuple(said[:3]) == book.holding()
    assert said[3] == said[0]
    assert (talk.dialog.state, talk.plan) == (before, plan)
