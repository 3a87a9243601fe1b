"""`python -m app qa BASE_URL`: the acceptance list against any deployment, with an exit status for CI (R12.1).

0: all passed; 1: an item failed; 2: wrong use, or nobody answers; 3: this tool itself was too late to judge.
"""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import click
import orjson

from app.config import is_loopback
from app.qa.acceptance.junit import junit
from app.qa.acceptance.report import as_json, lines
from app.qa.acceptance.runner import NotJudgedError, Options, accept
from app.qa.acceptance.sounds import SAMPLES, load_sounds
from app.qa.answering import Manner
from app.qa.scripted import Cast, ScriptError, cast
from app.qa.utterance import UtteranceError
from app.qa.wire.twilio_peer import Account

SAMPLE_DIALOG = "w01"
ALL_AT_ONCE = 6


@click.command("qa")
@click.argument("base_url")
@click.option("--wav", "wavs", multiple=True, type=click.Path(path_type=Path), help="Say this instead; repeatable.")
@click.option("--calls", type=click.IntRange(min=0), default=0, help="Then place so many calls at once; judge each.")
@click.option("--only", multiple=True, metavar="ITEM", help="Only this item (7.1) or section (3); repeatable.")
@click.option("--at-once", type=click.IntRange(min=1), help="Acceptance calls side by side; 1 against this machine.")
@click.option("--log", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The server's log (11.1).")
@click.option("--console-password", envvar="CONSOLE_PASSWORD", help="Judge states and words, too.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the findings as JSON.")
@click.option("--junit", "junit_file", type=click.Path(path_type=Path), help="Write the findings as JUnit XML.")
@click.option("--auth-token", envvar="TWILIO_AUTH_TOKEN", help="Sign webhooks with it, as Twilio does.")
@click.option("--public-url", envvar="PUBLIC_BASE_URL", help="The URL Twilio knows the server by, if not BASE_URL.")
def qa_command(
    base_url: str,
    wavs: tuple[Path, ...],
    calls: int,
    only: tuple[str, ...],
    at_once: int | None,
    log: Path | None,
    console_password: str | None,
    json_file: Path | None,
    junit_file: Path | None,
    auth_token: str | None,
    public_url: str | None,
) -> None:
    """Judge a server by the acceptance list, from outside, and say how to mend what fails.

    It makes calls as Twilio does. They are test calls: they leave no lead.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.UsageError(f"BASE_URL is {base_url!r}; it must be like https://agent.example.com")
    # Only a signed request may say that a proxy carried it: to development mode it would be a stranger's.
    account = Account(base_url.rstrip("/"), auth_token, public_url if auth_token else None)
    try:
        options = Options(
            account,
            load_sounds(wavs),
            casts=None if wavs else sample_casts(),
            only=only,
            calls=calls,
            at_once=at_once or (1 if is_loopback(parts.hostname) else ALL_AT_ONCE),
            log=(lambda: _read(log)) if log else None,
            console_password=console_password,
        )
        report = asyncio.run(accept(options, lambda text: click.echo(f"… {text}", err=True)))
    except (NotJudgedError, ScriptError, UtteranceError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    for text in lines(report):
        click.echo(text)
    try:
        if json_file:
            json_file.write_bytes(orjson.dumps(as_json(report), option=orjson.OPT_INDENT_2))
        if junit_file:
            junit_file.write_bytes(junit(report))
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}") from None
    sys.exit(report.exit_code)


def sample_casts() -> tuple[Cast, Cast]:
    """Return the caller of the sample dialog twice: one who listens to what is asked, one who does not."""
    dialogs, manifest = SAMPLES / "dialogs.jsonl", SAMPLES / "manifest.tsv"
    return (
        cast(dialogs, SAMPLE_DIALOG, manifest, Manner.TRUTHFUL),
        cast(dialogs, SAMPLE_DIALOG, manifest, Manner.ORDER),
    )


def _read(log: Path) -> Iterable[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()
