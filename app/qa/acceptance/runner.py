"""One acceptance run: HTTP first, then the calls, then the judgement of all that was seen."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from app.qa.acceptance.crowd import hold_crowd
from app.qa.acceptance.evidence import ConsoleEvents, DevelopmentEvents, Event, Evidence
from app.qa.acceptance.findings import Finding, Findings
from app.qa.acceptance.handshakes import check_handshake, check_socket_strangers
from app.qa.acceptance.items import chosen
from app.qa.acceptance.judging import Held, judge_ears, judge_events
from app.qa.acceptance.log_lines import judge_log
from app.qa.acceptance.phone import HungUpError, Phone
from app.qa.acceptance.quiet import uncollected
from app.qa.acceptance.report import OWN_LATE_LIMIT_MS, Report
from app.qa.acceptance.scenes import CONVERSATION, SCENES, Scene, Stage
from app.qa.acceptance.server import ServerUnderTest, new_call_form
from app.qa.acceptance.sounds import Sounds
from app.qa.acceptance.webhooks import HTTP_CHECKS, check_callbacks_during
from app.qa.scripted import Cast
from app.qa.wire.http_client import ServerError
from app.qa.wire.twilio_peer import INCOMING_CALL, Account

FORBIDDEN = 403
CLOSED_WITHIN_S, LOOKS_EVERY_S = 10.0, 0.5
MOST_REPEATS = 3
_BY_EAR = ("9.1", "9.2", "9.3", "9.5")
_BY_EVENTS = ("6.1", "8.1", "10.1", "10.2")
_OF_CONVERSATION = (*_BY_EAR, *_BY_EVENTS, "11.1", "3.4", "5.1")


class NotJudgedError(Exception):
    """The run cannot be made at all: the message says what to give or where nobody answers."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to judge, and how. `casts` are the sample dialog's caller twice: listening, and in order."""

    account: Account
    sounds: Sounds
    casts: tuple[Cast, Cast] | None = None
    only: tuple[str, ...] = ()
    calls: int = 0
    at_once: int = 1
    log: Callable[[], Iterable[str]] | None = None
    own_late_limit_ms: float = OWN_LATE_LIMIT_MS
    console_password: str | None = None


@dataclass(slots=True)
class _Run:
    """The state of a run."""

    options: Options
    server: ServerUnderTest
    findings: Findings
    evidence: Evidence
    held: list[Held] = field(default_factory=list)
    own_late_ms: float = 0.0
    repeats_left: int = MOST_REPEATS


async def accept(options: Options, progress: Callable[[str], None] = lambda _: None) -> Report:
    """Make a run against a server and report.

    Raises:
        NotJudgedError: nobody answers, or the server wants signatures and there is no token to sign with.
        ValueError: `only` names no item.
    """
    wanted = chosen(options.only)
    server = ServerUnderTest(options.account)
    run = _Run(options, server, Findings(wanted), await _evidence(server, options.console_password))
    loop, started_at = asyncio.get_running_loop(), datetime.now(UTC).isoformat(timespec="seconds")
    began_s = loop.time()
    about = await _look_at(server, needs_calls=bool(wanted - {"1.1", "1.2", "2.1", "2.2"}))
    for items, check in HTTP_CHECKS:
        if wanted & set(items):
            await _checked(items, check(server, run.findings), run.findings)
    if wanted & {"4.1", "4.2", "4.3"}:
        await _checked(("4.1", "4.2", "4.3"), check_handshake(server, run.findings), run.findings)
    if "4.4" in wanted:
        progress("knocking as a stranger")
        await _checked(("4.4",), check_socket_strangers(server, run.findings), run.findings)
    with uncollected():
        await _hold_calls(run, progress)
    calls: list[dict[str, Any]] = []
    if options.calls and "12.3" in wanted:
        progress(f"{options.calls} calls at once")
        with uncollected():
            calls, late_ms = await hold_crowd(server, options.sounds, options.calls, run.findings)
        run.own_late_ms = max(run.own_late_ms, late_ms)
    else:
        run.findings.skip("12.3", "give --calls N")
    return Report(
        base_url=options.account.url,
        started_at=started_at,
        server=about,
        findings=tuple(_judged(run)),
        own_late_ms_max=run.own_late_ms,
        connect_ms_min=min(server.connects_ms, default=0.0),
        seconds=loop.time() - began_s,
        own_late_limit_ms=options.own_late_limit_ms,
        calls=tuple(calls),
    )


