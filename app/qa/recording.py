"""Stereo recordings of a call: the caller on the left, the agent on the right, as the caller's ear had them."""

from pathlib import Path

import numpy as np

from app.media.codec import SAMPLE_RATE_HZ, decode_ulaw
from app.media.wav import write_wav
from app.qa.player import SILENCE


def write_stereo(path: Path, caller_ulaw: bytes, agent_ulaw: bytes) -> None:
    """Write both sides, aligned at their first sample, as 16-bit stereo WAV; the shorter is filled with silence.

    Raises:
        OSError: the file cannot be written.
    """
    length = max(len(caller_ulaw), len(agent_ulaw))
    sides = [decode_ulaw(side + SILENCE * (length - len(side))) for side in (caller_ulaw, agent_ulaw)]
    path.write_bytes(write_wav(np.stack(sides, axis=1), SAMPLE_RATE_HZ))
