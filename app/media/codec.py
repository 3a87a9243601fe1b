"""G.711 mu-law, the telephone's 8-bit samples, to and from 16-bit PCM (R5.1).

Both directions are one table look-up. The tables follow ITU-T G.711 (and its software tool library, ITU-T G.191): a
sample is taken at 14 bits, biased by 33, and split into sign, three bits of segment and four of step; all bits are
sent inverted, so that silence (0xFF) keeps a line busy with ones.
"""

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 8000
FRAME_MS = 20
FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000
ULAW_SILENCE = 0xFF

_BIAS = 33
_LARGEST = 0x1FFF


def _decode_table() -> npt.NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    segment, step = code >> 4 & 7, code & 0xF
    magnitude = (((step << 1) + _BIAS) << segment) - _BIAS
    return (np.where(code & 0x80, -magnitude, magnitude) * 4).astype(np.int16)


def _encode_table() -> npt.NDArray[np.uint8]:
    """Return the code of each sample; indexed by the sample's bits read as uint16."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32) >> 2
    biased = np.minimum(np.abs(sample) + _BIAS, _LARGEST)
    segment = np.searchsorted(np.array([0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF]), biased)
    code = segment << 4 | biased >> segment + 1 & 0xF
    inverted: npt.NDArray[np.int64] = code ^ np.where(sample < 0, 0x7F, 0xFF)
    return inverted.astype(np.uint8)


_DECODED = _decode_table()
_ENCODED = _encode_table()


def decode_ulaw(payload: bytes) -> npt.NDArray[np.int16]:
    """Return the 16-bit samples of mu-law bytes; one sample a byte."""
    return _DECODED[np.frombuffer(payload, np.uint8)]


def encode_ulaw(samples: npt.NDArray[np.int16]) -> bytes:
    """Return the mu-law bytes of 16-bit samples; one byte a sample."""
    return _ENCODED[np.ascontiguousarray(samples, np.int16).view(np.uint16)].tobytes()
