"""Google Text-to-Speech v1 from Google's own protos: unary, streaming and the list of voices."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

import grpc
from google.cloud import texttospeech_v1

from tests.emulators.base import Emulator, main, sleep_ms
from tests.emulators.sounds import NOTE_HZ, voice_sound

_VOICES = ["he-IL-Standard-A", "he-IL-Standard-B", "he-IL-Wavenet-A", "he-IL-Chirp3-HD-Aoede", "he-IL-Chirp3-HD-Charon"]
_LINEAR16, _PCM = 1, 7


def wav_file(pcm: bytes, rate_hz: int) -> bytes:
    """Return a WAV file with a chunk before the data, so that nobody counts on 44 bytes."""
    fmt = b"fmt " + (16).to_bytes(4, "little") + b"\x01\x00\x01\x00" + rate_hz.to_bytes(4, "little")
    fmt += (2 * rate_hz).to_bytes(4, "little") + b"\x02\x00\x10\x00"
    extra = b"LIST" + (10).to_bytes(4, "little") + b"INFOemulat"
    body = b"WAVE" + fmt + extra + b"data" + len(pcm).to_bytes(4, "little") + pcm
    return b"RIFF" + len(body).to_bytes(4, "little") + body


class GoogleTtsEmulator(Emulator):
    """`google.cloud.texttospeech.v1.TextToSpeech`."""

    defaults: ClassVar[Mapping[str, Any]] = {
        "ms_per_character": 60,
        "first_byte_ms": 100,
        "unary_ms": 150,
        "times_real_time": 10.0,
        "piece_bytes": 1601,  # odd: half a sample may come in the next piece
        "stream_error": "",
        "stream_error_after_pieces": 0,
        "unary_error": "",
        "unary_rate_hz": 0,  # 0: as asked
        "hz_by_text": {},  # a part of the text -> the note it is said on
    }

    async def start(self, port: int) -> int:
        """Serve on loopback; return the port."""
        self._server = grpc.aio.server()
        methods = {
            "SynthesizeSpeech": _method(
                grpc.unary_unary_rpc_method_handler,
                self.synthesize_speech,
                texttospeech_v1.SynthesizeSpeechRequest,
                texttospeech_v1.SynthesizeSpeechResponse,
            ),
            "StreamingSynthesize": _method(
                grpc.stream_stream_rpc_method_handler,
                self.streaming_synthesize,
                texttospeech_v1.StreamingSynthesizeRequest,
                texttospeech_v1.StreamingSynthesizeResponse,
            ),
            "ListVoices": _method(
                grpc.unary_unary_rpc_method_handler,
                self.list_voices,
                texttospeech_v1.ListVoicesRequest,
                texttospeech_v1.ListVoicesResponse,
            ),
        }
        service = grpc.method_handlers_generic_handler("google.cloud.texttospeech.v1.TextToSpeech", methods)
        self._server.add_generic_rpc_handlers((service,))
        bound: int = self._server.add_insecure_port(f"127.0.0.1:{port}")
        await self._server.start()
        return bound

    async def synthesize_speech(self, request: Any, context: Any) -> Any:
        """Answer with a whole WAV file."""
        script = self.take_script()
        text = request.input.text
        audio = request.audio_config
        self.entries.append({"method": "unary", "text": text, "voice": request.voice.name})
        self._check(text, request.voice)
        self.expect(audio.audio_encoding == _LINEAR16, f"encoding {audio.audio_encoding}, LINEAR16 wanted")
        self.expect(audio.sample_rate_hertz == 8000, f"{audio.sample_rate_hertz} Hz, 8000 wanted")
        if script["unary_error"]:
            await context.abort(grpc.StatusCode[script["unary_error"]], "scripted error")
        await sleep_ms(script["unary_ms"])
        rate_hz = script["unary_rate_hz"] or audio.sample_rate_hertz
        pcm = voice_sound(script["ms_per_character"] * len(text), rate_hz, _note(script, text))
        return texttospeech_v1.SynthesizeSpeechResponse.pb()(audio_content=wav_file(pcm, rate_hz))

    async def streaming_synthesize(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        """Answer each input with headerless PCM, faster than it is spoken."""
        script = self.take_script()
        first = await anext(aiter(requests))
        config = first.streaming_config
        audio = config.streaming_audio_config
        entry = {"method": "stream", "text": "", "voice": config.voice.name, "pieces": 0, "rate_hz": 0}
        self.entries.append(entry)
        self.expect(first.HasField("streaming_config"), "the first message is no config")
        self.expect("Chirp3-HD" in config.voice.name, f"voice {config.voice.name!r} cannot stream")
        self.expect(audio.audio_encoding == _PCM, f"encoding {audio.audio_encoding}, PCM wanted")
        rate_hz = entry["rate_hz"] = audio.sample_rate_hertz or 24000
        if script["stream_error"] and not script["stream_error_after_pieces"]:
            await context.abort(grpc.StatusCode[script["stream_error"]], "scripted error")
        async for request in requests:
            self.expect(request.HasField("input"), "a later message without input")
            text = request.input.text
            self._check(text, config.voice)
            entry["text"] += text
            await sleep_ms(script["first_byte_ms"])
            pcm = voice_sound(script["ms_per_character"] * len(text), rate_hz, _note(script, text))
            for start in range(0, len(pcm), script["piece_bytes"]):
                piece = pcm[start : start + script["piece_bytes"]]
                yield texttospeech_v1.StreamingSynthesizeResponse.pb()(audio_content=piece)
                entry["pieces"] += 1
                if script["stream_error"] and entry["pieces"] >= script["stream_error_after_pieces"]:
                    await context.abort(grpc.StatusCode[script["stream_error"]], "scripted error")
                await sleep_ms(len(piece) / 2 / rate_hz * 1000 / script["times_real_time"])

    async def list_voices(self, request: Any, context: Any) -> Any:
        """Answer with a few of the Hebrew voices."""
        response = texttospeech_v1.ListVoicesResponse.pb()()
        for name in _VOICES:
            response.voices.add(name=name, language_codes=["he-IL"], natural_sample_rate_hertz=24000)
        return response

    def _check(self, text: str, voice: Any) -> None:
        self.expect(text.strip(), "nothing to say")
        self.expect(len(text.encode()) <= 5000, f"{len(text.encode())} bytes of text")
        self.expect(voice.language_code == "he-IL", f"language {voice.language_code!r}")
        self.expect(voice.name.startswith("he-IL-"), f"voice {voice.name!r}")


def _note(script: Mapping[str, Any], text: str) -> int:
    return next((int(hz) for part, hz in script["hz_by_text"].items() if part in text), NOTE_HZ)


def _method(kind: Any, behaviour: Any, request: Any, response: Any) -> Any:
    return kind(
        behaviour,
        request_deserializer=request.pb().FromString,
        response_serializer=response.pb().SerializeToString,
    )


if __name__ == "__main__":
    emulator = GoogleTtsEmulator()
    main(emulator, emulator.start)
