"""`python -m tests.fuzz`: every target, for so many inputs or so long; one line each, and 1 if one broke.

With atheris (`requirements-fuzz.txt`; `make fuzz` installs it) inputs are led by the code they reach, and what reached
something new is kept in `.fuzz/`, to begin with the next time; without it they are changed blindly.
"""

import importlib.util
import re
import subprocess
import sys
import time
from pathlib import Path

import click

from tests.fuzz.seeds import SEEDS, inputs

ROOT = Path(__file__).parents[2]
BATCH = 1000
_DONE = re.compile(r"Done (\d+) runs|#(\d+)\s+DONE|stat::number_of_executed_units:\s*(\d+)")


@click.command()
@click.argument("targets", nargs=-1)
@click.option("--runs", default=100_000, show_default=True, help="Inputs for each target.")
@click.option("--seconds", default=0, help="Longest time for each target; 0: however long the inputs take.")
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--corpus", default=ROOT / ".fuzz", type=click.Path(path_type=Path), help="Where inputs worth it are kept."
)
def main(targets: tuple[str, ...], runs: int, seconds: int, seed: int, corpus: Path) -> None:
    """Fuzz the targets named, or all."""
    is_guided = importlib.util.find_spec("atheris") is not None
    click.echo("led by coverage" if is_guided else "atheris is not installed: blind")
    broken = 0
    for target in targets or SEEDS:
        began_s = time.monotonic()
        run = _guided if is_guided else _blind
        tried, fault = run(target, runs, seconds, seed, corpus)
        took_s = time.monotonic() - began_s
        click.echo(f"{target:16} {tried:>9} inputs {took_s:>7.0f} s  {'BROKE' if fault else 'held'}")
        if fault:
            broken += 1
            click.echo(fault)
    sys.exit(broken > 0)


def _guided(target: str, runs: int, seconds: int, seed: int, corpus: Path) -> tuple[int, str]:
    """Return how many inputs were tried, and what broke (libFuzzer ends the process, so each target has its own)."""
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(SEEDS[target]):
        (folder / f"seed-{number}").write_bytes(data)
    command = [sys.executable, "-W", "ignore", "-m", "tests.fuzz.guided", target, str(folder), f"-runs={runs}"]
    command += [f"-seed={seed}", "-max_len=4096", "-print_final_stats=1", "-timeout=20", f"-artifact_prefix={corpus}/"]
    command += [f"-max_total_time={seconds}"] if seconds else []
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    told = [int(next(filter(None, found))) for found in _DONE.findall(ended.stderr)]
    return max(told, default=0), ended.stderr[-4000:] + ended.stdout[-2000:] if ended.returncode else ""


def _blind(target: str, runs: int, seconds: int, seed: int, corpus: Path) -> tuple[int, str]:
    from tests.fuzz.targets import TARGETS

    tried, began_s = 0, time.monotonic()
    while tried < runs and not (seconds and time.monotonic() - began_s > seconds):
        for data in inputs(target, min(BATCH, runs - tried), seed + tried):
            tried += 1
            try:
                TARGETS[target](data)
            except Exception as fault:  # noqa: BLE001 - whatever it is, it is what is looked for
                corpus.mkdir(parents=True, exist_ok=True)
                (corpus / f"crash-{target}").write_bytes(data)
                return tried, f"{type(fault).__name__}: {fault}\n{data!r}"
    return tried, ""


if __name__ == "__main__":
    main()
