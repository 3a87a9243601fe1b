"""`python -m tests.bench.console`: what operators at the console cost the calls (C18).

Thirty calls, without and with three live tabs and a person who clicks a page every half second, in turns; what counts
is how much later the agent's frames come. Nothing here is a test: it depends on the machine.
"""

import asyncio
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np

from app.leads.database import Database
from app.qa.acceptance.quiet import uncollected
from app.qa.load import LoadOptions, LoadReport, run_load
from app.qa.script import Cue
from app.qa.utterance import load_utterance
from tests.bench.filling import fill
from tests.bench.measuring import SAMPLES, TURNS_A_CALL, VOICED_SAMPLES, WARM_UP_S, split_cores
from tests.bench.server import BenchServer
from tests.bench.visitors import Visitors

STORED_CALLS = 10_000
ADDED_P99_MS = 2.0


def load(url: str, calls: int, seconds: float, cues: tuple[Cue, ...]) -> LoadReport:
    """Hold the calls, undisturbed by this process's own collector."""
    with uncollected():
        return asyncio.run(run_load(LoadOptions(calls, cues, url, seconds=seconds, ramp_s=1.0 + calls / 10)))


def line(label: str, reports: list[LoadReport]) -> tuple[float, str]:
    """Return the p99 of the frames' lateness over these runs, and the row that shows it."""
    late = [value for report in reports for value in report.schedule_late_ms]
    own = [value for report in reports for value in report.own_late_ms]
    p50, p99, most = (float(np.percentile(late, part)) for part in (50, 99, 100))
    each = ", ".join(f"{np.percentile(report.schedule_late_ms, 99):.1f}" for report in reports)
    holes = sum(len(report.underrun_gaps_ms) for report in reports)
    own_p99 = float(np.percentile(own, 99))
    return p99, f"{label:18} {p50:8.1f} {p99:8.1f} {most:8.1f} {holes:6} {own_p99:10.1f}   ({each})"


@click.command()
@click.option("--calls", default=30, show_default=True, help="Live calls.")
@click.option("--seconds", default=25.0, show_default=True, help="Length of each run.")
@click.option("--rounds", default=2, show_default=True, help="Runs of each kind.")
@click.option("--stored", default=STORED_CALLS, show_default=True, help="Calls in the store before the first.")
@click.option("--log", type=click.Path(path_type=Path), help="Keep the server's log here.")
def main(calls: int, seconds: float, rounds: int, stored: int, log: Path | None) -> None:
    """Measure the calls alone and with operators looking on, and print both."""
    found = [load_utterance(path) for path in sorted(SAMPLES.glob("*.wav"))]
    spoken = [item for item in found if item.voiced_to - item.voiced_from >= VOICED_SAMPLES]
    cues = tuple(Cue(spoken[turn % len(spoken)]) for turn in range(TURNS_A_CALL))
    core, note = split_cores()
    click.echo(note)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-console-")))
        store = folder / "agent.db"
        database = Database(f"sqlite:///{store}")
        fill(database, stored, datetime.now(UTC))
        database.close()
        server = stack.enter_context(BenchServer(core, log or folder / "server.log", store))
        load(server.url, 1, WARM_UP_S, cues)
        alone: list[LoadReport] = []
        looked_at: list[LoadReport] = []
        told: list[str] = []
        for _ in range(rounds):
            alone.append(load(server.url, calls, seconds, cues))
            with Visitors(server.url) as visitors:
                looked_at.append(load(server.url, calls, seconds, cues))
            seen = visitors.told
            told.append(
                f"{seen['pages']} pages, p50 {seen['page_ms_p50']} ms, p95 {seen['page_ms_p95']} ms; "
                f"{seen['drawings']} drawings in the tabs" + "".join(f"; {fault}" for fault in seen["faults"][:3])
            )
    click.echo(
        f"{f'{calls} calls':18} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'holes':>6} {'tool p99':>10}   (each run)"
    )
    before, row = line("alone", alone)
    click.echo(row)
    after, row = line("with the console", looked_at)
    click.echo(row)
    added = after - before
    click.echo(f"added at p99: {added:.1f} ms (≤ {ADDED_P99_MS:g} ms){'  !' if added > ADDED_P99_MS else ''}")
    for row in told:
        click.echo(f"the visitor: {row}")
    for fault in sorted({fault for report in (*alone, *looked_at) for fault in report.failures})[:5]:
        click.echo(fault)


if __name__ == "__main__":
    main()
