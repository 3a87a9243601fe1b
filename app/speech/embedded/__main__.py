"""The child process of the embedded engines: `python -m app.speech.embedded FD` (see `app.sidecar`).

Services:
    {"service": "stt", "phrases": [...]}        DATA LINEAR16 8 kHz until FINISH -> one EVENT (see `Heard`), END
    {"service": "tts", "text": …, "voice": …}   -> DATA mu-law 8 kHz, piece by piece, END

`EMBEDDED_MODELS_DIR` says where the models lie. They are loaded once, at the start.
"""

import asyncio
import heapq
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from app.sidecar.child import ServiceError, run
from app.sidecar.manners import tell_last_words
from app.speech.embedded.kokoro import DEFAULT_VOICE, Speaker
from app.speech.embedded.weights import missing
from app.speech.embedded.whisper import Transcript, Whisper

MODELS_DIR = "EMBEDDED_MODELS_DIR"
_MOST_AUDIO_BYTES = 5 * 60 * 16_000
_HEAR_FIRST, _SPEAK_LATER = 0, 1
_log = logging.getLogger("embedded")
_T = TypeVar("_T")


class Exchange(Protocol):
    """What a handler needs of `app.sidecar.child.Exchange`."""

    def __aiter__(self) -> "Exchange": ...

    async def __anext__(self) -> bytes: ...

    async def send_event(self, event: Mapping[str, object]) -> None:
        """Send a result."""

    async def send_data(self, data: bytes) -> None:
        """Send audio."""


class Ears(Protocol):
    """What recognises."""

    def transcribe(self, pcm: Any) -> Transcript:
        """Return what int16 8 kHz samples say."""


class Voice(Protocol):
    """What speaks."""

    def begin(self, text: str, voice: str = ...) -> Sequence[Callable[[], bytes]]:
        """Return what makes each mu-law piece, in order."""


class Turnstile:
    """Let one hearing and one speaking work at a time, first come, first served.

    Hearing waits for no piece of speech in work: a caller who interrupts is understood at once. But no new piece is
    begun while somebody is heard.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._busy: set[int] = set()
        self._arrivals = 0

    async def run(self, priority: int, work: Callable[[], _T]) -> _T:
        """Return what `work` returns, from a thread, when its turn has come."""
        await self._enter(priority)
        started = asyncio.ensure_future(asyncio.to_thread(work))
        # A cancelled stream leaves at once, but its work cannot be stopped: the next one enters when it is over.
        started.add_done_callback(lambda _: self._leave(priority))
        return await asyncio.shield(started)

    async def _enter(self, priority: int) -> None:
        if self._may_enter(priority):
            self._busy.add(priority)
            return
        self._arrivals += 1
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, self._arrivals, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(priority)
            raise

    def _may_enter(self, priority: int) -> bool:
        return not any(busy <= priority for busy in self._busy)

    def _leave(self, priority: int) -> None:
        self._busy.discard(priority)
        while self._waiting and self._may_enter(self._waiting[0][0]):
            priority, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._busy.add(priority)
                turn.set_result(None)


class Services:
    """The handlers, and the models behind them."""

    def __init__(self, load_ears: Callable[[], Ears], load_voice: Callable[[], Voice]) -> None:
        self._load_ears = load_ears
        self._load_voice = load_voice
        self._ears: Ears | None = None
        self._voice: Voice | None = None
        self._turnstile = Turnstile()
        self._loading, self._speaking = asyncio.Lock(), asyncio.Lock()

    async def warm(self) -> None:
        """Load the models, once.

        Raises:
            ServiceError: they cannot be loaded; the message says what to do.
        """
        async with self._loading:
            if self._ears and self._voice:
                return
            began = time.monotonic()
            try:
                self._ears = self._ears or await self._turnstile.run(_HEAR_FIRST, self._load_ears)
                heard = time.monotonic()
                self._voice = self._voice or await self._turnstile.run(_HEAR_FIRST, self._load_voice)
            except Exception as exc:
                raise ServiceError("unavailable", f"embedded models not loaded: {exc}", retriable=False) from exc
            _log.info("ready: stt %.1f s, tts %.1f s", heard - began, time.monotonic() - heard)

    async def stt(self, request: Mapping[str, Any], exchange: Exchange) -> None:
        """Recognise one turn: everything until FINISH, then one final with its alternatives."""
        del request  # the phrases are for the dialog: to prompt Whisper with them does not measurably help
        audio = bytearray()
        async for chunk in exchange:
            audio += chunk
            if len(audio) > _MOST_AUDIO_BYTES:
                raise ServiceError("stream_too_long", "more than 5 minutes of audio in one turn", retriable=False)
        await self.warm()
        assert self._ears
        ears, pcm = self._ears, np.frombuffer(bytes(audio[: len(audio) // 2 * 2]), "<i2")
        transcript = await self._turnstile.run(_HEAR_FIRST, lambda: ears.transcribe(pcm))
        await exchange.send_event(
            {
                "text": transcript.text,
                "is_final": True,
                "stability": 1.0,
                "alternatives": list(transcript.alternatives),
            }
        )

    async def tts(self, request: Mapping[str, Any], exchange: Exchange) -> None:
        """Speak one line, a piece at a time; a caller who stops listening costs no more than the piece in work."""
        text, voice = request.get("text"), request.get("voice") or DEFAULT_VOICE
        if not isinstance(text, str) or any(char.isdigit() for char in text):
            raise ServiceError("invalid_request", "tts needs a text of words, without digits", retriable=False)
        await self.warm()
        assert self._voice
        speaker = self._voice
        try:
            # What was begun is finished first: its next piece is needed before the first of another sentence.
            async with self._speaking:
                for say in await self._turnstile.run(_SPEAK_LATER, lambda: speaker.begin(text, voice)):
                    if piece := await self._turnstile.run(_SPEAK_LATER, say):
                        await exchange.send_data(piece)
        except KeyError as exc:
            raise ServiceError("invalid_request", str(exc), retriable=False) from exc


def services(models: Path) -> Services:
    """Return the services on the models in `models`."""

    def ears() -> Ears:
        _check(models)
        # A second thread would gain 70 ms on two idle cores, and lose as much as it takes where one of them is busy:
        # with the voice, as a rule. What is read ahead has that time.
        return Whisper(models / "whisper-base", threads=1)

    def voice() -> Voice:
        _check(models)
        return Speaker(models)

    return Services(ears, voice)


def _check(models: Path) -> None:
    if lacking := missing(models):
        raise FileNotFoundError(f"{', '.join(lacking)} not in {models}; run `python -m app models`, or set cloud keys")


def main() -> None:
    """Serve until the worker closes the link."""
    tell_last_words()
    offered = services(Path(os.environ.get(MODELS_DIR, "data/models")))
    run({"stt": offered.stt, "tts": offered.tts}, warm=lambda _: offered.warm())


if __name__ == "__main__":
    main()
