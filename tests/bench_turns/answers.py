"""What a caller hears of an end that was none, and how soon answers come: whole calls, played and not waited for.

The recogniser tells of each word a moment after it was said; an answer's voice is there 250 ms after the end of a turn.
Cut in upon is who hears the agent before the sentence is over.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from app.call.events import CallerAudio, FinishStt, OpenStt, SttEnded, SttHeard, WriteStt
from app.media.codec import FRAME_MS, FRAME_SAMPLES
from tests.bench_turns.corpus import Clip, clip
from tests.bench_turns.listening import INTERIM_DELAY_MS, SETTINGS
from tests.bench_turns.measures import Material, Row, percentiles
from tests.call.driver import CallDriver, World, settings, voice_of

_FINAL_MS, _VOICE_MS = 150, 100
_SENTENCE_MS = 600  # of the agent's: what it says counts for nothing here
_LEAD_MS = 4000  # the greeting is over by then
_RESTS_MS, _LONG_MS = (0, 300, 400, 500, 600, 800, 900), 700


class _Talk(CallDriver):
    """A call whose recogniser hears every word of what is said."""

    def __init__(self) -> None:
        world = World(tts_ms=_VOICE_MS, tts_speed=100, voice=lambda speech, _: voice_of(speech, _SENTENCE_MS))
        ears = replace(settings(), vad=SETTINGS.vad, barge_in=SETTINGS.barge_in, endpointing=SETTINGS.endpointing)
        super().__init__(world, ears)
        self._words_by: Callable[[int], list[str]] = lambda _: []
        self._known = 0
        self._told: dict[int, tuple[int, str]] = {}

    def hear(self, line: Clip) -> tuple[int, int]:
        """Let the line be heard from the greeting on; return when what is said on it begins and ends."""
        (said,) = line.utterances
        began_ms = self.now_ms
        self._words_by = lambda at_ms: said.words_by(max(at_ms - began_ms, said.start_ms)).split()
        self.start()
        for at in range(0, len(line.ulaw), FRAME_SAMPLES):
            self._pass(self.now_ms + FRAME_MS)
            self.give(CallerAudio(line.ulaw[at : at + FRAME_SAMPLES]))
        return began_ms + said.start_ms, began_ms + said.end_ms

    def _recognise(self, command: OpenStt | WriteStt | FinishStt) -> None:
        stream = command.stream
        if isinstance(command, OpenStt):
            self._told[stream] = self._known, ""
            return
        first, told = self._told[stream]
        if isinstance(command, WriteStt):
            text = " ".join(self._words_by(self.now_ms - INTERIM_DELAY_MS)[first:])
            if text != told:
                self._told[stream] = first, text
                self.later(0, SttHeard(stream, text, False, 0.5))
            return
        words = self._words_by(self.now_ms)
        self._known = len(words)
        if words[first:]:
            self.later(_FINAL_MS, SttHeard(stream, " ".join(words[first:]), True, 1.0))
        self.later(_FINAL_MS, SttEnded(stream))


@dataclass(slots=True)
class _Calls:
    """What came of some calls."""

    count: int = 0
    cut_in: int = 0
    halves: int = 0
    unanswered: int = 0
    answers_ms: list[int] = field(default_factory=list)

    def play(self, line: Clip) -> None:
        """Hold one call on this line."""
        talk = _Talk()
        began_ms, ended_ms = talk.hear(line)
        heard = [frame.at_ms for frame in talk.voiced() if frame.at_ms > began_ms]
        after = [at_ms for at_ms in heard if at_ms >= ended_ms]
        texts = [str(log.fields["text"]) for log in talk.logged("ASR_TEXT")]
        self.count += 1
        self.cut_in += any(at_ms < ended_ms for at_ms in heard)
        self.halves += not texts or texts[-1] != line.utterances[0].text
        self.unanswered += not after
        self.answers_ms += [after[0] - ended_ms] if after else []

    def per_100(self, calls: int) -> str:
        """Return how many of a hundred calls so many are."""
        return f"{100 * calls / max(self.count, 1):.1f}"


def answers(material: Material) -> Iterator[Row]:
    """Sentences said whole, and with a rest inside: who is cut in upon, and how soon is who is done answered?"""
    random = material.random(10)
    whole, short, long = _Calls(), _Calls(), _Calls()
    for rest_ms in _RESTS_MS:
        for said in material.of("sentence"):
            noise, snr_db = (None, 99.0) if random.random() < 0.5 else (material.noises["pink"], 20.0)
            inside = [rest_ms] if rest_ms and len(said.samples) > 8 * 1500 else []
            line = clip([said], random, noise=noise, snr_db=snr_db, pauses_ms=inside, lead_ms=_LEAD_MS)
            (whole if not inside else short if rest_ms < _LONG_MS else long).play(line)
    yield Row("calls: voice end → answer p50 / p95, sentences said whole", percentiles(whole.answers_ms), "≤ 700 / 950")
    for calls, rests in ((whole, "whole"), (short, "with a rest of 300–700 ms"), (long, "with one of 800–1,100 ms")):
        title = f"  per 100 sentences {rests}: cut in upon / answered in halves"
        yield Row(title, f"{calls.per_100(calls.cut_in)} / {calls.per_100(calls.halves)} of {calls.count}")
