"""The command line: `python -m app COMMAND`."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from app import config


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
    """Run codec, filters, VAD and endpointing over WAV; write one JSON line an event to OUT."""
    from app.media.wav import WavError
    from app.qa.turns import run_turns

    try:
        run_turns(wav, out)
    except WavError as error:
        raise click.ClickException(f"{wav}: {error}") from None


def _jsonl_command(name: str, help_text: str) -> None:
    """Add an eval command that reads one JSONL file and writes another."""

    @evaluate.command(name=name, help=help_text)
    @click.argument("source", metavar="IN.jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.argument("out", metavar="OUT.jsonl", type=click.Path(dir_okay=False, path_type=Path))
    def run(source: Path, out: Path) -> None:
        from app.qa import converse, understanding

        runners: dict[str, Callable[[Path, Path], object]] = {
            "slots": understanding.eval_slots,
            "dialogs": understanding.eval_dialogs,
            "converse": converse.converse,
        }
        try:
            runners[name](source, out)
        except (ValueError, KeyError) as error:
            raise click.ClickException(f"{source}: {error}") from None


_jsonl_command("slots", "Understand each utterance of IN; write what it changes and its intent.")
_jsonl_command("dialogs", "Understand each dialog of IN turn by turn as scripted; write the slots at its end.")
_jsonl_command("converse", "Hold each dialog of IN freely; write the agent's lines, the slots and the outcome.")


def _add_call() -> None:
    from app.qa.caller import call_command
    from app.qa.load import load_command

    main.add_command(call_command, name="call")
    main.add_command(load_command, name="load")


if __name__ == "__main__":
    _add_call()
    try:
        main()
    except config.ConfigError as error:
        sys.exit(f"Configuration error:\n{error}")
