"""The server's hearing, as `app/call/machine.py` puts it together, over a whole clip at once."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from app.call.tuning import call_settings
from app.config import load
from app.dialog.prosody import interim_sounds
from app.media.bargein import BargeIn
from app.media.confirmer import NeuralConfirmer
from app.media.endpointing import Endpointer, Interim
from app.media.frontend import FrontEnd
from app.media.vad import SpeechStarted, SpeechStopped, Vad
from tests.bench_turns.corpus import Clip

SETTINGS = call_settings(load({}))
"""As a server without any setting has them."""
INTERIM_DELAY_MS = 250
REARM_MS = 1000


@dataclass(slots=True)
class Heard:
    """What was noticed, in media time: `spans` of speech, `turns` as (start, end, decided), barge-ins as decided."""

    spans: list[tuple[int, int]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    turns: list[tuple[int, int, int]] = field(default_factory=list)
    barge_ins: list[int] = field(default_factory=list)


def listen(
    clip: Clip, *, neural: bool = True, words: bool = False, agent_speaks: Callable[[int], bool] | None = None
) -> Heard:
    """Hear a clip. `words`: interim transcripts come 250 ms late; `agent_speaks`: when barge-ins count."""
    front, vad = FrontEnd(), Vad(SETTINGS.vad, NeuralConfirmer() if neural else None)
    endpointer, barge_in, heard = Endpointer(SETTINGS.endpointing), BargeIn(SETTINGS.barge_in), Heard()
    started_ms = stopped_ms = 0
    armed_until_ms, was_speaking, told = -REARM_MS, False, ""
    for frame in front.process(clip.ulaw):
        change = vad.receive(frame)
        if isinstance(change, SpeechStarted):
            heard.starts.append(change.at_ms)
            started_ms = started_ms if endpointer.in_turn else change.at_ms
        elif isinstance(change, SpeechStopped):
            stopped_ms = change.at_ms
            heard.spans.append((heard.starts[-1], stopped_ms))
        eou = endpointer.receive(change) if change else None
        if words and endpointer.in_turn:
            said = " ".join(
                one.words_by(frame.end_ms - INTERIM_DELAY_MS)
                for one in clip.utterances
                if one.end_ms > started_ms and one.start_ms < frame.end_ms - INTERIM_DELAY_MS
            )
            if said != told:
                told = said
                endpointer.receive(Interim(interim_sounds(said)))
        eou = endpointer.receive(frame) or eou
        if eou and not eou.forced:
            heard.turns.append((started_ms, stopped_ms, frame.end_ms))
            told = ""
        speaks = agent_speaks is not None and agent_speaks(frame.start_ms)
        if speaks and (not was_speaking or armed_until_ms == frame.start_ms):
            barge_in.agent_started(frame.start_ms)
        was_speaking = speaks
        if speaks and barge_in.receive(frame, vad.threshold, opinion=vad.opinion):
            heard.barge_ins.append(frame.end_ms)
            armed_until_ms = frame.end_ms + REARM_MS
    if vad.is_speech:
        heard.spans.append((heard.starts[-1], len(clip.voiced) * 20))
    return heard


def frames_of(heard: Heard, count: int) -> npt.NDArray[np.bool_]:
    """Return which of so many frames were called speech."""
    frames = np.zeros(count, bool)
    for start_ms, end_ms in heard.spans:
        frames[start_ms // 20 : end_ms // 20] = True
    return frames
