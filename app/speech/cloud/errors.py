"""Vendor exceptions as the stable codes of `speech.engines.Failed`."""

import re

import grpc
import openai
from google.api_core.exceptions import GoogleAPICallError
from google.auth.exceptions import GoogleAuthError, TransportError

from app.sidecar.child import ServiceError

_GOOGLE: dict[grpc.StatusCode, tuple[str, bool]] = {
    grpc.StatusCode.UNAVAILABLE: ("unavailable", True),
    grpc.StatusCode.DEADLINE_EXCEEDED: ("timeout", True),
    grpc.StatusCode.INVALID_ARGUMENT: ("invalid_request", False),
    grpc.StatusCode.NOT_FOUND: ("invalid_request", False),
    grpc.StatusCode.FAILED_PRECONDITION: ("invalid_request", False),
    grpc.StatusCode.UNIMPLEMENTED: ("invalid_request", False),
    grpc.StatusCode.UNAUTHENTICATED: ("unauthenticated", False),
    grpc.StatusCode.PERMISSION_DENIED: ("unauthenticated", False),
    grpc.StatusCode.RESOURCE_EXHAUSTED: ("quota", True),
    grpc.StatusCode.OUT_OF_RANGE: ("stream_too_long", True),
}
_INTERNAL = ("internal", True)
_MESSAGE_CHARS = 300
_KEY = re.compile(r"sk-[\w*-]+")

GOOGLE_ERRORS = (GoogleAPICallError, GoogleAuthError, grpc.RpcError)
"""What a call through Google's clients raises."""


def google_status(exc: BaseException) -> grpc.StatusCode | None:
    """Return the gRPC status of an exception of Google's clients, None when it has none."""
    if isinstance(exc, GoogleAPICallError):
        return exc.grpc_status_code
    if isinstance(exc, grpc.RpcError):
        return exc.code()
    return None


def is_masked(exc: BaseException) -> bool:
    """True when a write of ours crossed the server's refusal.

    grpc.aio then reports the failed write, as INTERNAL with the words below, and forgets the refusal.
    """
    return google_status(exc) is grpc.StatusCode.INTERNAL and "Internal error from Core" in str(exc)


def google_error(exc: BaseException) -> ServiceError:
    """Return the failure that stands for one of `GOOGLE_ERRORS`."""
    if isinstance(exc, TransportError):
        return _failure("unavailable", exc, retriable=True)
    if isinstance(exc, GoogleAuthError):
        return _failure("unauthenticated", exc, retriable=False)
    status = google_status(exc)
    code, retriable = _GOOGLE.get(status, _INTERNAL) if status is not None else _INTERNAL
    return _failure(code, exc, retriable=retriable)


def openai_error(exc: openai.OpenAIError) -> ServiceError:
    """Return the failure that stands for an exception of OpenAI's client."""
    match exc:
        case openai.APITimeoutError():
            return _failure("timeout", exc, retriable=True)
        case openai.APIConnectionError() | openai.InternalServerError():
            return _failure("unavailable", exc, retriable=True)
        case openai.RateLimitError():
            # "insufficient_quota" is an unpaid bill: waiting does not help.
            return _failure("quota", exc, retriable=exc.code != "insufficient_quota")
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return _failure("unauthenticated", exc, retriable=False)
        case openai.APIStatusError():
            return _failure("invalid_request", exc, retriable=False)
        case _:
            return _failure("internal", exc, retriable=True)


def _failure(code: str, exc: BaseException, *, retriable: bool) -> ServiceError:
    message = _KEY.sub("sk-…", " ".join(str(exc).split()))[:_MESSAGE_CHARS]
    return ServiceError(code, message or type(exc).__name__, retriable=retriable)
