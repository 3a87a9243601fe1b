"""How a child process behaves beside the worker: it outlives signals meant for the group, and lets frames go first."""

import contextlib
import os
import signal


def defer_to_worker(niceness: int) -> None:
    """Make this process the worker's quiet helper; `niceness` (0..19) is what it yields of a core they share.

    As a batch process it never takes the core from a worker that has just woken it: without this, every message to
    the child costs the calls the child's whole answer to it (fifty calls on one core: frames 120 ms late, not 50).
    """
    # gunicorn and terminals signal whole groups; live calls need the child until the worker itself is done.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(niceness)
    with contextlib.suppress(OSError):  # a sandbox may know no scheduling classes: then niceness has to do
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
