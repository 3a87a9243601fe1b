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

from app.house.tidying import TIDIES_AFTER_S
from app.house.worker import HELD_TOLD_FROM_MS
from tests.e2e.phones import Exchange, until
from tests.e2e.town import Town, emulated_vendors, town
from tests.leads.receiver import Receiver
from tests.soak.audit import Held, Size, faults, held, in_doubt, longest_ms, repeats, size_of, unexpected
from tests.soak.behaviour import Harm, Troubles, behave
from tests.soak.clock import WallClock

TROUBLE_EVERY_S = 3.0
RESTS_WITHIN_S = 60.0
SETTLED_S = TIDIES_AFTER_S + 2.0
"""Keep-alive connections, lingering sockets, and what is freed and given back after the last call."""
MORE_DESCRIPTORS, MORE_GREEN_THREADS, MORE_TIMERS, MORE_MEMORY = 10, 8, 12, 1.03
"""What may be left: connections to Twilio's REST API, of which its client keeps ten for the next hang-up; who looks
after the children that took the place of those killed (the first ones' are counted among what lives for good); 3% of
memory.
"""
WARM_AFTER = 200
"""Calls after which caches are as good as full, and each thing that goes wrong has made the process as big as it does:
what is freed after it lies in pieces that are used again, not given back. With fewer, memory is shown and not judged.
"""
LOOK_EVERY = 200
LAST = 10
"""One in so many calls is held at the end, while workers are killed, too: before, memory is one worker's."""
MOST_SHIFT_S = 90
TOLD = 5
"""Of what held the hub, the longest."""


@click.command()
@click.option("--calls", default=60, show_default=True, help="How many calls, in all.")
@click.option("--at-once", default=6, show_default=True, help="How many at a time.")
@click.option("--seed", default=None, type=int, help="Replay the choices of an earlier run.")
@click.option("--log", type=click.Path(path_type=Path), help="Keep the server's log here.")
def main(calls: int, at_once: int, seed: int | None, log: Path | None) -> None:
    """Hold the calls, let things go wrong, audit what is left."""
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    click.echo(f"seed {seed}: {calls} calls, {at_once} at a time")
    with (
        tempfile.TemporaryDirectory() as folder,
        emulated_vendors() as vendors,
        Exchange() as exchange,
        Receiver() as desk,
    ):
        clock = WallClock(Path(folder))
        if not clock.can_be_set:
            click.echo("note: no C compiler here, so no clock is set")
        env = {
            "LEAD_WEBHOOK_URL": desk.url + "/leads",
            "LEAD_WEBHOOK_SECRET": "a secret of the soak",
            "LOG_LEVEL": "DEBUG",  # who held the hub is told there
        }
        with town(vendors, exchange, Path(folder), env | clock.environment) as there:
            try:
                found = Soak(there, desk, clock, at_once, seed).run(calls)
            finally:
                if log:
                    log.write_text(there.server.log())
    sys.exit(1 if found else 0)


