"""Whether Google and OpenAI would serve us: one cheap call each, for `python -m app doctor`.

Each raises `ServiceError`, whose code says what is wrong ("unauthenticated", "invalid_request", "quota", "timeout",
"unavailable"); none takes longer than `PROBE_S`.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

import openai
from google.cloud import speech_v1, texttospeech_v1

from app.sidecar.child import ServiceError
from app.speech.cloud.google_errors import GOOGLE_ERRORS, google_error, is_masked
from app.speech.cloud.google_stt import Dialect, GoogleSpeech
from app.speech.cloud.google_tts import GoogleVoice
from app.speech.cloud.openai_client import OpenAi, Options
from app.speech.cloud.openai_errors import openai_error
from app.speech.cloud.settings import CloudSettings

PROBE_S = 5.0
RATE_HZ = 8000
_SILENCE = bytes(2 * RATE_HZ // 10)
_FEW_TOKENS = 16
T = TypeVar("T")


def in_time(work: Coroutine[Any, Any, T]) -> T:
    """Run a probe in an event loop of its own, for at most `PROBE_S`.

    Raises:
        ServiceError: what the probe raises, or `timeout`.
    """

    async def bounded() -> T:
        async with asyncio.timeout(PROBE_S):
            return await work

    try:
        return asyncio.run(bounded())
    except TimeoutError:
        raise ServiceError("timeout", f"no answer within {PROBE_S:.0f} s", retriable=True) from None


async def heard_language(settings: CloudSettings) -> str:
    """Return the language code with which Google recognises speech, trying as a call does: 0.1 s of silence."""
    client = GoogleSpeech(settings).client
    dialect: Dialect | None = Dialect(settings.stt_language, settings.stt_enhanced)
    while dialect is not None:
        try:
            try:
                await _recognise(client, dialect, _SILENCE)
            except GOOGLE_ERRORS as error:
                if not is_masked(error):
                    raise
                await _recognise(client, dialect, b"")  # nothing is sent that could cross the refusal
        except GOOGLE_ERRORS as error:
            refusal = google_error(error)
            dialect = dialect.after_refusal(str(error), settings.stt_language_fallback)
            if refusal.code != "invalid_request" or dialect is None:
                raise refusal from error
        else:
            return dialect.language
    raise ServiceError("invalid_request", "no language is accepted", retriable=False)


async def _recognise(client: Any, dialect: Dialect, audio: bytes) -> None:
    call = await client.streaming_recognize(requests=_requests(dialect, audio), retry=None, timeout=PROBE_S)
    async for _ in call:
        pass


async def _requests(dialect: Dialect, audio: bytes) -> AsyncIterator[speech_v1.StreamingRecognizeRequest]:
    config = speech_v1.RecognitionConfig(
        encoding=speech_v1.RecognitionConfig.AudioEncoding.LINEAR16,
        sample_rate_hertz=RATE_HZ,
        language_code=dialect.language,
        use_enhanced=dialect.enhanced,
    )
    streaming = speech_v1.StreamingRecognitionConfig(config=config, interim_results=True)
    yield speech_v1.StreamingRecognizeRequest(streaming_config=streaming)
    if audio:
        yield speech_v1.StreamingRecognizeRequest(audio_content=audio)


async def hebrew_voices(settings: CloudSettings) -> list[str]:
    """Return the names of Google's Hebrew voices; free of charge."""
    try:
        answer = await GoogleVoice(settings).client.list_voices(
            request=texttospeech_v1.ListVoicesRequest(language_code="he-IL"), retry=None, timeout=PROBE_S
        )
    except GOOGLE_ERRORS as error:
        raise google_error(error) from error
    return sorted(str(voice.name) for voice in answer.voices)


async def chat_answers(settings: CloudSettings) -> None:
    """Ask the chat model for a few tokens: only that shows whether key, model and credit are good."""
    options = Options({"reasoning_effort": settings.llm_reasoning_effort, "max_completion_tokens": _FEW_TOKENS})
    async with OpenAi(settings).client as client:
        await options.call(
            client.chat.completions.create,
            model=settings.llm_model,
            messages=[{"role": "user", "content": "שלום"}],
            timeout=PROBE_S,
        )


async def transcriber_is_there(settings: CloudSettings) -> None:
    """Look the transcription model up; free of charge."""
    try:
        async with OpenAi(settings).client as client:
            await client.models.retrieve(settings.transcribe_model, timeout=PROBE_S)
    except openai.OpenAIError as error:
        raise openai_error(error) from error
