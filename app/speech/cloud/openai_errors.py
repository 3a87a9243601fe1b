"""Exceptions of OpenAI's client as the stable codes of `speech.engines.Failed`."""

import aiohttp
import openai

from app.sidecar.child import ServiceError
from app.speech.cloud.errors import failure


def openai_error(exc: openai.OpenAIError) -> ServiceError:
    """Return the failure that stands for an exception of OpenAI's client."""
    match exc:
        case openai.APITimeoutError() if not is_lost_connection(exc):
            return failure("timeout", exc, retriable=True)
        case openai.APIConnectionError() | openai.InternalServerError():
            return failure("unavailable", exc, retriable=True)
        case openai.RateLimitError():
            # "insufficient_quota" is an unpaid bill: waiting does not help.
            return failure("quota", exc, retriable=exc.code != "insufficient_quota")
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return failure("unauthenticated", exc, retriable=False)
        case openai.APIStatusError():
            return failure("invalid_request", exc, retriable=False)
        case _:
            return failure("internal", exc, retriable=True)


def is_lost_connection(exc: BaseException) -> bool:
    """Whether what is told as a time-out was a connection that was refused or lost: aiohttp's transport says the same
    of both.
    """
    cause: BaseException | None = exc
    while cause is not None and not isinstance(cause, aiohttp.ClientConnectionError):
        cause = cause.__cause__
    return cause is not None and not isinstance(cause, TimeoutError)
