"""From Twilio's payloads to frames a recogniser and a voice detector can use (R5)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from app.media.agc import Agc, AgcSettings, Gains, scale, scale_together
from app.media.codec import FRAME_MS, FRAME_SAMPLES, decode_ulaw
from app.media.echo import Echo, Playing, listen_together, nothing
from app.media.filters import BandFilter, filter_together
from app.media.floor import NoiseFloor, ThresholdSettings

_PCM_BYTES = 2 * FRAME_SAMPLES
_BYTES_PER_MS = FRAME_SAMPLES // FRAME_MS

Levels = tuple[float, float]
"""The RMS of a frame, and what it must be over to be more than echo."""


class Frame(NamedTuple):
    """20 ms of the caller. `start_ms` is media time: how much audio came before it on this stream.

    `pcm` is 160 LINEAR16 samples, filtered and levelled, as speech recognition gets them; `rms` (int16 scale) is
    taken after the filters and before the levelling, for only that can be compared with the line's noise. What is not
    over `echo_rms` may be the agent's own voice; 0 where the agent is silent.

    A tuple, as everything is that comes with each frame of each call: it is made in half the time of a data class.
    """

    start_ms: int
    pcm: bytes
    rms: float
    echo_rms: float = 0.0

    @property
    def end_ms(self) -> int:
        """The media time at which the next frame starts."""
        return self.start_ms + FRAME_MS


@dataclass(frozen=True, slots=True)
class FrontEndSettings:
    """What is done to the caller's audio; `gate` says which frames are loud enough to level the gain by."""

    agc: AgcSettings = field(default_factory=AgcSettings)
    # Stricter than the voice threshold: word ends and breath would drag the measured level of speech down.
    gate: ThresholdSettings = field(default_factory=lambda: ThresholdSettings(least_rms=80.0, ratio=2.5))
    gate_calibration_ms: int = 300


class Waiting(NamedTuple):
    """A caller's payload that is to be heard, and what was playing as it came."""

    front: "FrontEnd"
    ulaw: bytes
    playing: Playing


class FrontEnd:
    """Re-frame, decode, filter and level one caller's audio."""

    def __init__(self, settings: FrontEndSettings | None = None) -> None:
        settings = settings or FrontEndSettings()
        self.filter = BandFilter()
        self._agc = Agc(settings.agc)
        self._gate = NoiseFloor(settings.gate_calibration_ms, settings.gate)
        self.echo = Echo()
        self._rest = b""
        self._frames = 0
        self._ahead: tuple[bytes, list[Frame]] | None = None

    @property
    def media_ms(self) -> int:
        """How much audio has been turned into frames."""
        return self._frames * FRAME_MS

    def silence(self, frames: int, rms: float, playing: Playing = nothing) -> list[Frame]:
        """Return frames, up to now, of a line that sends none, as loud as its noise (`rms`); they teach nothing.

        What was `playing` meanwhile may come back with the frames after them.
        """
        for left in reversed(range(frames)):
            self.echo.miss(playing(left * FRAME_MS))
        first, self._frames = self._frames, self._frames + frames
        return [Frame((first + number) * FRAME_MS, bytes(_PCM_BYTES), rms) for number in range(frames)]

    def process(self, ulaw: bytes, playing: Playing = nothing) -> list[Frame]:
        """Take a mu-law payload of any size and what was `playing` as it came; return the 20 ms frames it completes."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] is ulaw:
            return ahead[1]
        whole = self.whole_frames(ulaw)
        samples = self.filter.process(decode_ulaw(whole))
        loudness: list[Levels] = []
        ago_ms = len(samples) // FRAME_SAMPLES * FRAME_MS
        for frame in samples.reshape(-1, FRAME_SAMPLES):
            ago_ms -= FRAME_MS
            rms = math.sqrt(float(frame.dot(frame)) / FRAME_SAMPLES)
            levels, gains = self.measure(rms, self.echo.receive(frame, rms, playing(ago_ms)))
            scale(frame, rms, gains)
            loudness.append(levels)
        # What is the same for every frame is done for all at once: each call of numpy costs more than its work.
        pcm = np.rint(samples, out=samples).astype(np.int16).tobytes()
        return [self.frame(pcm[at * _PCM_BYTES : (at + 1) * _PCM_BYTES], levels) for at, levels in enumerate(loudness)]

    def expect(self, ulaw: bytes, frames: list[Frame]) -> None:
        """Take what was worked out elsewhere for the payload that `process` is asked for next."""
        self._ahead = (ulaw, frames)

    def whole_frames(self, ulaw: bytes) -> bytes:
        """Take a payload; return the whole frames that it completes, the rest waits for the next."""
        if self._rest:
            ulaw = self._rest + ulaw
        whole = len(ulaw) - len(ulaw) % FRAME_SAMPLES
        self._rest = ulaw[whole:]
        return ulaw[:whole]

    def measure(self, rms: float, echo_rms: float) -> tuple[Levels, Gains]:
        """Take the levels of a filtered frame; return them, and by what it is to be scaled."""
        return (rms, echo_rms), self._agc.follow(rms, is_speech=self._gate.update(rms) and rms > echo_rms)

    def frame(self, pcm: bytes, levels: Levels) -> Frame:
        """Return the next frame of the stream."""
        start_ms = self._frames * FRAME_MS
        self._frames += 1
        return Frame(start_ms, pcm, *levels)


def process_ahead(waiting: Sequence[Waiting]) -> list[list[Frame]]:
    """Work out for many callers in one pass what `FrontEnd.process` does for each: it must be asked for that next.

    Return the frames of each.
    """
    fronts = [one.front for one in waiting]
    wholes = [one.front.whole_frames(one.ulaw) for one in waiting]
    heard: list[list[Frame]] = [[] for _ in waiting]
    for start in range(0, max(map(len, wholes), default=0), FRAME_SAMPLES):
        rows = [row for row, whole in enumerate(wholes) if len(whole) > start]
        ulaw = b"".join([wholes[row][start : start + FRAME_SAMPLES] for row in rows])
        samples = decode_ulaw(ulaw).reshape(-1, FRAME_SAMPLES).astype(np.float64)
        filter_together([fronts[row].filter for row in rows], samples)
        loudness = np.sqrt(np.einsum("ij,ij->i", samples, samples) / FRAME_SAMPLES)
        played = [waiting[row].playing((len(wholes[row]) - start) // _BYTES_PER_MS - FRAME_MS) for row in rows]
        levels = loudness.tolist()
        echoes = listen_together([fronts[row].echo for row in rows], samples, levels, played)
        measured = [fronts[row].measure(rms, echo) for row, rms, echo in zip(rows, levels, echoes, strict=True)]
        scale_together(samples, loudness, [gains for _, gains in measured])
        pcm = np.rint(samples, out=samples).astype(np.int16).tobytes()
        for at, (row, (of_frame, _)) in enumerate(zip(rows, measured, strict=True)):
            heard[row].append(fronts[row].frame(pcm[at * _PCM_BYTES : (at + 1) * _PCM_BYTES], of_frame))
    for one, frames in zip(waiting, heard, strict=True):
        one.front.expect(one.ulaw, frames)
    return heard
