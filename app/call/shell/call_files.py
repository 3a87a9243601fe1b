"""What calls leave on this machine's disk: tapes to replay, their sound, samples of what the recogniser got (R5.3).

A disk that refuses costs the file, never the call.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import structlog

from app.call.shell.audio_file import AudioFile
from app.runtime import now_ms, offload, spawn

_BLOCK_BYTES = 64 * 1024
_log = structlog.get_logger("server")


class CallFiles:
    """Where they lie; `tapes` None keeps none.

    The store child removes them when their time has come (`app.leads.upkeep`).
    """

    def __init__(self, tapes: Path | None, samples: Path, audio: Path, *, keeps_audio: bool = False) -> None:
        self._tapes = tapes
        self._samples = samples
        self._audio = audio
        self._keeps_audio = keeps_audio

    def open_tape(self, call_sid: str) -> Callable[[bytes], None] | None:
        """Return what takes the lines of a call's tape, if tapes are kept; empty lines flush it."""
        return None if self._tapes is None else _Tape(call_sid, self._tapes / f"{_name(call_sid)}.jsonl")

    def tape(self, call_sid: str) -> Path | None:
        """Return a call's tape, where there is one."""
        path = None if self._tapes is None else self._tapes / f"{_name(call_sid)}.jsonl"
        return path if path and path.is_file() else None

    def open_audio(self, call_sid: str) -> AudioFile | None:
        """Return what keeps a call's sound, if that is kept."""
        return AudioFile(call_sid, self._audio_path(call_sid), now_ms()) if self._keeps_audio else None

    def audio(self, call_sid: str) -> Path | None:
        """Return a call's sound, where it was kept: a stereo WAV."""
        path = self._audio_path(call_sid)
        return path if path.is_file() else None

    def _audio_path(self, call_sid: str) -> Path:
        return self._audio / f"{_name(call_sid)}.wav"

    def keep_sample(self, call_sid: str, wav: bytes) -> None:
        """Write a call's sample."""
        path = self._samples / f"{_name(call_sid)}.wav"
        try:
            offload(_write, path, wav, "wb")
        except OSError as error:
            _log.warning("SAMPLE_NOT_KEPT", call_sid=call_sid, why=str(error))
        else:
            _log.info("SAMPLE_KEPT", call_sid=call_sid, path=str(path))


class _Tape:
    """Appends to one call's tape, off the hub, a block at a time; an empty write flushes. Never waits.

    After a fault no more of it is kept.
    """

    def __init__(self, call_sid: str, path: Path) -> None:
        self._call_sid = call_sid
        self._path = path
        self._pending = bytearray()
        self._is_over = self._is_writing = self._is_broken = False

    def __call__(self, lines: bytes) -> None:
        if self._is_broken:
            return
        self._pending += lines
        self._is_over = not lines
        if not self._is_writing and self._is_due:
            self._is_writing = True
            spawn(self._append)

    @property
    def _is_due(self) -> bool:
        return bool(self._pending) and (self._is_over or len(self._pending) >= _BLOCK_BYTES)

    def _append(self) -> None:
        try:
            while self._is_due:
                block, self._pending = bytes(self._pending), bytearray()
                offload(_write, self._path, block, "ab")
        except OSError as error:
            self._is_broken = True
            _log.warning("TAPE_NOT_KEPT", call_sid=self._call_sid, why=str(error))
        finally:
            self._is_writing = False


def _name(call_sid: str) -> str:
    return "".join(letter for letter in call_sid if letter.isalnum())


def _write(path: Path, data: bytes, mode: Literal["wb", "ab"]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open(mode) as file:
        file.write(data)
