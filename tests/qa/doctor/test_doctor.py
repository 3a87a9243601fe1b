"""Each thing that can be wrong is made at its real edge; the doctor names it, and what mends it."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.leads.database import Database
from app.leads.models import Call, Delivery, Lead, Turn
from app.qa.doctor.command import check_names, doctor_command
from app.qa.doctor.machine import check_versions
from app.qa.symptoms import symptoms
from tests.emulators.base import EmulatorProcess
from tests.emulators.http_server import Request, Response
from tests.emulators.twilio_rest import TwilioRestEmulator, number_resource
from tests.qa.doctor.stand_in import stand_in
from tests.servers import free_port

NUMBER, BASE = "+97239999999", "https://voice.example"
RIGHT = number_resource("PN" + "1" * 32, NUMBER, f"{BASE}/webhook/incoming_call", f"{BASE}/webhook/call_status")


def doctor(*arguments: str, data: Path, **settings: str) -> Result:
    """Run the command with these settings and no others of the kind."""
    unset = dict.fromkeys(
        (
            "TWILIO_ACCOUNT_SID",
            "TWILIO_AUTH_TOKEN",
            "TWILIO_API_URL",
            "PUBLIC_BASE_URL",
            "OPENAI_API_KEY",
            "DATABASE_URL",
        )
    )
    environment = {**unset, "DATA_DIR": str(data), "PORT": str(free_port()), **settings}
    return CliRunner(env=environment).invoke(doctor_command, arguments)


def lines(result: Result, check: str) -> list[str]:
    """Return the lines about a check."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    found = [line for line in result.stdout.splitlines() if line[5:].split(" — ")[0] == check]
    assert found, result.stdout
    return found


@pytest.fixture(scope="module")
def ears() -> Iterator[EmulatorProcess]:
    with EmulatorProcess("tests.emulators.google_speech") as started:
        yield started


@pytest.fixture(scope="module")
def voice() -> Iterator[EmulatorProcess]:
    with EmulatorProcess("tests.emulators.google_tts") as started:
        yield started


@pytest.fixture(scope="module")
def mind() -> Iterator[EmulatorProcess]:
    with EmulatorProcess("tests.emulators.openai_api") as started:
        yield started


@pytest.fixture
def account() -> Iterator[tuple[TwilioRestEmulator, dict[str, str]]]:
    with TwilioRestEmulator(numbers=[dict(RIGHT)]) as rest:
        yield (
            rest,
            {
                "TWILIO_ACCOUNT_SID": rest.account_sid,
                "TWILIO_AUTH_TOKEN": rest.auth_token,
                "TWILIO_API_URL": rest.url,
                "PUBLIC_BASE_URL": BASE,
            },
        )


# -- this machine ----


def test_a_fresh_clone_gets_warnings_and_no_failure(tmp_path: Path) -> None:
    """R13.1: nothing is set, nothing runs; each warning says what to do."""
    result = doctor("--offline", data=tmp_path / "data")
    assert result.exit_code == 0, result.stdout
    assert "make run" in lines(result, "running server")[0]
    assert lines(result, "models")[0].endswith("do: run python -m app models")
    assert lines(result, "database")[0].startswith("ok")


def test_a_wrong_setting_is_named_as_at_the_start(tmp_path: Path) -> None:
    """R1.3, R13.1."""
    result = doctor("--offline", data=tmp_path, MIN_UTT_MS="5", CONSOLE_PASSWORD="short")
    assert result.exit_code == 1
    told = lines(result, "settings")
    assert any("FAIL" in line and "MIN_UTT_MS: " in line for line in told)
    assert any("CONSOLE_PASSWORD: must have 12 characters or more" in line for line in told)


