"""What a simulated caller does and when: waits for the agent to finish, answers after a natural gap, or breaks in.

Pure: `tick(now)` once a frame, on the stream's sample clock; it drives the caller's `Line` and watches the `Player`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from app.qa.player import SAMPLES_PER_MS, Player, Spurt
from app.qa.utterance import Line, Utterance


@dataclass(frozen=True, slots=True)
class Cue:
    """An utterance and when to say it: once the agent has finished, or `barge_in_after_ms` into the agent's talk."""

    utterance: Utterance
    barge_in_after_ms: int | None = None


@dataclass(slots=True)
class Turn:
    """One caller utterance and what came of it, in samples of the stream's clock."""

    utterance: Utterance
    voiced_from: int
    voiced_to: int
    agent_was_speaking: bool = False
    silent_at: int | None = None
    answer_from: int | None = None
    talked_over: bool = False
    judged: bool = False

    @property
    def voice_to_voice_ms(self) -> float | None:
        """From the caller's last voiced sample to the first audible one of the answer, at the ear."""
        return None if self.answer_from is None else (self.answer_from - self.voiced_to) / SAMPLES_PER_MS

    @property
    def barge_in_ms(self) -> float | None:
        """From the caller's first voiced sample to the agent's silence at the ear; None if it was silent already."""
        if not self.agent_was_speaking or self.silent_at is None:
            return None
        return (self.silent_at - self.voiced_from) / SAMPLES_PER_MS


class Phase(Enum):
    """Where the caller is in the talk."""

    WAITING = "waiting for the agent"
    GAP = "about to speak"
    TALKING = "speaking"
    DONE = "said and heard everything"
    UNANSWERED = "the agent stayed silent"


class Script:
    """Say the cues one after the other, each after the agent's answer to the one before.

    `gap_ms` is the pause a caller leaves after the agent's last word, `patience_ms` how long the agent may stay silent.
    `choose` is asked for the next utterance when the cues are used up; None ends the call.
    """

    def __init__(
        self,
        cues: Sequence[Cue],
        player: Player,
        line: Line,
        *,
        gap_ms: int = 400,
        patience_ms: int = 15_000,
        choose: Callable[[], Utterance | None] = lambda: None,
    ) -> None:
        self.phase = Phase.WAITING
        self.turns: list[Turn] = []
        self._cues = list(cues)
        self._choose = choose
        self._player = player
        self._line = line
        self._gap = gap_ms * SAMPLES_PER_MS
        self._patience = patience_ms * SAMPLES_PER_MS
        self._since = 0
        self._agent_from: int | None = None
        self._gap_end = 0

    @property
    def over(self) -> bool:
        """Tell whether there is nothing left to do."""
        return self.phase in (Phase.DONE, Phase.UNANSWERED)

    def tick(self, now: int) -> None:
        """Take the decisions due at sample `now`; call it once before each frame of the line is taken."""
        if self.phase is Phase.WAITING:
            self._wait(now)
        elif self.phase is Phase.GAP:
            if not self._player.finished(now):
                self.phase = Phase.WAITING
            elif now >= self._gap_end:
                self._speak_or_end()
        elif self.phase is Phase.TALKING and not self._line.busy:
            turn = self.turns[-1]
            self._since, self._agent_from = turn.voiced_to, None
            self.phase = Phase.WAITING

    def _wait(self, now: int) -> None:
        if self._agent_from is None:
            self._agent_from = self._player.first_audible(self._since)
        if self._agent_from is None:
            if now - self._since > self._patience:
                self._judge_last_turn()
                self.phase = Phase.UNANSWERED
            return
        barge_in_after_ms = self._cues[0].barge_in_after_ms if self._cues else None
        if barge_in_after_ms is not None and now >= self._agent_from + barge_in_after_ms * SAMPLES_PER_MS:
            self._speak_or_end()
        elif self._player.finished(now):
            self._gap_end = now + self._gap
            self.phase = Phase.GAP

    def _speak_or_end(self) -> None:
        self._judge_last_turn()
        spoken = self._cues.pop(0).utterance if self._cues else self._choose()
        if spoken is None:
            self.phase = Phase.DONE
            return
        start = self._line.say(spoken)
        self.turns.append(Turn(spoken, start + spoken.voiced_from, start + spoken.voiced_to))
        self.phase = Phase.TALKING

    def _judge_last_turn(self) -> None:
        if self.turns:
            judge(self.turns[-1], self._player.spurts())


def judge(turn: Turn, spurts: Sequence[Spurt]) -> None:
    """Fill in what the agent did in a turn, from all it was heard to say."""
    for spurt in spurts:
        if spurt.from_sample <= turn.voiced_from < spurt.to_sample:
            turn.agent_was_speaking = True
            turn.silent_at = spurt.to_sample
        elif turn.voiced_from < spurt.from_sample < turn.voiced_to:
            turn.talked_over = True
        elif spurt.from_sample >= turn.voiced_to and turn.answer_from is None:
            turn.answer_from = spurt.from_sample
    turn.judged = True
