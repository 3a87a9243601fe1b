"""A recording's turns as a call would take them: the same ear, with the same settings, in media time (R6)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.call.hearing.ear import Ear
from app.call.settings import CallSettings
from app.call.shell.tuning import call_settings
from app.config import Settings
from app.media.codec import encode_ulaw
from app.media.resampling import to_telephone_rate
from app.media.vad import SpeechStarted
from app.media.wav import parse_wav

Event = dict[str, Any]


def find_turns(ulaw: bytes, settings: CallSettings) -> Iterator[Event]:
    """Yield the events in mu-law audio, in order. Every event has the same keys.

    `at_ms` is where the event lies in the audio; `silence_ms` and `utterance_ms` are the end's own, 0 where speech
    starts; where speech stops `utterance_ms` is how long the voice had lasted.
    """
    started_ms = 0
    for noticed in Ear(settings.vad, settings.endpointing, settings.barge_in).receive(ulaw):
        change, eou = noticed.change, noticed.eou
        if isinstance(change, SpeechStarted):
            started_ms = change.at_ms
            yield _event("speech_started", started_ms)
        elif change is not None:
            yield _event("speech_stopped", change.at_ms, utterance_ms=change.at_ms - started_ms)
        if eou is not None:
            yield _event("eou", eou.at_ms, eou.silence_ms, eou.utterance_ms, forced=eou.forced)


def run_turns(in_wav: Path, out_jsonl: Path, settings: Settings) -> int:
    """Write one JSON line per event of a WAV file (any rate and channels; channels are averaged); return how many.

    `settings` are the operator's: what a call hears with them is what is measured.

    Raises:
        WavError: when the file is no WAV that can be read.
        OSError: when a file cannot be read or written.
    """
    wav = parse_wav(in_wav.read_bytes())
    events = list(find_turns(encode_ulaw(to_telephone_rate(wav.mono(), wav.rate_hz)), call_settings(settings)))
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
