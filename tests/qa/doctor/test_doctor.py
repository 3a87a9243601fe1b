"""The doctor asks the running server, and its command says all it found."""

import json
from pathlib import Path

import pytest

from app.qa.doctor.command import check_names
from app.qa.symptoms import symptoms
from tests.emulators.http_server import Request, Response
from tests.qa.doctor.asking import doctor, lines
from tests.qa.doctor.stand_in import stand_in

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
