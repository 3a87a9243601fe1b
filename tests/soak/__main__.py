"""`python -m tests.soak`: calls with random behaviour and random faults, then an audit; one table, and 1 if it fails.

`--seed` replays the same choices; their timing against each other is the machine's.
"""

import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from tests.e2e.phones import Exchange, until
from tests.e2e.town import Town, emulated_vendors, town
from tests.leads.receiver import Receiver
from tests.soak.audit import Size, faults, size_of
from tests.soak.behaviour import behave, trouble

TROUBLE_EVERY_S = 3.0
RESTS_WITHIN_S = 60.0
MORE_DESCRIPTORS, MORE_MEMORY = 4, 1.03
"""What may be left: connections to vendors that are kept open, and 3% of memory."""
WARM_AFTER = 200
"""Calls after which the caches of sentences are as good as full; with fewer, memory is shown and not judged."""


@click.command()
@click.option("--calls", default=60, show_default=True, help="How many calls, in all.")
@click.option("--at-once", default=6, show_default=True, help="How many at a time.")
@click.option("--seed", default=None, type=int, help="Replay the choices of an earlier run.")
def main(calls: int, at_once: int, seed: int | None) -> None:
    """Hold the calls, let things go wrong, audit what is left."""
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    click.echo(f"seed {seed}: {calls} calls, {at_once} at a time")
    with (
        tempfile.TemporaryDirectory() as folder,
        emulated_vendors() as vendors,
        Exchange() as exchange,
        Receiver() as desk,
    ):
        env = {"LEAD_WEBHOOK_URL": desk.url + "/leads", "LEAD_WEBHOOK_SECRET": "a secret of the soak"}
        with town(vendors, exchange, Path(folder), env) as there:
            found = soak(there, desk, calls, at_once, seed)
    sys.exit(1 if found else 0)


def soak(there: Town, desk: Receiver, calls: int, at_once: int, seed: int) -> list[str]:
    """Run the calls in `there`; print the table; return what is wrong."""
    choose, done, over = random.Random(seed), Counter[str](), threading.Event()
    first = min(WARM_AFTER, calls // 2)
    seeds = [choose.randrange(10**9) for _ in range(calls)]
    sids = hold(there, seeds[:first], at_once, done)
    before = size_of(there.worker())
    world = threading.Thread(target=go_wrong, args=(there, random.Random(seed + 1), done, over), daemon=True)
    world.start()
    sids += hold(there, seeds[first:], at_once, done)
    over.set()
    world.join()
    found = faults(there, desk, sids)
    rest(there)
    after = size_of(there.worker())
    log = there.server.log()
    found += [line for line in log.splitlines() if "Traceback" in line or "CALL_BROKE" in line or "ERROR" in line]
    if after.descriptors > before.descriptors + MORE_DESCRIPTORS:
        found.append(f"{after.descriptors - before.descriptors} descriptors are left open")
    if first == WARM_AFTER and after.memory_mb > before.memory_mb * MORE_MEMORY:
        found.append(f"memory grew from {before.memory_mb:.0f} to {after.memory_mb:.0f} MB")
    print_table(there, desk, (first, len(sids)), done, before, after, found)
    return found


def hold(there: Town, seeds: list[int], at_once: int, done: Counter[str]) -> list[str]:
    """Hold one call for each seed; return the SIDs."""
    with ThreadPoolExecutor(at_once) as callers:
        return [sid for sid in callers.map(lambda seed: behave(there, seed, done), seeds) if sid]


def go_wrong(there: Town, choose: random.Random, done: Counter[str], over: threading.Event) -> None:
    """Let something go wrong every few seconds, until the calls are over; then all is well again."""

    def kill(name: str) -> None:
        os.kill(there.child(name), signal.SIGKILL)

    while not over.wait(TROUBLE_EVERY_S):
        trouble(there, choose, done, (lambda: kill("speech"), lambda: kill("store")))
    there.vendors.reset()


def rest(there: Town) -> None:
    """Wait until every session is over."""
    log = there.server.log
    until(lambda: log().count(" CALL_STARTED") == log().count(" CALL_ENDED"), "the end of all calls", RESTS_WITHIN_S)
    time.sleep(6)  # keep-alive connections, lingering sockets


def print_table(
    there: Town,
    desk: Receiver,
    calls: tuple[int, int],
    done: Counter[str],
    before: Size,
    after: Size,
    found: list[str],
) -> None:
    """Print what was done and what is left; `calls`: those held before the first measurement, and all."""
    first, in_all = calls
    late_ms = [int(line.rpartition("lag_ms=")[2]) for line in there.server.log().splitlines() if "HUB_LATE" in line]
    rows: dict[str, object] = {
        "calls": in_all,
        **dict(sorted(done.items())),
        "leads in the store": len(there.rows("SELECT 1 FROM leads")),
        "leads delivered": len(desk.requests),
        f"descriptors, after {first} calls / all": f"{before.descriptors} / {after.descriptors}",
        "threads": f"{before.threads} / {after.threads}",
        "memory, MB": f"{before.memory_mb:.0f} / {after.memory_mb:.0f}",
        "hub over 200 ms late, times (longest)": f"{len(late_ms)} ({max(late_ms, default=0)} ms)",
        "faults": len(found),
    }
    click.echo(
        "\n".join(["| what | count |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items())])
    )
    for fault in found[:50]:
        click.echo(fault)


main()
