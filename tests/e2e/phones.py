"""Telephones for tests: simulated Twilio calls that are made, spoken into and listened to from ordinary test code."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from app.qa.line_faults import LineFaults
from app.qa.player import FRAME_SAMPLES, SAMPLES_PER_MS
from app.qa.utterance import Line, Samples, Utterance, load_utterance, utterance
from app.qa.wire.twilio_peer import RATE_HZ, Account, TwilioPeer

AUDIO = Path(__file__).parents[2] / "samples"
PATIENCE_S = 30.0
A_STALL_MS = 500
T = TypeVar("T")


def until(condition: Callable[[], T], what: str, timeout_s: float = PATIENCE_S) -> T:
    """Return the condition's first true value, waiting for it."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {timeout_s:g} s in vain for {what}")


def sample(name: str) -> Utterance:
    """Return a sample caller by the start of the file's name."""
    (path,) = AUDIO.glob(f"{name}*.wav")
    return load_utterance(path)


def hum(hz: float, duration_ms: int = 1000) -> Utterance:
    """Return a voice on one note: a tone with its overtones that swells and falls like syllables."""
    time_s = np.arange(duration_ms * SAMPLES_PER_MS) / RATE_HZ
    voice = sum(np.sin(2 * np.pi * hz * overtone * time_s) / overtone**2 for overtone in (1, 2, 3))
    wave = 6000 * voice * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time_s))
    return utterance(f"hum of {hz:g} Hz", np.rint(wave).astype(np.int16))


def loudest_hz(samples: Samples) -> float:
    """Return the strongest frequency in 8 kHz audio."""
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64)))
    return float(np.argmax(spectrum) * RATE_HZ / len(samples))


class Exchange:
    """An event loop in a thread of its own, on which the calls live; hangs up whatever a test leaves open."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="exchange", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S * 2)

    def soon(self, work: Callable[[], object]) -> None:
        """Call `work` on the loop."""
        self._loop.call_soon_threadsafe(work)

    def call(self, account: Account, call_sid: str | None = None, *, again: bool = False) -> "Phone":
        """Ring, connect, and keep the line going at 20 ms a frame; `call_sid`: Twilio rings once more for this call.

        `again`: the call's stream is over, and Twilio asks what now.
        """
        phone = Phone(self, account, call_sid)
        self.run(phone.connect(again=again))
        return phone


class Phone:
    """One live call. `say` starts at once; `hear_reply` waits until the agent has answered and finished."""

    def __init__(self, exchange: Exchange, account: Account, call_sid: str | None = None) -> None:
        self.peer = TwilioPeer(account)
        self.peer.call_sid = call_sid or self.peer.call_sid
        self.faults = LineFaults()
        """What the line does to the caller's frames, from here on."""
        self._exchange = exchange
        self._line = Line()
        self._pump: asyncio.Task[None] | None = None
        self._spoken_to = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    @property
    def call_sid(self) -> str:
        """The call's SID."""
        return self.peer.call_sid

    @property
    def is_over(self) -> bool:
        """Whether the server has closed the stream, or the connection is gone."""
        return self.peer.closed is not None

    async def connect(self, *, again: bool = False) -> None:
        """Ring, or ask what now, and open the stream (on the exchange's loop)."""
        await (self.peer.ask_again() if again else self.peer.ring())
        await self.open_stream()

    async def open_stream(self) -> None:
        """Open the stream that the webhook's answer names (on the exchange's loop)."""
        await self.peer.connect()
        self._pump = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        number = 1
        while self.peer.open:
            await asyncio.sleep(max(0.0, self.peer.frame_due_s(number) - asyncio.get_running_loop().time()))
            self.peer.send_frame(self.faults.pass_on(self._line.take(), self.peer.player.ear, self.peer.now()))
            number += 1

    def say(self, spoken: Utterance) -> None:
        """Start to say something; `hear_reply` waits for the answer to it."""

        def speak() -> None:
            started = self._line.say(spoken)
            self._spoken_to = started + spoken.voiced_to
            said.set()

        said = threading.Event()
        self._exchange.soon(speak)
        assert said.wait(PATIENCE_S)

    def hear_reply(self, timeout_s: float = PATIENCE_S) -> Samples:
        """Wait until the agent has spoken, after the caller's last word, and is done; return what it sounded like."""
        player = self.peer.player
        until(lambda: player.first_audible(self._spoken_to) is not None, "the agent's voice", timeout_s)
        until(lambda: self.is_over or player.finished(self.peer.now()), "the end of what the agent says", timeout_s)
        started = player.first_audible(self._spoken_to)
        assert started is not None
        assert player.ear is not None
        ear = bytes(player.ear[started : player.playout_end])
        self._spoken_to = player.playout_end
        return decode(ear)

    def ask(self, spoken: Utterance, timeout_s: float = PATIENCE_S) -> Samples:
        """Say something and hear the answer."""
        self.say(spoken)
        return self.hear_reply(timeout_s)

    def press(self, digit: str) -> None:
        """Press a key."""
        self._exchange.soon(lambda: self.peer.press(digit) if self.peer.open else None)

    def played_at_s(self, sample: int) -> float:
        """Return the monotonic time at which a sample of the agent's sound was played."""
        return self.peer._started_s + sample / RATE_HZ

    def heard(self) -> Samples:
        """Return all that came from the agent so far, as it was heard."""
        assert self.peer.player.ear is not None
        return decode(bytes(self.peer.player.ear))

    def was_left_waiting(self) -> bool:
        """Tell whether the agent broke off in mid-sentence, and for longer than a busy machine makes it."""
        return any(hole.gap_samples >= A_STALL_MS * SAMPLES_PER_MS for hole in self.peer.player.underruns)

    def frames_heard(self) -> int:
        """Return how many frames came from the agent."""
        return self.peer.player.frames

    def hang_up(self) -> None:
        """End the call as Twilio does."""

        async def end() -> None:
            await self.peer.hang_up()
            if self._pump is not None:
                self._pump.cancel()

        self._exchange.run(end())

    def stop_reading(self) -> None:
        """Leave what the server sends in the socket, from when this returns."""

        async def pause() -> None:
            self._transport.pause_reading()

        self._exchange.run(pause())

    def read_on(self) -> None:
        """Read again."""
        self._exchange.soon(self._transport.resume_reading)

    def reset(self) -> None:
        """Break the connection off with a RST, unless it is over."""

        def abort() -> None:
            if self.is_over:
                return
            link = self._transport.get_extra_info("socket")
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

        self._exchange.soon(abort)

    @property
    def _transport(self) -> asyncio.Transport:
        web_socket = self.peer._socket
        assert web_socket is not None
        assert web_socket._transport is not None
        return web_socket._transport


def decode(ulaw: bytes) -> Samples:
    """Return mu-law audio as int16."""
    from app.media.codec import decode_ulaw

    return decode_ulaw(ulaw[: len(ulaw) // FRAME_SAMPLES * FRAME_SAMPLES])
