"""How a child process behaves beside the worker: it outlives signals meant for the group, and lets frames go first."""

import contextlib
import json
import logging
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from types import TracebackType

from app.sidecar.wire import Op, pack
from app.whose import CALL_SID

_MOST_LAST_WORDS = 300
_BUSY = frozenset("RD")
"""States of a thread that is on its way: running or runnable, and waiting for a disk."""


def yield_to_worker(pid: int, worker_pid: int, niceness: int) -> None:
    """Make a process yield to the worker by `niceness` (0..19).

    The worker does so to a child of its own as soon as that runs: while both load, the worker is the one waited for.
    """
    with contextlib.suppress(OSError):  # it is gone; or it yields more already, which only root may take back
        os.setpriority(os.PRIO_PROCESS, pid, min(19, os.getpriority(os.PRIO_PROCESS, worker_pid) + niceness))


def is_idle(pid: int) -> bool:
    """Tell whether no thread of a process runs, wants to run or waits for a disk (Linux: proc_pid_stat(5)).

    One that is starved of the processor wants to run; one that is stopped, or waits for what never comes, does not.
    A process of which nothing can be told counts as busy.
    """
    try:
        threads = [one.joinpath("stat").read_text() for one in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return False
    return all(stat.rpartition(")")[2].split()[0] not in _BUSY for stat in threads)


def worked_s(pid: int) -> float:
    """Return how long a process has had a processor, in all its threads (Linux: proc_pid_stat(5)); 0 once it is gone.

    How long it had to wait for one is no measure: a wait is counted when it is over.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def defer_to_worker(niceness: int) -> None:
    """Make this process the worker's quiet helper; `niceness` (0..19) is what it yields of a core they share.

    As a batch process it never takes the core from a worker that has just woken it: without this, every message to
    the child costs the calls the child's whole answer to it (fifty calls on one core: frames 120 ms late, not 50).
    """
    # gunicorn and terminals signal whole groups; live calls need the child until the worker itself is done.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield_to_worker(0, os.getppid(), niceness)
    with contextlib.suppress(OSError):  # a sandbox may know no scheduling classes: then niceness has to do
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


class _WorkersForm(logging.Formatter):
    """`2026-11-22T19:04:12.350Z INFO call_sid=CA… LEAD | slots=4`, as the worker writes it (R11)."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(call)s%(message)s", "%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        call_sid = getattr(record, "call_sid", "") or CALL_SID.get()
        record.call = f"call_sid={call_sid} " if call_sid else ""
        return super().format(record)


def log_like_worker(*own: str) -> None:
    """Log to standard error in the worker's form; a line about a call says so (`app.whose`, or `extra`).

    The loggers named `own` speak from INFO on; libraries, which would print a dozen lines a request, from WARNING on.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WorkersForm())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    for name in own:
        logging.getLogger(name).setLevel(logging.INFO)


def tell_last_words() -> None:
    """Have the worker told, on the socket whose descriptor is the last argument, which fault ends this process."""
    sys.excepthook = _tell


def _tell(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    traceback.print_exception(kind, fault, trace)
    told = " ".join(f"{kind.__name__}: {fault}".split())[:_MOST_LAST_WORDS]
    with contextlib.suppress(OSError, ValueError):
        os.write(int(sys.argv[-1]), pack(0, Op.EVENT, json.dumps({"fault": told}, ensure_ascii=False).encode()))