def test_another_gunicorn_is_named_with_the_pair_that_works(tmp_path: Path) -> None:
    """R1.1: against requirements that pin another version."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("gunicorn==26.0.0\neventlet==0.41.3\n")
    told = [str(finding) for finding in check_versions(requirements)]
    assert told[1].startswith("FAIL gunicorn, eventlet — gunicorn 25.3.0")
    assert told[1].endswith("gunicorn 25.3.0 and eventlet 0.41.3 belong together; 26 has no eventlet worker")


def test_a_database_that_cannot_be_written_fails(tmp_path: Path) -> None:
    """R14: the folder is a file."""
    (tmp_path / "file").write_text("")
    result = doctor("--offline", data=tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/file/agent.db")
    assert result.exit_code == 1
    assert lines(result, "database")[0].endswith("do: cannot be written: DATABASE_URL, or the folder DATA_DIR")


def test_a_newer_schema_is_told(tmp_path: Path) -> None:
    """R14: after a rollback of the program."""
    doctor("--offline", data=tmp_path)
    with sqlite3.connect(tmp_path / "agent.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    told = lines(doctor("--offline", data=tmp_path), "database")[0]
    assert told.startswith("warn database — schema is newer than this program: 9999")


def test_missing_models_fail_once_some_are_there(tmp_path: Path) -> None:
    """R15: a download that broke off."""
    from app.speech.embedded.weights import WEIGHTS

    form = WEIGHTS[0].form
    file = tmp_path / "models" / form.path
    file.parent.mkdir(parents=True)
    with file.open("wb") as sparse:
        sparse.truncate(form.size_bytes)
    told = lines(doctor("--offline", data=tmp_path), "models")[0]
    assert told.startswith("FAIL")
    assert told.endswith("do: run python -m app models")


def test_undelivered_leads_are_counted_with_their_age(tmp_path: Path) -> None:
    """R14, R13.1."""
    _store(tmp_path)
    told = lines(doctor("--offline", "--symptom", "lead", data=tmp_path), "outbox")[0]
    assert "1 leads undelivered, oldest 59 min" in told or "1 leads undelivered, oldest 60 min" in told
    assert told.endswith("do: python -m app leads --undelivered")


def test_leads_without_any_delivery_are_told_of_too(tmp_path: Path) -> None:
    """R14, R13.1: no LEAD_WEBHOOK_URL was set when the caller hung up; the command that is named shows them."""
    _store(tmp_path)
    with sqlite3.connect(tmp_path / "agent.db") as database:
        database.execute("DELETE FROM deliveries")
        database.execute("UPDATE leads SET needs_attention = 1")
    told = lines(doctor("--offline", "--symptom", "lead", data=tmp_path), "outbox")[0]
    assert told.startswith("warn outbox — leads that nobody was told of: 1 — ")
    assert told.endswith("do: python -m app leads --undelivered")


def test_the_slowest_step_of_the_last_turns_is_named(tmp_path: Path) -> None:
    """R13.1, R19: `--symptom slow` without a server still shows what the store knows."""
    _store(tmp_path)
    result = doctor("--offline", "--symptom", "איטי", data=tmp_path)
    assert "the language model: p50 900 ms, p95 900 ms of 1 turns" in lines(result, "slowest step")[0]
    assert "items 8 were not tried" in lines(result, "acceptance")[0]
    assert "is the culprit" in result.stdout.splitlines()[-1]


def _store(folder: Path) -> None:
    """Write a store with one turn, and one lead that has waited for an hour."""
    database = Database(f"sqlite:///{folder}/agent.db")
    then = datetime.now(UTC) - timedelta(hours=1)
    with database.begin() as session:
        session.add(Call(call_sid="CA1", started_at=then, last_activity_at=then, ended_at=then))
        session.flush()
        session.add(
            Turn(call_sid="CA1", number=1, at=then, latencies_ms={"stt": 200, "llm": 900, "tts": 100, "own": 5})
        )
        lead = Lead(call_sid="CA1", idempotency_key="k", payload={}, created_at=then)
        session.add(lead)
        session.flush()
        session.add(Delivery(lead_id=lead.id, channel="webhook", target="x", created_at=then, updated_at=then))
    database.close()


# -- the running server ----


@pytest.mark.parametrize(
    ("health", "told"),
    [
        ({"children": [{"name": "speech", "up": True, "restarts": 5}]}, "FAIL running server — a child restarts again"),
        (
            {"children": [{"name": "speech", "up": True, "restarts": 5, "last_end": "killed by SIGKILL"}]},
            "FAIL running server — a child restarts again and again: speech, 5 times; its last words: killed by",
        ),
        ({"children": [{"name": "store", "up": False, "restarts": 0}]}, "warn running server — the child store is not"),
        (
            {"engines_down": {"openai": False, "google voice": True}},
            "warn running server — google voice has failed several times in a row",
        ),
        (
            {"troubles": {"model_gone": "gpt-old is no longer there, gpt-next answers"}},
            "warn running server — gpt-old is no longer there, gpt-next answers",
        ),
        (
            {"troubles": {"voice_at_a_wrong_rate": "Google's stream: 5 characters last over 3 s"}},
            "warn running server — Google's stream: 5 characters last over 3 s",
        ),
        ({"hub_lag_p99_ms": 90}, "warn running server — hub lag p99 90 ms: fewer calls or a second core"),
        ({}, "ok   running server — 2 calls, hub lag p99 1 ms"),
    ],
)
def test_the_running_server_is_asked_how_it_is(tmp_path: Path, health: dict[str, object], told: str) -> None:
    """R13.1: over real HTTP."""
    answer = {"status": "ok", "live_calls": 2, "hub_lag_p99_ms": 1, "children": [], **health}

    async def serve(request: Request, response: Response) -> None:
        assert request.path == "/health"
        await response.send_json(answer)

    with stand_in(serve) as port:
        result = doctor("--offline", data=tmp_path, PORT=str(port))
    assert lines(result, "running server")[0].startswith(told)


# -- Twilio ----

Account = tuple[TwilioRestEmulator, dict[str, str]]


def test_an_account_that_is_well_is_said_to_be(account: Account, tmp_path: Path) -> None:
    """R13.1: SID and token fit, the token signs, the number calls us, the clocks agree."""
    _, settings = account
    result = doctor(data=tmp_path, **settings)
    for check in ("Twilio account", "Twilio token", "number's webhook", "number's call status", "clock"):
        assert lines(result, check)[0].startswith("ok"), result.stdout
    assert "public URL" in result.stdout


def test_a_token_of_another_account_fails(account: Account, tmp_path: Path) -> None:
    """R13.1."""
    _, settings = account
    result = doctor(data=tmp_path, **{**settings, "TWILIO_AUTH_TOKEN": "another"})
    assert result.exit_code == 1
    assert lines(result, "Twilio account")[0].endswith(
        "do: TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are of two accounts"
    )


def test_a_secondary_token_fails_for_it_signs_nothing(account: Account, tmp_path: Path) -> None:
    """R2.4, R13.1."""
    rest, settings = account
    rest.secondary_token = "the second"
    told = lines(doctor(data=tmp_path, **{**settings, "TWILIO_AUTH_TOKEN": "the second"}), "Twilio token")[0]
    assert told.startswith("FAIL")
    assert told.endswith("do: use the primary token: Twilio signs with it alone")


def test_a_region_in_the_environment_is_told(account: Account, tmp_path: Path) -> None:
    """R13.1: it sends Twilio's own tools elsewhere."""
    _, settings = account
    told = lines(doctor(data=tmp_path, TWILIO_REGION="ie1", **settings), "Twilio account")[0]
    assert told.endswith("do: unset TWILIO_REGION, TWILIO_EDGE")


