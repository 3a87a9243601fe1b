"""`python -m app call`: one simulated phone call, played from WAV files and printed as it goes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import click
import orjson

from app.qa.answering import Manner, Question, slots_right
from app.qa.line_faults import LineFaults
from app.qa.player import SAMPLES_PER_MS, SPURT_GAP_SAMPLES
from app.qa.recording import write_stereo
from app.qa.script import Cue, Phase, Script, Turn
from app.qa.scripted import Cast, ScriptError, cast
from app.qa.utterance import RATE_HZ, Line, Utterance, UtteranceError, load_utterance
from app.qa.wire.http_client import ServerError, get
from app.qa.wire.twilio_peer import Account, PeerEvents, TwilioPeer

POLL_S = 0.5
OK = 200
LATE_TOOL_MS = 20.0


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What to say, to whom, and how."""

    wavs: tuple[Path, ...] = ()
    cast: Cast | None = None
    """A scripted caller, who goes on when the WAV files are said."""
    url: str = "http://127.0.0.1:5000"
    record: Path | None = None
    from_number: str = "+972500000000"
    to_number: str = "+972770000000"
    auth_token: str | None = None
    public_url: str | None = None
    barge_in_after_ms: int | None = None
    noise_dbfs: float | None = None
    gap_ms: int = 400
    patience_ms: int = 15_000
    offer_subprotocol: bool = True
    suppress_silence: bool = False
    echo_db: float | None = None
    echo_delay_ms: int = 250


@dataclass(slots=True)
class CallReport:
    """What happened; `failure` is None when every utterance was said and answered."""

    call_sid: str
    turns: list[Turn] = field(default_factory=list)
    agent_spoke: bool = False
    underruns: int = 0
    warnings: list[str] = field(default_factory=list)
    server_events: list[dict[str, object]] = field(default_factory=list)
    slots: dict[str, Any] | None = None
    """What the server knew at the end, where it tells."""
    own_late_max_ms: float = 0.0
    seconds: float = 0.0
    failure: str | None = None


