"""A whole HTTP response as a value, for the paths that answer before Flask. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

StartResponse = Callable[..., Any]
Environ = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    """Status, body and extra headers; Content-Length is set by `send` (a 204 has none, RFC 9110 §8.6)."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = field(default=())

    def send(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """Answer a WSGI request; HEAD gets the headers alone."""
        headers = list(self.headers)
        if self.status != HTTPStatus.NO_CONTENT:
            headers += [("Content-Type", self.content_type), ("Content-Length", str(len(self.body)))]
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" or not self.body else [self.body]


class RefusedError(Exception):
    """A request that cannot be served; `response` says why to whoever sent it, `why` (if given) more to the log."""

    def __init__(self, response: Response, why: str = "") -> None:
        super().__init__(why or response.body.decode().strip())
        self.response = response


def no_content() -> Response:
    """Return a 204."""
    return Response(204)


def refuse(status: int, why: str, *headers: tuple[str, str]) -> Response:
    """Return an error response whose body says in a sentence what was wrong."""
    return Response(status, f"{why}\n".encode(), headers=headers)


def method_not_allowed(*allowed: str) -> Response:
    """Return a 405 that names the methods there are."""
    return refuse(405, f"use {' or '.join(allowed)}", ("Allow", ", ".join(allowed)))
