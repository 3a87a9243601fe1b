"""A vendor's exception as a failure that may be shown and logged. Imports no vendor."""

import re

from app.sidecar.child import ServiceError

_MESSAGE_CHARS = 300
_KEY = re.compile(r"sk-[\w*-]+")


def failure(code: str, exc: BaseException, *, retriable: bool) -> ServiceError:
    """Return `exc` as the failure `code`: its words on one line, without keys, of bounded length."""
    message = _KEY.sub("sk-…", " ".join(str(exc).split()))[:_MESSAGE_CHARS]
    return ServiceError(code, message or type(exc).__name__, retriable=retriable)
