"""No secret in use is ever shown: not in logs, errors, pages, tapes or files, whatever fails."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from app.config import Settings
from tests.e2e.office import told
from tests.e2e.phones import Exchange, sample
from tests.e2e.town import AUTH_TOKEN, CALLER, OPENAI_KEY, Town, Vendors, town
from tests.servers import HOST, free_port
from tests.web.clients import PAGES, SID

MARK = "hush-"
SECRETS = {
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "OPENAI_API_KEY": OPENAI_KEY,
    "LEAD_WEBHOOK_SECRET": MARK + "lead-webhook-secret",
    "METRICS_TOKEN": MARK + "metrics-token-of-this-test",
    "CONSOLE_PASSWORD": MARK + "console-password",
    "DATABASE_URL": MARK + "database-password",
    "GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON": MARK + "private-key",
}
SHOWN = [*PAGES, "/console/login", "/console/leads.csv", "/console/live", f"/console/calls/{SID}/trace.json", "/phone"]


def test_every_secret_among_the_settings_is_tried_here() -> None:
    """R1.3: a new one belongs into this test."""
    kinds = {name.upper() for name, one in Settings.model_fields.items() if "SecretStr" in str(one.annotation)}
    assert kinds == set(SECRETS)


@pytest.fixture(scope="module")
def leaky(
    vendors: Vendors, exchange: Exchange, house: Town, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """A server on a bad day: its database is not there, and every secret has a mark."""
    data = tmp_path_factory.mktemp("leaky")
    account = {
        "client_email": "a@b",
        "token_uri": f"http://{HOST}:1",
        "private_key": SECRETS["GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON"],
    }
    env = SECRETS | {
        "DATABASE_URL": f"postgresql://agent:{SECRETS['DATABASE_URL']}@{HOST}:{free_port()}/agent",
        "GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON": json.dumps(account),
        "LEAD_WEBHOOK_URL": f"http://{HOST}:{free_port()}/leads",
        "LOG_CALLS": str(data / "tapes"),
        "LOG_LEVEL": "DEBUG",
    }
    with town(vendors, exchange, data, env, stock_from=house.data, stock=False) as started:
        yield started


def test_nothing_that_is_shown_or_kept_holds_a_secret(leaky: Town) -> None:
    """R1.3, R11, R16: logs with every vendor failing, pages and errors before and behind the login, files."""
    vendors, url = leaky.vendors, leaky.server.url
    answers = [requests.get(url + path, timeout=20).text for path in ("/", "/version", "/health", "/metrics", *SHOWN)]
    metrics = requests.get(
        url + "/metrics", headers={"Authorization": f"Bearer {SECRETS['METRICS_TOKEN']}"}, timeout=20
    )
    assert metrics.status_code == 200
    with leaky.greeted() as phone:
        vendors.ears.script(error="UNAUTHENTICATED")
        vendors.mind.script(status=401, transcript="אני מחפש דירה")
        vendors.voice.script(stream_error="PERMISSION_DENIED", unary_error="PERMISSION_DENIED")
        phone.say(sample("w01_02"))
        leaky.wait_for_log(phone, "ASR_TEXT")
    answers.append(metrics.text)
    form = {"CallSid": "CA" + "1" * 32, "From": "+972500000123"}
    paths = ("incoming_call", "stream_ended", "handle_recording", "message_status", "nothing")
    for signed in (True, False):
        answers += [told(leaky, f"/webhook/{path}", form, signed=signed).body.decode() for path in paths]
    answers += behind_the_login(url)
    texts = {"the log": leaky.server.log(), "an answer": "\n".join(answers)}
    texts |= {str(path): path.read_bytes().decode("latin-1") for path in files(leaky.data)}
    for where, text in texts.items():
        for name, secret in SECRETS.items():
            assert secret not in text, f"{name} in {where}"
    assert CALLER.removeprefix("+972") not in texts["the log"] + metrics.text, "whom a call is from"
    assert "ASR_TEXT" in texts["the log"]
    assert any("tapes" in where for where in texts)


def behind_the_login(url: str) -> list[str]:
    """Return what the pages say to somebody with the wrong password, and with the right one."""
    page = requests.get(url + "/console/login", timeout=20)
    found = re.search(r'data-csrf="([^"]+)"', page.text)
    assert found
    shown = [page.text]
    for password in ("a wrong password", SECRETS["CONSOLE_PASSWORD"]):
        # The cookie is for https alone: a browser's jar would keep it from this plain connection.
        cookie = {"Cookie": page.headers["Set-Cookie"].partition(";")[0], "Origin": url}
        form = {"csrf": found[1], "password": password}
        entered = requests.post(url + "/console/login", form, headers=cookie, timeout=20, allow_redirects=False)
        shown.append(entered.text)
    assert entered.status_code == 303
    cookie = {"Cookie": entered.headers["Set-Cookie"].partition(";")[0]}
    pages = [requests.get(url + path, headers=cookie, timeout=20) for path in SHOWN]
    assert any(one.status_code == 200 and "/console/logout" in one.text for one in pages)
    return [*shown, *(one.text for one in pages)]


def files(folder: Path) -> Iterator[Path]:
    """Yield what the server has written, but for its store of sounds."""
    for path in folder.rglob("*"):
        if path.is_file() and "speech" not in path.parts:
            yield path
