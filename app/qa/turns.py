"""A recording's turns as the server would take them: codec, filters, VAD, endpointing, in media time (R6)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.media.codec import encode_ulaw
from app.media.endpointing import Endpointer, EndpointSettings
from app.media.frontend import FrontEnd
from app.media.resampling import to_telephone_rate
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


def _event(name: str, at_ms: int, silence_ms: int = 0, utterance_ms: int = 0, *, forced: bool = False) -> Event:
    return {
        "event": name,
        "at_ms": at_ms,
        "silence_ms": silence_ms,
        "utterance_ms": utterance_ms,
        "forced": forced,
    }
