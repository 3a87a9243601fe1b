"""The language model's reading of turns outside a call, one after another: for evaluation."""

import asyncio
from types import TracebackType
from typing import Any, Self

from app.sidecar.child import ServiceError
from app.speech.cloud.openai_chat import OpenAiChat
from app.speech.cloud.openai_client import OpenAi
from app.speech.cloud.settings import CloudSettings


class Reader:
    """Messages in, JSON that obeys `schema` out; an empty text for what could not be had (see `failures`)."""

    def __init__(self, settings: CloudSettings) -> None:
        self.failures: list[str] = []
        self._chat = OpenAiChat(OpenAi(settings), settings)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._runner.close()

    def __call__(self, messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
        """Ask, and wait for the answer."""
        try:
            return self._runner.run(self._chat.read({"messages": messages, "schema": schema}))
        except ServiceError as error:
            self.failures.append(str(error))
            return ""
