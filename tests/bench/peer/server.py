"""Pipecat beside ours: in an environment of its own, with the vendors that our server is measured with."""

import json
import os
from contextlib import ExitStack
from pathlib import Path

import click

from tests.bench.server import CHAT, ROOT, SPEECH, VOICE
from tests.bench.started import StartedServer
from tests.emulators.base import EmulatorProcess

ENVIRONMENT = ROOT / ".venv-peer"
TURNS = ("smart", "silence")
"""What ends a turn there: Pipecat's own model, its default, or silence alone, which costs less."""


def peer_server(core: int | None, turns: str, environment: Path = ENVIRONMENT) -> StartedServer:
    """Return Pipecat, to be entered; it is started with emulators of its own.

    Raises:
        click.ClickException: its environment is missing.
    """
    python = environment / "bin" / "python"
    if not python.exists():
        raise click.ClickException(f"{python} is missing: `make bench-peer` sets it up")
    with ExitStack() as emulators:
        voice = emulators.enter_context(EmulatorProcess("tests.emulators.google_tts", VOICE))
        chat = emulators.enter_context(EmulatorProcess("tests.emulators.openai_api", CHAT))
        variables = {
            **os.environ,
            "GOOGLE_TTS_ENDPOINT": voice.address,
            "OPENAI_BASE_URL": f"http://{chat.address}/v1",
            "OPENAI_API_KEY": "none-needed",
            "PEER_RECOGNISER": json.dumps(SPEECH),
            "PEER_TURNS": turns,
        }
        command = [str(python), "-m", "tests.bench.peer.pipecat_agent"]
        server = StartedServer(f"Pipecat, {turns}", command, core, variables)
        server.stack.push(emulators.pop_all())
    return server
