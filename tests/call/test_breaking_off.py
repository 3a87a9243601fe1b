"""What ends in mid-word whatever is going on."""

from app.call import breaking_off
from app.call.events import CancelSpeech, Log, SendClear, StreamMoved
from app.call.states import State
from tests.call.driver import CallDriver, Stt, World
from tests.call.floors import greeted, hear, opened

AREA = "אני מחפש דירה בשכירות ברעננה"


def test_words_are_unanswered_until_there_is_a_reply() -> None:
    """R14: they reach the office although the line breaks off."""
    floor = greeted()
    hear(floor, AREA, is_over=False)
    assert breaking_off.unanswered_words(floor) == AREA
    greeting, floor.reply = floor.reply, opened().reply
    assert (greeting, breaking_off.unanswered_words(floor)) == (None, "")
    floor.reply = None
    breaking_off.by_the_end(floor, 3700)
    assert floor.conversation.dialog.slots["area"] == ["רעננה"]


def test_who_never_had_the_floor_left_no_words() -> None:
    """R14: hung up in the greeting."""
    floor = opened()
    assert breaking_off.unanswered_words(floor) == ""
    assert any(isinstance(command, CancelSpeech) for command in breaking_off.by_the_end(floor, 100))


def test_keys_end_whatever_is_going_on() -> None:
    """R10: an interruption that is still undecided, too; the reply to the keys is spoken."""
    drive = CallDriver(World(stts=[Stt("", final_ms=3000)]))
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(1500)
    drive.says(400)
    assert drive.call.state is State.LISTENING
    before = len(drive.steps)
    drive.press("0541234567#", every_ms=20)
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    assert drive.spoken(before)
    assert drive.history()[-1][0] == "agent"


def test_another_stream_is_told_what_the_old_one_was_saying() -> None:
    """R18: near the word heard last; what waits in the old stream's buffer is heard by nobody."""
    drive = CallDriver()
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(2000)
    heard = drive.voiced()[-1]
    commands = drive.give(StreamMoved("MZ2"))
    drive.quiet(100)
    again = next(frame for frame in drive.voiced() if frame.at_ms > drive.now_ms - 100)
    assert SendClear() in commands
    assert (heard.speech, again.speech) == (1, 1)
    assert 0 <= (heard.index - again.index) * 20 <= 1000
    drive.until(State.LISTENING)
    assert drive.history() == [("agent", drive.spoken())]
    assert not [one for one in drive.commands(Log) if one.line == "BARGE_IN"]


def test_a_caller_who_was_cut_off_while_the_agent_listened_is_asked_again() -> None:
    """R18: on the new line, at once; a stream that merely took over is no reason to speak."""
    drive = CallDriver()
    drive.start()
    drive.until(State.LISTENING)
    drive.give(StreamMoved("MZ2"))
    drive.quiet(1000)
    assert drive.call.state is State.LISTENING
    drive.give(StreamMoved("MZ3", was_lost=True))
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    (_, greeting), (_, again) = drive.history()
    assert again != greeting
    assert again.endswith("?")
