"""OpenAI chat completions: the agent's next line as it is written, and strict JSON in one piece."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import httpx2
import openai
import orjson

from app.sidecar.child import Exchange, ServiceError
from app.speech.cloud.handfuls import Handfuls
from app.speech.cloud.openai_client import OpenAi, Options
from app.speech.cloud.openai_errors import is_lost_connection
from app.speech.cloud.settings import CloudSettings

_log = logging.getLogger("speech.cloud")


class OpenAiChat:
    """The `openai_chat` and `openai_json` services; `messages` in the request are OpenAI's.

    They go to the client as `extra_body`: what it is given as its own parameter it walks through value by value, which
    with fifty callers is a tenth of this process's time.
    """

    def __init__(self, openai_: OpenAi, settings: CloudSettings) -> None:
        self._openai = openai_
        self._settings = settings
        self._model = settings.llm_model
        self._untold = ""
        self.options = Options(
            {
                "reasoning_effort": settings.llm_reasoning_effort,
                "max_completion_tokens": settings.llm_max_tokens,
                "temperature": settings.llm_temperature,
            }
        )

    async def complete(self, request: dict[str, Any], exchange: Exchange) -> Mapping[str, object]:
        """Stream the answer as DATA, UTF-8; END says why it ended (`finish_reason`), and what it cost in tokens."""
        reason, tokens, handfuls = None, None, Handfuls()
        try:
            async with asyncio.timeout(self._settings.llm_total_timeout_s):
                answer = await self._ask(
                    self._openai.client.chat.completions.with_raw_response.create,
                    messages=(),
                    extra={"stream_options": {"include_usage": True}},
                    extra_body={"messages": request["messages"]},
                    stream=True,
                    timeout=self._openai.timeout(self._settings.llm_timeout_s),
                )
                await self._tell_gone(exchange)
                async with contextlib.aclosing(answer.http_response) as response:
                    async for chunk in _chunks(response.aiter_lines()):
                        tokens = chunk.get("usage") or tokens
                        for choice in chunk.get("choices", [])[:1]:  # the last chunk has none
                            reason = choice.get("finish_reason") or reason
                            delta = choice.get("delta", {}).get("content") or ""
                            if delta and (text := handfuls.add(delta, time.monotonic())):
                                await exchange.send_data(text.encode())
        except httpx2.TimeoutException as exc:
            code = "unavailable" if is_lost_connection(exc) else "timeout"
            raise ServiceError(code, "the answer broke off", retriable=True) from exc
        except httpx2.TransportError as exc:
            raise ServiceError("unavailable", f"the answer broke off: {exc}", retriable=True) from exc
        except TimeoutError as exc:
            raise ServiceError("timeout", "the answer took too long", retriable=True) from exc
        if rest := handfuls.rest():
            await exchange.send_data(rest.encode())
        return {"finish_reason": reason, **_cost(tokens)}

    async def extract(self, request: dict[str, Any], exchange: Exchange) -> Mapping[str, object]:
        """Answer in JSON that obeys `schema` (strict), as one EVENT `{"text"}`; END says what it cost in tokens."""
        text, tokens = await self._read(request)
        await self._tell_gone(exchange)
        await exchange.send_event({"text": text})
        return _cost(tokens)

    async def read(self, request: dict[str, Any]) -> str:
        """Return the answer to `messages` as JSON that obeys `schema` (strict).

        Raises:
            ServiceError: no answer, not in time, or not a whole one.
        """
        return (await self._read(request))[0]

    async def _ask(self, create: Callable[..., Awaitable[Any]], **request: Any) -> Any:
        """Ask the model that serves; where that is no longer there (404), and there is a second one, ask that for good.

        Raises:
            ServiceError: for every failure.
        """
        model = self._model
        try:
            return await self.options.call(create, model=model, **request)
        except ServiceError as fault:
            second = self._settings.llm_second_model
            if not isinstance(fault.__cause__, openai.NotFoundError) or model == second or not second:
                raise
        if self._model == model:  # of many turns that learn it at once, one says so
            self._model = second
            _log.error("MODEL_GONE | model=%s | instead=%s", model, second)
            self._untold = f"{model} is no longer there, {second} answers"
        return await self.options.call(create, model=second, **request)

    async def _tell_gone(self, exchange: Exchange) -> None:
        if self._untold:
            told, self._untold = self._untold, ""
            await exchange.tell_trouble("model_gone", told)

    async def _read(self, request: dict[str, Any]) -> tuple[str, Mapping[str, int] | None]:
        """Return the answer to `messages` as JSON that obeys `schema` (strict), and what it cost in tokens.

        Raises:
            ServiceError: no answer, not in time, or not a whole one.
        """
        schema = {"name": request.get("name", "answer"), "strict": True, "schema": request["schema"]}
        try:
            async with asyncio.timeout(self._settings.llm_total_timeout_s):
                answer = await self._ask(
                    self._openai.client.chat.completions.create,
                    messages=(),
                    extra_body={
                        "messages": request["messages"],
                        "response_format": {"type": "json_schema", "json_schema": schema},
                    },
                    timeout=self._openai.timeout(self._settings.llm_timeout_s),
                )
        except TimeoutError as exc:
            raise ServiceError("timeout", "the answer took too long", retriable=True) from exc
        if not answer.choices:
            raise ServiceError("internal", "an answer without choices", retriable=True)
        choice = answer.choices[0]
        if choice.finish_reason != "stop" or not choice.message.content:
            why = "refused" if choice.message.refusal else choice.finish_reason
            raise ServiceError("internal", f"no complete JSON: {why}", retriable=False)
        return str(choice.message.content), answer.usage.model_dump() if answer.usage else None


def _cost(tokens: Mapping[str, int] | None) -> dict[str, object]:
    """Return what OpenAI says that an answer cost; nothing where it does not say."""
    return {"read": tokens["prompt_tokens"], "written": tokens["completion_tokens"]} if tokens else {}


async def _chunks(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    """Read the chunks of an answer's server-sent events.

    The client's own reader builds and checks an object a chunk, which with fifty callers is a tenth of a core; an
    answer needs one string of each.
    """
    async for line in lines:
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if not data or data == "[DONE]":
            continue
        try:
            chunk = orjson.loads(data)
        except orjson.JSONDecodeError as exc:
            raise ServiceError("internal", "a chunk that is no JSON", retriable=True) from exc
        if "error" in chunk:
            raise ServiceError("internal", str(chunk["error"])[:200], retriable=True)
        yield chunk
