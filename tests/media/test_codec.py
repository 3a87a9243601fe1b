"""G.711 mu-law, bit by bit."""

import warnings

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.media.codec import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, ULAW_SILENCE, decode_ulaw, encode_ulaw

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)
EVERY_CODE = bytes(range(256))


def test_all_codes_decode_as_the_reference_does() -> None:
    """R5.1."""
    assert decode_ulaw(EVERY_CODE).tobytes() == audioop.ulaw2lin(EVERY_CODE, 2)


def test_all_samples_encode_as_the_reference_does() -> None:
    """R5.1."""
    assert encode_ulaw(EVERY_SAMPLE) == audioop.lin2ulaw(EVERY_SAMPLE.tobytes(), 2)


def test_the_ends_of_the_segments_are_those_of_the_published_table() -> None:
    """R5.1: ITU-T G.711 table 2, decoder output values at 14 bits, here at 16 (times four)."""
    codes = bytes([0x80, 0x8F, 0x9F, 0xAF, 0xBF, 0xCF, 0xDF, 0xEF, 0xFF])
    assert [int(sample) // 4 for sample in decode_ulaw(codes)] == [8031, 4191, 2079, 1023, 495, 231, 99, 33, 0]
    assert decode_ulaw(bytes([0x00, 0x7F])).tolist() == [-32124, 0]


def test_decoded_codes_encode_to_themselves_but_for_minus_zero() -> None:
    """R5.1: 0x7F is a second way to say silence."""
    again = encode_ulaw(decode_ulaw(EVERY_CODE))
    assert [code for code in range(256) if again[code] != code] == [0x7F]
    assert again[0x7F] == ULAW_SILENCE


@given(st.lists(st.integers(-32124, 32124), max_size=400))
def test_the_error_is_within_half_a_step(samples: list[int]) -> None:
    """R5.1: a step is at most 1/16 of the sample, and 8 near zero."""
    original = np.array(samples, np.int32)
    error = np.abs(decode_ulaw(encode_ulaw(original.astype(np.int16))) - original)
    assert (error <= np.abs(original) // 32 + 8).all()


def test_a_frame_is_twenty_milliseconds() -> None:
    assert FRAME_SAMPLES * 1000 == FRAME_MS * SAMPLE_RATE_HZ
