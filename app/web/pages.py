"""What the pages share: the office behind them, and how a page is sent without holding the hub."""

from collections.abc import Iterator
from typing import Any

from flask import Response, current_app, get_flashed_messages, request, stream_template

from app.office import Office
from app.runtime import sleep
from app.web.login import csp_nonce, csrf_token

_PIECE = 4096


def office() -> Office:
    """Return the office that the running app shows."""
    found: Office = current_app.extensions["office"]
    return found


def page(template: str, **context: Any) -> Response:
    """Send a page piece by piece: between two pieces, a few hundred µs of work apart, calls have their turn.

    What the template needs is asked before: an error while it is being sent would come too late for a status.
    """
    csrf_token(), csp_nonce(), get_flashed_messages()  # they touch the session or the headers, which go out first
    return Response(_pieces(stream_template(template, **context)), mimetype="text/html")


def _pieces(parts: Iterator[str]) -> Iterator[str]:
    gathered: list[str] = []
    size = 0
    for part in parts:
        gathered.append(part)
        size += len(part)
        if size >= _PIECE:
            yield "".join(gathered)
            gathered, size = [], 0
            sleep(0)
    yield "".join(gathered)


def is_fragment() -> bool:
    """Return whether htmx asks, who wants a piece of a page only."""
    return request.headers.get("HX-Request") == "true"
