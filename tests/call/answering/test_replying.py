"""One agent reply: sentences in order, a language model with deadlines, what was heard, where to resume."""

from itertools import count

from app.call.answering.replying import Reply, ReplySettings
from app.call.events import (
    AskLlm,
    CancelLlm,
    CancelSpeech,
    LlmEnded,
    LlmFailed,
    LlmText,
    Speak,
    SpeechAudio,
    SpeechEnded,
    SpeechFailed,
)
from app.speech.pace import Pace

LINE = ["רשמתי, שלושה חדרים בחולון.", "מתי תרצו להיכנס לנכס?"]


class FirstSentenceGate:
    """Releases whole sentences; completes with a question."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, delta: str) -> list[str]:
        self._text += delta
        if "." not in self._text:
            return []
        sentence, _, self._text = self._text.partition(".")
        return [sentence.strip() + "."]

    def end(self) -> list[str]:
        return ["מתי תרצו להיכנס לנכס?"]


def reply(gate: FirstSentenceGate | None = None) -> Reply:
    return Reply(1, 1, LINE, gate, ReplySettings(llm_first_token_ms=900, llm_stall_ms=1500), count(1), 1000)


def said(commands: list[object]) -> list[str]:
    return [one.text for one in commands if isinstance(one, Speak)]


def test_a_line_is_synthesised_sentence_by_sentence_and_played_in_order() -> None:
    """R9.2: the second sentence may be ready first; it is not heard first."""
    one = reply()
    commands = one.begin(None, 1000)
    assert said(list(commands)) == LINE
    one.receive(SpeechAudio(2, b"B" * 800), 1100)
    assert one.take_audio() == b""
    one.receive(SpeechAudio(1, b"A" * 800), 1200)
    assert one.take_audio() == b"A" * 800
    one.receive(SpeechEnded(1), 1250)
    assert one.take_audio() == b"B" * 800
    assert not one.is_whole
    one.receive(SpeechEnded(2), 1300)
    assert one.is_whole


def slow_reply(pace: Pace) -> Reply:
    slow = Reply(1, 1, LINE, None, ReplySettings(900, 1500), count(1), 1000, pace)
    slow.begin(None, 1000)
    return slow


def test_a_slow_voice_does_not_begin_before_its_next_sentence_can_follow() -> None:
    """R9.2: in a hole after a short first sentence the caller would answer a question that was not asked yet."""
    slow = slow_reply(Pace())
    slow.receive(SpeechAudio(1, b"A" * 300 * 8), 2000)
    slow.receive(SpeechEnded(1), 2000)
    assert not slow.may_start(2100)
    assert slow.may_start(4000), "one sentence is better than none"
    slow.receive(SpeechAudio(2, b"B" * 800), 2200)
    assert slow.may_start(2200)


def test_what_lasts_until_the_next_sentence_is_there_begins_at_once() -> None:
    """R9.2: the longer the first sentence, and the longer the second is in the making, the sooner."""
    expected_ms = Pace().expected_ms(LINE[1])
    for voice_ms in (300, 600, expected_ms):
        slow = slow_reply(Pace())
        slow.receive(SpeechAudio(1, b"A" * voice_ms * 8), 2000)
        slow.receive(SpeechEnded(1), 2000)
        started_ms = next(now_ms for now_ms in range(2000, 4000, 20) if slow.may_start(now_ms))
        assert 0 <= started_ms - 2000 - (expected_ms - voice_ms) < 20


def test_how_long_the_voice_takes_is_learnt_from_what_it_said() -> None:
    """R15: on a slow machine more must be ready; what came from the cache teaches nothing."""
    pace, cached = Pace(), Pace()
    for learner, voice_at_ms in ((pace, 4000), (cached, 1010)):
        for _ in range(4):
            slow = slow_reply(learner)
            slow.receive(SpeechEnded(1), 1000)
            slow.receive(SpeechAudio(2, b"A" * 800), voice_at_ms)
    assert cached.expected_ms(LINE[1]) == Pace().expected_ms(LINE[1]) < pace.expected_ms(LINE[1])
    slow = slow_reply(pace)
    slow.receive(SpeechAudio(1, b"A" * Pace().expected_ms(LINE[1]) * 8), 2000)
    slow.receive(SpeechEnded(1), 2000)
    assert not slow.may_start(2000)


def test_a_quick_voice_begins_at_once() -> None:
    """R9.2."""
    quick = reply()
    quick.begin(None, 1000)
    assert not quick.may_start(1100)
    quick.receive(SpeechAudio(1, b"A" * 160), 1100)
    assert quick.may_start(1100)


def test_the_first_sentence_is_spoken_while_the_model_still_writes() -> None:
    """R10.4: only what the gate lets through is synthesised."""
    one = reply(FirstSentenceGate())
    assert one.begin([{"role": "user", "content": "x"}], 1000) == [AskLlm(1, [{"role": "user", "content": "x"}])]
    assert one.receive(LlmText(1, "רשמתי שלושה"), 1300) == []
    assert said(list(one.receive(LlmText(1, " חדרים. ומה"), 1400))) == ["רשמתי שלושה חדרים."]
    assert said(list(one.receive(LlmEnded(1), 1500))) == ["מתי תרצו להיכנס לנכס?"]


def test_a_model_silent_past_its_deadline_is_replaced() -> None:
    """R10.6: the gate completes the line without it, and what it still says is ignored."""
    one = reply(FirstSentenceGate())
    one.begin([], 1000)
    assert one.timer() == 1900
    assert one.late(1899) == []
    commands = one.late(1900)
    assert CancelLlm(1) in commands
    assert said(list(commands)) == ["מתי תרצו להיכנס לנכס?"]
    assert one.receive(LlmText(1, "מאוחר."), 2000) == []
    one.receive(SpeechEnded(1), 2100)
    assert one.timer() is None


def test_a_model_that_stalls_between_tokens_ends_cleanly() -> None:
    """R10.6: each token renews the patience, silence ends it."""
    one = reply(FirstSentenceGate())
    one.begin([], 1000)
    one.receive(LlmText(1, "רשמתי"), 1800)
    assert one.timer() == 3300
    assert said(list(one.late(3300))) == ["מתי תרצו להיכנס לנכס?"]


def test_a_failed_model_costs_the_caller_nothing() -> None:
    """R10.6: the line is completed at once."""
    one = reply(FirstSentenceGate())
    one.begin([], 1000)
    assert said(list(one.receive(LlmFailed(1, "quota", "full"), 1100))) == ["מתי תרצו להיכנס לנכס?"]


def test_only_words_that_were_heard_whole_count_as_heard() -> None:
    """R7.5: the history holds what was heard."""
    one = reply()
    one.begin(None, 1000)
    one.receive(SpeechAudio(1, b"\x20" * 8 * 1000), 1100)
    one.receive(SpeechEnded(1), 1100)
    one.receive(SpeechAudio(2, b"\x20" * 8 * 1000), 1100)
    one.receive(SpeechEnded(2), 1100)
    assert one.heard_text(0) == ""
    assert one.heard_text(500) == "רשמתי, שלושה"
    assert one.heard_text(1499) == "רשמתי, שלושה חדרים בחולון. מתי"
    assert one.heard_text(5000) == " ".join(LINE)


def test_a_resumed_reply_starts_at_the_quietest_moment_before_the_last_word_heard() -> None:
    """R7.5: a natural restart, never further on than what was heard."""
    loud, quiet = b"\x10" * 160, b"\xff" * 160
    one = reply()
    one.begin(None, 1000)
    one.receive(SpeechAudio(1, loud * 60 + quiet * 2 + loud * 38), 1100)
    one.receive(SpeechEnded(1), 1100)
    one.take_audio()
    one.rewind(1500)
    assert one.played_from_ms == 1200
    assert one.take_audio() == quiet * 2 + loud * 38


def test_a_reply_stopped_in_its_first_words_is_said_from_its_beginning() -> None:
    """R7.5: however quiet a moment in them is."""
    loud, quiet = b"\x10" * 160, b"\xff" * 160
    one = reply()
    one.begin(None, 1000)
    one.receive(SpeechAudio(1, loud * 5 + quiet * 2 + loud * 38), 1100)
    one.take_audio()
    one.rewind(300)
    assert one.played_from_ms == 0
    assert one.take_audio() == loud * 5 + quiet * 2 + loud * 38


def test_a_sentence_that_cannot_be_spoken_does_not_hold_up_the_next() -> None:
    """R9: the rest of the reply is heard."""
    one = reply()
    one.begin(None, 1000)
    one.receive(SpeechFailed(1, "unavailable", "down"), 1100)
    one.receive(SpeechAudio(2, b"B" * 160), 1200)
    assert one.take_audio() == b"B" * 160


def test_a_voice_that_stalls_is_given_up_and_what_it_did_not_say_was_not_heard() -> None:
    """R9: a reply always comes to its end."""
    one = reply()
    one.begin(None, 1000)
    one.receive(SpeechAudio(1, b"A" * 800), 1100)
    assert one.timer() == 6100
    assert one.late(6099) == []
    assert set(one.late(6100)[1:]) == {CancelSpeech(1), CancelSpeech(2)}
    assert one.is_whole
    assert one.heard_text(one.voice_ms) == ""


def test_a_later_sentences_voice_does_not_put_off_the_end_of_waiting_for_the_first() -> None:
    """R9: what cannot be heard yet is no sign that the voice is coming."""
    one = reply()
    one.begin(None, 1000)
    one.receive(SpeechAudio(2, b"B" * 800), 9000)
    assert one.timer() == 21_000
    assert one.late(20_999) == []
    assert set(one.late(21_000)[1:]) == {CancelSpeech(1), CancelSpeech(2)}
    assert one.take_audio() == b"B" * 800


def test_further_sentences_of_the_model_do_not_put_off_the_end_of_waiting_for_the_first() -> None:
    """R9: a model that goes on writing does not make a dead voice better."""
    one = reply(FirstSentenceGate())
    one.begin([], 1000)
    for number in range(28):
        one.receive(LlmText(1, "טוב."), 1100 + number * 700)
    assert one.late(21_099) == []
    assert [command.speech for command in one.late(21_100) if isinstance(command, CancelSpeech)][:2] == [1, 2]


def test_a_sentence_that_fails_late_leaves_the_next_no_more_time_than_there_was() -> None:
    """R9: until there is a first word, the caller waits for all of them together; behind one each has its own time."""
    one = reply()
    one.begin(None, 1000)
    one.receive(SpeechFailed(1, "unavailable", "down"), 19_000)
    assert one.timer() == 21_000
    one = reply()
    one.begin(None, 1000)
    one.receive(SpeechAudio(1, b"A" * 800), 18_000)
    one.receive(SpeechEnded(1), 19_000)
    assert one.timer() == 39_000


def test_a_voice_made_ahead_has_its_time_from_where_its_turn_comes() -> None:
    """R9: a second sentence that was begun early is no stalled one while the first is being made."""
    one = reply()
    one.begin(None, 1000)
    one.receive(SpeechAudio(2, b"B" * 800), 1100)
    one.receive(SpeechAudio(1, b"A" * 800), 5000)
    one.receive(SpeechEnded(1), 9000)
    assert one.timer() == 14_000
    one.receive(SpeechAudio(2, b"B" * 800), 13_000)
    assert one.timer() == 18_000


def test_a_cancelled_reply_lets_go_of_everything_still_running() -> None:
    """R7.1: nothing more is generated for a reply that nobody will hear."""
    one = reply(FirstSentenceGate())
    one.begin([], 1000)
    one.receive(LlmText(1, "טוב."), 1100)
    assert set(one.cancel()) == {CancelSpeech(1), CancelLlm(1)}


def test_the_second_sentences_voice_waits_for_the_firsts() -> None:
    """R9.1, R7.5: whichever is ready first, the caller hears them in order, and rewinding finds the right place."""
    one = Reply(1, 1, LINE, None, ReplySettings(900, 1500), count(1), 0)
    one.begin(None, 0)
    second, first = b"\x20" * 8000, b"\x30" * 4000
    one.receive(SpeechAudio(2, second), 100)
    one.receive(SpeechEnded(2), 100)
    assert not one.has_audio
    assert not one.may_start(100)
    assert one.take_audio() == b""
    one.receive(SpeechAudio(1, first), 200)
    assert one.take_audio() == first
    one.receive(SpeechEnded(1), 300)
    assert one.take_audio() == second
    one.rewind(500)
    assert one.played_from_ms < 500
    assert one.take_audio()[-8000:] == second
