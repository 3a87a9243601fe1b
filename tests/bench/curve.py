"""`python -m tests.bench.curve`: how many calls one core carries, beside what a loop without any product would.

The same callers and the same emulated vendors at more and more calls, until they are no longer usable: no call failed,
holes in under 1% of what was heard, a frame within 40 ms of its schedule in 99 of 100, barge-in within 300 ms in 95.
"""

import asyncio
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from app.qa.load import LoadOptions, run_load
from tests.bench.bare import BareServer
from tests.bench.measuring import SAMPLES, WARM_UP_S, Figures, Subject, is_disturbed, load_cues, measure, split_cores
from tests.bench.server import BenchServer

CALLS = "10,30,60,100,140,170,200"
MOST: Mapping[str, float] = {
    "failures": 0,
    "underrun_percent": 1.0,
    "frame_late_ms_p99": 40.0,
    "barge_in_ms_p95": 300.0,
}
COLUMNS = (
    ("failures", "failed", 0),
    ("voice_to_voice_ms_p50", "v2v p50", 0),
    ("voice_to_voice_ms_p95", "v2v p95", 0),
    ("barge_in_ms_p50", "barge p50", 0),
    ("barge_in_ms_p95", "barge p95", 0),
    ("frame_late_ms_p99", "jitter p99", 0),
    ("underrun_percent", "holes %", 2),
    ("cpu_percent", "core %", 0),
    ("cpu_percent_per_call", "a call %", 2),
    ("worker_percent_per_call", "worker", 2),
    ("speech_percent_per_call", "speech", 2),
    ("leads_percent_per_call", "store", 2),
    ("rss_mb", "RSS MB", 0),
    ("pss_mb", "PSS MB", 0),
    ("others_percent", "others %", 0),
)


def misses(figures: Figures) -> list[str]:
    """Return what makes these calls no longer usable."""
    return [name for name, most in MOST.items() if figures.get(name, 0.0) > most]


def line(name: str, calls: int, figures: Figures) -> str:
    """Return a row of the table."""
    cells = [f"{figures[key]:>11.{digits}f}" if key in figures else f"{'–':>11}" for key, _, digits in COLUMNS]
    verdict = ", ".join(misses(figures)) or "usable"
    return f"{name:12}{calls:>6}" + "".join(cells) + f"  {verdict}" + ("  (disturbed)" if is_disturbed(figures) else "")


def heading() -> str:
    """Return the table's first row."""
    return f"{'':12}{'calls':>6}" + "".join(f"{label:>11}" for _, label, _ in COLUMNS)


def climb(name: str, subject: Subject, calls: Iterable[int], seconds: float, wavs: Path) -> int:
    """Measure more and more calls until two runs in a row are not usable; return the most that were."""
    cues = load_cues(wavs)
    asyncio.run(run_load(LoadOptions(1, cues, subject.url, seconds=WARM_UP_S, ramp_s=0.1)))
    usable, failed = 0, 0
    for count in calls:
        figures, _ = measure(subject, count, seconds, cues)
        click.echo(line(name, count, figures))
        usable, failed = (count, 0) if not misses(figures) else (usable, failed + 1)
        if failed == 2:
            break
    return usable


@click.command()
@click.option("--calls", default=CALLS, show_default=True, help="How many at once, run after run.")
@click.option("--seconds", type=float, default=25.0, show_default=True, help="Length of each run, all calls up.")
@click.option("--wavs", type=click.Path(path_type=Path, file_okay=False), default=SAMPLES, help="Folder of callers.")
@click.option("--log", type=click.Path(path_type=Path), help="Keep the server's log here.")
@click.option("--no-floor", is_flag=True, help="Leave the bare loop out.")
def main(calls: str, seconds: float, wavs: Path, log: Path | None, *, no_floor: bool) -> None:
    """Print the capacity of one core."""
    core, note = split_cores()
    click.echo(note)
    counts = [int(text) for text in calls.split(",")]
    click.echo(heading())
    with tempfile.TemporaryDirectory() as folder, BenchServer(core, log or Path(folder) / "server.log") as server:
        most = climb("agent", server, counts, seconds, wavs)
    click.echo(f"{'agent':12}{most:>6} usable calls on one core")
    if not no_floor:
        with BareServer(core) as bare:
            most = climb("bare loop", bare, counts, seconds, wavs)
        click.echo(f"{'bare loop':12}{most:>6} usable calls on one core")


if __name__ == "__main__":
    main()
