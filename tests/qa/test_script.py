"""The simulated caller speaks when a caller would, and judges each turn by what the ear heard."""

import numpy as np

from app.qa.player import Player
from app.qa.script import Cue, Phase, Script
from app.qa.utterance import Line, utterance

LOUD = b"\x80" * 160
VOICE = np.concatenate([np.zeros(800, np.int16), np.full(2400, 8000, np.int16), np.zeros(800, np.int16)])
WORD = utterance("word.wav", VOICE)
END = "assistant_tts_end"


class Conversation:
    """Script, line and ear on one clock that is moved by hand, 20 ms at a time."""

    def __init__(self, *cues: Cue, gap_ms: int = 400, patience_ms: int = 2000) -> None:
        self.player, self.line, self.now_ms = Player(), Line(), 0
        self.script = Script(cues, self.player, self.line, gap_ms=gap_ms, patience_ms=patience_ms)

    def agent_says(self, frames: int) -> None:
        """Send an utterance whole, with its end mark."""
        self.player.receive_media(LOUD * frames, self.now_ms * 8)
        self.player.receive_mark(END, self.now_ms * 8)

    def run_until(self, at_ms: int) -> None:
        """Tick up to a time."""
        while self.now_ms < at_ms and not self.script.over:
            self.now_ms += 20
            self.player.due_marks(self.now_ms * 8)
            self.script.tick(self.now_ms * 8)
            self.line.take()


def test_the_caller_waits_for_the_end_of_the_greeting_and_a_natural_gap() -> None:
    """The agent's audio must have been played out, not merely received."""
    talk = Conversation(Cue(WORD))
    talk.agent_says(50)
    talk.run_until(1380)
    assert talk.script.turns == []

    talk.run_until(1440)
    (turn,) = talk.script.turns
    assert 1380 * 8 <= turn.voiced_from - 800 <= 1420 * 8
    assert turn.voiced_to - turn.voiced_from == 2400


def test_voice_to_voice_runs_from_the_last_voiced_sample_to_the_first_audible_one() -> None:
    """Exact to the sample: the WAV's own trailing silence counts as waiting."""
    talk = Conversation(Cue(WORD), gap_ms=0)
    talk.agent_says(1)
    talk.run_until(1000)
    (turn,) = talk.script.turns
    talk.player.receive_media(b"\xff" * 80 + LOUD, turn.voiced_to + 7000)
    talk.player.receive_mark(END, turn.voiced_to + 7000)
    talk.run_until(4000)

    assert talk.script.phase is Phase.DONE
    assert turn.answer_from == turn.voiced_to + 7080
    assert turn.voice_to_voice_ms == 885.0
    assert turn.barge_in_ms is None


def test_a_barge_in_is_timed_from_the_first_voiced_sample_to_silence_at_the_ear() -> None:
    """R7.4: the ear's silence counts, not the moment of the decision."""
    talk = Conversation(Cue(WORD, barge_in_after_ms=300), gap_ms=0)
    talk.agent_says(100)
    talk.run_until(400)
    (turn,) = talk.script.turns
    assert turn.voiced_from - 800 == 300 * 8 - 160
    talk.run_until(620)
    talk.player.receive_clear(turn.voiced_from + 1600)
    talk.run_until(1500)
    talk.agent_says(10)
    talk.run_until(3000)

    assert talk.script.phase is Phase.DONE
    assert turn.agent_was_speaking
    assert turn.barge_in_ms == 200.0
    assert turn.voice_to_voice_ms is not None


def test_an_agent_that_speaks_into_the_callers_words_is_noticed() -> None:
    """A cut-in is no quick answer."""
    talk = Conversation(Cue(WORD), gap_ms=0)
    talk.agent_says(1)
    talk.run_until(100)
    talk.now_ms = talk.now_ms // 20 * 20
    talk.run_until(240)
    talk.agent_says(30)
    talk.run_until(4000)

    (turn,) = talk.script.turns
    assert turn.talked_over
    assert turn.voice_to_voice_ms is None


def test_an_agent_that_stays_silent_ends_the_call() -> None:
    """Silence is a failure, never a latency of nought."""
    talk = Conversation(Cue(WORD))
    talk.run_until(10_000)
    assert talk.script.phase is Phase.UNANSWERED
    assert talk.script.turns == []

    talk = Conversation(Cue(WORD))
    talk.agent_says(5)
    talk.run_until(10_000)
    assert talk.script.phase is Phase.UNANSWERED
    assert talk.script.turns[0].voice_to_voice_ms is None


def test_the_caller_keeps_quiet_when_the_agent_goes_on() -> None:
    """A holding phrase, then the answer: the gap starts anew."""
    talk = Conversation(Cue(WORD))
    talk.agent_says(10)
    talk.run_until(400)
    talk.agent_says(50)
    talk.run_until(1780)

    assert talk.script.turns == []