class LiveCall:
    """A call under way: the peer, the caller's line and script, and the printing of them."""

    def __init__(self, options: CallOptions, say: Callable[[str], None]) -> None:
        self._say = say
        self.options = options
        account = Account(
            options.url,
            options.auth_token,
            options.public_url,
            options.from_number,
            options.to_number,
            options.offer_subprotocol,
        )
        self.peer = TwilioPeer(
            account,
            PeerEvents(
                mark=lambda name: self.tell(f"mark played: {name}"),
                clear=lambda: self.tell("clear: the agent's buffer is emptied"),
                warning=lambda text: self.tell(f"TWILIO WARNING {text}"),
                closed=lambda code, reason: self.tell(f"socket closed: {code} {reason}".rstrip()),
            ),
        )
        self.line = Line(options.noise_dbfs)
        self.faults = LineFaults(options.suppress_silence, options.echo_db, options.echo_delay_ms)
        self.caller_track = bytearray()
        cues = [Cue(load_utterance(path), options.barge_in_after_ms) for path in options.wavs]
        self._question = Question("greeting")
        self.script = Script(
            cues,
            self.peer.player,
            self.line,
            gap_ms=options.gap_ms,
            patience_ms=options.patience_ms,
            choose=self._answer,
        )
        self.report = CallReport(self.peer.call_sid)
        self._spurts_started = self._spurts_ended = 0
        self._turns_started = self._turns_ended = 0
        self._server_lines = 0
        self._server_events = True

    def tell(self, text: str, at: int | None = None) -> None:
        """Print a line with the stream's time in seconds; `at` is a sample, by default now."""
        at = self.peer.now() if at is None else at
        self._say(f"{at / RATE_HZ:8.3f}  {text}")

    async def run(self) -> CallReport:
        """Make the call; `report.failure` says what went wrong, if anything did."""
        report = self.report
        try:
            await self.peer.ring()
            await self.peer.connect()
        except ServerError as exc:
            report.failure = str(exc)
            return report
        subprotocol = self.peer.subprotocol or "none"
        self._say(f"call {self.peer.call_sid} to {self.options.url}; stream open, subprotocol {subprotocol}")
        poll = asyncio.create_task(self._follow_server())
        await self._talk()
        await self.peer.hang_up()
        self._print_progress()
        poll.cancel()
        await self._print_server_events()
        report.failure = self._failure()
        self._finish()
        return report

    def _answer(self) -> Utterance | None:
        """Return what a scripted caller says to the question the server says it asked."""
        return self.options.cast.answering.answer(self._question) if self.options.cast else None

    async def _talk(self) -> None:
        """Keep the line going, 20 ms a frame on an absolute clock, until the script is over or the server is gone."""
        loop = asyncio.get_running_loop()
        number = 1
        while self.peer.open and not self.script.over:
            due_s = self.peer.frame_due_s(number)
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            self.report.own_late_max_ms = max(self.report.own_late_max_ms, (loop.time() - due_s) * 1000.0)
            self.script.tick(self.peer.now())
            frame = self.line.take()
            self.caller_track += frame
            self.peer.send_frame(self.faults.pass_on(frame, self.peer.player.ear, self.peer.now()))
            self._print_progress()
            number += 1

    def _print_progress(self) -> None:
        now = self.peer.now()
        for turn in self.script.turns[self._turns_ended :]:
            if turn.judged:
                self._turns_ended += 1
                self.tell(f"turn {self._turns_ended}: {describe(turn)}")
        for turn in self.script.turns[self._turns_started :]:
            self._turns_started += 1
            text = f": {turn.utterance.text}" if turn.utterance.text else ""
            self.tell(f"caller speaks {turn.utterance.name}{text}", turn.voiced_from)
        spurts = self.peer.player.spurts()
        if self._spurts_started < len(spurts) and spurts[self._spurts_started].from_sample <= now:
            self.tell("agent speaks", spurts[self._spurts_started].from_sample)
            self._spurts_started += 1
        if (
            self._spurts_ended < self._spurts_started
            and spurts[self._spurts_ended].to_sample + SPURT_GAP_SAMPLES <= now
        ):
            spurt = spurts[self._spurts_ended]
            self.tell(f"agent stops, {(spurt.to_sample - spurt.from_sample) / RATE_HZ:.2f} s", spurt.to_sample)
            self._spurts_ended += 1

    def _failure(self) -> str | None:
        """Say what kept the call from its proper end."""
        if self.options.cast and self.report.slots is None:
            return "the server does not tell what it asks: it must run in development mode"
        if not self.script.over and not self.options.cast:
            code, reason = self.peer.closed or (1006, "")
            left = len(self.options.wavs) - len(self.script.turns)
            return f"the server closed the call ({code} {reason}) with {left} utterances unsaid".replace(" )", ")")
        if self.script.phase is Phase.UNANSWERED:
            asked = f"answered {self.script.turns[-1].utterance.name}" if self.script.turns else "spoke"
            return f"the agent never {asked}: {self.options.patience_ms / 1000:.0f} s of silence"
        return None

    async def _follow_server(self) -> None:
        while self._server_events:
            await asyncio.sleep(POLL_S)
            await self._print_server_events()

    async def _print_server_events(self) -> None:
        """Print what the server has to tell of the call (states, words heard and said); most servers tell nothing.

        One JSON object a line: `at_ms` (since the epoch), `event`, and whatever belongs to it.
        """
        here = urlsplit(self.options.url)
        url = SplitResult(here.scheme, here.netloc, f"/calls/{self.peer.call_sid}/events", "", "")
        try:
            response = await get(url)
        except ServerError:
            return
        if response.status != OK:
            self._server_events = False
            return
        lines = response.body.splitlines()
        for line in lines[self._server_lines :]:
            event = orjson.loads(line)
            self.report.server_events.append(event)
            if event.get("event") == "QUESTION":
                self._question = Question(event["asked"], event["confirms"])
                self.report.slots = event["slots"]
            detail = "  ".join(f"{name}={value}" for name, value in event.items() if name not in ("at_ms", "event"))
            at_ms = event.get("at_ms", 0) - self.peer.started_epoch_ms
            self.tell(f"server: {event.get('event')}  {detail}".rstrip(), int(at_ms * SAMPLES_PER_MS))
        self._server_lines = len(lines)

    def _finish(self) -> None:
        player, report = self.peer.player, self.report
        report.turns = self.script.turns
        report.agent_spoke = bool(player.spurts())
        report.underruns = len(player.underruns)
        report.warnings = self.peer.warnings
        report.seconds = len(self.caller_track) / RATE_HZ
        if self.options.record:
            assert player.ear is not None
            write_stereo(self.options.record, bytes(self.caller_track), bytes(player.ear))
            self._say(f"recording (caller left, agent right): {self.options.record}")
        holes = "".join(f", {hole.gap_samples / SAMPLES_PER_MS:.0f} ms" for hole in player.underruns[:5])
        if (cast := self.options.cast) and report.slots is not None:
            right = slots_right(report.slots, cast.expected, cast.cities)
            self._say(f"slots right: {right} of {len(cast.expected)}; known: {report.slots}; meant: {cast.expected}")
        self._say(f"{report.seconds:.1f} s; holes in the agent's speech: {report.underruns}{holes}")
        if report.own_late_max_ms > LATE_TOOL_MS:
            self._say(f"note: this tool itself was up to {report.own_late_max_ms:.0f} ms late; the machine is busy")


