"""`python -m app doctor`: what is wrong, why it matters, and what mends it (R13.1)."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Iterator

import click
import requests

from app import config
from app.config import Settings
from app.qa.acceptance.findings import Status
from app.qa.acceptance.report import line as item_line
from app.qa.acceptance.runner import NotJudgedError, Options, accept
from app.qa.acceptance.sounds import load_sounds
from app.qa.doctor import deployment, machine, retention, vendors
from app.qa.doctor.finding import Finding, Health, fail, warn
from app.qa.symptoms import Symptom, find, symptoms
from app.qa.wire.twilio_peer import Account

Check = Callable[[Settings], Iterator[Finding]]
UNKNOWN_SYMPTOM = 2
LOCAL: tuple[tuple[tuple[str, ...], Check], ...] = (
    (("settings",), machine.check_settings),
    (("disk",), machine.check_disk),
    (("models",), machine.check_models),
    (("database",), machine.check_database),
    (("outbox",), machine.check_outbox),
    (("recording",), retention.check_notice),
    (("retention",), retention.check_retention),
    (("console",), machine.check_console),
    (("WhatsApp template",), machine.check_template),
    (("running server",), deployment.check_running),
)
REMOTE: tuple[tuple[tuple[str, ...], Check], ...] = (
    (("public URL",), deployment.check_public_url),
    (("Twilio account", "Twilio token"), vendors.check_twilio),
    (("clock",), vendors.check_clock),
    (("Google STT",), vendors.check_google_stt),
    (("Google TTS",), vendors.check_google_tts),
    (("OpenAI",), vendors.check_openai),
)
ONLY_FOR_SYMPTOMS: tuple[tuple[tuple[str, ...], Check], ...] = ((("slowest step",), machine.check_slowest_step),)
NUMBERS = ("number's webhook", "number's call status")


@click.command("doctor")
@click.option("--offline", is_flag=True, help="Ask nobody outside this machine.")
@click.option("--fix", is_flag=True, help="Set the Twilio number's webhooks to this deployment's.")
@click.option("--number", metavar="+972…", help="Which of the account's numbers, where it has several.")
@click.option("--symptom", metavar="X", help="A code or words, such as 11205 or slow: only what bears on it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor_command(*, offline: bool, fix: bool, number: str | None, symptom: str | None, as_json: bool) -> None:
    """Look for what is wrong, and say what mends it. Exit 1: something is.

    Google, OpenAI and Twilio are asked one cheap call each, whose price is printed; --offline leaves them out.
    """
    row = None
    if symptom is not None and (row := find(symptom)) is None:
        click.echo(f"no symptom {symptom!r}; there are:", err=True)
        for known in symptoms():
            click.echo(f"  {known.name:<12} {known.seen}   ({', '.join(known.words)})", err=True)
        sys.exit(UNKNOWN_SYMPTOM)
    found: list[Finding] = []
    for finding in _examine(offline=offline, fixes=fix, number=number, row=row):
        found.append(finding)
        if not as_json:
            click.echo(str(finding))
    if as_json:
        click.echo(json.dumps({"schema": "doctor/1", "checks": [one.as_json() for one in found]}, ensure_ascii=False))
    elif row is not None:
        click.echo(f"\n{row.seen}: look at {row.look}; {row.do}")
    sys.exit(any(one.health is Health.FAIL for one in found))


def _examine(*, offline: bool, fixes: bool, number: str | None, row: Symptom | None) -> Iterator[Finding]:
    """Make the checks that are wanted: all of them, or those that bear on a symptom."""
    if row is None:
        yield from machine.check_versions()
    try:
        settings = config.load()
    except config.ConfigError as error:
        for fault in str(error).splitlines():
            yield fail("settings", fault, "set it right; python -m app settings shows what is allowed")
        return
    checks = [*LOCAL, *(() if offline else REMOTE), *(ONLY_FOR_SYMPTOMS if row else ())]
    for names, check in checks:
        if row is None or set(names) & set(row.checks):
            yield from check(settings)
    if not offline and (row is None or set(NUMBERS) & set(row.checks)):
        yield from vendors.check_numbers(settings, fixes=fixes, chosen=number)
    if row is not None and row.items:
        yield from _accept(settings, row.items, offline=offline)


def _accept(settings: Settings, items: tuple[str, ...], *, offline: bool) -> Iterator[Finding]:
    """Make the acceptance items that bear on a symptom, against the server here, else the deployment."""
    base = deployment.here(settings)
    try:
        requests.get(f"{base}/version", timeout=deployment.TIMEOUT_S)
    except requests.RequestException:
        if offline or settings.public_base_url is None:
            yield warn(
                "acceptance", f"items {', '.join(items)} were not tried: no server answers", "start it: make run"
            )
            return
        base = settings.public_base_url
    token = settings.twilio_auth_token.get_secret_value() if settings.twilio_auth_token else None
    account = Account(base, token, settings.public_base_url if token else None)
    try:
        report = asyncio.run(accept(Options(account, load_sounds(), only=items)))
    except NotJudgedError as error:
        yield warn("acceptance", str(error))
        return
    health = {Status.PASSED: Health.OK, Status.FAILED: Health.FAIL, Status.SKIPPED: Health.WARN}
    for finding in report.findings:
        told = item_line(finding)[5:].split("   → ")[0]
        do = finding.fix if finding.status is Status.FAILED else ""
        yield Finding("acceptance", health[finding.status], " ".join(told.split()), do)
    if not report.is_trusted:
        yield warn("acceptance", f"this tool was {report.own_late_ms_max:.0f} ms late itself", "try a quieter machine")


def check_names() -> set[str]:
    """Return the names of all checks, which the symptom table may use."""
    every: Iterable[tuple[tuple[str, ...], Check]] = (*LOCAL, *REMOTE, *ONLY_FOR_SYMPTOMS)
    return {name for names, _ in every for name in names} | set(NUMBERS)
