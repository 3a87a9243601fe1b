"""A reply on its way to the caller's ear."""

from itertools import count

from app.call.answering.replying import Reply, ReplySettings
from app.call.answering.speaking import Speaking, timings
from app.call.events import Command, Log, Save, SendClear, SendMark, SendMedia, SpeechAudio, SpeechEnded
from app.call.hearing.turn import Turn
from app.media.playout import PlayoutSettings


def _reply(now_ms: int = 0, ms: int = 400) -> Reply:
    reply = Reply(7, 1, ["שלום."], None, ReplySettings(900, 1500), count(1), now_ms)
    reply.begin(None, now_ms + 100)
    reply.receive(SpeechAudio(1, b"\x20" * 8 * ms), now_ms + 250)
    reply.receive(SpeechEnded(1), now_ms + 260)
    return reply


def _move(speaking: Speaking, reply: Reply, until_ms: int, *, is_last: bool = True) -> list[Command]:
    return [one for at in range(0, until_ms, 20) for one in speaking.move(reply, at, is_last=is_last)]


def test_a_reply_is_sent_frame_by_frame_with_silence_and_a_mark_behind_it() -> None:
    """R9.3, R7.3: its echo ends it."""
    speaking, reply = Speaking(PlayoutSettings()), _reply()
    speaking.begin(reply, 0)
    sent = _move(speaking, reply, 640)
    assert len([one for one in sent if isinstance(one, SendMedia)]) == (400 + 200) // 20
    (mark,) = [one for one in sent if isinstance(one, SendMark)]
    assert not speaking.is_over(640)
    (echoed,) = speaking.mark_echoed(mark.name, 640)
    assert isinstance(echoed, Log)
    assert echoed.fields["played"]
    assert speaking.is_over(640)
    assert speaking.heard_ms(reply, 640) == 400


def test_behind_a_phrase_that_is_not_the_last_the_reply_follows_without_a_gap() -> None:
    """R9.4: no mark says that the agent is done."""
    speaking, phrase, reply = Speaking(PlayoutSettings()), _reply(), _reply()
    speaking.begin(phrase, 0)
    sent = _move(speaking, phrase, 400, is_last=False)
    assert len(sent) == 400 // 20
    assert speaking.timer() is None
    speaking.begin(reply, 300)
    assert speaking.heard_ms(reply, 400) == 0
    assert speaking.move(reply, 300)


def test_silence_comes_at_once_and_what_was_heard_stays() -> None:
    """R7.1, R7.5."""
    speaking, reply = Speaking(PlayoutSettings()), _reply(ms=2000)
    speaking.begin(reply, 0)
    _move(speaking, reply, 1000)
    assert speaking.silence(1000) == [SendClear()]
    assert 900 <= speaking.heard_ms(reply, 3000) <= 1000


def test_the_time_of_a_turn_is_told_apart_and_adds_up() -> None:
    """R11.1: what neither engine took is ours."""
    turn = Turn(3)
    turn.ended_at_ms, turn.silence_ms = 1000, 400
    logged, saved = timings(turn, _reply(1200), 1500, 15, 20)
    assert isinstance(logged, Log)
    assert isinstance(saved, Save)
    fields = dict(logged.fields)
    assert fields == {
        "turn": 3, "stt_ms": 200, "llm_ms": 100, "tts_ms": 150, "own_ms": 45, "held_ms": 20, "total_ms": 500,
        "endpointing_ms": 400,
    }  # fmt: skip
    assert saved.data == fields
