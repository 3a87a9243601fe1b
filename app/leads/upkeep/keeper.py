"""The thread that sweeps, an hour apart, with pauses between slices: nothing waits long for it."""

import logging
import threading
import time

from app.leads.database import StoreDown
from app.leads.upkeep.files import CallFiles
from app.leads.upkeep.sweeping import SLICE, Sweep

FIRST_AFTER_S = 20.0
EVERY_S = 3600.0
PAUSE_S = 0.2
_log = logging.getLogger("leads.upkeep")


class Keeper:
    """Sweeps the database and the files."""

    def __init__(
        self, sweep: Sweep, files: CallFiles, first_after_s: float = FIRST_AFTER_S, pause_s: float = PAUSE_S
    ) -> None:
        self._sweep = sweep
        self._files = files
        self._first_after_s = first_after_s
        self._pause_s = pause_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Sweep from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further slice."""
        self._stopping.set()

    def sweep(self) -> None:
        """Make one pass over everything."""
        try:
            removed = self._files.sweep(time.time())
        except OSError as fault:
            _log.warning("old files could not be removed: %s", fault)
        else:
            if removed:
                _log.info("removed %d files whose time was over", removed)
        for step in self._sweep.steps:
            changed = total = step()
            while changed >= SLICE and not self._stopping.wait(self._pause_s):
                total += (changed := step())
            if total:
                _log.info("%s: %d", step.__name__, total)

    def _run(self) -> None:
        pause_s = self._first_after_s
        while not self._stopping.wait(pause_s):
            pause_s = EVERY_S
            try:
                self.sweep()
            except StoreDown:
                pause_s = 60.0  # the store's own thread reports it
            except Exception:  # noqa: BLE001 - tried again in an hour
                _log.exception("the sweep met a fault")
