"""Samples of what recognition was given."""

import numpy as np
import pytest

from app.media.wav import parse_wav
from app.media.wavsample import SampleSettings, SpeechSample, is_sampled


def test_every_nth_call_is_sampled() -> None:
    """R5.3."""
    assert [call for call in range(7) if is_sampled(call, SampleSettings(every_n_calls=3))] == [0, 3, 6]
    assert not any(is_sampled(call, SampleSettings(every_n_calls=0)) for call in range(100))


def test_the_sample_is_the_start_of_what_was_given_byte_for_byte() -> None:
    """R5.3: 2..3 s."""
    sample = SpeechSample(SampleSettings(length_ms=2000))
    given = np.arange(20000, dtype=np.int16)
    for at in range(0, 20000, 170):
        assert sample.is_full == (at >= 16000)
        sample.add(given[at : at + 170].tobytes())
    wav = parse_wav(sample.wav() or b"")
    assert wav.rate_hz == 8000
    assert (wav.mono() == given[:16000]).all()


def test_a_call_without_speech_leaves_no_file() -> None:
    """R5.3."""
    assert SpeechSample().wav() is None


def test_settings_out_of_range_are_named() -> None:
    with pytest.raises(ValueError, match="every_n_calls"):
        SampleSettings(every_n_calls=-1)
    with pytest.raises(ValueError, match="length_ms"):
        SampleSettings(length_ms=60000)
