"""Turns of a recording."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from app.config import load
from app.media.wav import WavError, write_wav
from app.qa.turns import run_turns
from tests.media.sounds import caller, silence, to_pcm, tone

SOUND = to_pcm(np.concatenate([silence(1000), caller("v001"), silence(1000), caller("w01_07"), silence(1500)]))


def turns(tmp_path: Path, data: bytes, **environment: str) -> list[dict[str, object]]:
    (tmp_path / "in.wav").write_bytes(data)
    count = run_turns(tmp_path / "in.wav", tmp_path / "out.jsonl", load(environment))
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == count
    return [json.loads(line) for line in lines]


def test_each_event_is_a_line_with_the_same_keys(tmp_path: Path) -> None:
    """R6."""
    events = turns(tmp_path, write_wav(SOUND, 8000))
    assert {tuple(event) for event in events} == {("event", "at_ms", "silence_ms", "utterance_ms", "forced")}
    assert [event["event"] for event in events] == ["speech_started", "speech_stopped", "eou"] * 2
    first, second = events[2], events[5]
    assert 3200 <= int(str(first["at_ms"])) <= 3800
    assert second["utterance_ms"] == 900
    assert not first["forced"]


@pytest.mark.parametrize("rate_hz", [16000, 44100])
def test_other_rates_and_stereo_give_the_same_turns(tmp_path: Path, rate_hz: int) -> None:
    """R6: recordings come as they come."""
    up, down = rate_hz // 100, 80
    resampled = to_pcm(resample_poly(SOUND.astype(np.float64), up, down))
    stereo = np.stack([resampled, resampled], axis=1)
    ends = [event for event in turns(tmp_path, write_wav(stereo, rate_hz)) if event["event"] == "eou"]
    expected = [event for event in turns(tmp_path, write_wav(SOUND, 8000)) if event["event"] == "eou"]
    assert len(ends) == len(expected)
    for end, reference in zip(ends, expected, strict=True):
        assert abs(int(str(end["at_ms"])) - int(str(reference["at_ms"]))) <= 160


def test_what_is_no_wav_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(WavError, match="not a WAV file"):
        turns(tmp_path, b"MP3?")


def test_a_silent_recording_has_no_turns(tmp_path: Path) -> None:
    assert turns(tmp_path, write_wav(to_pcm(silence(3000)), 8000)) == []


def test_what_is_measured_is_what_a_call_with_these_settings_hears(tmp_path: Path) -> None:
    """R6.2: a key tone is no turn for the network, and one for energy alone; the waits are the operator's."""
    keys = write_wav(to_pcm(np.concatenate([silence(1000), tone(600, 3000), silence(1500)])), 8000)
    assert turns(tmp_path, keys) == []
    assert [event["event"] for event in turns(tmp_path, keys, VAD_NEURAL="off")] == [
        *("speech_started", "speech_stopped", "eou")
    ]
    waits = [
        [event["silence_ms"] for event in turns(tmp_path, write_wav(SOUND, 8000), **wait) if event["event"] == "eou"]
        for wait in ({}, {"EOU_SILENCE_MIN_MS": "480"})
    ]
    assert waits[0] < waits[1]
