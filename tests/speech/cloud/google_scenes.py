"""Google in the test's hands: each stream of a turn plays a scene, of what it hears, what it says and when."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import grpc
import pytest
from google.api_core.exceptions import from_grpc_status
from google.cloud import speech_v1

from app.sidecar.child import Exchange, ServiceError
from app.speech.cloud.google_stt import GoogleSpeech
from app.speech.cloud.settings import CloudSettings
from tests.qa.virtual_time import run_virtually

BYTES_PER_MS = 16
Response = speech_v1.StreamingRecognizeResponse.pb()


class Caller(Exchange):
    """The worker's end of a turn: keeps the events."""

    def __init__(self) -> None:
        super().__init__(1, cast("Any", None))
        self.events: list[dict[str, Any]] = []

    async def send_event(self, event: Any) -> None:
        self.events.append(dict(event))

    async def says(self, pcm: bytes, frame_ms: int) -> None:
        """Speak, frame by frame."""
        for start in range(0, len(pcm), frame_ms * BYTES_PER_MS):
            await asyncio.sleep(frame_ms / 1000)
            self.feed(pcm[start : start + frame_ms * BYTES_PER_MS])
        self.feed_end()


class Stream:
    """One stream at Google."""

    def __init__(self, requests: AsyncIterator[Any], scene: "Scene", timeout_s: float) -> None:
        self._requests = requests
        self._scene = scene
        self.timeout_s = timeout_s
        self.config: Any = None
        self.messages: list[bytes] = []
        self.is_cancelled = False

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._play()

    async def _play(self) -> AsyncIterator[Any]:
        self.config = (await anext(self._requests)).streaming_config.config
        async for said in self._scene(self):
            yield said

    async def hear(self, to_ms: int | None = None) -> None:
        """Take in audio, to a point of this stream or to its end."""
        while to_ms is None or len(self.audio) < to_ms * BYTES_PER_MS:
            request = await anext(self._requests, None)
            if request is None:
                return
            self.messages.append(request.audio_content)

    @property
    def audio(self) -> bytes:
        return b"".join(self.messages)

    def cancel(self) -> None:
        self.is_cancelled = True


Scene = Callable[[Stream], AsyncIterator[Any]]


class Google(GoogleSpeech):
    """The service, with the scenes that its streams play, one after another."""

    def __init__(self, *scenes: Scene, **settings: Any) -> None:
        super().__init__(CloudSettings(**settings))
        self._scenes = list(scenes)
        self.streams: list[Stream] = []

    @property
    def stream(self) -> Callable[..., Any]:
        return self._begin

    def _begin(self, requests: AsyncIterator[Any], *, timeout: float) -> Stream:
        self.streams.append(Stream(requests, self._scenes.pop(0), timeout))
        return self.streams[-1]

    @property
    def dialects(self) -> list[tuple[str, bool]]:
        return [(one.config.language_code, one.config.use_enhanced) for one in self.streams]


def result(text: str, end_ms: int, *, is_final: bool = True, stability: float = 0.0) -> Any:
    """Return one result; `end_ms` counts from the first audio of its stream."""
    one = speech_v1.StreamingRecognitionResult.pb()(is_final=is_final, stability=stability)
    one.alternatives.add(transcript=text)
    one.result_end_time.seconds, one.result_end_time.nanos = end_ms // 1000, end_ms % 1000 * 1_000_000
    return one


def final(text: str, end_ms: int) -> Any:
    return Response(results=[result(text, end_ms)])


def interim(text: str, end_ms: int, stability: float = 0.9) -> Any:
    return Response(results=[result(text, end_ms, is_final=False, stability=stability)])


def error(status: grpc.StatusCode, words: str = "as the test has it") -> Exception:
    return cast("Exception", from_grpc_status(status, words))  # type: ignore[no-untyped-call]


def says(*what: tuple[int | None, Any]) -> Scene:
    """Return a scene: after so much audio (None: all of it) say this, or fail with it."""

    async def scene(stream: Stream) -> AsyncIterator[Any]:
        for to_ms, said in what:
            await stream.hear(to_ms)
            if isinstance(said, Exception):
                raise said
            yield said

    return scene


def speech(duration_ms: int) -> bytes:
    """Return audio of which each 10 ms tell where they belong."""
    return b"".join(at.to_bytes(2, "little") * 80 for at in range(duration_ms // 10))


def after(pcm: bytes, start_ms: int) -> bytes:
    return pcm[start_ms * BYTES_PER_MS :]


async def turn(
    google: Google, pcm: bytes, *, at_once: bool = False, frame_ms: int = 100, phrases: tuple[str, ...] = ()
) -> Caller:
    """Hear one turn, live or from audio that lies ready."""
    caller = Caller()
    speaking = None
    if at_once:
        caller.feed(pcm)
        caller.feed_end()
    else:
        speaking = asyncio.create_task(caller.says(pcm, frame_ms))
    try:
        await google.recognize({"phrases": phrases}, caller)
    finally:
        if speaking is not None:
            speaking.cancel()
    return caller


def failure(google: Google, pcm: bytes, *, at_once: bool = False) -> ServiceError:
    """Hear a turn that fails."""
    with pytest.raises(ServiceError) as failed:
        run_virtually(turn(google, pcm, at_once=at_once))
    return failed.value
