"""From Twilio's payloads to frames a recogniser and a voice detector can use (R5)."""

import math
from dataclasses import dataclass, field

import numpy as np

from app.media.agc import Agc, AgcSettings
from app.media.codec import FRAME_MS, FRAME_SAMPLES, decode_ulaw
from app.media.echo import Echo, Playing, nothing
from app.media.filters import BandFilter
from app.media.floor import NoiseFloor, ThresholdSettings

_PCM_BYTES = 2 * FRAME_SAMPLES


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms of the caller. `start_ms` is media time: how much audio came before it on this stream.

    `pcm` is 160 LINEAR16 samples, filtered and levelled, as speech recognition gets them; `rms` (int16 scale) is
    taken after the filters and before the levelling, for only that can be compared with the line's noise. What is not
    over `echo_rms` may be the agent's own voice; 0 where the agent is silent.
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


class FrontEnd:
    """Re-frame, decode, filter and level one caller's audio."""

    def __init__(self, settings: FrontEndSettings | None = None) -> None:
        settings = settings or FrontEndSettings()
        self._filter = BandFilter()
        self._agc = Agc(settings.agc)
        self._gate = NoiseFloor(settings.gate_calibration_ms, settings.gate)
        self.echo = Echo()
        self._rest = b""
        self._frames = 0

    @property
    def media_ms(self) -> int:
        """How much audio has been turned into frames."""
        return self._frames * FRAME_MS

    def silence(self, frames: int, rms: float) -> list[Frame]:
        """Return frames of a line that sends none, as loud as its noise (`rms`); nothing is learned from them."""
        first, self._frames = self._frames, self._frames + frames
        return [Frame((first + number) * FRAME_MS, bytes(_PCM_BYTES), rms) for number in range(frames)]

    def process(self, ulaw: bytes, playing: Playing = nothing) -> list[Frame]:
        """Take a mu-law payload of any size and what was `playing` as it came; return the 20 ms frames it completes."""
        if self._rest:
            ulaw = self._rest + ulaw
        whole = len(ulaw) - len(ulaw) % FRAME_SAMPLES
        self._rest = ulaw[whole:]
        samples = self._filter.process(decode_ulaw(ulaw[:whole]))
        loudness: list[tuple[float, float]] = []
        ago_ms = len(samples) // FRAME_SAMPLES * FRAME_MS
        for frame in samples.reshape(-1, FRAME_SAMPLES):
            ago_ms -= FRAME_MS
            rms = math.sqrt(float(frame.dot(frame)) / FRAME_SAMPLES)
            echo_rms = self.echo.receive(frame, rms, playing(ago_ms))
            self._agc.level(frame, rms, is_speech=self._gate.update(rms) and rms > echo_rms)
            loudness.append((rms, echo_rms))
        # What is the same for every frame is done for all at once: each call of numpy costs more than its work.
        pcm = np.rint(samples, out=samples).astype(np.int16).tobytes()
        first, self._frames = self._frames, self._frames + len(loudness)
        return [
            Frame((first + number) * FRAME_MS, pcm[number * _PCM_BYTES : (number + 1) * _PCM_BYTES], *levels)
            for number, levels in enumerate(loudness)
        ]
