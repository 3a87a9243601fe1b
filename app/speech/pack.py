"""Stock speech that comes with the package, so that a first call need not wait for it to be synthesised.

One file holds the lines of one engine's voice: `VOICEPK1`, the length of the index (4 bytes, big-endian), the index
(JSON, deflated), then each line's mu-law, packed by LZMA on its own. A line is found by its exact text, so one that was
reworded since is not taken from here; what does not fit its hash is not, either. `tools/build_voice_pack.py` writes the
file.
"""

import hashlib
import json
import lzma
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

_MAGIC = b"VOICEPK1"
# A line is some 25 KB: a dictionary of 64 KB holds it whole, and costs no more memory than that to unpack.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 16, "lc": 4, "pb": 0}]
_DIGEST_CHARS = 16
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PackedLine:
    """Where a line lies, the hash of its mu-law, and the sounds it was made of, to tell when they changed."""

    start: int
    size: int
    digest: str
    sounds: str


class VoicePack:
    """The lines of one voice, unpacked one at a time when they are wanted."""

    def __init__(self, voice: str, lines: Mapping[str, PackedLine], packed: bytes) -> None:
        self.voice = voice
        """The engine and its voice, as `engine/voice`."""
        self.lines = lines
        self._packed = packed

    @classmethod
    def read(cls, path: Path) -> "VoicePack":
        """Read a pack; one that is missing or is none is empty, and the log says so: it costs time, never a call."""
        try:
            data = path.read_bytes()
            if not data.startswith(_MAGIC):
                raise ValueError("it is no voice pack")  # noqa: TRY301 - it is told like what reading it meets
            begins = len(_MAGIC) + 4
            ends = begins + int.from_bytes(data[len(_MAGIC) : begins])
            index = json.loads(zlib.decompress(data[begins:ends]))
            lines = {text: PackedLine(*entry) for text, *entry in index["lines"]}
            return cls(index["voice"], lines, data[ends:])
        except (OSError, ValueError, KeyError, TypeError, zlib.error) as error:
            _log.warning("VOICE_PACK_UNREADABLE", path=str(path), why=str(error))
            return cls("", {}, b"")

    def __contains__(self, text: object) -> bool:
        return text in self.lines

    def get(self, text: str) -> bytes | None:
        """Return a line's mu-law 8 kHz audio, if it is here and whole."""
        line = self.lines.get(text)
        if line is None:
            return None
        try:
            audio = lzma.decompress(
                self._packed[line.start : line.start + line.size], lzma.FORMAT_RAW, filters=_FILTERS
            )
        except lzma.LZMAError:
            audio = b""
        if digest(audio) != line.digest:
            _log.warning("VOICE_PACK_BROKEN", line=text)
            return None
        return audio


def write_pack(path: Path, voice: str, lines: Mapping[str, tuple[bytes, str]]) -> None:
    """Write a pack of `lines`: text to mu-law and the sounds it says; the same lines make the same file."""
    index: list[list[str | int]] = []
    packed = bytearray()
    for text, (audio, sounds) in lines.items():
        squeezed = lzma.compress(audio, lzma.FORMAT_RAW, filters=_FILTERS)
        index.append([text, len(packed), len(squeezed), digest(audio), sounds])
        packed += squeezed
    head = zlib.compress(json.dumps({"voice": voice, "lines": index}, ensure_ascii=False).encode(), 9)
    path.write_bytes(_MAGIC + len(head).to_bytes(4) + head + packed)


def digest(data: bytes) -> str:
    """Return a short SHA-256."""
    return hashlib.sha256(data).hexdigest()[:_DIGEST_CHARS]
