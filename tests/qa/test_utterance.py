"""WAV files of every usual kind become what a caller says on the telephone."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.io import wavfile

from app.media.codec import decode_ulaw
from app.media.wav import write_wav
from app.qa.utterance import Line, UtteranceError, load_utterance, utterance

Samples = npt.NDArray[Any]


def write(path: Path, rate_hz: int, samples: Samples) -> Path:
    """Write samples as a WAV file."""
    wavfile.write(path, rate_hz, samples)
    return path


def sine(rate_hz: int, seconds: float) -> Samples:
    """Return 300 Hz at half scale, with 0.25 s of silence at each end."""
    time = np.arange(int(rate_hz * seconds)) / rate_hz
    hush = np.zeros(rate_hz // 4)
    return np.concatenate([hush, 0.5 * np.sin(2 * np.pi * 300 * time), hush])


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("kind", ["int16", "int32", "float32", "uint8", "stereo"])
def test_a_wav_of_any_kind_becomes_8_khz_mono(tmp_path: Path, rate_hz: int, kind: str) -> None:
    """The voiced part is found where it was put."""
    wave = sine(rate_hz, 0.5)
    kinds: dict[str, Samples] = {
        "int16": (wave * 32767).astype(np.int16),
        "int32": (wave * 2147483647).astype(np.int32),
        "float32": wave.astype(np.float32),
        "uint8": (wave * 127 + 128).astype(np.uint8),
        "stereo": np.stack([(wave * 32767).astype(np.int16)] * 2, axis=1),
    }
    spoken = load_utterance(write(tmp_path / "a.wav", rate_hz, kinds[kind]))

    assert spoken.pcm.dtype == np.int16
    assert abs(len(spoken.pcm) - 8000) <= 2
    assert abs(spoken.voiced_from - 2000) <= 80
    assert abs(spoken.voiced_to - 6000) <= 80
    assert abs(int(np.abs(spoken.pcm.astype(int)).max()) - 16384) < 700


def test_the_text_comes_from_a_manifest_beside_the_file_or_above(tmp_path: Path) -> None:
    """Printing what the caller says needs no recogniser."""
    (tmp_path / "manifest.tsv").write_text("file\tseconds\ttext\na.wav\t1\tשלום\n", encoding="utf-8")
    below = tmp_path / "callers"
    below.mkdir()
    samples = (sine(8000, 0.5) * 32767).astype(np.int16)

    assert load_utterance(write(tmp_path / "a.wav", 8000, samples)).text == "שלום"
    assert load_utterance(write(below / "a.wav", 8000, samples)).text == "שלום"
    assert load_utterance(write(tmp_path / "b.wav", 8000, samples)).text == ""


def test_unusable_files_are_named_with_their_fault(tmp_path: Path) -> None:
    """Errors for people."""
    (tmp_path / "noise.wav").write_bytes(b"not a wav file at all")
    with pytest.raises(UtteranceError, match=r"noise\.wav: not a WAV"):
        load_utterance(tmp_path / "noise.wav")
    with pytest.raises(UtteranceError, match=r"none\.wav: No such file"):
        load_utterance(tmp_path / "none.wav")
    with pytest.raises(UtteranceError, match="nothing but silence"):
        load_utterance(write(tmp_path / "hush.wav", 8000, np.zeros(8000, np.int16)))


def test_the_line_is_silent_until_something_is_said_and_pads_the_last_frame() -> None:
    """R5.1: mu-law silence is 0xFF; each frame has 160 bytes."""
    line = Line()
    assert line.take() == b"\xff" * 160
    assert line.say(utterance("a", np.full(200, 8000, np.int16))) == 160
    first, second, third = line.take(), line.take(), line.take()

    assert (decode_ulaw(first) > 7000).all()
    assert (decode_ulaw(second)[:40] > 7000).all()
    assert second[40:] == b"\xff" * 120
    assert third == b"\xff" * 160
    assert not line.busy


def test_noise_is_on_the_line_all_the_time_at_its_level() -> None:
    """R12.1: moderate noise."""
    line = Line(noise_dbfs=-40.0)
    heard = np.concatenate([decode_ulaw(line.take()) for _ in range(400)]).astype(float)
    level_dbfs = 20 * np.log10(np.sqrt(np.mean(heard**2)) / 32768)

    assert abs(level_dbfs + 40.0) < 0.5
    line.say(utterance("a", np.full(160, 8000, np.int16)))
    assert abs(decode_ulaw(line.take()).astype(float).mean() - 8000) < 200


@pytest.mark.parametrize("kept_bytes", [4, 8, 11, 12, 20, 30])
def test_a_wav_that_ends_in_its_head_is_named(tmp_path: Path, kept_bytes: int) -> None:
    """R13.1: wherever it was cut off."""
    path = tmp_path / "cut.wav"
    path.write_bytes(write_wav(np.full(800, 9000, np.int16), 8000)[:kept_bytes])
    with pytest.raises(UtteranceError, match=r"cut\.wav: "):
        load_utterance(path)
