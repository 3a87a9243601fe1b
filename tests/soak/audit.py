"""What must be true once the calls are over."""

import json
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from app.leads.outgoing.deliveries import IN_DOUBT
from tests.e2e.town import Town, fields
from tests.leads.receiver import Receiver

SETTLES_WITHIN_S = 330.0
"""A lease (120 s) that was begun before the clock was set back by three minutes is over by then."""


_EXPECTED = ("sidecar_killed",)
"""What the log says of a child that was frozen, at level ERROR: that is as it should be."""


@dataclass(frozen=True, slots=True)
class Size:
    """How big a worker is."""

    descriptors: int
    threads: int
    memory_mb: float
    own_memory_mb: float
    """Without the pages of files, whose share changes with whoever else on the machine reads them."""
    green_threads: int
    timers: int


def size_of(town: Town) -> Size:
    """Measure the worker; memory counts shared pages in part."""
    folder = Path(f"/proc/{town.worker()}")
    parts = [line.split() for line in (folder / "smaps_rollup").read_text().splitlines()[1:]]
    size_kb = {name.rstrip(":"): int(size) for name, size, *_ in parts}
    threads = len(list((folder / "task").iterdir()))
    told = metrics_of(town)
    return Size(
        len(list((folder / "fd").iterdir())),
        threads,
        size_kb["Pss"] / 1024,
        size_kb["Pss_Anon"] / 1024,
        int(told["agent_green_threads"]),
        int(told["agent_hub_timers"]),
    )


def metrics_of(town: Town) -> dict[str, float]:
    """Return what the server's /metrics tell, by name and labels."""
    with urllib.request.urlopen(f"{town.server.url}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def longest_ms(town: Town, histogram: str) -> float:
    """Return the least bound that a histogram of seconds has never exceeded, of those that are told apart."""
    lags = {
        float(name.split('le="')[1].split('"')[0]): count
        for name, count in metrics_of(town).items()
        if name.startswith(f"agent_{histogram}_seconds_bucket")
    }
    return 1000 * min(bound for bound, count in lags.items() if count == max(lags.values()))


@dataclass(frozen=True, slots=True)
class Held:
    """One time the server itself held its hub: for `held_ms` of the `lag_ms` for which it was late."""

    held_ms: int
    lag_ms: int
    by: str


def held(log: str) -> list[Held]:
    """Return when the server held its hub for too long with callers on the line, the longest first."""
    told = [fields(line) for line in log.splitlines() if " HUB_HELD " in line]
    holds = [Held(int(one["held_ms"]), int(one["lag_ms"]), one["held_by"]) for one in told if one["live_calls"] != "0"]
    return sorted(holds, key=lambda one: -one.held_ms)


def unexpected(log: str) -> list[str]:
    """Return the log's lines that tell of a fault of ours."""
    bad = ("Traceback", "CALL_BROKE", " ERROR ", "MEASURE_BROKE", "STREAM_BROKE")
    return [
        line
        for line in log.splitlines()
        if any(word in line for word in bad) and not any(word in line for word in _EXPECTED)
    ]


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
    doubtful = in_doubt(town)
    delivered = Counter(json.loads(request.body)["call"]["sid"] for request in list(desk.requests))
    return [
        *(f"{sid}: not in the store" for sid in call_sids if sid not in ended),
        *(f"{sid}: not closed" for sid in call_sids if sid in ended and not ended[sid]),
        *(
            f"{sid}: its lead was delivered {delivered[sid]} times, of which {doubtful[sid]} may be repeats"
            for sid in leads
            if not 1 <= delivered[sid] <= 1 + doubtful[sid]
        ),
        *(f"{sid}: a lead that is not in the store" for sid in delivered if sid not in leads),
    ]


def repeats(desk: Receiver) -> int:
    """Return how many requests brought a lead that had been brought before, which a receiver drops by their key."""
    requests = list(desk.requests)
    return len(requests) - len({request.headers["Idempotency-Key"] for request in requests})


def in_doubt(town: Town) -> Counter[str]:
    """Return how many attempts to deliver a call's lead ended with their process, so that nobody knows the answer.

    They are made again under the same key: that a receiver may then get a lead twice cannot be helped, only told.
    """
    sent = town.rows("SELECT call_sid, history FROM deliveries JOIN leads ON leads.id = deliveries.lead_id")
    return Counter(
        row["call_sid"] for row in sent for step in json.loads(row["history"] or "[]") if step["state"] == IN_DOUBT
    )
