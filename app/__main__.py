"""The command line: `python -m app COMMAND`."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app import config

if TYPE_CHECKING:
    from app.speech.reader import Reader


@click.group()
def main() -> None:
    """A phone agent that speaks Hebrew."""


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def replay(file: Path) -> None:
    """Run the pure core on a recorded call and print its decisions.

    Exits with 1 when one of them differs from the tape.
    """
    from app.call.tape import TapeError
    from app.call.tape import replay as play

    differing = 0
    try:
        with file.open("rb") as tape:
            for at_ms, decision, as_taped in play(tape):
                differing += not as_taped
                click.echo(f"{at_ms} {'' if as_taped else 'DIFFERS '}{decision}")
    except TapeError as error:
        raise click.ClickException(f"{file}: {error}") from None
    if differing:
        raise click.ClickException(f"{differing} decisions differ from the tape")


@main.command()
def settings() -> None:
    """Print every setting as the README's table shows it."""
    for line in config.table():
        click.echo(line)


@main.command()
@click.option("--if-needed", is_flag=True, help="Only where the settings let an embedded engine serve.")
def models(*, if_needed: bool) -> None:
    """Fetch the embedded engines' weights, once; each is known by its sha256."""
    from app.speech.embedded.fetch import WeightsError
    from app.speech.embedded.install import install

    found = config.load()
    if if_needed and "embedded" not in (found.stt, found.tts):
        click.echo("cloud engines serve: no embedded models are needed", err=True)
        return
    try:
        install(found.data_dir / "models", found.models_mirror or "")
    except (WeightsError, OSError) as error:
        raise click.ClickException(str(error)) from None


@main.group(name="eval")
def evaluate() -> None:
    """Measure the ears and the understanding on files."""


@evaluate.command()
@click.argument("wav", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def turns(wav: Path, out: Path) -> None:
    """Hear WAV as a call with these settings would; write one JSON line an event to OUT."""
    from app.media.wav import WavError
    from app.qa.turns import run_turns

    try:
        run_turns(wav, out, config.load())
    except WavError as error:
        raise click.ClickException(f"{wav}: {error}") from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None


_SOURCE = click.argument("source", metavar="IN.jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_OUT = click.argument("out", metavar="OUT.jsonl", type=click.Path(dir_okay=False, path_type=Path))
_ENGINE = click.option(
    "--engine",
    type=click.Choice(["rules", "llm"]),
    default="rules",
    show_default=True,
    help="llm: OpenAI reads each turn, too (OPENAI_API_KEY).",
)


@evaluate.command()
@_SOURCE
@_OUT
@_ENGINE
def slots(source: Path, out: Path, engine: str) -> None:
    """Understand each utterance of IN; write what it changes and its intent."""
    from app.qa.understanding import eval_slots

    _evaluated(eval_slots, source, out, engine)


@evaluate.command()
@_SOURCE
@_OUT
@_ENGINE
def dialogs(source: Path, out: Path, engine: str) -> None:
    """Understand each dialog of IN turn by turn as scripted; write the slots at its end."""
    from app.qa.understanding import eval_dialogs

    _evaluated(eval_dialogs, source, out, engine)


@evaluate.command()
@_SOURCE
@_OUT
def converse(source: Path, out: Path) -> None:
    """Hold each dialog of IN freely; write the agent's lines, the slots and the outcome."""
    from app.qa.converse import converse as hold

    _evaluated(lambda in_, out_, _: hold(in_, out_), source, out, "rules")


def _evaluated(run: Callable[[Path, Path, Any], int], source: Path, out: Path, engine: str) -> None:
    """Run an evaluation of JSON lines; faults are told by line and field, and end with status 1."""
    from app.qa.records import RecordsError

    with ExitStack() as stack:
        reader = stack.enter_context(_reader()) if engine == "llm" else None
        try:
            run(source, out, reader)
        except RecordsError as error:
            raise click.ClickException(f"{source}:\n{error}") from None
        except OSError as error:
            raise click.ClickException(f"{error.filename}: {error.strerror}") from None
        if reader is not None and reader.failures:
            first = reader.failures[0]
            raise click.ClickException(f"OpenAI read {len(reader.failures)} turns not, the parser alone did: {first}")


def _reader() -> "Reader":
    from app.speech.cloud.settings import CloudSettings
    from app.speech.reader import Reader

    found = config.load()
    if found.openai_api_key is None:
        raise click.ClickException("--engine llm: set OPENAI_API_KEY")
    key, base_url = found.openai_api_key.get_secret_value(), found.openai_base_url or ""
    cloud = CloudSettings(openai_api_key=key, openai_base_url=base_url, llm_model=found.openai_model)
    return Reader(cloud)


def _add_call() -> None:
    from app.leads.command import forget_command, leads_command, transcript_command
    from app.qa.acceptance.command import qa_command
    from app.qa.caller import call_command
    from app.qa.doctor.command import doctor_command
    from app.qa.load import load_command

    main.add_command(leads_command)
    main.add_command(forget_command)
    main.add_command(transcript_command)
    main.add_command(call_command, name="call")
    main.add_command(load_command, name="load")
    main.add_command(qa_command, name="qa")
    main.add_command(doctor_command, name="doctor")


if __name__ == "__main__":
    _add_call()
    try:
        main()
    except config.ConfigError as error:
        sys.exit(f"Configuration error:\n{error}")
