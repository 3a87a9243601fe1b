"""The acceptance list against the real server: what it finds, and that its calls leave nothing behind."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from app.qa.acceptance.command import qa_command, sample_casts
from app.qa.acceptance.findings import Status
from app.qa.acceptance.report import Report
from app.qa.acceptance.runner import Options, accept
from app.qa.acceptance.scenes import SCENES
from app.qa.acceptance.sounds import SAMPLES, load_sounds
from app.qa.doctor.command import doctor_command
from app.qa.wire.twilio_peer import Account
from tests.e2e.phones import until
from tests.e2e.town import AUTH_TOKEN, PUBLIC_URL, Town, town, twilio_environment

PASSWORD = "a password of this console"
UNSET = dict.fromkeys(("TWILIO_AUTH_TOKEN", "PUBLIC_BASE_URL", "CONSOLE_PASSWORD"))
TIMED = {"1.1", "1.2", "2.1", "3.1", "3.2", "3.3", "3.4", "7.1", "7.4", "8.1", "8.2", "9.1", "9.4", "11.1"}
"""What a busy machine may fail; and the log's order, which an answer that comes too late breaks."""
SHORTER = ("1", "2", "3", "4", "5", "6.1", "6.2", "7", "8", "9", "10", "11", "12.1", "12.2")


@pytest.fixture(scope="module")
def tried(house: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, Report]]:
    """A deployment with signed webhooks and a console, and what the list finds in it."""
    data: Path = tmp_path_factory.mktemp("tried")
    env = {"CONSOLE_PASSWORD": PASSWORD}
    with town(house.vendors, house.exchange, data, env, stock_from=house.data) as there:
        there.vendors.ears.script(samples=str(SAMPLES))
        there.vendors.voice.script(ms_per_character=22)
        there.vendors.mind.script(status=500)  # the checked lines of the rules are spoken
        options = Options(
            Account(there.server.url, there.auth_token, there.public_url),
            load_sounds(),
            casts=sample_casts(),
            only=SHORTER,
            at_once=len(SCENES),
            log=lambda: there.server.log().splitlines(),
            own_late_limit_ms=float("inf"),
            console_password=PASSWORD,
        )
        yield there, asyncio.run(accept(options))
    house.vendors.reset()


def test_the_real_server_fails_nothing_that_a_busy_machine_does_not(tried: tuple[Town, Report]) -> None:
    """R12.1, C38: everything was judged, states and words included."""
    _, report = tried
    failed = {finding.item.id: finding.reason for finding in report.findings if finding.status is Status.FAILED}
    assert set(failed) <= TIMED, failed
    skipped = {finding.item.id: finding.reason for finding in report.findings if finding.status is Status.SKIPPED}
    assert all(reason.startswith("not judged: ") for reason in skipped.values()), skipped
    values = {finding.item.id: finding.values for finding in report.findings}
    assert values["7.1"]
    assert values["8.1"]
    if "8.2" not in failed:
        assert values["10.2"] == (100.0,)


def test_the_calls_of_a_trial_leave_no_lead(tried: tuple[Town, Report]) -> None:
    """R14, R21: they are stored as tests."""
    there, _ = tried
    assert {row["channel"] for row in there.rows("SELECT channel FROM calls")} == {"browser"}
    assert there.rows("SELECT id FROM leads") == []
    asked = [one.path for one in there.vendors.rest.requests if "BR" in one.path or one.path.endswith("Messages.json")]
    assert asked == []


def test_the_vendors_had_nothing_to_complain_of(tried: tuple[Town, Report]) -> None:
    """R8.1, R9.1: whatever the callers of the trial did."""
    there, _ = tried
    assert there.vendors.violations() == []


def test_the_command_writes_what_machines_read(tried: tuple[Town, Report], tmp_path: Path) -> None:
    """R12.1: exit status, JSON, JUnit; without the token it is wrong use."""
    there, _ = tried
    files = ("--json", str(tmp_path / "qa.json"), "--junit", str(tmp_path / "qa.xml"))
    signed = ("--auth-token", AUTH_TOKEN, "--public-url", PUBLIC_URL)
    command = (there.server.url, "--only", "2.2", "--only", "2.3", "--only", "4.2")
    ended = CliRunner(env=UNSET).invoke(qa_command, [*command, *files, *signed])
    assert ended.exit_code == 0, ended.output
    assert "3 passed, 0 failed, 0 skipped" in ended.stdout
    told = json.loads((tmp_path / "qa.json").read_text(encoding="utf-8"))
    assert [item["status"] for item in told["items"]] == ["passed"] * 3
    assert told["server"]["version"]
    assert [suite.get("name") for suite in ET.parse(tmp_path / "qa.xml").getroot()] == ["qa.2", "qa.4"]
    refused = CliRunner(env=UNSET).invoke(qa_command, command)
    assert refused.exit_code == 2
    assert "TWILIO_AUTH_TOKEN" in refused.stderr


def doctor(there: Town, *arguments: str) -> list[str]:
    """Run the doctor on the machine of the deployment, with its settings; return its lines."""
    settings = twilio_environment(there.vendors) | {"PORT": str(there.server.port), "DATA_DIR": str(there.data)}
    ended = CliRunner(env=UNSET | settings).invoke(doctor_command, arguments)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    return ended.stdout.splitlines()


def test_the_doctor_tries_what_bears_on_a_symptom(tried: tuple[Town, Report]) -> None:
    """R13.1: 31924 is a matter of the handshake, and of what leads there."""
    there, _ = tried
    told = doctor(there, "--offline", "--symptom", "31924")
    assert [line.split()[:4] for line in told[:4]] == [["ok", "acceptance", "—", f"4.{n}"] for n in (1, 2, 3, 4)]
    assert told[-1].startswith("31920, 31924, handshake 400: look at")


def test_the_doctor_sees_a_child_that_dies_again_and_again(tried: tuple[Town, Report]) -> None:
    """R13.1: the speech child is killed as often as it comes."""
    there, _ = tried
    assert not any(line.startswith("FAIL running server") for line in doctor(there, "--offline"))
    for _ in range(3):
        pid = there.child("speech")
        os.kill(pid, signal.SIGKILL)
        until(partial(lambda before: there.child("speech") != before, pid), "another speech child")
    (told,) = [line for line in doctor(there, "--offline") if line.startswith("FAIL running server")]
    assert told.startswith("FAIL running server — a child restarts again and again: speech, 3 times")
