"""Sections 1 to 3: what plain HTTP shows, without a call."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from app.qa.acceptance.findings import Findings
from app.qa.acceptance.server import ServerUnderTest, new_call_form
from app.qa.wire.http_client import HttpResponse, ServerError
from app.qa.wire.twilio_peer import INCOMING_CALL
from app.qa.wire.twiml_reader import StreamTwiml, parse_twiml

PREVIEW = "/incoming_call_preview"
RECORDING = "/webhook/handle_recording"
CALLBACKS = {"3.1": "/webhook/stream_status", "3.2": "/webhook/stream_ended", "3.3": "/webhook/call_status"}
XML = "application/xml; charset=utf-8"
TRIES = 5
CALLBACK_TRIES = 20
PROBE_EVERY_S = 0.25
OK, NO_CONTENT, FORBIDDEN, NOT_ALLOWED = 200, 204, 403, 405
REDIRECTS = range(300, 400)


async def check_fronts(server: ServerUnderTest, findings: Findings) -> None:
    """1.1 and 1.2: the version and the root, each several times."""

    def version(answer: HttpResponse) -> str:
        try:
            missing = {"version", "commit", "started_at"} - set(json.loads(answer.body))
        except (ValueError, TypeError):
            return "no JSON"
        return f"lacks {', '.join(sorted(missing))}" if missing else ""

    for number, path, fault_of in (("1.1", "/version", version), ("1.2", "/", lambda _: "")):
        answers = [await server.ask("GET", path) for _ in range(TRIES)]
        faults = [f"HTTP {answer.status}" if answer.status != OK else fault_of(answer) for answer in answers]
        _timed(server, findings, number, answers, faults)


async def check_preview(server: ServerUnderTest, findings: Findings) -> None:
    """2.1 and 2.2: the TwiML as any browser may see it."""
    answer = await server.ask("GET", PREVIEW)
    faults = []
    if answer.status != OK:
        faults.append(f"HTTP {answer.status}")
    if (kind := answer.headers.get("content-type", "none")).lower().replace(" ", "") != XML.replace(" ", ""):
        faults.append(f"Content-Type {kind}")
    if answer.headers.get("content-length") != str(len(answer.body)):
        faults.append("Content-Length missing or wrong")
    if not answer.body.startswith(b"<?xml"):
        faults.append(f"begins with {answer.body[:8]!r}")
    _timed(server, findings, "2.1", [answer], ["; ".join(faults)])
    try:
        wrong = wrong_addresses(parse_twiml(answer.body))
    except ServerError as error:
        wrong = str(error)
    findings.add("2.2", not wrong, wrong)


def wrong_addresses(twiml: StreamTwiml) -> str:
    """Say what is wrong with the addresses in a TwiML; nothing: an empty text."""
    stream = urlsplit(twiml.url)
    base = f"https://{stream.netloc}/webhook/"
    faults = []
    if (stream.scheme, stream.path, stream.query) != ("wss", "/ws/twilio-media", "") or not stream.netloc:
        faults.append(f"stream {twiml.url}, not wss://HOST/ws/twilio-media")
    if twiml.url.count("://") != 1:
        faults.append(f"a double scheme in {twiml.url}")
    for name, found in (("statusCallback", twiml.status_callback), ("action", twiml.action)):
        if not found or not found.startswith(base) or "?" in found:
            faults.append(f"{name} {found or 'missing'}, not {base}…")
    return "; ".join(faults)


async def check_strangers(server: ServerUnderTest, findings: Findings) -> None:
    """2.3: who is not Twilio opens nothing."""
    seen = []
    for path in (INCOMING_CALL, RECORDING):
        form = new_call_form(server.account)
        answers = [("unsigned", await server.webhook(path, form, is_stranger=True))]
        if server.is_signed:
            answers.append(("falsely signed", await server.webhook(path, form, signature="bm9ib2R5J3Mgc2lnbmF0dXJl")))
        seen += [f"{path} {how}: {answer.status}" for how, answer in answers if answer.status != FORBIDDEN]
    findings.add("2.3", not seen, "; ".join(seen))


async def check_signed(server: ServerUnderTest, findings: Findings) -> None:
    """2.4: what is Twilio's is taken, however a proxy carries it."""
    ways: list[tuple[str, str, str, dict[str, str]]] = [
        ("as it is", INCOMING_CALL, "", {}),
        ("with ?x=1", INCOMING_CALL, "x=1", {}),
        ("with a slash", INCOMING_CALL + "/", "", {}),
    ]
    if server.is_signed:
        # In development mode whatever a proxy carries is a stranger's.
        ways.append(("behind two proxies", INCOMING_CALL, "", {"X-Forwarded-Proto": "https,http"}))
    faults = []
    for how, path, query, headers in ways:
        carried = server if not headers else _behind_https(server)
        form = new_call_form(server.account)
        answer = await carried.webhook(path, form, query=query, headers=headers)
        if answer.status in REDIRECTS:
            faults.append(f"{how}: redirected ({answer.status})")
        elif answer.status != OK or b"token" not in answer.body:
            faults.append(f"{how}: HTTP {answer.status}" + ("" if answer.status != OK else " without a token"))
        # The call is over before it began, so that nobody waits for it.
        await server.webhook(CALLBACKS["3.3"], {**form, "CallStatus": "canceled"})
    findings.add("2.4", not faults, "; ".join(faults))