def test_a_wrong_webhook_fails_and_fix_sets_it(account: Account, tmp_path: Path) -> None:
    """R13.1: a slash too many, GET, no status callback; after --fix a second run is ok."""
    rest, settings = account
    wrong = number_resource("PN" + "1" * 32, NUMBER, f"{BASE}/webhook/incoming_call/")
    rest.numbers[:] = [wrong]
    result = doctor(data=tmp_path, **settings)
    told = lines(result, "number's webhook")[0]
    assert f"{NUMBER}: the number calls {BASE}/webhook/incoming_call/" in told
    assert told.endswith(f"it must be {BASE}/webhook/incoming_call, POST, without a slash: run doctor --fix")
    assert lines(result, "number's call status")[0].startswith("FAIL")
    assert all(request.method == "GET" for request in rest.requests)
    assert "; now " in lines(doctor("--fix", data=tmp_path, **settings), "number's webhook")[0]
    assert wrong == RIGHT
    again = doctor(data=tmp_path, **settings)
    assert lines(again, "number's webhook")[0].startswith("ok")
    assert lines(again, "number's call status")[0].startswith("ok")


def test_among_several_numbers_of_others_none_is_changed_unasked(account: Account, tmp_path: Path) -> None:
    """R13.1: --number says which."""
    rest, settings = account
    others = [number_resource(f"PN{n}" + "1" * 31, f"+9723999999{n}", "https://else.example/voice") for n in (1, 2)]
    rest.numbers[:] = others
    told = lines(doctor("--fix", data=tmp_path, **settings), "number's webhook")[0]
    assert told.startswith("FAIL")
    assert "--number" in told
    assert others[0]["voice_url"] == others[1]["voice_url"] == "https://else.example/voice"
    doctor("--fix", "--number", "+97239999992", data=tmp_path, **settings)
    assert [one["voice_url"] for one in others] == ["https://else.example/voice", f"{BASE}/webhook/incoming_call"]


