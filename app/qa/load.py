"""`python -m app load`: many simulated calls at once from one process, measured at each caller's ear.

What is measured is what callers would hear: how late each frame of the agent came, holes in its speech, how long
answers and barge-ins took; and beside it how late this tool itself was, so that a busy machine is not blamed on the
server. A frame's lateness is counted against the earliest steady 20 ms schedule its utterance has kept so far.
"""

import asyncio
import contextlib
import itertools
import random
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import click
import numpy as np

from app.qa.player import FRAME_SAMPLES, SAMPLES_PER_MS
from app.qa.script import Cue, Phase, Script, Turn
from app.qa.utterance import Line, UtteranceError, load_utterance
from app.qa.wire.http_client import ServerError, post
from app.qa.wire.twilio_peer import Account, TwilioPeer

CALLBACKS = ("/webhook/stream_status", "/webhook/stream_ended", "/webhook/call_status")
NO_CONTENT = 204
FRAME_MS = FRAME_SAMPLES // SAMPLES_PER_MS
PROBE_EVERY_S = 0.2
GAP_MS = (300, 1500)
NORMAL_CLOSES = (1000, 1005)


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How many calls say what, and for how long once all are up; calls start `ramp_s / calls` apart."""

    calls: int
    cues: tuple[Cue, ...]
    url: str = "http://127.0.0.1:5000"
    auth_token: str | None = None
    public_url: str | None = None
    seconds: float = 30.0
    ramp_s: float = 5.0
    patience_ms: int = 15_000


@dataclass(slots=True)
class LoadReport:
    """What was measured, in milliseconds; see `summary` for the figures."""

    calls: int
    schedule_late_ms: list[float] = field(default_factory=list)
    deadline_late_ms: list[float] = field(default_factory=list)
    underrun_gaps_ms: list[float] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    callback_ms: list[float] = field(default_factory=list)
    callback_faults: int = 0
    own_late_ms: list[float] = field(default_factory=list)
    own_cpu_percent_per_call: float = 0.0
    calls_made: int = 0
    closed_by_server: int = 0
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Return the figures by name; a percentile of nothing is left out rather than called nought."""
        figures: dict[str, float] = {
            "calls": self.calls,
            "calls_made": self.calls_made,
            "closed_by_server": self.closed_by_server,
            "turns": len(self.turns),
        }
        voice_to_voice = [turn.voice_to_voice_ms for turn in self.turns]
        barge_ins = [turn.barge_in_ms for turn in self.turns]
        for name, values, percents in (
            ("frame_late_ms", self.schedule_late_ms, (50, 99, 100)),
            ("frame_past_deadline_ms", self.deadline_late_ms, (50, 99, 100)),
            ("voice_to_voice_ms", [value for value in voice_to_voice if value is not None], (50, 95, 100)),
            ("barge_in_ms", [value for value in barge_ins if value is not None], (50, 95, 100)),
            ("callback_ms", self.callback_ms, (50, 99, 100)),
            ("own_late_ms", self.own_late_ms, (50, 99, 100)),
        ):
            figures.update(percentiles(name, values, percents))
        figures |= {
            "frames": len(self.schedule_late_ms),
            "underruns": len(self.underrun_gaps_ms),
            "underrun_percent": 100.0 * sum(self.underrun_gaps_ms) / max(1, len(self.schedule_late_ms) * FRAME_MS),
            "underrun_ms_max": max(self.underrun_gaps_ms, default=0.0),
            "unanswered": sum(turn.answer_from is None and not turn.talked_over for turn in self.turns),
            "talked_over": sum(turn.talked_over for turn in self.turns),
            "callback_faults": self.callback_faults,
            "own_cpu_percent_per_call": self.own_cpu_percent_per_call,
            "failures": len(self.failures),
            "warnings": len(self.warnings),
        }
        return figures


def percentiles(name: str, values: Sequence[float], percents: Sequence[int]) -> dict[str, float]:
    """Return `name_p50`, … and `name_max` of values, or nothing of nothing."""
    if not len(values):
        return {}
    found = np.percentile(np.asarray(values), percents)
    labels = ("max" if percent == 100 else f"p{percent}" for percent in percents)
    return {f"{name}_{label}": round(float(value), 2) for label, value in zip(labels, found, strict=True)}


