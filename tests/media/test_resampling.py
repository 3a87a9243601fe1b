"""Recordings of any rate come down to the telephone's."""

import numpy as np
import pytest

from app.media.resampling import to_telephone_rate


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 44_100, 48_000])
def test_other_rates_come_down_to_8_khz_without_folding(rate_hz: int) -> None:
    """R2.7, R5.1: a tone stays where it is; what lies over 4 kHz does not come back as another."""
    at = np.arange(rate_hz) / rate_hz
    low = np.rint(8000 * np.sin(2 * np.pi * 1000 * at)).astype(np.int16)
    high = np.rint(8000 * np.sin(2 * np.pi * 6000 * at)).astype(np.int16)
    tone = to_telephone_rate(low, rate_hz)
    assert len(tone) == 8000
    assert np.argmax(np.abs(np.fft.rfft(tone))) == 1000
    assert np.abs(to_telephone_rate(high, rate_hz)[400:-400]).max() < 200


def test_a_lower_rate_comes_up_and_8_khz_stays_as_it_is() -> None:
    """R5.1: nothing is touched that need not be."""
    tone = np.rint(8000 * np.sin(np.arange(6000) / 6000 * 2 * np.pi * 500)).astype(np.int16)
    assert len(to_telephone_rate(tone, 6000)) == 8000
    assert to_telephone_rate(tone, 8000) is tone
    assert len(to_telephone_rate(tone[:0], 16_000)) == 0