@pytest.mark.parametrize(("off_s", "health"), [(0, "ok"), (-10, "warn"), (40, "FAIL")])
def test_a_clock_that_is_off_is_told_by_how_much(account: Account, tmp_path: Path, off_s: int, health: str) -> None:
    """R2.6, R13.1: tokens live for 300 s."""
    rest, settings = account
    rest.clock_off_s = off_s
    told = lines(doctor("--symptom", "1008", data=tmp_path, **settings), "clock")[0]
    assert told.startswith(health)
    if off_s:
        assert any(f"this machine is {abs(off_s) + late} s off" in told for late in (-1, 0, 1))


# -- Google and OpenAI ----


def google(ears: EmulatorProcess, voice: EmulatorProcess, data: Path, **settings: str) -> Result:
    return doctor(
        "--symptom",
        "empty",
        data=data,
        GOOGLE_SPEECH_ENDPOINT=ears.address,
        GOOGLE_TTS_ENDPOINT=voice.address,
        **settings,
    )


def test_google_is_asked_whether_it_hears_and_speaks_hebrew(
    ears: EmulatorProcess, voice: EmulatorProcess, tmp_path: Path
) -> None:
    """R8.1, R13.1: in the words of a call, which the emulator has nothing to say against; the older code is found."""
    ears.reset()
    ears.script(refuse_languages=["he-IL"], refuse_enhanced=True)
    result = google(ears, voice, tmp_path)
    assert lines(result, "Google STT")[0].startswith("ok   Google STT — takes iw-IL (under 0.001 USD)")
    assert lines(result, "Google TTS")[0].startswith("ok")
    assert ears.violations == voice.violations == []


def test_google_that_refuses_is_told_with_what_to_enable(
    ears: EmulatorProcess, voice: EmulatorProcess, tmp_path: Path
) -> None:
    """R13.1: no permission to hear; a voice that is not offered."""
    ears.reset()
    ears.script(error="PERMISSION_DENIED")
    result = google(ears, voice, tmp_path, GOOGLE_TTS_VOICE="he-IL-Nobody")
    assert lines(result, "Google STT")[0].endswith("do: enable Speech-to-Text for this project, with billing")
    assert "this voice is not offered: choose one of he-IL-Chirp3-HD-Aoede" in lines(result, "Google TTS")[0]
    ears.reset()


def test_a_vendor_that_hangs_costs_five_seconds(ears: EmulatorProcess, voice: EmulatorProcess, tmp_path: Path) -> None:
    """R13.1: no check waits longer."""
    ears.reset()
    ears.script(withhold_final="hang")
    assert lines(google(ears, voice, tmp_path), "Google STT")[0].startswith("FAIL Google STT — timeout")
    ears.reset()


@pytest.mark.parametrize(
    ("script", "do"),
    [
        ({"status": 401, "error_code": "invalid_api_key"}, "set OPENAI_API_KEY"),
        ({"status": 429, "error_code": "insufficient_quota"}, "no credit left"),
        ({"models": ["gpt-transcribe"]}, "the model gpt-6-luna is retired or not yours: set OPENAI_MODEL"),
        (
            {"models": ["gpt-6-luna"]},
            "the model gpt-transcribe is retired or not yours: set OPENAI_TRANSCRIBE_MODEL",
        ),
    ],
)
def test_openai_that_refuses_is_told_with_its_reason(
    mind: EmulatorProcess, tmp_path: Path, script: dict[str, object], do: str
) -> None:
    """R13.1: key, credit, retired models."""
    mind.reset()
    mind.script(**script)
    settings = {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": f"http://{mind.address}/v1"}
    result = doctor("--symptom", "rambling", data=tmp_path, **settings)
    assert result.exit_code == 1
    assert any(do in line and line.startswith("FAIL") for line in lines(result, "OpenAI")), result.stdout
    mind.reset()


# -- the command ----


def test_an_unknown_symptom_lists_those_there_are(tmp_path: Path) -> None:
    """R13.1: exit 2."""
    result = doctor("--symptom", "the weather", data=tmp_path)
    assert result.exit_code == 2
    assert all(symptom.seen in result.stderr for symptom in symptoms())


def test_the_symptom_table_names_only_checks_that_there_are() -> None:
    """R13.1."""
    for symptom in symptoms():
        assert set(symptom.checks) <= check_names(), symptom.name


def test_json_tells_the_same(tmp_path: Path) -> None:
    """R13.1: for machines."""
    told = json.loads(doctor("--offline", "--json", data=tmp_path).stdout)
    assert told["schema"] == "doctor/1"
    assert {"check", "health", "what", "do", "why"} == set(told["checks"][0])
    assert {check["health"] for check in told["checks"]} <= {"ok", "warn", "FAIL"}
