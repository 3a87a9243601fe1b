"""An office's server: takes leads over real HTTP and misbehaves as told."""

import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers each POST with the next of `answers`, then with 200.

    An answer is a status, `(status, headers, body)`, "hang" (silence until the test ends) or "drop" (closes).
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.answers: deque[int | str | tuple[int, dict[str, str], bytes]] = deque()
        self._release = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.handle(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """The server's origin."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Take one request and answer it as told."""
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        self.requests.append(Received(request.path, dict(request.headers.items()), body))
        answer = self.answers.popleft() if self.answers else 200
        if answer == "hang":
            self._release.wait(30)
        if isinstance(answer, str):
            request.close_connection = True
            return
        status, headers, content = answer if isinstance(answer, tuple) else (answer, {}, b"{}")
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release.set()
        self._server.shutdown()
        self._server.server_close()
