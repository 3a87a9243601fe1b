"""`python -m tests.bench.curve`: how many calls one core carries, beside what a loop without any product would.

The same callers and the same emulated vendors at more and more calls, until they are no longer usable: no call failed,
holes in under 1% of what was heard, a frame within 40 ms of its schedule in 99 of 100, barge-in within 300 ms in 95.
`make bench-peer` puts Pipecat beside both; its barge-in takes longer than that with one caller, and is not judged.
"""

import asyncio
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from app.qa.load import LoadOptions, run_load
from tests.bench.bare import BareServer
from tests.bench.measuring import SAMPLES, WARM_UP_S, Figures, Subject, is_disturbed, load_cues, measure, split_cores
from tests.bench.peer.server import TURNS, peer_server
from tests.bench.server import BenchServer

CALLS = "10,30,60,100,140,170,200"
MOST: Mapping[str, float] = {
    "failures": 0,
    "underrun_percent": 1.0,
    "frame_late_ms_p99": 40.0,
    "barge_in_ms_p95": 300.0,
}
MOST_OF_PEER = {name: most for name, most in MOST.items() if name != "barge_in_ms_p95"}
COLUMNS = (
    ("failures", "failed", 0),
    ("voice_to_voice_ms_p50", "v2v p50", 0),
    ("voice_to_voice_ms_p95", "v2v p95", 0),
    ("uncached_ms_p50", "uncached", 0),
    ("uncached_ms_p95", "p95", 0),
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


def misses(figures: Figures, most: Mapping[str, float] = MOST) -> list[str]:
    """Return what makes these calls no longer usable."""
    return [name for name, limit in most.items() if figures.get(name, 0.0) > limit]


def line(name: str, calls: int, figures: Figures) -> str:
    """Return a row of the table."""
    cells = [f"{figures[key]:>11.{digits}f}" if key in figures else f"{'–':>11}" for key, _, digits in COLUMNS]
    verdict = ", ".join(misses(figures)) or "usable"
    return f"{name:17}{calls:>6}" + "".join(cells) + f"  {verdict}" + ("  (disturbed)" if is_disturbed(figures) else "")


def heading() -> str:
    """Return the table's first row."""
    return f"{'':17}{'calls':>6}" + "".join(f"{label:>11}" for _, label, _ in COLUMNS)


def climb(
    name: str, subject: Subject, calls: Iterable[int], seconds: float, wavs: Path, most: Mapping[str, float] = MOST
) -> None:
    """Measure more and more calls until two runs in a row are over `most`; say how many were usable."""
    cues = load_cues(wavs)
    asyncio.run(run_load(LoadOptions(1, cues, subject.url, seconds=WARM_UP_S, ramp_s=0.1)))
    usable, failed = 0, 0
    for count in calls:
        figures, _ = measure(subject, count, seconds, cues)
        click.echo(line(name, count, figures))
        usable, failed = (count, 0) if not misses(figures, most) else (usable, failed + 1)
        if failed == 2:
            break
    click.echo(f"{name:17}{usable:>6} usable calls on one core")


@click.command()
@click.option("--calls", default=CALLS, show_default=True, help="How many at once, run after run.")
@click.option("--seconds", type=float, default=25.0, show_default=True, help="Length of each run, all calls up.")
@click.option("--wavs", type=click.Path(path_type=Path, file_okay=False), default=SAMPLES, help="Folder of callers.")
@click.option("--log", type=click.Path(path_type=Path), help="Keep the server's log here.")
@click.option("--floor", default=CALLS, show_default=True, help="The same for the bare loop; empty: leave it out.")
@click.option("--peer", default="", help="The same for Pipecat, which `make bench-peer` installs.")
def main(calls: str, seconds: float, wavs: Path, log: Path | None, floor: str, peer: str) -> None:
    """Print the capacity of one core."""
    core, note = split_cores()
    click.echo(note)
    click.echo(heading())
    with tempfile.TemporaryDirectory() as folder:
        if calls:
            with BenchServer(core, log or Path(folder) / "server.log") as server:
                climb("agent", server, _numbers(calls), seconds, wavs)
        for turns in TURNS if peer else ():
            with peer_server(core, turns) as other:
                climb(other.name, other, _numbers(peer), seconds, wavs, MOST_OF_PEER)
    if floor:
        with BareServer(core) as bare:
            climb(bare.name, bare, _numbers(floor), seconds, wavs)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()
