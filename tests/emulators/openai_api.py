"""OpenAI's HTTP API: chat completions (SSE and strict JSON) and transcriptions, judged and answered by script."""

import asyncio
import io
import json
import time
import wave
from collections.abc import Mapping
from typing import Any, ClassVar

from tests.emulators.base import Emulator, main, sleep_ms
from tests.emulators.http_server import Request, Response, start_http
from tests.emulators.sounds import voice_sound

_ERROR_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_ROLES = {"system", "developer", "user", "assistant"}


class OpenAiEmulator(Emulator):
    """The part of api.openai.com that the agent uses."""

    defaults: ClassVar[Mapping[str, Any]] = {
        "answer": "תודה רבה. באיזה אזור תרצו לחפש?",
        "answers": {},  # a part of the caller's last line -> what to answer to it
        "json_answer": None,  # None: the emptiest document that obeys the schema
        "first_token_ms": 100,
        "tokens_per_s": 50.0,
        "stall_after_tokens": -1,
        "cut_off_after_tokens": -1,  # 0: before the answer begins
        "models": [],  # what models there are; none: any
        "status": 200,
        "error_code": "",
        "error_message": "scripted error",
        "refuse_parameters": [],
        "transcript": "שלום אני מחפש דירה",
        "transcribe_ms": 200,
        "speech_first_byte_ms": 100,
        "ms_per_character": 60,
    }

    async def start(self, port: int) -> int:
        """Serve on loopback; return the port."""
        self._server, bound = await start_http(self._serve, port)
        return bound

    async def _serve(self, request: Request, response: Response) -> None:
        if request.path == "/v1/models":
            await response.send_json({"object": "list", "data": []})
            return
        self.expect(request.headers.get("authorization", "").startswith("Bearer "), "no bearer token")
        script = self.take_script()
        if request.path.startswith("/v1/models/"):
            model = request.path.removeprefix("/v1/models/")
            if not await self._refused({}, response, script) and not await self._unknown(model, response, script):
                await response.send_json({"id": model, "object": "model", "created": 1, "owned_by": "openai"})
            return
        if request.path == "/v1/chat/completions":
            await self._chat(request, response, script)
        elif request.path == "/v1/audio/transcriptions":
            await self._transcribe(request, response, script)
        elif request.path == "/v1/audio/speech":
            await self._speak(request, response, script)
        else:
            self.violations.append(f"no such path: {request.path}")
            await response.send_json({"error": {"message": "no such path"}}, 404)

    async def _chat(self, request: Request, response: Response, script: dict[str, Any]) -> None:
        body: dict[str, Any] = request.json()
        messages = body.get("messages") or []
        wants = body.get("response_format", {}).get("json_schema")
        parameters = sorted(body.keys() - {"messages", "model", "response_format"})
        entry = {"path": request.path, "model": body.get("model"), "messages": messages, "parameters": parameters}
        self.entries.append(entry)
        self.expect(body.get("model"), "no model")
        self.expect(messages and all(m["role"] in _ROLES and m["content"] for m in messages), "a bad message")
        self.expect("max_tokens" not in body, "max_tokens is deprecated")
        if wants is not None:
            self.expect(wants.get("strict") and wants.get("name"), "a JSON schema that is not strict or has no name")
            self.expect(wants["schema"].get("additionalProperties") is False, "strict wants no additionalProperties")
        if await self._refused(body, response, script) or await self._unknown(body["model"], response, script):
            return
        await sleep_ms(script["first_token_ms"])
        if script["cut_off_after_tokens"] == 0:
            response.cut_off()
            return
        if body.get("stream"):
            answer = _answer(script, messages)
            wants_usage = (body.get("stream_options") or {}).get("include_usage")
            usage = _usage(messages, _tokens(answer)) if wants_usage else None
            await self._stream(answer, usage, body["model"], response, script)
            entry["billed"] = usage
            return
        answer = script["json_answer"] if script["json_answer"] is not None else _emptiest((wants or {}).get("schema"))
        message = {"role": "assistant", "content": json.dumps(answer, ensure_ascii=False), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = _usage(messages, _tokens(str(message["content"])))
        await response.send_json({**_head("chat.completion", body["model"]), "choices": [choice], "usage": usage})
        entry["billed"] = usage

    async def _stream(
        self, answer: str, usage: dict[str, int] | None, model: str, response: Response, script: dict[str, Any]
    ) -> None:
        head = _head("chat.completion.chunk", model)
        await response.start_chunks("text/event-stream")

        async def send(choices: list[dict[str, Any]]) -> None:
            event = json.dumps({**head, "choices": choices, "usage": None if choices else usage}, ensure_ascii=False)
            await response.send_chunk(f"data: {event}\n\n".encode())

        await send([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
        for count, token in enumerate(_tokens(answer)):
            if count == script["stall_after_tokens"]:
                await asyncio.sleep(3600)
            if count == script["cut_off_after_tokens"]:
                response.cut_off()
                return
            await send([{"index": 0, "delta": {"content": token}, "finish_reason": None}])
            await sleep_ms(1000 / script["tokens_per_s"])
        await send([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        await send([])
        await response.send_chunk(b"data: [DONE]\n\n")
        await response.send_chunk(b"")

    async def _transcribe(self, request: Request, response: Response, script: dict[str, Any]) -> None:
        form, file = _multipart(request)
        entry: dict[str, Any] = {"path": request.path, **form}
        self.entries.append(entry)
        self._check_transcription(form, file, entry)
        fields = {name.removesuffix("[]"): value for name, value in form.items()}
        if await self._refused(fields, response, script):
            return
        await sleep_ms(script["transcribe_ms"])
        await response.send_json({"text": script["transcript"]})

    async def _speak(self, request: Request, response: Response, script: dict[str, Any]) -> None:
        body = json.loads(request.body)
        self.entries.append({"path": request.path, **body})
        self.expect(0 < len(body["input"]) <= 4096, f"{len(body['input'])} characters to say")
        self.expect(body["response_format"] == "pcm", f"format {body['response_format']!r}")
        if await self._refused(body, response, script):
            return
        await sleep_ms(script["speech_first_byte_ms"])
        await response.start_chunks("audio/pcm")
        pcm = voice_sound(script["ms_per_character"] * len(body["input"]), 24_000)
        for start in range(0, len(pcm), 4001):  # odd: half a sample may come in the next piece
            await response.send_chunk(pcm[start : start + 4001])
        await response.send_chunk(b"")

    def _check_transcription(self, form: dict[str, list[str]], file: bytes, entry: dict[str, Any]) -> None:
        model = form.get("model", [""])[0]
        if model.startswith("gpt-transcribe"):
            self.expect("language" not in form and form.get("languages[]") == ["he"], f"languages of {model}: {form}")
        else:
            self.expect("languages[]" not in form and form.get("language") == ["he"], f"language of {model}: {form}")
            self.expect("keywords[]" not in form, f"{model} takes no keywords")
        try:
            with wave.open(io.BytesIO(file)) as audio:
                entry["audio_ms"] = audio.getnframes() * 1000 // audio.getframerate()
                layout = audio.getframerate(), audio.getnchannels(), audio.getsampwidth()
                self.expect(layout == (16000, 1, 2), f"WAV of {layout}")
        except (wave.Error, EOFError) as exc:
            self.violations.append(f"the file is no WAV: {exc}")

    async def _refused(self, body: Mapping[str, Any], response: Response, script: dict[str, Any]) -> bool:
        for name in script["refuse_parameters"]:
            if name in body:
                message = f"Unsupported parameter: '{name}' is not supported with this model."
                await self._send_error(response, 400, message, "unsupported_parameter", name)
                return True
        if script["status"] != 200:
            await self._send_error(response, script["status"], script["error_message"], script["error_code"])
            return True
        return False

    async def _unknown(self, model: str, response: Response, script: dict[str, Any]) -> bool:
        if not script["models"] or model in script["models"]:
            return False
        message = f"The model `{model}` does not exist or you do not have access to it."
        await self._send_error(response, 404, message, "model_not_found")
        return True

    @staticmethod
    async def _send_error(response: Response, status: int, message: str, code: str, parameter: str = "") -> None:
        kind = _ERROR_KINDS.get(status, "server_error")
        error = {"message": message, "type": kind, "param": parameter or None, "code": code or None}
        await response.send_json({"error": error}, status)


def _head(kind: str, model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-emulated", "object": kind, "created": int(time.time()), "model": model}


def _answer(script: dict[str, Any], messages: list[dict[str, Any]]) -> str:
    last = next((str(message["content"]) for message in reversed(messages) if message["role"] == "user"), "")
    answer = next((answer for part, answer in script["answers"].items() if part in last), script["answer"])
    return str(answer)


def _usage(messages: list[dict[str, Any]], written: list[str]) -> dict[str, int]:
    """What the vendor would bill: its own count of tokens read and written."""
    read = sum(len(_tokens(str(message["content"]))) for message in messages)
    return {"prompt_tokens": read, "completion_tokens": len(written), "total_tokens": read + len(written)}


def _tokens(answer: str) -> list[str]:
    """Cut an answer as a tokenizer might: pieces of up to four letters, the space with what follows."""
    words = [word if index == 0 else f" {word}" for index, word in enumerate(answer.split(" "))]
    return [word[start : start + 4] for word in words for start in range(0, len(word), 4)]


def _emptiest(schema: Mapping[str, Any] | None) -> Any:
    """Return the emptiest value that obeys a schema of OpenAI's strict subset."""
    if not schema:
        return {}
    if "anyOf" in schema:
        kinds = [option.get("type") for option in schema["anyOf"]]
        return None if "null" in kinds else _emptiest(schema["anyOf"][0])
    if "enum" in schema:
        return None if None in schema["enum"] else schema["enum"][0]
    kind = schema.get("type")
    if isinstance(kind, list):
        return None if "null" in kind else _emptiest({**schema, "type": kind[0]})
    if kind == "object":
        return {name: _emptiest(part) for name, part in schema.get("properties", {}).items()}
    return {"array": [], "string": "", "integer": 0, "number": 0, "boolean": False}.get(str(kind))


def _multipart(request: Request) -> tuple[dict[str, list[str]], bytes]:
    """Return the fields and the file of a multipart form (RFC 7578)."""
    boundary = request.headers["content-type"].partition("boundary=")[2].strip('"')
    fields: dict[str, list[str]] = {}
    file = b""
    for part in request.body.split(f"--{boundary}".encode())[1:-1]:
        head, _, body = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        body = body.removesuffix(b"\r\n")
        text = head.decode()
        name = text.partition('name="')[2].partition('"')[0]
        if "filename=" in text:
            file = body
        else:
            fields.setdefault(name, []).append(body.decode())
    return fields, file


if __name__ == "__main__":
    emulator = OpenAiEmulator()
    main(emulator, emulator.start)
