"""OpenAI's client, made once, and how a request is made acceptable to the model at hand."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2
import openai
from openai.types.chat import ChatCompletionMessageParam

from app.speech.cloud.openai_errors import openai_error
from app.speech.cloud.settings import CloudSettings

_KEEPALIVE_S = 120.0
"""Callers think between turns; a connection shall outlive that, for a new one costs two round trips."""
_WARM_S = 5.0


class OpenAi:
    """The client all OpenAI services of the process share."""

    def __init__(self, settings: CloudSettings) -> None:
        self._settings = settings
        self._client: openai.AsyncOpenAI | None = None

    @property
    def client(self) -> openai.AsyncOpenAI:
        """The vendor's client, made on first use; it retries nothing by itself."""
        if self._client is None:
            settings = self._settings
            limits = httpx2.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=_KEEPALIVE_S)
            self._client = openai.AsyncOpenAI(
                api_key=settings.openai_api_key,
                base_url=settings.openai_base_url or None,
                max_retries=0,
                timeout=self.timeout(settings.llm_timeout_s),
                http_client=openai.DefaultAioHttpClient(limits=limits),
            )
        return self._client

    async def warm(self) -> None:
        """Run the client's slow first steps, then open a connection by a request that costs nothing."""
        await _rehearse()
        await self.client.models.list(timeout=_WARM_S)

    def timeout(self, silence_s: float) -> openai.Timeout:
        """Return timeouts: one to connect, `silence_s` for every other wait."""
        return openai.Timeout(silence_s, connect=self._settings.openai_connect_timeout_s)


class Options:
    """Optional parameters of one kind of request; those that the model refuses are left out from then on.

    Models differ in which of `temperature`, `reasoning_effort` and their like they take, and change over time.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._refused: set[str] = set()

    @property
    def accepted(self) -> dict[str, Any]:
        """Those of every request that were not refused."""
        return self._without_refused(self._options)

    async def call(
        self, create: Callable[..., Awaitable[Any]], extra: Mapping[str, Any] | None = None, **required: Any
    ) -> Any:
        """Call `create` with the required and the accepted parameters; `extra` are optional ones of this request.

        Raises:
            ServiceError: for every failure of OpenAI's client.
        """
        tried = self.accepted | self._without_refused(extra or {})
        refused_now: set[str] = set()
        while True:
            try:
                answer = await create(**required, **tried)
            except (openai.BadRequestError, openai.NotFoundError, openai.UnprocessableEntityError) as exc:
                refused = _refused(exc, tried)
                if refused is None:
                    raise openai_error(exc) from exc
                refused_now.add(refused)
                del tried[refused]
            except openai.OpenAIError as exc:
                raise openai_error(exc) from exc
            else:
                self._refused |= refused_now
                return answer

    def _without_refused(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: value for name, value in options.items() if name not in self._refused and value not in (None, "", [])
        }


async def _rehearse() -> None:
    """Stream one empty answer from nowhere: the client loads and builds 100 ms worth of code on its first stream."""
    nowhere = httpx2.MockTransport(lambda _: httpx2.Response(200, content=b"data: [DONE]\n\n"))
    async with openai.AsyncOpenAI(
        api_key="none", base_url="http://nowhere.invalid", http_client=httpx2.AsyncClient(transport=nowhere)
    ) as client:
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "-"}]
        async with await client.chat.completions.create(model="none", messages=messages, stream=True) as stream:
            async for _ in stream:
                pass


def _refused(exc: openai.APIStatusError, options: Mapping[str, Any]) -> str | None:
    """Return the option that the error is about, None when it is about something else."""
    named = str(exc.param or "").split("[")[0]
    if named in options:
        return named
    return next((name for name in options if name in exc.message), None)
