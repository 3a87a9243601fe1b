"""A wall clock that can be set while the server runs: for its processes alone, by a library they load first."""

import shutil
import subprocess
from pathlib import Path

_LONG_BYTES = 8


class WallClock:
    """The clock of the processes that are started with `environment`; monotonic time is left alone."""

    def __init__(self, folder: Path) -> None:
        """Build the library in `folder`. Without a C compiler the clock cannot be set, and `can_be_set` says so."""
        self._shift = folder / "shift"
        self._shift.write_bytes(bytes(_LONG_BYTES))
        compiler = shutil.which("cc")
        self.can_be_set = compiler is not None
        self.environment: dict[str, str] = {}
        if compiler is None:
            return
        library = folder / "clock.so"
        source = Path(__file__).with_name("clock.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_SHIFT": str(self._shift)}

    def set(self, shift_s: int) -> None:
        """Let it be `shift_s` ahead of the machine's (negative: behind), from now on."""
        with self._shift.open("r+b") as file:
            file.write(shift_s.to_bytes(_LONG_BYTES, "little", signed=True))