def describe(turn: Turn) -> str:
    """Return a turn's figures as words."""
    parts = []
    if turn.voice_to_voice_ms is not None:
        parts.append(f"voice-to-voice {turn.voice_to_voice_ms:.0f} ms")
    if turn.barge_in_ms is not None:
        parts.append(f"barge-in to silence {turn.barge_in_ms:.0f} ms")
    if turn.talked_over:
        parts.append("the agent spoke into the caller's words")
    return ", ".join(parts) or "no answer"


def run_call(options: CallOptions, say: Callable[[str], None] = click.echo) -> CallReport:
    """Make one call and print it as it goes; see `CallReport.failure` for how it ended.

    Raises:
        UtteranceError: a WAV file cannot be used.
        OSError: the recording cannot be written.
    """

    async def call() -> CallReport:
        return await LiveCall(options, say).run()

    return asyncio.run(call())


@click.command("call")
@click.argument("more_wavs", nargs=-1, type=click.Path(path_type=Path), metavar="[WAV]...")
@click.option("--wav", "wavs", multiple=True, type=click.Path(path_type=Path), help="What the caller says; repeatable.")
@click.option("--dialog", type=click.Path(path_type=Path), help="Dialogs set to play one dialog of (JSON lines).")
@click.option("--id", "dialog_id", help="Which dialog of the set.")
@click.option("--wavs", "manifest", type=click.Path(path_type=Path), help="manifest.tsv of the dialog's recordings.")
@click.option(
    "--answers",
    type=click.Choice([manner.value for manner in Manner]),
    default=Manner.TRUTHFUL.value,
    show_default=True,
    help="order: whatever is asked; asked: by the question; truthful: and yes or no when a value is to be confirmed.",
)
@click.option("--url", default="http://127.0.0.1:5000", show_default=True, help="Where the server is.")
@click.option("--record", type=click.Path(path_type=Path), help="Write a stereo WAV: caller left, agent right.")
@click.option("--from", "from_number", default="+972500000000", show_default=True, help="The caller's number.")
@click.option("--to", "to_number", default="+972770000000", show_default=True, help="The number called.")
@click.option("--auth-token", envvar="TWILIO_AUTH_TOKEN", help="Sign webhooks with it, as Twilio does.")
@click.option("--public-url", envvar="PUBLIC_BASE_URL", help="The URL Twilio knows the server by, if not --url.")
@click.option("--barge-in-after-ms", type=click.IntRange(min=0), help="Speak this long into the agent's talk.")
@click.option("--noise-dbfs", type=click.FloatRange(-90, -10), help="White noise on the caller's line.")
@click.option("--suppress-silence", is_flag=True, help="Send no frames while nobody speaks, as some carriers do.")
@click.option("--echo-db", type=click.FloatRange(-80, 0), help="The agent's voice comes back, so much weaker.")
@click.option("--echo-delay-ms", type=click.IntRange(0, 1000), default=250, show_default=True, help="... and later.")
@click.option("--gap-ms", type=click.IntRange(min=0), default=400, show_default=True, help="Pause before answering.")
@click.option(
    "--patience-ms", type=click.IntRange(min=1), default=15_000, show_default=True, help="Wait for an answer."
)
@click.option("--subprotocol/--no-subprotocol", "offer_subprotocol", default=True, help="Offer audio.twilio.com.")
def call_command(
    more_wavs: tuple[Path, ...],
    wavs: tuple[Path, ...],
    dialog: Path | None,
    dialog_id: str | None,
    manifest: Path | None,
    answers: str,
    **options: Any,
) -> None:
    """Call the server as Twilio would and play WAV files to it, each after the agent's answer to the one before.

    With --dialog, --id and --wavs the caller plays a dialog of an evaluation set, and the slots are counted.
    """
    spoken = wavs + more_wavs
    try:
        caller = None
        if dialog and dialog_id and manifest:
            caller = cast(dialog, dialog_id, manifest, Manner(answers))
            options["from_number"] = caller.caller_number or "anonymous"
        elif dialog or dialog_id or manifest:
            raise click.UsageError("--dialog, --id and --wavs go together")
        elif not spoken:
            raise click.UsageError("give at least one WAV file: --wav caller.wav")
        report = run_call(CallOptions(wavs=spoken, cast=caller, **options))
    except (ScriptError, UtteranceError, OSError) as exc:
        raise click.ClickException(str(exc)) from exc
    if report.failure:
        raise click.ClickException(report.failure)
