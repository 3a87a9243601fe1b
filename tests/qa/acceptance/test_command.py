"""`python -m app qa` used wrongly: each mistake is named, and the exit status is 2."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.qa.acceptance.command import qa_command
from tests.servers import free_port

NOWHERE = f"http://127.0.0.1:{free_port()}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["agent.example.com"], "must be like https://agent.example.com"),
        (["ftp://agent.example.com"], "must be like https://agent.example.com"),
        ([NOWHERE], "nobody answers"),
        ([NOWHERE, "--only", "99"], "there is no item 99"),
        ([NOWHERE, "--wav", "nothing.wav"], "nothing.wav"),
        ([NOWHERE, "--calls", "-1"], "--calls"),
        ([NOWHERE, "--log", "nothing.log"], "nothing.log"),
    ],
)
def test_wrong_use_is_named(arguments: list[str], said: str) -> None:
    """R12.1: exit 2, whatever else would have failed."""
    ended = CliRunner(env={"TWILIO_AUTH_TOKEN": None, "CONSOLE_PASSWORD": None}).invoke(qa_command, arguments)
    assert ended.exit_code == 2, ended.output
    assert said in ended.stderr


def test_a_wav_without_sound_cannot_be_said(tmp_path: Path) -> None:
    """R12.1: bad input is named before any call is made."""
    wav = tmp_path / "hush.wav"
    wav.write_bytes(b"RIFF")
    ended = CliRunner().invoke(qa_command, [NOWHERE, "--wav", str(wav)])
    assert ended.exit_code == 2
    assert "hush.wav" in ended.stderr
