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


def test_neither_a_radio_nor_far_voices_without_words_keep_the_agent_silent(town: Town) -> None:
    """R17: two calls at once. One voice never pauses for long enough to end a turn, one sounds every four seconds."""
    town.vendors.ears.script(silent=True)
    town.vendors.mind.script(transcript="")
    spoken, burst = hum(220, 1500).pcm, hum(180, 450).pcm
    radio = np.concatenate([np.concatenate([spoken, np.zeros(800, np.int16)])] * 12)
    far = (np.concatenate([np.concatenate([np.zeros(28_000, np.int16), burst])] * 4) * 0.2).astype(np.int16)
    with town.call() as first, town.call() as second:
        lines = ((first, "radio", radio), (second, "far voices", far))
        said = {}
        for phone, name, sound in lines:
            phone.hear_reply()
            said[name] = len(lines_of(town, phone, "TTS_START"))
            phone.say(utterance(name, sound))
        for phone, name, _ in lines:
            until(lambda: len(lines_of(town, phone, "TTS_START")) > said[name], f"a word of the agent's: {name}", 20)  # noqa: B023
