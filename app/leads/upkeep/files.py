"""Files that calls leave: what recognisers got, calls' sound, tapes. Found by call, removed when their time comes."""

import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PEAKS_A_SECOND = 50
_HEADER_BYTES = 58  # of `app.call.shell.audio_file`
_RATE_HZ = 8000
_OURS = re.compile(r"[A-Z]{2}[0-9A-Za-z]{1,62}\.(wav|jsonl)")
_PIECE_BYTES = 1 << 20
# Linear magnitude of a mu-law byte, whatever its sign (G.711), scaled to 0…127.
_LOUDNESS = bytes(round((((~byte & 15) * 2 + 33 << (~byte >> 4 & 7)) - 33) * 127 / 8031) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of file: where it lies and for how long; `folder` None: none are made."""

    kind: str
    folder: Path | None
    keep_s: float


class CallFiles:
    """The files of all calls on this machine."""

    def __init__(self, kinds: Iterable[Kept]) -> None:
        self._kinds = tuple(kinds)

    def sweep(self, now_s: float) -> int:
        """Remove what has been kept long enough; return how many."""
        old = [path for kept, path in self._all() if now_s - path.stat().st_mtime > kept.keep_s]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def of_calls(self, call_sids: Iterable[str]) -> list[Path]:
        """Return the files of these calls."""
        names = {"".join(letter for letter in sid if letter.isalnum()) for sid in call_sids}
        return [path for _, path in self._all() if path.name.partition(".")[0] in names]

    def kept_files(self) -> dict[str, Any]:
        """Return of each kind how many there are, for how long they are kept, and the oldest."""
        found: dict[str, list[float]] = {kept.kind: [] for kept in self._kinds}
        for kept, path in self._all():
            found[kept.kind].append(path.stat().st_mtime)
        return {
            kept.kind: {
                "keep_s": kept.keep_s,
                "count": len(times := found[kept.kind]),
                "oldest": datetime.fromtimestamp(min(times), UTC).isoformat() if times else None,
            }
            for kept in self._kinds
        }

    def peaks(self, call_sid: str) -> dict[str, Any]:
        """Return the loudest of every 20 ms of a call's two sides, computed once; `known` False without its sound."""
        sound = next((path for path in self.of_calls([call_sid]) if path.parent.name == "audio"), None)
        if sound is None:
            return {"known": False}
        kept = sound.with_suffix(".peaks")
        if kept.is_file() and kept.stat().st_mtime >= sound.stat().st_mtime:
            answer: dict[str, Any] = json.loads(kept.read_bytes())
            return answer
        answer = _peaks(sound)
        if time.time() - sound.stat().st_mtime > 60:  # the call is over
            kept.write_text(json.dumps(answer))
        return answer

    def _all(self) -> Iterator[tuple[Kept, Path]]:
        for kept in self._kinds:
            if kept.folder is not None and kept.folder.is_dir():
                for path in kept.folder.iterdir():
                    if _OURS.fullmatch(path.name) or path.suffix == ".peaks":
                        yield kept, path


def _peaks(sound: Path) -> dict[str, Any]:
    import numpy as np  # 6 MB that the store's child has no other use for

    sides: tuple[list[int], list[int]] = ([], [])
    step = _RATE_HZ // PEAKS_A_SECOND
    piece_bytes = _PIECE_BYTES // (2 * step) * 2 * step
    samples = 0
    with sound.open("rb") as file:
        file.seek(_HEADER_BYTES)
        while piece := file.read(piece_bytes):
            loud = np.frombuffer(piece[: len(piece) // 2 * 2].translate(_LOUDNESS), np.uint8).reshape(-1, 2)
            samples += len(loud)
            whole = len(loud) // step * step
            for side, peaks in enumerate(sides):
                peaks.extend(loud[:whole, side].reshape(-1, step).max(axis=1).tolist())
    return {"known": True, "duration_ms": samples * 1000 // _RATE_HZ, "caller": sides[0], "agent": sides[1]}
