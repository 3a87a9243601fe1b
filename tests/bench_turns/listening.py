"""The server's hearing over a whole clip at once."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from app.call.hearing.ear import Ear
from app.call.shell.tuning import call_settings
from app.config import load
from app.dialog.understanding.endings import interim_sounds
from app.media.codec import FRAME_MS, FRAME_SAMPLES
from app.media.vad import SpeechStarted, SpeechStopped
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
    clip: Clip,
    *,
    neural: bool = True,
    words: bool = False,
    agent_speaks: Callable[[int], bool] | None = None,
    sent: bytes = b"",
) -> Heard:
    """Hear a clip. `words`: interim transcripts come 250 ms late; `agent_speaks`: when barge-ins count; `sent`: what is
    played to the caller meanwhile, mu-law.
    """
    ear, heard = Ear(replace(SETTINGS.vad, neural=neural), SETTINGS.endpointing, SETTINGS.barge_in), Heard()
    started_ms: int | None = None
    stopped_ms, armed_until_ms, was_speaking, told = 0, -REARM_MS, False, ""
    frames = len(clip.ulaw) // FRAME_SAMPLES

    def playing(ago_ms: int) -> bytes:
        at = (frames - 1 - ago_ms // FRAME_MS) * FRAME_SAMPLES
        return sent[at : at + FRAME_SAMPLES]

    for noticed in ear.receive(clip.ulaw, playing):
        frame, change, eou = noticed.frame, noticed.change, noticed.eou
        if isinstance(change, SpeechStarted):
            heard.starts.append(change.at_ms)
            started_ms = change.at_ms if started_ms is None else started_ms
        elif isinstance(change, SpeechStopped):
            stopped_ms = change.at_ms
            heard.spans.append((heard.starts[-1], stopped_ms))
        if eou and not eou.forced and started_ms is not None:
            heard.turns.append((started_ms, stopped_ms, frame.end_ms))
            started_ms, told = None, ""
        if words and started_ms is not None:
            said = " ".join(
                one.words_by(frame.end_ms - INTERIM_DELAY_MS)
                for one in clip.utterances
                if one.end_ms > started_ms and one.start_ms < frame.end_ms - INTERIM_DELAY_MS
            )
            if said != told:
                told = said
                ear.told(interim_sounds(said))
        speaks = agent_speaks is not None and agent_speaks(frame.start_ms)
        if speaks and (not was_speaking or armed_until_ms == frame.start_ms):
            ear.agent_started()
        was_speaking = speaks
        if speaks and ear.is_interrupting(frame):
            heard.barge_ins.append(frame.end_ms)
            armed_until_ms = frame.end_ms + REARM_MS
    if ear.is_speech:
        heard.spans.append((heard.starts[-1], len(clip.voiced) * 20))
    return heard


def frames_of(heard: Heard, count: int) -> npt.NDArray[np.bool_]:
    """Return which of so many frames were called speech."""
    frames = np.zeros(count, bool)
    for start_ms, end_ms in heard.spans:
        frames[start_ms // 20 : end_ms // 20] = True
    return frames
