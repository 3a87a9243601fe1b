"""What a real line does to the caller's frames: silence suppressed, the agent's own voice coming back."""

from dataclasses import dataclass

import numpy as np

from app.media.codec import ULAW_SILENCE, decode_ulaw, encode_ulaw

SAMPLES_PER_MS = 8
_LOUDEST_SILENCE = 64  # int16: what a carrier's voice detector takes for silence


@dataclass(frozen=True, slots=True)
class LineFaults:
    """The faults of one line; without any it passes frames on as they are."""

    suppresses_silence: bool = False
    """Carriers send no frame while nobody speaks."""
    echo_db: float | None = None
    """How much weaker the agent's voice comes back, below 0; None: not at all."""
    echo_delay_ms: int = 250

    def pass_on(self, frame: bytes, ear: bytes | bytearray | None, at: int) -> bytes | None:
        """Return what becomes of the caller's frame that ends at sample `at`, None if it is not sent.

        `ear` is what was played at the caller's end so far, mu-law, a byte a sample.
        """
        if self.echo_db is not None and ear is not None:
            frame = self._with_echo(frame, ear, at)
        return None if self.suppresses_silence and _is_silent(frame) else frame

    def _with_echo(self, frame: bytes, ear: bytes | bytearray, at: int) -> bytes:
        assert self.echo_db is not None
        start = at - len(frame) - self.echo_delay_ms * SAMPLES_PER_MS
        played = bytes(ear[max(start, 0) : max(start + len(frame), 0)])
        if not played:
            return frame
        echo = decode_ulaw(played.rjust(len(frame), bytes([ULAW_SILENCE]))).astype(np.float64) * 10 ** (
            self.echo_db / 20
        )
        mixed = decode_ulaw(frame).astype(np.float64) + echo[: len(frame)]
        return encode_ulaw(np.clip(np.rint(mixed), -32768, 32767).astype(np.int16))


def _is_silent(frame: bytes) -> bool:
    return bool(np.abs(decode_ulaw(frame)).max(initial=0) <= _LOUDEST_SILENCE)
