"""How many calls this machine carries, from the cores at hand and from how late the worker runs (R18)."""

import os
from pathlib import Path

from app.config import Settings
from app.house.hub_watch import HubWatch

CALLS_A_CORE, MOST_CALLS = 70, 110
"""Measured (README): 140 calls on one core; vendors' TLS, which comes on top, was not."""
EMBEDDED_CALLS_A_CORE = 3
"""The embedded voice takes 0.65 s of a core for a second of speech, the embedded ears come on top (ARCHITECTURE)."""

LATE_MS, MOST_LATE, LATE_OF = 80, 10, 100
"""Ten of the last hundred measurements over this: half of what Twilio has in hand (PLAYOUT_LEAD_MS) is gone."""

_CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def cores_at_hand(limit: Path = _CGROUP_LIMIT) -> float:
    """Return how many cores this process may use: those it may run on, or the container's share where that is less."""
    cores = float(len(os.sched_getaffinity(0)))
    try:
        quota, period = limit.read_text().split()
        return min(cores, int(quota) / int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return cores


def calls_at_most(settings: Settings, cores: float) -> int:
    """Return MAX_CALLS, or what `cores` carry."""
    if settings.max_calls is not None:
        return settings.max_calls
    is_embedded = "embedded" in (settings.stt, settings.tts)
    a_core = EMBEDDED_CALLS_A_CORE if is_embedded else CALLS_A_CORE
    return max(2, min(MOST_CALLS, int(cores * a_core)))


def is_late(hub_watch: HubWatch) -> bool:
    """Tell whether the worker runs too late for another call."""
    return hub_watch.late_among_last(LATE_OF, LATE_MS) >= MOST_LATE
