"""Stock speech, synthesised once and kept (R9.4).

Only lines that hold nothing of a caller are kept: greeting, questions, holding phrases. They lie in a folder, one
mu-law file a line, named by a hash of engine, voice and text, so a new voice never plays an old voice's audio. The
folder may vanish or be read-only: then the cache lives in memory alone. Bounded: past `limit_bytes` the least recently
used line goes. What neither memory nor the folder holds may be in the pack that comes with the package.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Container
from pathlib import Path
from typing import Protocol

Offload = Callable[..., object]
Share = Callable[[str, bytes], object]


class Pack(Container[object], Protocol):
    """What may bring lines along; see `speech.pack.VoicePack`."""

    def get(self, text: str) -> bytes | None:
        """Return the audio of `text`, if it is there and whole."""


class SpeechCache:
    """Mu-law 8 kHz audio by text, for one engine and voice."""

    def __init__(
        self,
        folder: Path,
        engine: str,
        voice: str,
        stock: frozenset[str],
        offload: Offload,
        limit_bytes: int = 16 * 1024 * 1024,
        pack: Pack | None = None,
        share: Share = lambda *_: None,
    ) -> None:
        """`stock` are the only texts kept; `offload` runs blocking file work off the hub; `pack` is this voice's;
        `share` is given the digest and the audio of a line that was said for the first time.
        """
        self._share = share
        self._folder = folder
        self._key = f"{engine}\n{voice}\n"
        self._stock = stock
        self._offload = offload
        self._limit_bytes = limit_bytes
        self._pack = pack
        self._audio: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def load(self) -> int:
        """Read what an earlier run left; return how many stock lines are ready."""
        for text in self._stock:
            path = self._path(text)
            try:
                audio = path.read_bytes()
            except OSError:
                continue
            if audio:
                self._keep(text, audio)
        return len(self._audio)

    def missing(self, texts: tuple[str, ...]) -> list[str]:
        """Return which of `texts` are stock and not ready, in order."""
        packed: Container[object] = self._pack or ()
        return [text for text in texts if text in self._stock and text not in self._audio and text not in packed]

    def get(self, text: str) -> bytes | None:
        """Return the audio of `text`, if it is ready."""
        audio = self._audio.get(text)
        if audio is not None:
            self._audio.move_to_end(text)
        elif self._pack is not None and (audio := self._pack.get(text)):
            self._keep(text, audio)
        return audio

    def put(self, text: str, audio: bytes) -> None:
        """Keep the audio of `text` if it is a stock line; the file is written off the hub."""
        if text in self._stock and audio and text not in self._audio:
            self.take(text, audio)
            self._share(self.digest(text), audio)

    def take(self, text: str, audio: bytes) -> None:
        """Keep the audio of a stock line that somebody else has had said, unless it is here."""
        if text not in self._audio:
            self._keep(text, audio)
            self._offload(_write, self._path(text), audio)

    def digest(self, text: str) -> str:
        """Return what names `text` in this voice, whoever keeps it."""
        return hashlib.sha256((self._key + text).encode()).hexdigest()

    def _keep(self, text: str, audio: bytes) -> None:
        self._audio[text] = audio
        self._size += len(audio)
        while self._size > self._limit_bytes:
            _, oldest = self._audio.popitem(last=False)
            self._size -= len(oldest)

    def _path(self, text: str) -> Path:
        return self._folder / f"{self.digest(text)[:32]}.ulaw"


def _write(path: Path, audio: bytes) -> None:
    """Write whole or not at all; a disk that refuses costs only the next start its warm cache."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(audio)
        part.replace(path)
    except OSError:
        pass