async def _evidence(server: ServerUnderTest, console_password: str | None) -> Evidence:
    """Return where states and words are to be had."""
    if not console_password:
        return DevelopmentEvents(server)
    events = ConsoleEvents(server, console_password)
    if fault := await events.log_in():
        raise NotJudgedError(fault)
    return events


async def _look_at(server: ServerUnderTest, *, needs_calls: bool) -> dict[str, str]:
    """Return what the server says of itself."""
    try:
        answer = await server.ask("GET", "/version")
        if needs_calls and not server.is_signed:
            form = new_call_form(server.account)
            refused = (await server.webhook(INCOMING_CALL, form)).status == FORBIDDEN
            if refused:
                raise NotJudgedError("the server takes signed webhooks only: give its TWILIO_AUTH_TOKEN (--auth-token)")
            await server.webhook("/webhook/call_status", {**form, "CallStatus": "canceled"})
    except ServerError as error:
        raise NotJudgedError(str(error)) from None
    try:
        about = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return {name: str(about[name]) for name in ("version", "commit", "started_at") if name in about}


async def _checked(items: tuple[str, ...], check: Any, findings: Findings) -> None:
    """Make a check; a server that breaks off fails what it was about."""
    try:
        await check
    except ServerError as error:
        for number in items:
            if not findings.has(number):
                findings.fail(number, str(error))


async def _hold_calls(run: _Run, progress: Callable[[str], None]) -> None:
    """Hold every scene that the wanted items need, with the callbacks called meanwhile."""
    wanted = run.findings.wanted
    scenes = {
        name: scene
        for name, scene in SCENES.items()
        if wanted & set(scene.items) or (name == CONVERSATION and wanted & set(_OF_CONVERSATION))
    }
    if not scenes:
        return
    turnstile, is_over = asyncio.Semaphore(run.options.at_once), asyncio.Event()

    async def hold(name: str, scene: Scene) -> None:
        async with turnstile:
            progress(f"calling: {name}")
            await _hold(run, name, scene)

    probe = asyncio.create_task(check_callbacks_during(run.server, run.findings, is_over))
    await asyncio.gather(*(hold(name, scene) for name, scene in scenes.items()))
    is_over.set()
    await probe


async def _hold(run: _Run, name: str, scene: Scene) -> None:
    """Hold one call; one during which this tool was late itself is held again, a few times in a run."""
    while True:
        found = Findings(run.findings.wanted)
        call = await _hold_once(run, name, scene, found)
        if call.phone.own_late_ms <= run.options.own_late_limit_ms or not run.repeats_left:
            break
        run.repeats_left -= 1
    run.own_late_ms = max(run.own_late_ms, call.phone.own_late_ms)
    run.findings.absorb(found)
    run.held.append(call)


async def _hold_once(run: _Run, name: str, scene: Scene, found: Findings) -> Held:
    options = run.options
    casts = options.casts if name == CONVERSATION else None
    number = (casts[0].caller_number if casts else None) or "anonymous"
    phone = Phone(replace(options.account, from_number=number), scene.line(options.sounds))
    stage = Stage(options.sounds, found, run.evidence, *(casts or (None, None)))
    fault = ""
    try:
        await phone.call()
        await scene.play(stage, phone)
    except (ServerError, HungUpError) as error:
        fault = str(error)
    await phone.hang_up()
    for item in scene.items:
        if fault and not found.has(item):
            found.fail(item, fault)
    call = Held(name, phone, await run.evidence.events(phone.call_sid))
    if call.events:
        call.events, call.closed_in_time = await _until_closed(run.evidence, phone.call_sid, call.events)
    return call


async def _until_closed(evidence: Evidence, call_sid: str, events: list[Event]) -> tuple[list[Event], bool]:
    """Wait until the server has noted the end of a call, and its store where that can be seen."""
    deadline_s = asyncio.get_running_loop().time() + CLOSED_WITHIN_S
    while asyncio.get_running_loop().time() < deadline_s:
        is_over = any(event["event"] == "CALL_ENDED" for event in events)
        if is_over and await evidence.is_stored_as_over(call_sid) is not False:
            return events, True
        await asyncio.sleep(LOOKS_EVERY_S)
        events = await evidence.events(call_sid) or events
    return events, False


def _judged(run: _Run) -> list[Finding]:
    held, findings = run.held, run.findings
    if held:
        judge_ears(held, findings)
        judge_events(held, findings, run.options.casts[0] if run.options.casts else None)
    if run.options.log is None:
        findings.skip("11.1", "give the server's log: --log FILE")
    elif held:
        first = sorted(held, key=lambda call: call.scene != CONVERSATION)
        judge_log(run.options.log(), [call.phone.call_sid for call in first], findings)
    return findings.result()
