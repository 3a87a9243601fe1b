"""Whose call is being worked for: said by who begins the work, and on every log line that comes of it (R11.1).

Each green thread of the worker, and each task of a child, has an answer of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

CALL_SID: ContextVar[str] = ContextVar("call_sid", default="")


@contextmanager
def of_call(call_sid: str) -> Iterator[None]:
    """Work for this call within the `with` block."""
    before = CALL_SID.set(call_sid)
    try:
        yield
    finally:
        CALL_SID.reset(before)
