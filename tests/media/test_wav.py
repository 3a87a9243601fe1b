"""WAV files as engines and people write them."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.media.codec import decode_ulaw
from app.media.wav import WavError, parse_wav, write_wav

SAMPLES = np.array([0, 1, -1, 32767, -32768, 1234], np.int16)


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def layout(code: int = 1, channels: int = 1, rate_hz: int = 8000, bits: int = 16, extra: bytes = b"") -> bytes:
    width = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", code, channels, rate_hz, rate_hz * width, width, bits) + extra)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@given(st.lists(st.integers(-32768, 32767), max_size=50), st.sampled_from([8000, 16000, 24000]))
def test_what_is_written_can_be_read(samples: list[int], rate_hz: int) -> None:
    original = np.array(samples, np.int16)
    wav = parse_wav(write_wav(original, rate_hz))
    assert (wav.mono() == original).all()
    assert wav.rate_hz == rate_hz


def test_stereo_keeps_its_channels() -> None:
    wav = parse_wav(write_wav(SAMPLES.reshape(3, 2), 8000))
    assert wav.samples.tolist() == SAMPLES.reshape(3, 2).tolist()
    assert wav.channels == 2
    assert wav.mono().tolist() == [0, 16383, -15767]


def test_the_data_chunk_is_found_behind_others() -> None:
    """R9.1: 44 bytes are not assumed, and chunks of odd size are padded."""
    data = riff(
        chunk(b"LIST", b"odd"), layout(extra=b"\0\0"), chunk(b"fact", b"1234"), chunk(b"data", SAMPLES.tobytes())
    )
    assert (parse_wav(data).mono() == SAMPLES).all()


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 1000])
def test_a_streamed_file_ends_where_it_ends(size: int) -> None:
    """R9.1: who streams a WAV does not know its length beforehand."""
    data = riff(layout()) + b"data" + struct.pack("<I", size) + SAMPLES.tobytes() + b"\x01"
    assert (parse_wav(data).mono() == SAMPLES).all()


def test_other_widths_are_brought_to_sixteen_bits() -> None:
    wide = np.array([0x12345678, -0x12345678], "<i4")
    assert parse_wav(riff(layout(bits=32), chunk(b"data", wide.tobytes()))).mono().tolist() == [0x1234, -0x1235]
    assert parse_wav(riff(layout(bits=24), chunk(b"data", b"\x01\x34\x12"))).mono().tolist() == [0x1234]
    assert parse_wav(riff(layout(bits=8), chunk(b"data", b"\x80\x00\xff"))).mono().tolist() == [0, -32768, 32512]
    ulaw = parse_wav(riff(layout(code=7, bits=8), chunk(b"data", b"\x00\xff\x80"))).mono()
    assert (ulaw == decode_ulaw(b"\x00\xff\x80")).all()


def test_the_extensible_header_is_understood() -> None:
    extra = struct.pack("<HHIH", 22, 16, 4, 1) + b"\0" * 14
    assert (parse_wav(riff(layout(0xFFFE, extra=extra), chunk(b"data", SAMPLES.tobytes()))).mono() == SAMPLES).all()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a WAV file"),
        (b"ID3\x04mp3 indeed", "not a WAV file"),
        (riff(layout()), "no data chunk"),
        (riff(chunk(b"data", b"12")), "before the fmt"),
        (riff(chunk(b"fmt ", b"12"), chunk(b"data", b"12")), "at least 16"),
        (riff(layout(code=3, bits=32), chunk(b"data", b"1234")), "format code 3 with 32 bits"),
        (riff(layout(channels=0), chunk(b"data", b"12")), "0 channels"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, reason: str) -> None:
    with pytest.raises(WavError, match=reason):
        parse_wav(data)


@given(st.binary(max_size=80))
def test_no_bytes_make_it_fail_otherwise(noise: bytes) -> None:
    for data in (noise, riff(noise), riff(layout(), noise)):
        try:
            parse_wav(data)
        except WavError:
            continue