class Soak:
    """One run."""

    def __init__(self, there: Town, desk: Receiver, clock: WallClock, at_once: int, seed: int) -> None:
        self._there = there
        self._desk = desk
        self._clock = clock
        self._at_once = at_once
        self._choose = random.Random(seed)
        self._seed = seed
        self._done = Counter[str]()
        self._sids: list[str] = []
        self._sizes: dict[int, Size] = {}

    def run(self, calls: int) -> list[str]:
        """Hold the calls; print the table; return what is wrong."""
        seeds = [self._choose.randrange(10**9) for _ in range(calls)]
        first, last = min(WARM_AFTER, calls // 2), calls // LAST
        harms = self._harms()
        with self._going_wrong(harms):
            self._hold(seeds[:first])
        self._look(first)
        with self._going_wrong(harms):
            for start in range(first, calls - last, LOOK_EVERY):
                until_call = min(start + LOOK_EVERY, calls - last)
                self._hold(seeds[start:until_call])
                self._look(until_call)
        late_ms, holds = longest_ms(self._there, "hub_lag"), held(self._there.server.log())
        with self._going_wrong({"the worker is killed": self._kill_worker, **harms}):
            self._hold(seeds[calls - last :])
        found = faults(self._there, self._desk, self._sids)
        found += unexpected(self._there.server.log()) + self._left(judges_memory=first == WARM_AFTER)
        self._print_table(late_ms, holds, found)
        return found

    def _hold(self, seeds: list[int]) -> None:
        """Hold one call for each seed."""
        with ThreadPoolExecutor(self._at_once) as callers:
            self._sids += [sid for sid in callers.map(lambda seed: behave(self._there, seed, self._done), seeds) if sid]

    def _look(self, calls: int) -> None:
        """Measure the worker once it rests."""
        log = self._there.server.log
        until(
            lambda: log().count(" CALL_STARTED") == log().count(" CALL_ENDED"), "the end of all calls", RESTS_WITHIN_S
        )
        time.sleep(SETTLED_S)
        self._sizes[calls] = size = size_of(self._there)
        click.echo(f"after {calls} calls: {size}")

    def _harms(self) -> dict[str, Harm]:
        there, clock, choose = self._there, self._clock, random.Random(self._seed + 2)

        def to_child(which: signal.Signals) -> None:
            os.kill(there.child(choose.choice(("speech", "store"))), which)

        harms: dict[str, Harm] = {
            "a child is killed": lambda: to_child(signal.SIGKILL),
            "a child is frozen": lambda: to_child(signal.SIGSTOP),
        }
        if clock.can_be_set:
            harms["the clock is set"] = lambda: clock.set(choose.randint(-MOST_SHIFT_S, MOST_SHIFT_S))
        return harms

    def _kill_worker(self) -> None:
        os.kill(self._there.worker(), signal.SIGKILL)

    def _going_wrong(self, harms: dict[str, Harm]) -> "_Wrong":
        return _Wrong(
            self._there, Troubles(self._there, random.Random(self._choose.random()), self._done, harms), self._done
        )

    def _left(self, *, judges_memory: bool) -> list[str]:
        """Return what calls have left in the worker that held all but the last."""
        before, *_, after = [*self._sizes.values()] * (1 + (len(self._sizes) == 1))
        grown = {
            "descriptors": (before.descriptors, after.descriptors, MORE_DESCRIPTORS),
            "green threads": (before.green_threads, after.green_threads, MORE_GREEN_THREADS),
            "timers": (before.timers, after.timers, MORE_TIMERS),
        }
        found = [
            f"{what}: {then} before, {now} after" for what, (then, now, most) in grown.items() if now > then + most
        ]
        if judges_memory and after.memory_mb > before.memory_mb * MORE_MEMORY:
            found.append(f"memory grew from {before.memory_mb:.0f} to {after.memory_mb:.0f} MB")
        return found

    def _print_table(self, late_ms: float, holds: list[Held], found: list[str]) -> None:
        """Print what was done and what is left."""
        there, sizes = self._there, self._sizes

        def course(name: str) -> str:
            return " / ".join(f"{getattr(size, name):.0f}" for size in sizes.values())

        rows: dict[str, object] = {
            "calls": len(self._sids),
            **dict(sorted(self._done.items())),
            "leads in the store": len(there.rows("SELECT 1 FROM leads")),
            "leads delivered": len({request.headers["Idempotency-Key"] for request in self._desk.requests}),
            "of these again, under the same key": repeats(self._desk),
            "attempts over whose answer the store's process was killed": sum(in_doubt(there).values()),
            "measured after so many calls": " / ".join(str(calls) for calls in sizes),
            "descriptors": course("descriptors"),
            "green threads": course("green_threads"),
            "timers": course("timers"),
            "native threads": course("threads"),
            "memory, MB": course("memory_mb"),
            "of which its own, MB": course("own_memory_mb"),
            "hub late, at most, ms": f"{late_ms:g}",
            f"of which held by the server itself, callers there, over {HELD_TOLD_FROM_MS} ms": len(holds),
            "the longest of these, ms": " / ".join(str(one.held_ms) for one in holds[:TOLD]) or "none",
            **{f"held {one.held_ms} ms of {one.lag_ms} by": one.by for one in holds[:TOLD]},
            "faults": len(found),
        }
        lines = ["| what | count |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items())]
        click.echo("\n".join([*lines, *found[:50]]))


class _Wrong:
    """Lets something go wrong every few seconds for the length of a `with` block; then all is well again."""

    def __init__(self, there: Town, troubles: Troubles, done: Counter[str]) -> None:
        self._there, self._troubles, self._done = there, troubles, done
        self._over = threading.Event()
        self._world = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._world.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._world.join()
        self._there.vendors.reset()

    def _run(self) -> None:
        while not self._over.wait(TROUBLE_EVERY_S):
            try:
                self._troubles.next()
            except (ProcessLookupError, ValueError):  # a child or a worker that is just being replaced
                self._done["nobody there to harm"] += 1


if __name__ == "__main__":
    main()
