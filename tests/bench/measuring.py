"""One load on one server: what callers heard, and what it cost."""

import asyncio
import gc
import os
import time
from pathlib import Path
from typing import Protocol

import click

from app.qa.load import LoadOptions, LoadReport, percentiles, run_load
from app.qa.script import Cue
from app.qa.utterance import load_utterance
from tests.bench.processes import Usage
from tests.bench.server import ROOT

SAMPLES = ROOT / "samples"
TURNS_A_CALL = 6
BARGE_IN_EVERY = 3
BARGE_IN_AFTER_MS = 900
# Shorter ones meet MIN_UTT or are taken for a backchannel: other things than what is measured here.
VOICED_SAMPLES = 8000
WARM_UP_S = 8.0
TOOL_LATE_MS = 10.0
OTHERS_PERCENT = 10.0
Figures = dict[str, float]


class Subject(Protocol):
    """What is measured: a server that runs; see `server.BenchServer`."""

    url: str

    def usage(self) -> Usage:
        """Return what it uses."""

    def core_busy_s(self) -> float | None:
        """Return for how long its core was busy, with whatever."""

    def turns(self) -> list[dict[str, float]]:
        """Return what it tells of the turns since the last time this was asked."""

    def uncached_ms(self) -> list[float]:
        """Return how long answers took since the last time this was asked, whose voice was in no cache."""


def load_cues(wavs: Path) -> tuple[Cue, ...]:
    """Return what a caller says, from a folder of utterances: every third over the agent's voice."""
    found = [load_utterance(path) for path in sorted(wavs.glob("*.wav"))]
    spoken = [item for item in found if item.voiced_to - item.voiced_from >= VOICED_SAMPLES]
    if not spoken:
        raise click.UsageError(f"no WAV of a second's speech in {wavs}: give a folder of caller utterances as --wavs")
    return tuple(
        Cue(spoken[turn % len(spoken)], BARGE_IN_AFTER_MS if turn % BARGE_IN_EVERY == BARGE_IN_EVERY - 1 else None)
        for turn in range(TURNS_A_CALL)
    )


def measure(server: Subject, calls: int, seconds: float, cues: tuple[Cue, ...]) -> tuple[Figures, LoadReport]:
    """Run one load and put its figures beside the server's own."""
    server.turns()
    server.uncached_ms()
    looks: list[tuple[Usage, float | None, float]] = []

    def look() -> None:
        looks.append((server.usage(), server.core_busy_s(), time.monotonic()))

    ramp_s = min(10.0, 1.0 + calls / 10)
    options = LoadOptions(calls, cues, server.url, seconds=seconds, ramp_s=ramp_s)
    gc.collect()
    gc.disable()
    try:
        report = asyncio.run(run_load(options, live=look))
    finally:
        gc.enable()
    figures = report.summary()
    turns = server.turns()
    for name, percents in (
        ("own_ms", (50, 95)),
        ("stt_ms", (50,)),
        ("llm_ms", (50,)),
        ("tts_ms", (50,)),
        ("endpointing_ms", (50,)),
    ):
        figures |= percentiles(name, [turn[name] for turn in turns if name in turn], percents)
    figures |= percentiles("uncached_ms", server.uncached_ms(), (50, 95))
    (before, busy_before_s, began_s), (during, busy_s, looked_s) = looks
    cpu_percent = 100.0 * (during.cpu_s - before.cpu_s) / (looked_s - began_s)
    if busy_s is not None and busy_before_s is not None:
        figures["others_percent"] = max(0.0, 100.0 * (busy_s - busy_before_s) / (looked_s - began_s) - cpu_percent)
    figures |= {
        "rss_mb": during.rss_mb,
        "pss_mb": during.pss_mb,
        "cpu_percent": cpu_percent,
        "cpu_percent_per_call": cpu_percent / calls,
    }
    for role, spent_s in during.cpu_by_role_s.items():
        used_s = spent_s - before.cpu_by_role_s.get(role, 0.0)
        figures[f"{role}_percent_per_call"] = 100.0 * used_s / (looked_s - began_s) / calls
    return figures, report


def is_disturbed(figures: Figures) -> bool:
    """Whether the machine was busy with other things, so that the figures are not the server's."""
    late_ms, others = (figures.get(name, 0.0) for name in ("own_late_ms_p99", "others_percent"))
    return late_ms > TOOL_LATE_MS or others > OTHERS_PERCENT


def split_cores() -> tuple[int | None, str]:
    """Give the server the first core this process may use and keep the others; return it, and a note for people."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) == 1:
        return None, "note: a single core for server, emulators and this tool: figures are worse than the server's own"
    os.sched_setaffinity(0, set(cores[1:]))
    return cores[0], f"server on core {cores[0]}, emulators and callers on {cores[1:]}"
