"""Other voice detectors on the same audio, those that are installed: 20 ms frames, decided as they come."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from app.media.codec import decode_ulaw
from app.media.silero import CHUNK_SAMPLES, Silero
from tests.bench_turns.corpus import Clip
from tests.bench_turns.listening import frames_of, listen

Frames = npt.NDArray[np.bool_]
Detector = Callable[[Clip], Frames]


def ours(clip: Clip) -> Frames:
    return frames_of(listen(clip), len(clip.voiced))


def ours_without_network(clip: Clip) -> Frames:
    return frames_of(listen(clip, neural=False), len(clip.voiced))


def silero_on_all(clip: Clip) -> Frames:
    """Silero's network on every chunk with its documented threshold of 0.5, as peers run it."""
    samples, network = decode_ulaw(clip.ulaw), Silero()
    starts = range(0, len(samples) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES)
    chunks = [network.process(samples[start : start + CHUNK_SAMPLES]) >= 0.5 for start in starts]
    whole: Frames = np.repeat(np.array(chunks), CHUNK_SAMPLES)[::160]
    return np.resize(whole, len(clip.voiced))


def webrtc(clip: Clip) -> Frames:
    detector, pcm = import_module("webrtcvad").Vad(3), decode_ulaw(clip.ulaw).tobytes()
    return np.array([detector.is_speech(pcm[at : at + 320], 8000) for at in range(0, len(clip.voiced) * 320, 320)])


def detectors() -> tuple[dict[str, Detector], list[str]]:
    """Return the detectors that are here, and a line for each that is not."""
    found: dict[str, Detector] = {
        "ours": ours,
        "ours, energy only": ours_without_network,
        "Silero, every frame": silero_on_all,
    }
    skipped = []
    if find_spec("webrtcvad"):
        found["webrtcvad, mode 3"] = webrtc
    else:
        skipped.append("webrtcvad: not installed (pip install webrtcvad-wheels==2.0.14.post1)")
    skipped.append("TEN VAD: its licence forbids competing use, so it is no dependency")
    return found, skipped
