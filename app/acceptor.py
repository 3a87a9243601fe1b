"""Accepting goes on whatever happens, and whoever was accepted is answered, up to the last moment.

gunicorn's eventlet worker is deaf for good after one `accept()` that failed.

When descriptors run out (EMFILE), or a client is gone before it was taken (ECONNABORTED), `accept()` raises, and the
worker's acceptor greenlet ends while the worker keeps telling gunicorn that all is well. And a worker that is told to
stop closes its listener before those whom it has just accepted are looked at: it asks the listener for its name first.
"""

import errno
import resource
import socket
from pathlib import Path
from typing import Any

import structlog

from app.runtime import sleep

PAUSE_S = 0.1
_MOST_DESCRIPTORS = 65_536
# Children, their sockets, the log, databases and files: what the worker needs beside its connections.
_DESCRIPTORS_OF_OUR_OWN = 64
_log = structlog.get_logger("server")


class Listener:
    """A listening socket of which no `accept()` fails: it says EWOULDBLOCK, after a pause, where it would raise.

    Its name outlives it.
    """

    def __init__(self, listener: Any) -> None:
        """Stand in for `listener`, a listening socket or gunicorn's wrapper of one."""
        self._listener = listener
        self._name = listener.getsockname()
        self._is_failing = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)

    def getsockname(self) -> Any:
        """Return the address that it listens on, or listened on."""
        return self._name

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection.

        Raises:
            BlockingIOError: there is none, or it cannot be taken now.
        """
        try:
            accepted: tuple[socket.socket, Any] = self._listener.accept()
        except BlockingIOError:
            raise
        except OSError as error:
            if not self._is_failing:
                self._is_failing = True
                _log.warning("ACCEPT_FAILED", why=str(error))
            sleep(PAUSE_S)  # the connection still waits: without a pause this would spin
            raise BlockingIOError(errno.EWOULDBLOCK, str(error)) from error
        self._is_failing = False
        return accepted


def raise_descriptor_limit() -> int:
    """Take as many descriptors as this process may have; return how many that is."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, _MOST_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return wanted


def connections_within(descriptors: int, wanted: int) -> int:
    """Return how many connections at a time leave the worker enough of `descriptors` for itself."""
    return max(8, min(wanted, descriptors - _DESCRIPTORS_OF_OUR_OWN))


def is_replaced(pid: int, master_pid: int) -> bool:
    """Tell whether gunicorn's master has another worker in place of this one (Linux: proc/<pid>/task/<tid>/children).

    So it is on SIGHUP: newcomers are the other's then. Where it cannot be told, there is none.
    """
    try:
        workers = Path(f"/proc/{master_pid}/task/{master_pid}/children").read_text().split()
    except OSError:
        return False
    return any(int(one) != pid for one in workers)