class _Call:
    """One call: its own timer, on an absolute clock."""

    def __init__(self, options: LoadOptions, number: int, own_late_ms: list[float]) -> None:
        self.peer = TwilioPeer(
            Account(options.url, options.auth_token, options.public_url), strict=False, keep_audio=False
        )
        self.ended = asyncio.Event()
        self._line = Line()
        first = number % len(options.cues)
        cues = options.cues[first:] + options.cues[:first]
        # Callers do not breathe in step: each has its own pause before it speaks.
        gap_ms = random.Random(number).randint(*GAP_MS)  # noqa: S311 - a reproducible spread, no secret
        self.script = Script(cues, self.peer.player, self._line, gap_ms=gap_ms, patience_ms=options.patience_ms)
        self._own_late_ms = own_late_ms
        self._number = 1
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Ring, connect and begin to send."""
        await self.peer.ring()
        await self.peer.connect()
        self._schedule()

    async def stop(self) -> None:
        """Send no more, and hang up."""
        if self._timer:
            self._timer.cancel()
        await self.peer.hang_up()

    def _schedule(self) -> None:
        if self.peer.open and not self.script.over:
            self._timer = self._loop.call_at(self.peer.frame_due_s(self._number), self._tick)
        else:
            self.ended.set()

    def _tick(self) -> None:
        now_s = self._loop.time()
        self._own_late_ms.append((now_s - self.peer.frame_due_s(self._number)) * 1000.0)
        while self.peer.frame_due_s(self._number) <= now_s:
            self.script.tick(self.peer.now())
            self.peer.send_frame(self._line.take())
            self._number += 1
        self._schedule()


async def run_load(options: LoadOptions, live: Callable[[], None] = lambda: None) -> LoadReport:
    """Keep the calls talking until `options.seconds` after the last was due to start, and report.

    A caller who has said all cues hangs up and calls again. `live` is called (on a thread) once all calls are up,
    and as they end: to look at the server in between, say.

    Raises:
        ServerError: not one call could be made.
    """
    report = LoadReport(options.calls)
    cpu_s, started_s = time.process_time(), time.monotonic()
    end_s = asyncio.get_running_loop().time() + options.ramp_s + options.seconds
    probe = asyncio.create_task(_probe_callbacks(options, report))
    callers = [asyncio.create_task(_caller(options, number, report, end_s)) for number in range(options.calls)]
    await asyncio.wait(callers, timeout=options.ramp_s)  # all are over sooner where none can be made
    await asyncio.to_thread(live)
    await asyncio.wait(callers, timeout=max(0.0, end_s - asyncio.get_running_loop().time()))
    await asyncio.to_thread(live)
    await asyncio.gather(*callers)
    probe.cancel()
    busy_s = time.process_time() - cpu_s
    report.own_cpu_percent_per_call = round(100.0 * busy_s / (time.monotonic() - started_s) / options.calls, 3)
    if not report.calls_made:
        raise ServerError(report.failures[0])
    return report


async def _caller(options: LoadOptions, number: int, report: LoadReport, end_s: float) -> None:
    """Call, talk, hang up, call again, till the end; give up after a call that could not be made."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(number * options.ramp_s / options.calls)
    while (left_s := end_s - loop.time()) > 0:
        call = _Call(options, number, report.own_late_ms)
        try:
            await call.start()
        except ServerError as exc:
            report.failures.append(str(exc))
            return
        report.calls_made += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(call.ended.wait(), left_s)
        _collect(call, report)
        await call.stop()


def _collect(call: _Call, report: LoadReport) -> None:
    player = call.peer.player
    report.schedule_late_ms.extend(late / SAMPLES_PER_MS for late in player.schedule_lateness)
    report.deadline_late_ms.extend(late / SAMPLES_PER_MS for late in player.deadline_lateness)
    report.underrun_gaps_ms.extend(hole.gap_samples / SAMPLES_PER_MS for hole in player.underruns)
    # A turn that the end of the run cut off was not judged and counts for nothing.
    turns = [turn for turn in call.script.turns if turn.judged]
    report.turns.extend(turns)
    report.warnings.extend(call.peer.warnings)
    if call.peer.closed:
        report.closed_by_server += 1
        if not turns or call.peer.closed[0] not in NORMAL_CLOSES:
            code, reason = call.peer.closed
            report.failures.append(f"the server closed a call after {len(turns)} turns: {code} {reason}".rstrip())
    elif call.script.phase is Phase.UNANSWERED:
        report.failures.append("a call ended early: the agent stayed silent")


async def _probe_callbacks(options: LoadOptions, report: LoadReport) -> None:
    """Post the three callbacks in turn, as other calls' ends would."""
    here = urlsplit(options.url)
    for path in itertools.cycle(CALLBACKS):
        form = {"CallSid": "CA" + secrets.token_hex(16), "CallStatus": "completed", "StreamEvent": "stream-stopped"}
        try:
            response = await post(SplitResult(here.scheme, here.netloc, path, "", ""), form, {})
        except ServerError:
            report.callback_faults += 1
        else:
            report.callback_ms.append(response.elapsed_ms)
            report.callback_faults += response.status != NO_CONTENT
        await asyncio.sleep(PROBE_EVERY_S)


@click.command("load")
@click.argument("wavs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--calls", type=click.IntRange(min=1), default=10, show_default=True, help="How many at once.")
@click.option("--seconds", type=click.FloatRange(min=1), default=30.0, show_default=True, help="How long, all up.")
@click.option("--barge-in-after-ms", type=click.IntRange(min=0), help="Every other utterance breaks in so late.")
@click.option("--url", default="http://127.0.0.1:5000", show_default=True, help="Where the server is.")
@click.option("--auth-token", envvar="TWILIO_AUTH_TOKEN", help="Sign webhooks with it, as Twilio does.")
@click.option("--public-url", envvar="PUBLIC_BASE_URL", help="The URL Twilio knows the server by, if not --url.")
def load_command(wavs: tuple[Path, ...], barge_in_after_ms: int | None, **options: Any) -> None:
    """Make many calls at once and print what their callers heard."""
    try:
        spoken = [load_utterance(path) for path in wavs]
        cues = tuple(Cue(item, barge_in_after_ms if number % 2 else None) for number, item in enumerate(spoken))
        report = asyncio.run(run_load(LoadOptions(cues=cues, **options)))
    except (UtteranceError, ServerError) as exc:
        raise click.ClickException(str(exc)) from exc
    for name, value in report.summary().items():
        click.echo(f"{name:32} {value:10.2f}".rstrip("0").rstrip("."))
    for line in sorted(set(report.failures + report.warnings))[:10]:
        click.echo(line)
    if report.failures:
        raise click.ClickException(f"{len(report.failures)} of {report.calls} calls failed")
