"""What came of each interruption, told by hand."""

from typing import Any

from app.call.events import Log, Save, SttHeard, Tick
from app.call.measuring.verdicts import Verdicts


def see(verdicts: Verdicts, at_ms: int, line: str, **fields: Any) -> list[dict[str, Any]]:
    return verdicts.see(Tick(0), [Log(line, fields)], at_ms)


def test_an_interruption_begins_with_its_voice_and_ends_with_what_came_of_it() -> None:
    """R19: the voice was heard before it stopped the agent; its words come while it lasts."""
    verdicts = Verdicts()
    (begun,) = see(verdicts, 1000, "BARGE_IN", reply=3, turn=2, voice_ms=180, heard_ms=640)
    assert (begun["number"], begun["turn"], begun["reply"], begun["verdict"]) == (1, 2, 3, "")
    assert (begun["onset_ms"], begun["clear_at_ms"], begun["heard_ms"]) == (820, 1000, 640)
    assert verdicts.see(SttHeard(1, "רגע", is_final=False), [], 1100) == []
    (ended,) = see(verdicts, 1500, "FLOOR_TAKEN")
    assert (ended["verdict"], ended["verdict_at_ms"], ended["speech_ms"], ended["words"]) == ("floor", 1500, 680, "רגע")
    (words,) = see(verdicts, 1900, "ASR_TEXT", text="רגע אחד")
    assert words["words"] == "רגע אחד"
    assert see(verdicts, 2500, "ASR_TEXT", text="עוד") == [], "that is the next turn"


def test_an_interruption_without_a_voice_has_no_onset_and_no_length() -> None:
    """R7: a key stops the agent, too."""
    verdicts = Verdicts()
    (begun,) = see(verdicts, 1000, "BARGE_IN", reply=3, heard_ms=640)
    assert (begun["onset_ms"], begun["turn"]) == (None, 0)
    (ended,) = see(verdicts, 1500, "FLOOR_TAKEN")
    assert ended["speech_ms"] is None


def test_only_the_end_of_the_reply_that_was_interrupted_is_its_near_end() -> None:
    """R7.5: nothing was left to say; another reply's end says nothing."""
    verdicts = Verdicts()
    see(verdicts, 1000, "BARGE_IN", reply=3, voice_ms=180, heard_ms=640)
    assert verdicts.see(Tick(0), [Save("said", {"reply": 2})], 1200) == []
    (ended,) = verdicts.see(Tick(0), [Save("said", {"reply": 3})], 1300)
    assert ended["verdict"] == "near_end"
    assert see(verdicts, 1500, "FLOOR_TAKEN") == [], "it has its verdict"


def test_words_that_come_after_the_agent_has_gone_on_make_a_false_alarm_none() -> None:
    """R7.4: only then; and each interruption has its number."""
    verdicts = Verdicts()
    assert see(verdicts, 900, "LATE_WORDS", text="כן") == []
    see(verdicts, 1000, "BARGE_IN", reply=3, voice_ms=180, heard_ms=640)
    (resumed,) = see(verdicts, 1800, "STATE→SPEAKING")
    assert resumed["verdict"] == "resumed"
    (late,) = see(verdicts, 2100, "LATE_WORDS", text="כן")
    assert (late["verdict"], late["verdict_at_ms"], late["words"]) == ("late_words", 2100, "כן")
    (second,) = see(verdicts, 3000, "BARGE_IN", reply=4, voice_ms=180, heard_ms=100)
    assert second["number"] == 2


def test_a_reply_that_was_taken_back_before_it_was_heard_is_an_interruption_of_its_own() -> None:
    """R6.4: the caller goes on; a reply's ordinary end is none."""
    verdicts = Verdicts()
    (taken_back,) = see(verdicts, 1000, "STATE→LISTENING", reply=3, voice_ms=180, heard_ms=0)
    assert (taken_back["verdict"], taken_back["speech_ms"]) == ("withdrawn", 180)
    assert see(verdicts, 2000, "STATE→LISTENING") == []
