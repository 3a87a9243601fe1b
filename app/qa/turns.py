"""A recording's turns as the server would take them: codec, filters, VAD, endpointing, in media time (R6)."""

import json
from collections.abc import Iterator
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.media.codec import SAMPLE_RATE_HZ, encode_ulaw
from app.media.endpointing import Endpointer, EndpointSettings
from app.media.frontend import FrontEnd
from app.media.vad import SpeechStarted, Vad, VadSettings
from app.media.wav import parse_wav

Event = dict[str, Any]


def find_turns(
    ulaw: bytes, vad_settings: VadSettings | None = None, endpoint_settings: EndpointSettings | None = None
) -> Iterator[Event]:
    """Yield the events in mu-law audio, in order. Every event has the same keys.

    `at_ms` is where the event lies in the audio; `silence_ms` and `utterance_ms` are the end's own, 0 where speech
    starts; where speech stops `utterance_ms` is how long the voice had lasted.
    """
    front_end, vad, endpointer = FrontEnd(), Vad(vad_settings), Endpointer(endpoint_settings)
    started_ms = 0
    for frame in front_end.process(ulaw):
        heard = vad.receive(frame)
        if isinstance(heard, SpeechStarted):
            started_ms = heard.at_ms
            yield _event("speech_started", started_ms)
        elif heard is not None:
            yield _event("speech_stopped", heard.at_ms, utterance_ms=heard.at_ms - started_ms)
        if heard is not None:
            endpointer.receive(heard)
        ended = endpointer.receive(frame)
        if ended is not None:
            yield _event("eou", ended.at_ms, ended.silence_ms, ended.utterance_ms, forced=ended.forced)


def run_turns(in_wav: Path, out_jsonl: Path) -> int:
    """Write one JSON line per event of a WAV file (any rate and channels; channels are averaged); return how many.

    Raises:
        WavError: when the file is no WAV that can be read.
        OSError: when a file cannot be read or written.
    """
    wav = parse_wav(in_wav.read_bytes())
    events = list(find_turns(encode_ulaw(to_telephone_rate(wav.mono(), wav.rate_hz))))
    out_jsonl.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return len(events)


def to_telephone_rate(samples: npt.NDArray[np.int16], rate_hz: int) -> npt.NDArray[np.int16]:
    """Return the samples at 8 kHz."""
    if rate_hz == SAMPLE_RATE_HZ:
        return samples
    # Imported here: scipy.signal costs a server 80 MB that only this tool has a use for.
    from scipy.signal import resample_poly

    common = gcd(rate_hz, SAMPLE_RATE_HZ)
    resampled: npt.NDArray[np.float64] = resample_poly(
        samples.astype(np.float64), SAMPLE_RATE_HZ // common, rate_hz // common
    )
    return np.clip(np.rint(resampled), -32768, 32767).astype(np.int16)


def _event(name: str, at_ms: int, silence_ms: int = 0, utterance_ms: int = 0, *, forced: bool = False) -> Event:
    return {
        "event": name,
        "at_ms": at_ms,
        "silence_ms": silence_ms,
        "utterance_ms": utterance_ms,
        "forced": forced,
    }
