"""The child's services, with ears and voice of its own (R15)."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest

from app.sidecar.child import ServiceError
from app.speech.embedded.__main__ import Services, Turnstile
from app.speech.embedded.whisper import Transcript


class Exchange:
    """A stream whose caller audio is known beforehand."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks: AsyncIterator[bytes] = self._all(chunks)
        self.events: list[Mapping[str, object]] = []
        self.sent: list[bytes] = []

    @staticmethod
    async def _all(chunks: tuple[bytes, ...]) -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    def __aiter__(self) -> "Exchange":
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._chunks)

    async def send_event(self, event: Mapping[str, object]) -> None:
        """Keep it."""
        self.events.append(event)

    async def send_data(self, data: bytes) -> None:
        """Keep it."""
        self.sent.append(data)


class CountingEars:
    """Hears how many samples there were."""

    def transcribe(self, pcm: Any) -> Transcript:
        """Return the count."""
        assert pcm.dtype == np.int16
        return Transcript(str(len(pcm)), ("כן",))


class SpellingVoice:
    """Says one piece a word."""

    def begin(self, text: str, voice: str = "ef_dora") -> list[Callable[[], bytes]]:
        """Return what says the words, or complains of the voice."""

        def say(word: str) -> bytes:
            if voice == "nobody":
                raise KeyError("no voice 'nobody'")
            return word.encode()

        return [partial(say, word) for word in text.split()]


def services() -> Services:
    """Return services on stand-in models."""
    return Services(CountingEars, SpellingVoice)


def test_a_turn_is_heard_when_it_is_finished() -> None:
    """R15: one final with its alternatives; an odd byte at the end is no sample."""
    exchange = Exchange(b"\x01\x00" * 160, b"\x02\x00\x03")
    asyncio.run(services().stt({"service": "stt", "phrases": []}, exchange))
    assert exchange.events == [{"text": "161", "is_final": True, "stability": 1.0, "alternatives": ["כן"]}]


def test_a_line_is_sent_piece_by_piece() -> None:
    """R9: in order."""
    exchange = Exchange()
    asyncio.run(services().tts({"service": "tts", "text": "שלום לכם"}, exchange))
    assert [piece.decode() for piece in exchange.sent] == ["שלום", "לכם"]


@pytest.mark.parametrize(
    "request_", [{"text": "3 חדרים"}, {"text": None}, {}, {"text": "שלום", "voice": "nobody"}], ids=str
)
def test_what_cannot_be_said_is_refused(request_: dict[str, object]) -> None:
    """R9.6: digits never reach the voice; the error says so."""
    with pytest.raises(ServiceError) as error:
        asyncio.run(services().tts(request_, Exchange()))
    assert error.value.code == "invalid_request"


def test_missing_models_are_an_error_that_says_what_to_do() -> None:
    """R15: every stream hears it."""

    def nothing() -> CountingEars:
        raise FileNotFoundError("whisper-base/model.bin not in data/models; run: python -m …")

    broken = Services(nothing, SpellingVoice)
    with pytest.raises(ServiceError, match="run: python -m") as error:
        asyncio.run(broken.stt({}, Exchange(b"")))
    assert not error.value.retriable


def in_order(*works: tuple[str, int]) -> list[str]:
    """Have works (name, priority) come one after another while the first is held; return how they were done.

    The first is let go once all that need not wait for it are done.
    """

    async def scenario() -> list[str]:
        done: list[str] = []
        held = threading.Event()
        turnstile = Turnstile()

        async def work(name: str, priority: int) -> None:
            await turnstile.run(priority, held.wait if name == "first" else lambda: None)
            done.append(name)

        waiting = []
        for name, priority in works:
            waiting.append(asyncio.create_task(work(name, priority)))
            await asyncio.sleep(0)
        names = [name for name, _ in works]
        for at, name in enumerate(names):
            if name == "gone":
                waiting[at].cancel()
        await asyncio.gather(*(waiting[at] for at, name in enumerate(names) if name == "free"))
        held.set()
        await asyncio.gather(*waiting, return_exceptions=True)
        return done

    return asyncio.run(scenario())


def test_a_caller_is_heard_while_a_piece_of_speech_is_in_work() -> None:
    """R8.4: an interruption is understood at once; the pieces of a line can wait for each other."""
    assert in_order(("first", 1), ("speak", 1), ("gone", 1), ("free", 0)) == ["free", "first", "speak"]


def test_no_piece_of_speech_is_begun_while_somebody_is_heard() -> None:
    """R8.4: hearing goes before speaking, first come, first served."""
    assert in_order(("first", 0), ("speak", 1), ("hear", 0), ("hear too", 0)) == ["first", "hear", "hear too", "speak"]


def test_a_sentence_is_said_to_its_end_before_the_next_is_begun() -> None:
    """R9.2: two sentences of one reply are asked for at once; a hole within the first would be heard."""
    said: list[str] = []

    class Noting(Exchange):
        async def send_data(self, data: bytes) -> None:
            said.append(data.decode())

    async def scenario() -> None:
        child = services()
        await child.warm()
        await asyncio.gather(*(child.tts({"text": text}, Noting()) for text in ("א ב ג", "ד ה", "ו")))

    asyncio.run(scenario())
    assert "".join(said) == "אבגדהו"


def test_a_cancelled_piece_of_work_frees_the_way_when_it_is_over() -> None:
    """R7.1: barge-in in the middle of a synthesis does not let two run at once, nor block the next."""

    async def scenario() -> list[str]:
        order: list[str] = []
        held, begun = threading.Event(), threading.Event()
        turnstile = Turnstile()

        def slow() -> None:
            begun.set()
            held.wait(10)
            order.append("slow")

        first = asyncio.create_task(turnstile.run(1, slow))
        await asyncio.to_thread(begun.wait, 10)
        first.cancel()
        second = asyncio.create_task(turnstile.run(1, lambda: order.append("next")))
        await asyncio.sleep(0)
        held.set()
        await second
        return order

    assert asyncio.run(scenario()) == ["slow", "next"]
