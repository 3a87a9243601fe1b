"""`python -m tests.bench`: the server's speed and memory under simulated calls, with every vendor emulated.

One table: a column for each number of calls, the target beside each figure. Nothing here is a test: it depends on the
machine. The server has one core to itself, this tool and the emulators the others; with a single core a note says so.
"""

import asyncio
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from app.qa.load import LoadOptions, run_load
from tests.bench.cold import cold_table, measure_cold
from tests.bench.measuring import SAMPLES, WARM_UP_S, Figures, is_disturbed, load_cues, measure, split_cores
from tests.bench.server import BenchServer


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `targets` are by number of calls, as "at most"; `digits` is how it is printed."""

    name: str
    label: str
    targets: dict[int, float]
    digits: int = 1


ROWS = (
    Row("own_ms_p50", "own part of a turn, p50 ms", {}),
    Row("own_ms_p95", "own part of a turn, p95 ms", {1: 20, 10: 40, 50: 40}),
    Row("voice_to_voice_ms_p50", "voice-to-voice, p50 ms", {1: 1150, 10: 1150, 50: 1150}, 0),
    Row("voice_to_voice_ms_p95", "voice-to-voice, p95 ms", {1: 1350, 10: 1350, 50: 1350}, 0),
    Row("uncached_ms_p50", "the same, voice in no cache, p50 ms", {50: 850}, 0),
    Row("uncached_ms_p95", "the same, voice in no cache, p95 ms", {50: 1350}, 0),
    Row("barge_in_ms_p50", "barge-in to silence, p50 ms", {1: 260, 10: 260, 50: 260}, 0),
    Row("barge_in_ms_p95", "barge-in to silence, p95 ms", {1: 300, 10: 300, 50: 300}, 0),
    Row("frame_late_ms_p50", "frame late on its schedule, p50 ms", {}),
    Row("frame_late_ms_p99", "frame late on its schedule, p99 ms", {1: 20, 10: 20, 50: 20, 100: 40}),
    Row("frame_late_ms_max", "frame late on its schedule, max ms", {}),
    Row("frame_past_deadline_ms_p99", "frame against its playing, p99 ms", {1: 0, 10: 0, 50: 0}),
    Row("underruns", "holes in the agent's speech", {1: 0, 10: 0, 50: 0}, 0),
    Row("underrun_ms_max", "longest hole, ms", {}),
    Row("callback_ms_p99", "204 webhooks, p99 ms", {1: 100, 10: 100, 50: 100}),
    Row("callback_faults", "204 webhooks refused", {1: 0, 10: 0, 50: 0, 100: 0}, 0),
    Row("unanswered", "turns unanswered", {1: 0, 10: 0, 50: 0, 100: 0}, 0),
    Row("talked_over", "turns talked over", {}, 0),
    Row("failures", "calls failed", {1: 0, 10: 0, 50: 0, 100: 0}, 0),
    Row("closed_by_server", "calls ended by the agent", {}, 0),
    Row("turns", "turns measured", {}, 0),
    Row("frames", "frames measured", {}, 0),
    Row("rss_mb", "worker and children, RSS MB", {0: 250, 50: 400}, 0),
    Row("pss_mb", "the same, shared pages once, MB", {}, 0),
    Row("cpu_percent", "their CPU, % of a core", {}),
    Row("cpu_percent_per_call", "their CPU a call, % of a core", {}, 2),
    Row("worker_percent_per_call", "of which the worker, %", {}, 2),
    Row("speech_percent_per_call", "of which the speech child, %", {}, 2),
    Row("leads_percent_per_call", "of which the store, %", {}, 2),
    Row("endpointing_ms_p50", "of which silence waited, p50 ms", {}, 0),
    Row("stt_ms_p50", "of which STT, p50 ms", {}, 0),
    Row("llm_ms_p50", "of which LLM, p50 ms", {}, 0),
    Row("tts_ms_p50", "of which TTS, p50 ms", {}, 0),
    Row("others_percent", "others on the server's core, %", {}),
    Row("own_late_ms_p99", "this tool late, p99 ms", {}),
    Row("own_late_ms_max", "this tool late, max ms", {}),
    Row("own_cpu_percent_per_call", "this tool's CPU a call, %", {}, 2),
)


def table(results: dict[int, Figures], against: dict[int, Figures]) -> str:
    """Return the table; `!` marks a missed target, `×` is the ratio to the results compared with."""
    lines = [f"{'':36}" + "".join(f"{f'{calls} calls':>26}" for calls in results)]
    for row in ROWS:
        cells = []
        for calls, figures in results.items():
            value = figures.get(row.name)
            if value is None:
                cells.append(f"{'–':>26}")
                continue
            text = f"{value:.{row.digits}f}"
            target = row.targets.get(calls)
            if target is not None:
                text = f"{'!' if value > target else ''}{text} (≤ {target:g})"
            earlier = against.get(calls, {}).get(row.name)
            if earlier and earlier > 0:
                text += f" ×{value / earlier:.2f}"
            cells.append(f"{text:>26}")
        lines.append(f"{row.label:36}" + "".join(cells))
    return "\n".join(lines)


@click.command()
@click.option("--calls", default="1,10,50,100", show_default=True, help="How many calls at once, run after run.")
@click.option("--seconds", type=float, help="Length of each run [default: 60 up to 10 calls, else 40].")
@click.option("--quick", is_flag=True, help="15 s a run.")
@click.option("--wavs", type=click.Path(path_type=Path, file_okay=False), default=SAMPLES, help="Folder of callers.")
@click.option("--save", type=click.Path(path_type=Path), help="Write the figures, to compare with later.")
@click.option("--against", type=click.Path(path_type=Path, exists=True), help="Compare with figures written earlier.")
@click.option("--only-cold", is_flag=True, help="Measure the cold start alone.")
@click.option("--log", type=click.Path(path_type=Path), help="Keep the server's log here.")
def main(
    calls: str,
    seconds: float | None,
    quick: bool,
    wavs: Path,
    save: Path | None,
    against: Path | None,
    log: Path | None,
    *,
    only_cold: bool,
) -> None:
    """Measure the server under simulated calls and print one table."""
    cues = load_cues(wavs)
    core, note = split_cores()
    click.echo(note)
    with tempfile.TemporaryDirectory() as folder:
        starts = {name: measure_cold(core, Path(folder) / "cold.log", name) for name in ("cloud", "embedded")}
    click.echo(cold_table(starts))
    if only_cold:
        return
    results: dict[int, Figures] = {}
    with tempfile.TemporaryDirectory() as folder, BenchServer(core, log or Path(folder) / "server.log") as server:
        # Stock lines are synthesised and every code path is walked once before anything is measured.
        asyncio.run(run_load(LoadOptions(1, cues, server.url, seconds=WARM_UP_S, ramp_s=0.1)))
        idle = server.usage()
        results[0] = {"rss_mb": idle.rss_mb, "pss_mb": idle.pss_mb}
        for count in (int(text) for text in calls.split(",")):
            length_s = seconds or (15.0 if quick else 60.0 if count <= 10 else 40.0)
            results[count], report = measure(server, count, length_s, cues)
            for fault in sorted(set(report.failures + report.warnings))[:5]:
                click.echo(f"{count} calls: {fault}")
            if is_disturbed(results[count]):
                click.echo(f"{count} calls: the machine is busy with other things; these figures are not the server's")
    earlier = {int(count): figures for count, figures in json.loads(against.read_text()).items()} if against else {}
    click.echo(table(results, earlier))
    if save:
        save.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
