"""Who may read figures."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from app.web import metrics

TOKEN = "a-token-for-metrics"
HERE = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1:5000"}
AWAY = {"REMOTE_ADDR": "203.0.113.9", "HTTP_HOST": "voice.example"}


class FakeOffice:
    def status(self) -> dict[str, object]:
        return {"live_calls": 3, "hub_lag_p99_ms": 4, "children": [], "engines_down": {"google": True}, "troubles": {}}

    def metrics(self) -> Iterator[bytes]:
        yield b"agent_calls_live 3\n"
        yield b"# EOF\n"


def client(token: str | None = TOKEN) -> FlaskClient:
    flask = Flask(__name__)
    metrics.install(flask, FakeOffice(), SecretStr(token) if token else None)  # type: ignore[arg-type]  # two methods do
    return flask.test_client()


def test_this_machine_and_whoever_holds_the_token_read_metrics() -> None:
    """C42: OpenMetrics text."""
    for environ, headers in ((HERE, {}), (AWAY, {"Authorization": f"Bearer {TOKEN}"})):
        answer = client().get("/metrics", environ_base=environ, headers=headers)
        assert answer.status_code == 200
        assert answer.content_type.startswith("application/openmetrics-text")
        assert answer.text.endswith("# EOF\n")
        assert client().get("/health", environ_base=environ, headers=headers).get_json()["live_calls"] == 3


@pytest.mark.parametrize("shown", ["", f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", TOKEN])
def test_a_stranger_learns_nothing_not_even_that_there_is_something(shown: str) -> None:
    """C42: 404; a probe of /health is told that the server works, and no figure."""
    for one in (client(), client(None)):
        assert one.get("/metrics", environ_base=AWAY, headers={"Authorization": shown}).status_code == 404
        assert one.get("/health", environ_base=AWAY, headers={"Authorization": shown}).get_json() == {"status": "ok"}


def test_behind_a_proxy_nobody_is_this_machine() -> None:
    """Console 7: through a tunnel everybody's peer is this machine."""
    for header in ("X-Forwarded-For", "Forwarded", "Via"):
        assert client().get("/metrics", environ_base=HERE, headers={header: "203.0.113.9"}).status_code == 404
