"""Exceptions of Google's clients as the stable codes of `speech.engines.Failed`."""

import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.auth.exceptions import GoogleAuthError, TransportError

from app.sidecar.child import ServiceError
from app.speech.cloud.errors import failure

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
        return failure("unavailable", exc, retriable=True)
    if isinstance(exc, GoogleAuthError):
        return failure("unauthenticated", exc, retriable=False)
    status = google_status(exc)
    code, retriable = _GOOGLE.get(status, _INTERNAL) if status is not None else _INTERNAL
    return failure(code, exc, retriable=retriable)
