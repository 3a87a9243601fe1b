"""Notices a handler that lets others run: what a session does with an event must not wait (design, "One owner")."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import greenlet


@contextmanager
def switches_within(function: str, file: str) -> Iterator[list[str]]:
    """Collect where, in `function` of a file whose path ends with `file`, control went to another greenlet."""
    found: list[str] = []

    def see(event: str, greenlets: tuple[greenlet.greenlet, greenlet.greenlet]) -> None:
        origin, target = greenlets
        if event == "switch" and not origin.dead and target.parent is not origin:
            frame = origin.gr_frame
            stack: list[str] = []
            while frame is not None:
                stack.append(_named(frame))
                if frame.f_code.co_name == function and frame.f_code.co_filename.endswith(file):
                    found.append(" < ".join(stack))
                    return
                frame = frame.f_back

    before = greenlet.gettrace()
    greenlet.settrace(see)
    try:
        yield found
    finally:
        greenlet.settrace(before)


def _named(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno}"
