"""The clock that the soak sets."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.soak.clock import WallClock

ASK = """
import sys, time, datetime
for _ in sys.stdin:
    print(time.time(), datetime.datetime.now().timestamp(), time.monotonic(), flush=True)
"""


def test_it_is_set_while_a_process_runs_and_time_itself_goes_on(tmp_path: Path) -> None:
    """R18: clocks are stepped in mid-call."""
    clock = WallClock(tmp_path)
    if not clock.can_be_set:
        pytest.skip("no C compiler here: the soak sets no clocks")
    with subprocess.Popen(
        [sys.executable, "-c", ASK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | clock.environment,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for shift_s in (0, -90, 3600):
            clock.set(shift_s)
            process.stdin.write("\n")
            process.stdin.flush()
            shown = [float(one) for one in process.stdout.readline().split()]
            ahead_s = [one - now for one, now in zip(shown, (time.time(), time.time(), time.monotonic()), strict=True)]
            assert ahead_s == pytest.approx([shift_s, shift_s, 0], abs=5)
        process.stdin.close()