def _behind_https(server: ServerUnderTest) -> ServerUnderTest:
    """Return the same server as Twilio would know it behind a proxy that speaks https."""
    here = urlsplit(server.public_url)
    return replace(server, account=replace(server.account, public_url=f"https://{here.netloc}"))


async def check_callbacks(server: ServerUnderTest, findings: Findings) -> None:
    """3.1 to 3.3: 204 at once, whatever the slash; only POST."""
    for number, path in CALLBACKS.items():
        answers = [
            await server.webhook(path + ("/" if attempt % 2 else ""), _callback_form(server))
            for attempt in range(CALLBACK_TRIES)
        ]
        faults = [_callback_fault(answer) for answer in answers]
        answered = await server.ask("GET", path)
        faults.append("" if answered.status == NOT_ALLOWED else f"GET answers {answered.status}, not 405")
        _timed(server, findings, number, answers, faults)


async def check_callbacks_during(server: ServerUnderTest, findings: Findings, is_over: asyncio.Event) -> None:
    """3.4: the same while calls are held, until `is_over`."""
    answers, faults = list[HttpResponse](), list[str]()
    for path in itertools.cycle(CALLBACKS.values()):
        try:
            answer = await server.webhook(path, _callback_form(server))
        except ServerError as error:
            faults.append(str(error))
        else:
            answers.append(answer)
            faults.append(_callback_fault(answer))
        try:
            await asyncio.wait_for(is_over.wait(), PROBE_EVERY_S)
        except TimeoutError:
            continue
        break
    _timed(server, findings, "3.4", answers, faults)


def _callback_form(server: ServerUnderTest) -> dict[str, str]:
    # A call of which nothing but its end were told would be stored as a caller's.
    return new_call_form(server.account, CallStatus="in-progress", StreamEvent="stream-started")


def _callback_fault(answer: HttpResponse) -> str:
    if answer.status != NO_CONTENT:
        return f"HTTP {answer.status}"
    return "a body" if answer.body else ""


def _timed(
    server: ServerUnderTest, findings: Findings, number: str, answers: Sequence[HttpResponse], faults: Sequence[str]
) -> None:
    """Judge answers by their faults first; quick ones count only when they are right."""
    seconds = sum(answer.elapsed_ms for answer in answers) / 1000.0
    delays = [server.delay_ms(answer) for answer in answers]
    wrong = "; ".join(dict.fromkeys(fault for fault in faults if fault))
    if wrong:
        findings.fail(number, wrong, delays, "ms", seconds)
    else:
        findings.measure(number, delays, seconds=seconds)


HTTP_CHECKS: tuple[tuple[tuple[str, ...], Callable[[ServerUnderTest, Findings], Awaitable[None]]], ...] = (
    (("1.1", "1.2"), check_fronts),
    (("2.1", "2.2"), check_preview),
    (("2.3",), check_strangers),
    (("2.4",), check_signed),
    (("3.1", "3.2", "3.3"), check_callbacks),
)
