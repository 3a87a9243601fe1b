"""A vendor's voice on its way to the worker: from LINEAR16 in whatever pieces to mu-law 8 kHz, in handfuls."""

import asyncio
from types import TracebackType
from typing import Self

import numpy as np

from app.media.codec import encode_ulaw
from app.sidecar.child import Exchange
from app.speech.cloud.handfuls import VoiceHandfuls
from app.speech.cloud.rates import RATE_HZ, Downsampler

_SAMPLE_BYTES = 2
_ULAW_BYTES_PER_MS = RATE_HZ // 1000


class Mouth:
    """Says one utterance: `add` what comes, in an `async with` block; what is held at its end goes on.

    So it does where a fault has ended the block, but not where that was cancelled: nobody listens any more.
    """

    def __init__(self, exchange: Exchange, rate_hz: int) -> None:
        """`rate_hz`, a multiple of 8000, is that of the samples which come."""
        self._exchange = exchange
        self._downsampler = Downsampler(rate_hz)
        self._handfuls = VoiceHandfuls()
        self._pcm = bytearray()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, asyncio.CancelledError):
            self._stop_timer()
        else:
            await self._flush()

    async def add(self, pcm: bytes) -> None:
        """Take a piece of the voice, half a sample at its end or not; what is held goes on by itself when it is due."""
        self._pcm += pcm
        wait_s = self._handfuls.wait_s(self._loop.time())
        if wait_s <= 0.0:
            await self._flush()
        elif self._timer is None:
            self._timer = self._loop.call_later(wait_s, self._on_time)

    async def _flush(self) -> None:
        await self._exchange.send_data(self._take())

    def _on_time(self) -> None:
        self._exchange.put_data(self._take())

    def _take(self) -> bytes:
        """Return what is held, as it goes on."""
        self._stop_timer()
        whole = len(self._pcm) // _SAMPLE_BYTES * _SAMPLE_BYTES
        ulaw = encode_ulaw(self._downsampler.process(np.frombuffer(bytes(self._pcm[:whole]), "<i2")))
        del self._pcm[:whole]
        if ulaw:
            self._handfuls.sent(len(ulaw) / _ULAW_BYTES_PER_MS, self._loop.time())
        return ulaw

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
