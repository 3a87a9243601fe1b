"""The real server, for tests at the edge: gunicorn's eventlet worker in a process of its own, on a free port."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running gunicorn: where it listens, its master's process, what it wrote."""

    port: int
    process: "subprocess.Popen[bytes]"
    log_path: Path
    host: str = HOST

    @property
    def url(self) -> str:
        """`http://host:port`, without a trailing slash."""
        return f"http://{self.host}:{self.port}"

    def log(self) -> str:
        """Return all that it wrote to stdout and stderr so far."""
        return self.log_path.read_text(errors="replace")

    def wait_for_log(self, text: str, timeout_s: float = 10.0) -> str:
        """Return the first line that contains `text`, waiting for it.

        Raises:
            AssertionError: it did not come; shows the log.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for line in self.log().splitlines():
                if text in line:
                    return line
            time.sleep(0.02)
        raise AssertionError(f"{text!r} not in the log:\n{self.log()}")

    def connect(self, timeout_s: float = 10.0) -> socket.socket:
        """Open a plain TCP connection to it."""
        return socket.create_connection((self.host, self.port), timeout_s)


def free_port() -> int:
    """Return a TCP port of the loopback that was free a moment ago."""
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def gunicorn(
    app: str,
    *,
    env: Mapping[str, str] | None = None,
    config: str | None = None,
    arguments: Sequence[str] = (),
    ready_path: str = "/",
    stdout: int | None = None,
    most_descriptors: int | None = None,
) -> Iterator[Server]:
    """Run `gunicorn app` until the block ends.

    Args:
        app: what gunicorn serves, `package.module:name`.
        env: added to this process's environment, from which Twilio's, Google's and OpenAI's variables are removed.
            PORT is set to the chosen port.
        config: gunicorn's configuration file; by default none is read.
        arguments: further command-line arguments.
        ready_path: polled until it answers with anything at all.
        stdout: a descriptor to write to instead of the log.
        most_descriptors: how many it may open, in all.
    """
    with tempfile.TemporaryDirectory(prefix="server-") as folder:
        log_path = Path(folder) / "log"
        server = _start(app, dict(env or {}), config, arguments, log_path, stdout, most_descriptors)
        try:
            _wait_until_it_answers(server, ready_path)
            yield server
        finally:
            _stop(server)


def _start(
    app: str,
    env: dict[str, str],
    config: str | None,
    arguments: Sequence[str],
    log_path: Path,
    stdout: int | None,
    most_descriptors: int | None,
) -> Server:
    port = free_port()
    vendors = ("TWILIO_", "GOOGLE_", "OPENAI_", "PUBLIC_BASE_URL", "GUNICORN_CMD_ARGS", "WEB_CONCURRENCY")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(vendors)}
    limit = ("sh", "-c", f'ulimit -n {most_descriptors}; exec "$@"', "sh") if most_descriptors else ()
    command = [
        *limit,
        *(sys.executable, "-m", "gunicorn", app, "--bind", f"{HOST}:{port}"),
        *("-c", config or "/dev/null", "--worker-class", "eventlet", "--no-control-socket"),
        *arguments,
    ]
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean | {"PORT": str(port), "PYTHONUNBUFFERED": "1"} | env,
            stdin=subprocess.DEVNULL,
            stdout=log if stdout is None else stdout,
            stderr=log,
        )
    return Server(port, process, log_path)


def _wait_until_it_answers(server: Server, path: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise AssertionError(f"gunicorn ended with {server.process.returncode}:\n{server.log()}")
        connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise AssertionError(f"gunicorn did not answer within {START_TIMEOUT_S:g} s:\n{server.log()}")


def _stop(server: Server) -> None:
    # SIGQUIT: at once, without waiting for connections that a failed test left open.
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGQUIT)
    try:
        server.process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
