"""A call's sound on this machine's disk: a stereo WAV of mu-law, the caller left, the agent right; 16 KB a second.

Written off the hub, a few seconds at a time. The header's lengths are right from the first block on, so that a call
that broke off can be played, too. A disk that refuses costs the file, never the call.
"""

import struct
from pathlib import Path

import structlog

from app.call.events import CallerAudio, Command, Event, SendClear, SendMedia
from app.call.measuring.two_sides import TwoSides
from app.media.codec import SAMPLE_RATE_HZ
from app.runtime import offload, spawn

BLOCK_MS = 4000
HEADER = struct.Struct("<4sI4s4sIHHIIHHH4sII4sI")
_MULAW = 7  # WAVE_FORMAT_MULAW
_CHANNELS = 2
_log = structlog.get_logger("server")


def header(data_bytes: int) -> bytes:
    """Return the WAV header of so much audio (RFC 2361 names the format, and asks for a `fact`)."""
    rate = SAMPLE_RATE_HZ
    return HEADER.pack(
        *(b"RIFF", HEADER.size - 8 + data_bytes, b"WAVE"),
        *(b"fmt ", 18, _MULAW, _CHANNELS, rate, rate * _CHANNELS, _CHANNELS, 8, 0),
        *(b"fact", 4, data_bytes // _CHANNELS),
        *(b"data", data_bytes),
    )


class AudioFile:
    """Keeps one call's sound. Nothing here waits."""

    def __init__(self, call_sid: str, path: Path, now_ms: int) -> None:
        self._call_sid = call_sid
        self._path = path
        self._sides = TwoSides(now_ms)
        self._next_block_ms = now_ms + BLOCK_MS
        self._pending = bytearray()
        self._is_writing = self._is_broken = False

    def see(self, event: Event, commands: list[Command], now_ms: int) -> None:
        """Take one event of the call, and what it brought about."""
        if isinstance(event, CallerAudio):
            self._sides.caller(event.ulaw, now_ms)
        for command in commands:
            if isinstance(command, SendMedia):
                self._sides.agent(command.ulaw, now_ms)
            elif isinstance(command, SendClear):
                self._sides.cleared(now_ms)
        if now_ms >= self._next_block_ms:
            self._next_block_ms = now_ms + BLOCK_MS
            self._write(self._sides.take(now_ms))

    def close(self, now_ms: int) -> None:
        """The call is over."""
        self._write(self._sides.take(now_ms, is_last=True))

    def _write(self, audio: bytes) -> None:
        if self._is_broken:
            return
        self._pending += audio
        if self._pending and not self._is_writing:
            self._is_writing = True
            spawn(self._append)

    def _append(self) -> None:
        try:
            while self._pending:
                block, self._pending = bytes(self._pending), bytearray()
                offload(_append_audio, self._path, block)
        except OSError as error:
            self._is_broken = True
            _log.warning("AUDIO_NOT_KEPT", call_sid=self._call_sid, why=str(error))
        finally:
            self._is_writing = False


def _append_audio(path: Path, audio: bytes) -> None:
    if not path.exists():  # a reconnect goes on in the same file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(header(0))
    with path.open("r+b") as file:
        size = file.seek(0, 2) - HEADER.size
        file.write(audio)
        file.seek(0)
        file.write(header(size + len(audio)))
