"""The command line, run as an operator runs it."""

import json
import re
import subprocess
import sys
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.__main__ import main
from app.qa.caller import call_command
from tests.e2e.phones import AUDIO
from tests.e2e.town import AUTH_TOKEN, OPENAI_KEY, PUBLIC_URL, Town, Vendors, town
from tests.servers import ROOT, free_port

WORD = next(AUDIO.glob("w01_02*.wav"))
SENTENCE = next(AUDIO.glob("w01_01*.wav"))
TURN = {"asked": "greeting", "agent": "", "caller": "אני רוצה לקנות דירה בחולון"}
DIALOG = {"id": "d1", "today": "2026-11-22", "caller_id": "+972541234549", "turns": [TURN]}


@pytest.fixture(scope="module")
def dev(house: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A server on the developer's own machine: no Twilio account."""
    data = tmp_path_factory.mktemp("dev")
    with town(house.vendors, house.exchange, data, signed=False, stock_from=house.data) as started:
        yield started


def process(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run `python -m app` with none of this machine's Twilio settings."""
    command = [sys.executable, "-m", "app", *map(str, arguments)]
    clean = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    return subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, timeout=120, check=False)


def agent(*arguments: object, env: Mapping[str, str] | None = None) -> Result:
    """Run a command of `python -m app` in this process, for its imports take a second."""
    main.add_command(call_command, name="call")
    unset = dict.fromkeys(("TWILIO_AUTH_TOKEN", "PUBLIC_BASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL"))
    return CliRunner(env={**unset, **(env or {})}).invoke(main, [*map(str, arguments)])


def refused(ended: Result) -> str:
    """Return what a command that must fail said; it must not have crashed."""
    assert ended.exit_code != 0
    assert isinstance(ended.exception, SystemExit), ended.exception
    return ended.stderr


# -- call -------------------------------------------------------------------------------------------------------------


def test_a_call_prints_its_turns_and_is_recorded_in_stereo(dev: Town, tmp_path: Path) -> None:
    """R12.1: what was said, by whom, how long the answer took, what the server decided; the caller on the left."""
    dev.vendors.reset()
    dev.vendors.ears.script(texts=["אני מחפש דירה ברחובות"])
    record = tmp_path / "call.wav"
    ended = process("call", "--url", dev.server.url, "--record", record, "--gap-ms", 100, WORD, WORD)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = ended.stdout
    assert said.count("caller speaks") == 2
    assert "turn 2: voice-to-voice" in said
    assert "agent speaks" in said
    assert "mark played: assistant_tts_end:3" in said
    assert re.search("server: ASR_TEXT .*text=אני מחפש דירה ברחובות", said)
    with wave.open(str(record)) as audio:
        assert (audio.getframerate(), audio.getnchannels(), audio.getsampwidth()) == (8000, 2, 2)
        samples = memoryview(audio.readframes(audio.getnframes())).cast("h")
    assert max(samples[::2]) > 1000
    assert max(samples[1::2]) > 1000


def test_a_call_to_an_account_is_signed(house: Town) -> None:
    """R2.4: with the token the call is taken; without it the refusal says what to give."""
    house.vendors.reset()
    options = ("--url", house.server.url, "--public-url", PUBLIC_URL, "--gap-ms", 100, WORD)
    assert agent("call", "--auth-token", AUTH_TOKEN, *options).exit_code == 0
    assert "TWILIO_AUTH_TOKEN as --auth-token" in refused(agent("call", *options))
    assert "403" in refused(agent("call", "--auth-token", "another", *options))


def test_a_call_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    """R13.1: nobody there, no such file, nothing to say."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert "nobody answers" in refused(agent("call", "--url", nowhere, WORD))
    assert "nothing.wav" in refused(agent("call", "--url", nowhere, tmp_path / "nothing.wav"))
    assert "at least one WAV" in refused(agent("call", "--url", nowhere))


# -- eval and settings ------------------------------------------------------------------------------------------------


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_turns_are_found_in_a_recording(tmp_path: Path) -> None:
    """R6: one utterance, its start and its end."""
    out = tmp_path / "turns.jsonl"
    ended = agent("eval", "turns", SENTENCE, out)
    assert ended.exit_code == 0, ended.stderr
    events = [line["event"] for line in written(out)]
    assert events[0] == "speech_started"
    no_wav = tmp_path / "no.wav"
    no_wav.write_bytes(b"not audio")
    assert "no.wav" in refused(agent("eval", "turns", no_wav, out))


@pytest.mark.parametrize(
    ("command", "record", "holds"),
    [
        ("slots", {"id": "s1", "today": "2026-11-22", **TURN}, {"updates", "intent"}),
        ("dialogs", DIALOG, {"final"}),
        ("converse", DIALOG, {"slots", "outcome"}),
    ],
)
def test_understanding_is_measured_on_files(
    tmp_path: Path, command: str, record: dict[str, Any], holds: set[str]
) -> None:
    """R10.2, R10.6: one line in, one line out; a line that is none is named."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
    ended = agent("eval", command, source, out)
    assert ended.exit_code == 0, ended.stderr
    (line,) = written(out)
    assert line["id"] == record["id"]
    assert holds <= set(line)
    assert "חולון" in json.dumps(line, ensure_ascii=False)
    source.write_text("no JSON\n", encoding="utf-8")
    said = refused(agent("eval", command, source, out))
    assert "in.jsonl" in said
    assert "line 1: " in said
    assert len(written(out)) == 1


@pytest.mark.parametrize("command", ["slots", "dialogs"])
def test_a_language_model_reads_the_turns_too_when_asked(command: str, vendors: Vendors, tmp_path: Path) -> None:
    """R10.2: as in a call; without a key, or where OpenAI does not answer, the command says so."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    record = {"id": "s1", "today": "2026-11-22", **TURN} if command == "slots" else DIALOG
    source.write_text(json.dumps(record), encoding="utf-8")
    assert "OPENAI_API_KEY" in refused(agent("eval", command, source, out, "--engine", "llm"))
    vendors.reset()
    update = {"slot": "timing", "op": "set", "timing": {"type": "flexible"}, "quote": "אני רוצה"}
    vendors.mind.script(json_answer={"updates": [update], "refused": [], "intent": "provide_info"})
    keys = {"OPENAI_API_KEY": OPENAI_KEY, "OPENAI_BASE_URL": f"http://{vendors.mind.address}/v1"}
    ended = agent("eval", command, source, out, "--engine", "llm", env=keys)
    assert ended.exit_code == 0, ended.stderr
    (line,) = written(out)
    assert line["updates" if command == "slots" else "final"]["timing"] == {"type": "flexible"}
    vendors.mind.script(status=401)
    assert "1 turns" in refused(agent("eval", command, source, out, "--engine", "llm", env=keys))
    assert "חולון" in json.dumps(written(out), ensure_ascii=False)


def test_every_setting_is_printed(tmp_path: Path) -> None:
    """R1.3: name, default, range, meaning, as a Markdown table."""
    ended = process("settings")
    assert ended.returncode == 0, ended.stderr
    rows = ended.stdout.splitlines()
    assert rows[0].startswith("| setting")
    assert any(row.startswith("| `MIN_UTT_MS` | 900 | 900…1200 |") for row in rows)
