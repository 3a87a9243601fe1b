"""Pipecat as a phone agent, for the capacity curve: `python -m tests.bench.peer.pipecat_agent`, in its own environment.

The cascade that Pipecat's own project template sets up for Twilio (`pipecat init`), one process, a pipeline a call. Its
OpenAI and Google voice services talk to the emulated vendors that our server talks to. Of Google's recogniser it knows
version 2 alone, which is not emulated: a segmented recogniser stands in, whose final comes as long after the end of the
voice as our emulator's after the end of the stream, and which costs no processor at all. `PEER_TURNS` says what ends a
turn: `smart`, the model that Pipecat takes by default, or `silence`. No dialog, no store, no lead: it says what the
language model answers.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from typing import Any

import grpc
import uvicorn
from fastapi import FastAPI, Response, WebSocket
from google.cloud import texttospeech_v1
from google.cloud.texttospeech_v1.services.text_to_speech.transports import TextToSpeechGrpcAsyncIOTransport
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import Frame, TranscriptionFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.google.tts import GoogleTTSService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.transcriptions.language import Language
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

RATE_HZ = 8000
SUBPROTOCOL = "audio.twilio.com"
GREETING = "שלום, הגעתם למשרד. במה אפשר לעזור?"
INSTRUCTION = "You answer the phone of a real-estate office, in Hebrew, in two short sentences."
CONNECT = '<Response><Connect action="/webhook/stream_ended"><Stream url="wss://peer/ws"/></Connect></Response>'
VAD_STOP_S = 0.2
"""Pipecat's VAD takes a voice to be over after so much silence."""
SILENCE_S = 0.2
"""On top of that, where silence ends a turn: about when our own turns end."""


class ScriptedEars(SegmentedSTTService):  # type: ignore[misc]  # its environment is not the one that checks types
    """Hears the emulator's text in whatever was said, as long after the voice's end."""

    def __init__(self, text: str, final_delay_s: float) -> None:
        since_voice_s = VAD_STOP_S + final_delay_s
        super().__init__(settings=STTSettings(model=None, language=None), ttfs_p99_latency=since_voice_s)
        self._text, self._final_delay_s = text, final_delay_s

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Recognise one utterance."""
        await asyncio.sleep(self._final_delay_s)
        yield TranscriptionFrame(self._text, "caller", "", language=Language.HE)


class EmulatedVoice(GoogleTTSService):  # type: ignore[misc]  # the same
    """Pipecat's Google voice, at the emulator."""

    def _create_client(self, *_: Any) -> texttospeech_v1.TextToSpeechAsyncClient:
        channel = grpc.aio.insecure_channel(os.environ["GOOGLE_TTS_ENDPOINT"])
        return texttospeech_v1.TextToSpeechAsyncClient(transport=TextToSpeechGrpcAsyncIOTransport(channel=channel))


def _turns() -> UserTurnStrategies | None:
    if os.environ.get("PEER_TURNS") == "silence":
        return UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=SILENCE_S)])
    return None


async def _hold_call(socket: WebSocket) -> None:
    await socket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None)
    await socket.receive_text()  # "connected"
    start = json.loads(await socket.receive_text())["start"]
    serializer = TwilioFrameSerializer(
        start["streamSid"], start["callSid"], params=TwilioFrameSerializer.InputParams(auto_hang_up=False)
    )
    transport = FastAPIWebsocketTransport(
        socket, FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=serializer)
    )
    recogniser = json.loads(os.environ["PEER_RECOGNISER"])
    ears = ScriptedEars(recogniser["texts"][0], recogniser["final_delay_ms"] / 1000)
    model = OpenAILLMService(
        api_key=os.environ["OPENAI_API_KEY"],
        base_url=os.environ["OPENAI_BASE_URL"],
        settings=OpenAILLMService.Settings(model="gpt-4.1-mini", system_instruction=INSTRUCTION),
    )
    voice = EmulatedVoice(settings=EmulatedVoice.Settings(voice="he-IL-Chirp3-HD-Aoede", language=Language.HE))
    aggregators = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer(), user_turn_strategies=_turns()),
    )
    steps = [transport.input(), ears, aggregators.user(), model, voice, transport.output(), aggregators.assistant()]
    rates = PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ)
    worker = PipelineWorker(Pipeline(steps), params=rates)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    async def greet(*_: Any) -> None:
        await worker.queue_frames([TTSSpeakFrame(GREETING)])

    async def leave(*_: Any) -> None:
        await runner.cancel()

    transport.add_event_handler("on_client_connected", greet)
    transport.add_event_handler("on_client_disconnected", leave)
    await runner.run()


def _door() -> FastAPI:
    app = FastAPI()

    async def answer() -> Response:
        return Response(CONNECT, media_type="text/xml")

    async def take_note() -> Response:
        return Response(status_code=204)

    app.post("/webhook/incoming_call")(answer)
    app.post("/webhook/{name}")(take_note)
    app.websocket("/ws")(_hold_call)
    return app


async def _serve() -> None:
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    server = uvicorn.Server(uvicorn.Config(_door(), host="127.0.0.1", port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await serving


if __name__ == "__main__":
    asyncio.run(_serve())
