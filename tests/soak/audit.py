"""What must be true once the calls are over."""

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.town import Town
from tests.leads.receiver import Receiver

SETTLES_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Size:
    """How big a process is."""

    descriptors: int
    threads: int
    memory_mb: float


def size_of(pid: int) -> Size:
    """Measure a process; memory counts shared pages in part."""
    folder = Path(f"/proc/{pid}")
    pss = next(line for line in (folder / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
    threads = len(list((folder / "task").iterdir()))
    return Size(len(list((folder / "fd").iterdir())), threads, int(pss.split()[1]) / 1024)


def faults(town: Town, desk: Receiver, call_sids: list[str]) -> list[str]:
    """Return what is wrong with what the store and the office have of the calls, waiting until they have settled."""
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while (found := store_faults(town, desk, call_sids)) and time.monotonic() < deadline:
        time.sleep(1)
    return found


def store_faults(town: Town, desk: Receiver, call_sids: list[str]) -> list[str]:
    """Return what is wrong at this moment."""
    ended = {row["call_sid"]: row["ended_at"] for row in town.rows("SELECT call_sid, ended_at FROM calls")}
    leads = [row["call_sid"] for row in town.rows("SELECT call_sid FROM leads")]
    delivered = Counter(json.loads(request.body)["call"]["sid"] for request in list(desk.requests))
    return [
        *(f"{sid}: not in the store" for sid in call_sids if sid not in ended),
        *(f"{sid}: not closed" for sid in call_sids if sid in ended and not ended[sid]),
        *(f"{sid}: its lead was delivered {delivered[sid]} times" for sid in leads if delivered[sid] != 1),
        *(f"{sid}: a lead that is not in the store" for sid in delivered if sid not in leads),
    ]
