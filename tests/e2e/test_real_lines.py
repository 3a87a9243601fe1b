"""Lines as they are: silence that is not sent, an echo, finals sent twice, sounds in which nothing is said."""

import numpy as np

from app.qa.line_faults import LineFaults
from app.qa.utterance import utterance
from tests.e2e.phones import Phone, hum, sample, until
from tests.e2e.town import Town

WORD = "w01_02"
WISH = "אני מחפש דירה ברחובות"
NUMBER = "מיליון שמונה"


def lines_of(town: Town, phone: Phone, name: str) -> list[str]:
    """Return the call's log lines of that name."""
    return [line for line in town.log(phone) if line.startswith(name)]


def test_turns_are_answered_on_a_line_that_sends_no_silence(town: Town) -> None:
    """R6.3: the stream is open as long as the socket is; and with an echo at once."""
    town.vendors.ears.script(texts=[WISH])
    with town.call() as phone:
        phone.faults = LineFaults(suppresses_silence=True)
        phone.hear_reply()
        for turn in (1, 2):
            phone.ask(sample(WORD), 60)
            assert town.heard(phone, turn)["text"] == WISH
        until(lambda: sum(line.startswith("TTS_START") for line in town.log(phone)) >= 4, "the silence ladder", 40)
        assert not phone.is_over


def test_a_final_that_comes_twice_is_heard_once(town: Town) -> None:
    """R8.1: a price is what was said."""
    town.vendors.ears.script(texts=[NUMBER], doubles_finals=True, start_ms=0, ms_per_word=150)
    with town.greeted() as phone:
        phone.ask(sample(WORD))
        assert town.heard(phone, 1)["text"] == NUMBER


def test_the_agent_does_not_answer_its_own_echo(town: Town) -> None:
    """R7.1: it comes back 24 dB weaker, 220 ms late, and the recogniser understands it."""
    town.vendors.ears.script(texts=["מדברת נועה העוזרת הדיגיטלית איך אוכל לעזור"], start_ms=0, ms_per_word=100)
    with town.call() as phone:
        phone.faults = LineFaults(echo_db=-24.0, echo_delay_ms=220)
        phone.hear_reply()
        until(lambda: len(lines_of(town, phone, "TTS_END")) >= 2, "the silence ladder", 40)
        assert lines_of(town, phone, "BARGE_IN") == []
        phone.faults = LineFaults()
        phone.hang_up()
        town.wait_until_stored(phone, "ended_at")
    assert [turn["caller_text"] for turn in town.turns(phone) if turn["caller_text"]] == []


def test_somebody_who_never_stops_is_spoken_to(town: Town) -> None:
    """R17: within 20 s, although no pause of his is long enough to end a turn."""
    town.vendors.ears.script(texts=["והנה תחזית מזג האוויר למחר"], start_ms=0)
    spoken = hum(220, 1500).pcm
    radio = utterance("radio", np.concatenate([np.concatenate([spoken, np.zeros(800, np.int16)])] * 16))
    with town.greeted() as phone:
        before = len(lines_of(town, phone, "TTS_START"))
        phone.say(radio)
        until(lambda: len(lines_of(town, phone, "TTS_START")) > before, "a word of the agent's", 22)
        assert any("too_long" in line or "prompted" in line or "silence_ms=0" in line for line in town.log(phone))


def test_far_voices_without_words_do_not_keep_the_agent_silent(town: Town) -> None:
    """R17: half a second of voice every four seconds."""
    town.vendors.ears.script(silent=True)
    town.vendors.mind.script(transcript="")
    burst = hum(180, 450).pcm
    far = (np.concatenate([np.concatenate([np.zeros(28_000, np.int16), burst])] * 4) * 0.2).astype(np.int16)
    with town.greeted() as phone:
        before = len(lines_of(town, phone, "TTS_START"))
        phone.say(utterance("far voices", far))
        until(lambda: len(lines_of(town, phone, "TTS_START")) > before, "the silence ladder", 14)
