"""RIFF/WAVE files of uncompressed 16-bit (and narrower or mu-law) sound, read defensively and written plainly.

Engines answer with WAV files whose header is not always 44 bytes (R9.1): chunks are walked, never assumed.
"""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.media.codec import decode_ulaw

_PCM, _ULAW, _EXTENSIBLE = 1, 7, 0xFFFE


class WavError(ValueError):
    """The bytes are no WAV file that can be read; the message says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Wav:
    """Sound out of a WAV file: `samples` is int16 of shape (frames, channels)."""

    samples: npt.NDArray[np.int16]
    rate_hz: int

    @property
    def channels(self) -> int:
        """How many channels there are."""
        return int(self.samples.shape[1])

    def mono(self) -> npt.NDArray[np.int16]:
        """Return the mean of the channels."""
        mean: npt.NDArray[np.float64] = self.samples.mean(axis=1)
        return np.rint(mean).astype(np.int16)


def parse_wav(data: bytes) -> Wav:
    """Read a WAV file of 8, 16, 24 or 32-bit PCM or G.711 mu-law, any rate, any number of channels.

    A data chunk that claims more bytes than there are (streamed files carry 0 or 0xFFFFFFFF) ends with the file.

    Raises:
        WavError: for anything else.
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise WavError(f"not a WAV file: it starts with {data[:12]!r}, a RIFF/WAVE header is wanted")
    layout: tuple[int, int, int, int] | None = None
    position = 12
    while position + 8 <= len(data):
        name, size = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        body = position + 8
        if name == b"fmt ":
            layout = _parse_format(data[body : body + size])
        elif name == b"data":
            if layout is None:
                raise WavError("the data chunk comes before the fmt chunk: the format of the sound is unknown")
            # A writer that could not seek back leaves 0 or all ones as the size.
            streamed = size in {0, 0xFFFFFFFF}
            return _to_samples(data[body:] if streamed else data[body : body + size], *layout)
        position = body + size + (size & 1)
    raise WavError("the file has no data chunk: there is no sound in it")


def write_wav(samples: npt.NDArray[np.int16], rate_hz: int) -> bytes:
    """Return a 16-bit PCM WAV file; `samples` has the shape (frames,) or (frames, channels)."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    body = np.ascontiguousarray(samples, "<i2").tobytes()
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, channels, rate_hz, rate_hz * channels * 2, channels * 2, 16)
    payload = b"WAVE" + layout + struct.pack("<4sI", b"data", len(body)) + body
    return struct.pack("<4sI", b"RIFF", len(payload)) + payload


def _parse_format(chunk: bytes) -> tuple[int, int, int, int]:
    if len(chunk) < 16:
        raise WavError(f"the fmt chunk has {len(chunk)} bytes, at least 16 are needed")
    code, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", chunk[:16])
    if code == _EXTENSIBLE and len(chunk) >= 26:
        code = int.from_bytes(chunk[24:26], "little")
    if not ((code == _PCM and bits in {8, 16, 24, 32}) or (code == _ULAW and bits == 8)):
        raise WavError(f"format code {code} with {bits} bits is not supported: use PCM or G.711 mu-law")
    if channels == 0 or rate_hz == 0:
        raise WavError(f"the fmt chunk says {channels} channels at {rate_hz} Hz")
    return code, channels, rate_hz, bits


def _to_samples(body: bytes, code: int, channels: int, rate_hz: int, bits: int) -> Wav:
    width = bits // 8
    body = body[: len(body) // (width * channels) * (width * channels)]
    if code == _ULAW:
        samples = decode_ulaw(body)
    elif width == 1:
        samples = (np.frombuffer(body, np.uint8).astype(np.int16) - 128) << 8
    else:
        # The two most significant bytes of each little-endian sample are its 16-bit value.
        samples = np.frombuffer(body, np.uint8).reshape(-1, width)[:, -2:].copy().view("<i2")[:, 0].astype(np.int16)
    return Wav(samples.reshape(-1, channels), rate_hz)
