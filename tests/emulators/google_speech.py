"""Google Speech v1 `StreamingRecognize`, from Google's own protos: judges what it is sent, answers by script.

Two ways to hear. By script: `texts` are said one after another, a word each `ms_per_word` of audio, with a pause
between texts at which Google would finalise. By `decode`: the audio itself says which word it is (see `spoken_word`),
so that a word lost, doubled or cut by the client shows in the transcript. By `texts_by_hz`: the loudest note of the
whole stream says which text it is, so that a caller heard in another's call shows even behind filters. By `samples`:
a folder of recordings, those of which are heard that were truly said.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import grpc
import numpy as np
from google.cloud import speech_v1

from tests.emulators.base import Emulator, main, sleep_ms
from tests.emulators.sample_ear import heard_texts

RATE_HZ = 8000
WORD_MS = 400
"""How long a decodable word sounds."""
FINAL_SILENCE_MS = 400

_Request = speech_v1.StreamingRecognizeRequest.pb()
_Response = speech_v1.StreamingRecognizeResponse.pb()
_LINEAR16 = 1


def spoken_word(number: int) -> bytes:
    """Return the sound of decodable word `number` (1..300), LINEAR16 8 kHz."""
    return np.full(WORD_MS * RATE_HZ // 1000, 100 * number, dtype="<i2").tobytes()


def silence(duration_ms: int) -> bytes:
    """Return silence, LINEAR16 8 kHz."""
    return bytes(2 * duration_ms * RATE_HZ // 1000)


@dataclass(frozen=True)
class Word:
    """A word and where in the audio it ends."""

    text: str
    end_ms: int
    ends_text: bool = False
    """Followed by a pause long enough to finalise."""


class GoogleSpeechEmulator(Emulator):
    """`google.cloud.speech.v1.Speech`."""

    defaults: ClassVar[Mapping[str, Any]] = {
        "texts": ["שלום אני מחפש דירה"],
        "decode": False,
        "texts_by_hz": {},
        "samples": "",
        "start_ms": 200,
        "ms_per_word": 300,
        "pause_ms": 600,
        "interim_every_ms": 200,
        "final_delay_ms": 150,
        "silent": False,
        "doubles_finals": False,  # each final is sent twice
        "repeats": [],  # [text, end_ms]: a final of an earlier stream, sent once more as this one begins to hear
        "stability": None,  # of every interim, instead of 0.9 and 0.1 for the last word
        "withhold_final": "",  # "close": end without it; "hang": never end
        "refuse_languages": [],
        "refuse_enhanced": False,
        "error": "",
        "error_message": "scripted error",
        "error_after_ms": 0,
        "max_stream_s": 305,
        "most_ahead_s": 0,  # audio ahead of its time for which a stream is ended; 0: as much as one likes
        "closes_after_ms": 0,  # end with OK in mid-turn
        "keeps_audio": False,  # in the log, as hexadecimal digits
    }

    async def start(self, port: int) -> int:
        """Serve on loopback; return the port."""
        self._server = grpc.aio.server()
        handler = grpc.stream_stream_rpc_method_handler(
            self.streaming_recognize,
            request_deserializer=_Request.FromString,
            response_serializer=_Response.SerializeToString,
        )
        service = grpc.method_handlers_generic_handler("google.cloud.speech.v1.Speech", {"StreamingRecognize": handler})
        self._server.add_generic_rpc_handlers((service,))
        bound: int = self._server.add_insecure_port(f"127.0.0.1:{port}")
        await self._server.start()
        return bound

    async def streaming_recognize(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        """Serve one stream."""
        script = self.take_script()
        entry: dict[str, Any] = {"audio_ms": 0, "messages": 0, "half_closed": False, "ended": False}
        self.entries.append(entry)
        try:
            async for response in self._recognize(requests, context, script, entry):
                yield response
        finally:
            entry["ended"] = True

    async def _recognize(
        self, requests: AsyncIterator[Any], context: Any, script: dict[str, Any], entry: dict[str, Any]
    ) -> AsyncIterator[Any]:
        first = await anext(aiter(requests), None)
        self.expect(first is not None and first.HasField("streaming_config"), "the first message is no config")
        if first is None:
            return
        await self._check_config(first, script, entry, context)
        ear = _Ear(script)
        pending: list[Word] = []
        next_interim_ms = 0
        began_s = asyncio.get_running_loop().time()
        async for request in requests:
            self._check_audio(request)
            pending += ear.hear(request.audio_content)
            _note(request, entry, script, ear.audio_ms)
            if script["error"] and ear.audio_ms >= script["error_after_ms"]:
                await context.abort(grpc.StatusCode[script["error"]], script["error_message"])
            if fault := _ends(script, entry, ear.audio_ms, began_s):
                await context.abort(grpc.StatusCode.OUT_OF_RANGE, fault)
            if script["closes_after_ms"] and ear.audio_ms >= script["closes_after_ms"]:
                return
            if script["silent"]:
                continue
            for final in self._finals_due(script, entry, pending, ear):
                yield _response(final, script, is_final=True)
            if pending and ear.audio_ms >= next_interim_ms:
                next_interim_ms = ear.audio_ms + script["interim_every_ms"]
                yield _response(pending, script, is_final=False)
        entry["half_closed"] = True
        if script["withhold_final"] == "hang":
            await asyncio.sleep(3600)
        await sleep_ms(script["final_delay_ms"])
        pending += ear.rest()
        if pending and not script["silent"] and not script["withhold_final"]:
            for _ in range(1 + script["doubles_finals"]):
                yield _response(pending, script, is_final=True)

    @staticmethod
    def _finals_due(
        script: dict[str, Any], entry: dict[str, Any], pending: list[Word], ear: "_Ear"
    ) -> list[list[Word]]:
        finals = []
        if script["repeats"] and entry["messages"] == 1:
            finals.append([Word(*script["repeats"])])
        while final := _finalised(pending, ear):
            finals += [final] * (1 + script["doubles_finals"])
        return finals

    async def _check_config(self, first: Any, script: dict[str, Any], entry: dict[str, Any], context: Any) -> None:
        streaming = first.streaming_config
        config = streaming.config
        phrases = [phrase for speech_context in config.speech_contexts for phrase in speech_context.phrases]
        entry.update(language=config.language_code, enhanced=config.use_enhanced, phrases=phrases)
        self.expect(not first.audio_content, "the first message carries audio")
        self.expect(config.encoding == _LINEAR16, f"encoding {config.encoding}, LINEAR16 wanted")
        self.expect(config.sample_rate_hertz == RATE_HZ, f"{config.sample_rate_hertz} Hz, {RATE_HZ} wanted")
        self.expect(config.language_code in ("he-IL", "iw-IL"), f"language {config.language_code!r}")
        self.expect(streaming.interim_results, "no interim results asked for")
        self.expect(len(phrases) <= 5000, f"{len(phrases)} phrases")
        self.expect(all(0 < len(phrase) <= 100 for phrase in phrases), "a phrase of over 100 characters, or empty")
        self.expect(all(0 <= one.boost <= 20 for one in config.speech_contexts), "boost out of 0..20")
        if config.language_code in script["refuse_languages"]:
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"Invalid recognition 'config': bad language code {config.language_code!r}.",
            )
        if config.use_enhanced and script["refuse_enhanced"]:
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                "Invalid recognition 'config': The requested model is currently not supported for language : "
                f"{config.language_code}.",
            )
        if script["error"] and not script["error_after_ms"]:
            await context.abort(grpc.StatusCode[script["error"]], script["error_message"])

    def _check_audio(self, request: Any) -> None:
        audio = request.audio_content
        self.expect(audio and not request.HasField("streaming_config"), "a later message without audio")
        self.expect(not audio.startswith(b"RIFF"), "audio with a WAV header")
        self.expect(len(audio) % 2 == 0, "half a sample")
        self.expect(len(audio) <= 25_000, f"{len(audio)} bytes in one message")


class _Ear:
    """Turns audio into words, one by one as they are complete."""

    def __init__(self, script: dict[str, Any]) -> None:
        self.audio_ms = 0
        self._bytes = 0
        self._decoder = _Decoder() if script["decode"] else None
        self._texts_by_hz: dict[str, str] = script["texts_by_hz"]
        self._samples: str = script["samples"]
        self._audio = bytearray()
        self._script_words: list[Word] = []
        at_ms = script["start_ms"]
        for text in script["texts"]:
            words = text.split()
            for index, word in enumerate(words, 1):
                at_ms += script["ms_per_word"]
                self._script_words.append(Word(word, at_ms, index == len(words)))
            at_ms += script["pause_ms"]

    def hear(self, pcm: bytes) -> list[Word]:
        self._bytes += len(pcm)
        self.audio_ms = self._bytes * 1000 // (2 * RATE_HZ)
        if self._decoder is not None:
            return self._decoder.hear(pcm)
        if self._texts_by_hz or self._samples:
            self._audio += pcm
            return []
        words = []
        while self._script_words and self._script_words[0].end_ms <= self.audio_ms:
            words.append(self._script_words.pop(0))
        return words

    def pause_after(self, words: list[Word], index: int) -> bool:
        word = words[index]
        if self._decoder is None:
            return word.ends_text and self.audio_ms >= word.end_ms + FINAL_SILENCE_MS
        next_start_ms = words[index + 1].end_ms - WORD_MS if index + 1 < len(words) else self._decoder.silent_until_ms
        return next_start_ms - word.end_ms >= FINAL_SILENCE_MS

    def rest(self) -> list[Word]:
        if self._samples:
            texts = heard_texts(bytes(self._audio), self._samples)
            return [Word(word, self.audio_ms) for text in texts for word in text.split()]
        if self._texts_by_hz:
            heard_hz = loudest_hz(self._audio)
            note = min(self._texts_by_hz, key=lambda hz: abs(float(hz) - heard_hz))
            return [Word(word, self.audio_ms) for word in self._texts_by_hz[note].split()]
        return self._decoder.rest() if self._decoder is not None else self._script_words


def loudest_hz(pcm: bytes | bytearray) -> float:
    """Return the strongest frequency in LINEAR16 8 kHz audio, 0 in none."""
    samples = np.frombuffer(bytes(pcm), dtype="<i2").astype(np.float64)
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * RATE_HZ / len(samples) if len(samples) else 0.0


class _Decoder:
    """Reads decodable words; a piece of one is a word of its own, so that cuts show."""

    def __init__(self) -> None:
        self._number = 0
        self._run_samples = 0
        self._position = 0
        self.silent_until_ms = 0

    def hear(self, pcm: bytes) -> list[Word]:
        samples = np.frombuffer(pcm, dtype="<i2")
        edges = [0, *(np.flatnonzero(np.diff(samples)) + 1).tolist(), len(samples)]
        words = []
        for start, end in pairwise(edges):
            number = int(samples[start]) // 100
            if number != self._number:
                words += self.rest()
                self._number = number
            self._run_samples += end - start
            self._position += end - start
            if not number:
                self.silent_until_ms = self._position * 1000 // RATE_HZ
        return words

    def rest(self) -> list[Word]:
        number, run_ms = self._number, self._run_samples * 1000 // RATE_HZ
        self._number, self._run_samples = 0, 0
        if not number:
            return []
        end_ms = self._position * 1000 // RATE_HZ
        self.silent_until_ms = end_ms
        return [Word(f"מילה{number}" if run_ms == WORD_MS else f"קטע{number}({run_ms})", end_ms)]


def _finalised(pending: list[Word], ear: _Ear) -> list[Word]:
    """Take the words up to the first pause out of `pending`."""
    for index in range(len(pending)):
        if ear.pause_after(pending, index):
            final = pending[: index + 1]
            del pending[: index + 1]
            return final
    return []


def _response(words: list[Word], script: Mapping[str, Any], *, is_final: bool) -> Any:
    response = _Response()
    # As Google does: what is nearly certain, then what is not.
    pieces = [words] if is_final or len(words) == 1 else [words[:-1], words[-1:]]
    for rank, piece in enumerate(pieces):
        unsure = script["stability"] or (0.9, 0.1)[rank]
        result = response.results.add(is_final=is_final, stability=0.0 if is_final else unsure)
        text = " ".join(word.text for word in piece)
        result.alternatives.add(transcript=text if rank == 0 else " " + text, confidence=0.9 if is_final else 0.0)
        if is_final:
            result.alternatives.add(transcript=text.replace("ש", "ס"), confidence=0.4)
        result.result_end_time.seconds, milliseconds = divmod(piece[-1].end_ms, 1000)
        result.result_end_time.nanos = milliseconds * 1_000_000
    return response


def _ends(script: Mapping[str, Any], entry: dict[str, Any], audio_ms: int, began_s: float) -> str:
    """Return why Google has enough of a stream that began at `began_s`, nothing while it has not."""
    if audio_ms > script["max_stream_s"] * 1000:
        return f"Exceeded maximum allowed stream duration of {script['max_stream_s']} seconds."
    ahead_s = audio_ms / 1000 - 1.5 * (asyncio.get_running_loop().time() - began_s)
    entry["too_fast"] = bool(script["most_ahead_s"]) and ahead_s > script["most_ahead_s"]
    too_fast = "Audio data is being streamed too fast. Please stream audio data approximately at real time."
    return too_fast if entry["too_fast"] else ""


def _note(request: Any, entry: dict[str, Any], script: dict[str, Any], audio_ms: int) -> None:
    """Log a piece of audio that came."""
    entry["messages"] += 1
    entry["audio_ms"] = audio_ms
    if script["keeps_audio"]:
        entry["audio"] = entry.get("audio", "") + request.audio_content.hex()


if __name__ == "__main__":
    emulator = GoogleSpeechEmulator()
    main(emulator, emulator.start)
