"""Other people's tools, as they come, against the real server on the developer's own machine."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.e2e.phones import AUDIO, Exchange, until
from tests.e2e.town import Town, town

MEDIA = "/ws/twilio-media"
TYPED = '{"event":"start","start":{"streamSid":"mine-1","callSid":"my call"}}'


@pytest.fixture(scope="module")
def here(house: Town, exchange: Exchange, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A server without a Twilio account: development mode."""
    data = tmp_path_factory.mktemp("here")
    with town(house.vendors, exchange, data, signed=False, stock_from=house.data) as started:
        yield started


def streamdouble(server_url: str, folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the tool's own command; return its exit code and what it measured."""
    command = Path(sys.executable).with_name("streamdouble")
    audio = next(AUDIO.glob("w01_01*.wav"))
    address = server_url.replace("http", "ws", 1) + MEDIA
    ended = subprocess.run(
        [command, "call", address, "--audio", audio, "--json", *options],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return ended.returncode, json.loads(ended.stdout) if ended.stdout.startswith("{") else {"error": ended.stderr}


def open_stream(town: Town, headers: Mapping[str, str] = {}, origin: str | None = None) -> ClientConnection:
    """Open the media WebSocket with a client that knows nothing of Twilio: no subprotocol, an extension offered."""
    address = town.server.url.replace("http", "ws", 1) + MEDIA
    return connect(address, additional_headers=dict(headers), origin=origin, open_timeout=10)  # type: ignore[arg-type]


def heard(client: ClientConnection, count: int) -> list[dict[str, Any]]:
    """Return the next messages of the agent's."""
    return [json.loads(client.recv(timeout=20)) for _ in range(count)]


def refusal(client: ClientConnection, *messages: str) -> tuple[int, str]:
    """Send messages and return the code and the reason with which the server closes."""
    for message in messages:
        client.send(message)
    try:
        client.recv(timeout=20)
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return closed.rcvd.code, closed.rcvd.reason
    raise AssertionError("it talks")


def test_streamdouble_talks_with_the_agent(here: Town, tmp_path: Path) -> None:
    """R12, R21: no token, no parameter, no webhook before it; its caller is answered although it then sends nothing."""
    here.vendors.ears.script({"texts": ["שלום אני רוצה לקנות דירה בחולון"]})
    code, measured = streamdouble(here.server.url, tmp_path, "--max-first-audio-ms", "1000", "--quiet-period", "3")
    assert code == 0, measured
    assert measured["violations"] == measured["unknown_events"] == []
    assert measured["marks_echoed"] > 0, "the answer was heard to its end"
    (sid,) = set(re.findall(r"call_sid=(BR\w+) ASR_TEXT", here.server.log()))
    until(lambda: here.rows("SELECT 1 FROM calls WHERE call_sid = ? AND ended_at IS NOT NULL", sid), "the call's end")
    assert here.rows("SELECT channel FROM calls WHERE call_sid = ?", sid) == [{"channel": "browser"}]
    assert here.rows("SELECT * FROM leads WHERE call_sid = ?", sid) == [], "a test call is no lead"


def test_a_client_at_a_keyboard_is_greeted(here: Town) -> None:
    """R4.1: no subprotocol, no frames, no marks echoed; what it gets bears the name it gave the stream."""
    with open_stream(here) as client:
        client.send(TYPED)
        for message in heard(client, 20):
            assert message["event"] in ("media", "mark")
            assert message["streamSid"] == "mine-1"


def test_a_client_at_a_keyboard_is_told_its_mistakes(here: Town) -> None:
    """R2.6: in the reason of the Close."""
    slip = TYPED.replace(":", "", 1)
    wide = '{"event":"start","start":{"mediaFormat":{"sampleRate":16000}}}'
    shown = '{"event":"start","start":{"streamSid":"MZ1","callSid":"CA1","customParameters":{"token":"please"}}}'
    stop = '{"event":"stop","stop":{}}'
    for message, says in (
        (slip, "not JSON"),
        (wide, "sampleRate"),
        (shown, "token malformed"),
        (stop, "before start"),
    ):
        with open_stream(here) as client:
            code, reason = refusal(client, message)
            assert code == 1008
            assert says in reason


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({"X-Forwarded-For": "127.0.0.1"}, None),
        ({"X-Forwarded-Proto": "https"}, None),
        ({"Forwarded": "for=203.0.113.7"}, None),
        ({"Via": "1.1 tunnel"}, None),
        ({}, "https://page.example"),
        ({}, "null"),
    ],
)
def test_strangers_stay_strangers_to_a_developers_server(
    here: Town, headers: dict[str, str], origin: str | None
) -> None:
    """R2.6: a tunnel's callers and a foreign page in the browser need a token as ever, and learn nothing."""
    with open_stream(here, headers, origin) as client:
        assert refusal(client, TYPED.replace("my call", "CA1").replace("mine-1", "MZ1")) == (1008, "not admitted")


def test_with_an_account_nobody_talks_without_a_token(house: Town, tmp_path: Path) -> None:
    """R2.6: being on the same machine opens nothing."""
    code, _ = streamdouble(house.server.url, tmp_path)
    assert code != 0
    for message in (TYPED, '{"event":"start"}'):
        with open_stream(house) as client:
            assert refusal(client, message)[0] == 1008
    assert "TEST_CALL" not in house.server.log()
