"""Between 8 kHz and the vendors' rates."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.speech.cloud.rates import Downsampler, double_rate


def tone(frequency_hz: float, rate_hz: int, seconds: float = 0.5) -> npt.NDArray[np.int16]:
    time_s = np.arange(int(rate_hz * seconds)) / rate_hz
    return (10000 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.int16)


def level(samples: npt.NDArray[np.int16]) -> float:
    """Return the RMS level of the middle, away from the edges."""
    middle = samples[len(samples) // 4 : -len(samples) // 4].astype(np.float64)
    return float(np.sqrt(np.mean(middle**2)))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=20), st.sampled_from([16000, 24000, 48000]))
def test_pieces_give_what_the_whole_gives(sizes: list[int], rate_hz: int) -> None:
    samples = tone(440, rate_hz)[: sum(sizes)]
    downsampler = Downsampler(rate_hz)
    pieces = []
    for end, size in zip(np.cumsum(sizes), sizes, strict=True):
        pieces.append(downsampler.process(samples[end - size : end]))

    whole = Downsampler(rate_hz).process(samples)
    assert np.array_equal(np.concatenate(pieces), whole)
    assert len(whole) == -(-len(samples) * 8000 // rate_hz)


def test_a_piece_of_nothing_changes_nothing() -> None:
    """R9.1: a vendor's chunk may be empty."""
    samples, nothing = tone(440, 24000, 0.05), np.zeros(0, dtype=np.int16)
    downsampler = Downsampler(24000)
    pieces = [
        downsampler.process(piece) for piece in (nothing, samples[:500], nothing, nothing, samples[500:], nothing)
    ]
    assert np.array_equal(np.concatenate(pieces), Downsampler(24000).process(samples))


@pytest.mark.parametrize("rate_hz", [16000, 24000, 48000])
def test_speech_passes_and_what_would_alias_does_not(rate_hz: int) -> None:
    assert level(Downsampler(rate_hz).process(tone(1000, rate_hz))) == pytest.approx(level(tone(1000, 8000)), rel=0.02)
    assert level(Downsampler(rate_hz).process(tone(5500, rate_hz))) < 0.02 * level(tone(1000, 8000))


def test_doubling_keeps_a_tone_in_its_place() -> None:
    doubled, wanted = double_rate(tone(1000, 8000)), tone(1000, 16000)
    assert len(doubled) == len(wanted)
    assert np.max(np.abs(doubled[500:-500].astype(int) - wanted[500:-500])) < 200


def test_what_is_as_loud_as_it_can_be_stays_so() -> None:
    """R9.1: a filter overshoots at an edge; what is past the end of the scale must not come out at the other end."""
    loud = np.repeat(np.array([32767, -32768] * 8, dtype=np.int16), 300)
    for out, edges_every, delay in ((Downsampler(24000).process(loud), 100, 16), (double_rate(loud), 600, 0)):
        plateaus = out[delay : len(out) - edges_every + delay].reshape(-1, edges_every)[:, 3:-3]
        assert (plateaus.max(), plateaus.min()) == (32767, -32768)
        assert (plateaus[::2] > 25_000).all()
        assert (plateaus[1::2] < -25_000).all()


@pytest.mark.parametrize("rate_hz", [22050, 0, -8000, 1, 8001])
def test_other_rates_are_refused(rate_hz: int) -> None:
    with pytest.raises(ValueError, match="multiple of 8000"):
        Downsampler(rate_hz)
