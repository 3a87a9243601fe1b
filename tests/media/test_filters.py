"""The telephone band, against scipy's own filters."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from app.media.filters import BandFilter
from tests.media.sounds import noise, to_pcm, tone

HIGH_PASS_HZ, LOW_PASS_HZ = 100.0, 3700.0

OFFLINE = np.vstack(
    [
        signal.butter(2, HIGH_PASS_HZ, "highpass", fs=8000, output="sos"),
        signal.butter(2, LOW_PASS_HZ, "lowpass", fs=8000, output="sos"),
    ]
)
SOUND = to_pcm(noise(600, 6000))
WHOLE: npt.NDArray[np.float64] = signal.sosfilt(OFFLINE, SOUND.astype(np.float64))


def gain_db(hz: float) -> float:
    """Return what the filter does to a tone, measured in the second after its first."""
    sound = tone(2000, 5000, hz)
    answer = BandFilter().process(sound)[8000:]
    return float(10 * np.log10((answer**2).mean() / (sound[8000:] ** 2).mean()))


@given(st.lists(st.integers(0, 700), min_size=1, max_size=40))
@settings(max_examples=50)
def test_a_stream_in_any_pieces_equals_the_whole(sizes: list[int]) -> None:
    """R5.2: to 1 LSB."""
    band, pieces, at = BandFilter(), [], 0
    for size in [*sizes, len(SOUND)]:
        pieces.append(band.process(SOUND[at : at + size]))
        at = min(at + size, len(SOUND))
    streamed = np.concatenate(pieces)
    assert len(streamed) == len(SOUND)
    assert np.abs(np.rint(streamed) - np.rint(WHOLE)).max() <= 1


@pytest.mark.parametrize("hz", [200, 300, 500, 1000, 2000, 3000, 3400])
def test_speech_passes_within_one_decibel(hz: float) -> None:
    """R5.2."""
    assert abs(gain_db(hz)) < 1


def test_the_edges_are_where_they_belong() -> None:
    """R5.2: -3 dB near 100 Hz and near 3.7 kHz, mains hum 12 dB down."""
    assert gain_db(100) == pytest.approx(-3, abs=0.3)
    assert gain_db(3700) == pytest.approx(-3, abs=0.3)
    assert gain_db(50) <= -12


def test_a_constant_offset_is_gone() -> None:
    """R5.2."""
    assert np.abs(BandFilter().process(np.full(8000, 3000.0))[4000:]).max() < 0.5


def test_the_memory_of_a_sound_fades_to_exactly_nothing() -> None:
    """R5.2: denormal numbers in the states would make silence the most expensive sound of all."""
    band = BandFilter()
    band.process(SOUND)
    for _ in range(200):
        silent = band.process(np.zeros(160))
    assert not silent.any()
