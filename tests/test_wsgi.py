"""The front door of the real server: routing before Flask, the media WebSocket's locks, and starts that must fail."""

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest

from app.qa.wire.twilio_peer import sign
from app.qa.wire.twiml_reader import parse_twiml
from tests.e2e.phones import Exchange
from tests.e2e.town import AUTH_TOKEN, PUBLIC_URL, Town, emulated_vendors, town
from tests.servers import ROOT, Server, free_port
from tests.telephony.peer import HEADERS, Peer, handshake, open_websocket, text

MEDIA = "/ws/twilio-media"
FORM = "application/x-www-form-urlencoded"
CALLBACKS = ("stream_status", "stream_ended", "call_status")
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Town]]:
    """A server with a Twilio account, and one in development mode."""
    with emulated_vendors() as vendors, Exchange() as exchange:
        folder = tmp_path_factory.mktemp
        with (
            town(vendors, exchange, folder("signed"), stock=False) as signed,
            town(vendors, exchange, folder("dev"), signed=False, stock=False) as dev,
        ):
            yield {"signed": signed, "dev": dev}


@pytest.fixture(scope="module")
def signed(towns: dict[str, Town]) -> Server:
    return towns["signed"].server


@pytest.fixture(scope="module")
def dev(towns: dict[str, Town]) -> Server:
    return towns["dev"].server


def ask(
    server: Server, method: str, path: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] = {}
) -> Answer:
    """Send one request; return status, headers in lower case, body."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    try:
        body = urlencode(form) if form is not None else None
        kind = {"Content-Type": FORM} if form is not None else {}
        connection.request(method, path, body, {**kind, **headers})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def incoming_call(server: Server, call_sid: str) -> dict[str, str]:
    """Ring as Twilio does; return the stream's parameters."""
    form = {"CallSid": call_sid, "From": "+972500000123", "To": "+972770000000"}
    signature = sign(AUTH_TOKEN, PUBLIC_URL + "/webhook/incoming_call", form)
    status, _, body = ask(server, "POST", "/webhook/incoming_call", form, {"X-Twilio-Signature": signature})
    assert status == 200
    return parse_twiml(body).parameters


def start_message(call_sid: str, parameters: Mapping[str, str]) -> str:
    start = {
        "accountSid": "AC" + "0" * 32,
        "streamSid": "MZ" + "0" * 32,
        "callSid": call_sid,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": dict(parameters),
    }
    return json.dumps({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": start["streamSid"]})


def open_stream(server: Server, call_sid: str, parameters: Mapping[str, str]) -> Peer:
    """Open the media WebSocket and present the parameters."""
    peer = open_websocket(server, MEDIA)
    peer.send(text(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})))
    peer.send(text(start_message(call_sid, parameters)))
    return peer


# -- plain HTTP -------------------------------------------------------------------------------------------------------


def test_version_and_root_answer_whatever_the_vendors_do(signed: Server) -> None:
    """R1.2: JSON with version, commit and start time; platform probes get their 200; HEAD is GET without the body."""
    for path in ("/version", "/version/"):
        status, headers, body = ask(signed, "GET", path)
        assert status == 200
        assert headers["content-type"].startswith("application/json")
        told = json.loads(body)
        assert set(told) == {"version", "commit", "started_at", "draining"}
        assert told["draining"] is False
    status, headers, body = ask(signed, "HEAD", "/version")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0
    assert ask(signed, "GET", "/")[0] == ask(signed, "HEAD", "/")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/version", "GET, HEAD"),
        ("DELETE", "/", "GET, HEAD"),
        ("GET", "/webhook/call_status", "POST"),
        ("GET", "/webhook/incoming_call/", "POST"),
        ("POST", "/webhook/incoming_call_preview", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_one(signed: Server, method: str, path: str, allowed: str) -> None:
    """R3.1: 405, with Allow."""
    status, headers, _ = ask(signed, method, path, {} if method == "POST" else None)
    assert status == 405
    assert sorted(headers["allow"].split(", ")) == sorted(allowed.split(", "))


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("kind", CALLBACKS)
def test_callbacks_get_their_204(signed: Server, kind: str, slash: str) -> None:
    """R3.1: unsigned as they may be; nothing in the body."""
    status, _, body = ask(signed, "POST", f"/webhook/{kind}{slash}", {"CallSid": "CA1", "CallStatus": "ringing"})
    assert (status, body) == (204, b"")


def test_a_body_beyond_the_limit_is_refused_and_the_server_goes_on(signed: Server) -> None:
    """R3.1: 413, and the next request is served."""
    status, _, _ = ask(signed, "POST", "/webhook/call_status", {"junk": "x" * 100_000})
    assert status == 413
    assert ask(signed, "GET", "/version")[0] == 200


@pytest.mark.parametrize("path", ["/webhook/incoming_call_preview", "/incoming_call_preview"])
def test_the_preview_shows_curl_the_twiml(signed: Server, path: str) -> None:
    """R2.1, R2.2, R2.3: XML from its first byte, https and wss, no query, unsigned."""
    status, headers, body = ask(signed, "GET", path)
    assert status == 200
    assert headers["content-type"] == "application/xml; charset=utf-8"
    assert int(headers["content-length"]) == len(body)
    assert body.startswith(b"<?xml")
    stream = parse_twiml(body)
    assert stream.url == "wss://voice.example/ws/twilio-media"
    assert stream.action == "https://voice.example/webhook/stream_ended"
    assert stream.status_callback == "https://voice.example/webhook/stream_status"


def test_an_incoming_call_must_be_signed(signed: Server) -> None:
    """R2.4, R2.5: 200 with the account's signature, 403 without, with another's, or for other fields."""
    form = {"CallSid": "CA" + "1" * 32, "From": "+972500000123"}
    url = PUBLIC_URL + "/webhook/incoming_call"
    good = sign(AUTH_TOKEN, url, form)
    assert ask(signed, "POST", "/webhook/incoming_call", form, {"X-Twilio-Signature": good})[0] == 200
    for headers in ({}, {"X-Twilio-Signature": sign("another token", url, form)}):
        assert ask(signed, "POST", "/webhook/incoming_call", form, headers)[0] == 403
    other = {**form, "From": "+972500000124"}
    assert ask(signed, "POST", "/webhook/incoming_call", other, {"X-Twilio-Signature": good})[0] == 403


def test_without_an_account_only_this_machine_may_ring(dev: Server) -> None:
    """R2.4: development mode takes unsigned calls from loopback, and none that a proxy brought from elsewhere."""
    form = {"CallSid": "CA" + "2" * 32}
    assert ask(dev, "POST", "/webhook/incoming_call", form)[0] == 200
    assert ask(dev, "POST", "/webhook/incoming_call", form, {"X-Forwarded-For": "203.0.113.9"})[0] == 403


def test_what_is_not_twilios_goes_to_flask(signed: Server) -> None:
    """R3.1: Flask answers the rest, its 404 included."""
    status, _, body = ask(signed, "GET", "/no/such/page")
    assert status == 404
    assert b"not found" in body.lower()
    shown = {"status", "live_calls", "hub_lag_p99_ms", "children", "engines_down", "troubles"}
    assert set(json.loads(ask(signed, "GET", "/health")[2])) == shown
    assert re.search(rb"^agent_calls_limit [1-9]\d*", ask(signed, "GET", "/metrics")[2], re.MULTILINE)
    for headers in ({"Host": "voice.example"}, {"X-Forwarded-For": "203.0.113.9"}):
        assert ask(signed, "GET", "/metrics", headers=headers)[0] == 404
        status, _, body = ask(signed, "GET", "/health", headers=headers)
        assert (status, json.loads(body)) == (200, {"status": "ok"}), "a platform's probe is told no figures"


def test_the_events_of_a_call_are_for_development_only(signed: Server, dev: Server) -> None:
    """R16: what callers said is shown to nobody who has not logged in, but on the developer's own machine."""
    sid = "CA" + "3" * 32
    peer = open_stream(signed, sid, incoming_call(signed, sid))
    signed.wait_for_log(f"call_sid={sid} STATE→SPEAKING", 60)
    assert ask(signed, "GET", f"/calls/{sid}/events")[0] == 404
    peer.socket.close()

    form = {"CallSid": sid, "From": "+972500000123"}
    _, _, twiml = ask(dev, "POST", "/webhook/incoming_call", form)
    peer = open_stream(dev, sid, parse_twiml(twiml).parameters)
    dev.wait_for_log(f"call_sid={sid} STATE→SPEAKING", 60)
    status, headers, body = ask(dev, "GET", f"/calls/{sid}/events")
    assert status == 200
    assert headers["content-type"].startswith("application/x-ndjson")
    assert "STATE→SPEAKING" in [json.loads(line)["event"] for line in body.decode().splitlines()]
    assert ask(dev, "GET", f"/calls/{sid}/events", headers={"X-Forwarded-For": "203.0.113.9"})[0] == 404
    peer.socket.close()


def test_the_start_is_logged_with_who_serves(signed: Server) -> None:
    """R1.4, R1.3: one line names the engines; no secret is in the log."""
    line = signed.wait_for_log("Composite WSGI ready / WebSocketWSGI / blueprints")
    for engine in ("stt=google", "stt_fallback=openai", "llm=openai", "tts=google"):
        assert engine in line
    assert AUTH_TOKEN not in signed.log()
    assert "sk-of-no-account" not in signed.log()


def test_a_developer_is_told_where_to_click(dev: Server, signed: Server) -> None:
    """R15: in one line, once the engines serve; a deployment's page has another address."""
    line = dev.wait_for_log("READY: ", 60)
    assert line.endswith(f"READY: talk to the agent at http://localhost:{dev.port}/phone")
    signed.wait_for_log("READY", 60)
    assert "localhost" not in signed.log()


# -- the media WebSocket ----------------------------------------------------------------------------------------------


def refusals(
    sid: str, parameters: Mapping[str, str], preview: Mapping[str, str]
) -> dict[str, tuple[str, dict[str, str]]]:
    """Return what opens no call: the CallSid of the start message and its parameters."""
    token = parameters["token"]
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    return {
        "token missing": (sid, {}),
        "token empty": (sid, {"token": ""}),
        "no token at all": (sid, {"token": "please"}),
        "token forged": (sid, {**parameters, "token": forged}),
        "token of the preview": ("CApreview", dict(preview)),
        "token of the preview for a call": (sid, dict(preview)),
        "token of another call": ("CA" + "5" * 32, dict(parameters)),
    }


def test_no_stream_without_a_token_of_its_own(towns: dict[str, Town]) -> None:
    """R2.6: closed with 1008 before a cent of STT or TTS is spent."""
    server, ears = towns["signed"].server, towns["signed"].vendors.ears
    before = len(ears.entries)
    sid = "CA" + "4" * 32
    parameters = incoming_call(server, sid)
    preview = parse_twiml(ask(server, "GET", "/incoming_call_preview")[2]).parameters
    for why, (call_sid, shown) in refusals(sid, parameters, preview).items():
        peer = open_stream(server, call_sid, shown)
        assert peer.receive_close() == 1008, why
    peer = open_stream(server, sid, parameters)  # the good one, not spent by the bad attempts
    assert peer.receive() is not None
    again = open_stream(server, sid, parameters)
    assert again.receive_close() == 1008
    peer.socket.close()
    assert server.log().count("STREAM_REFUSED") >= len(refusals(sid, parameters, preview)) + 1
    assert len(ears.entries) == before


@pytest.mark.parametrize(
    "message",
    [
        "garbage, no JSON",
        "[]",
        json.dumps({"event": "stop", "streamSid": "MZ1", "stop": {}}),
        json.dumps({"event": "start"}),
    ],
)
def test_whoever_does_not_speak_twilios_language_is_shown_the_door(signed: Server, message: str) -> None:
    """R2.6: 1008 for anything but connected and a whole start."""
    peer = open_websocket(signed, MEDIA)
    peer.send(text(message))
    assert peer.receive_close() == 1008


def test_what_comes_before_the_start_is_skipped(signed: Server) -> None:
    """R2.6: audio, keys, marks and news of an impatient Twilio; the start that follows opens the call."""
    sid = "CA" + "7" * 32
    parameters = incoming_call(signed, sid)
    peer = open_websocket(signed, MEDIA)
    for early in (
        {"event": "media", "media": {"payload": "/w==", "timestamp": None}},
        {"event": "dtmf", "dtmf": {"digit": "5"}},
        {"event": "mark", "mark": {"name": "m"}},
        {"event": "weather"},
    ):
        peer.send(text(json.dumps(early)))
    peer.send(text(start_message(sid, parameters)))
    assert json.loads(peer.receive_text())["event"] == "media"
    peer.socket.close()


@pytest.mark.parametrize("path", [MEDIA, MEDIA + "/"])
def test_the_handshake_is_answered_as_twilio_wants_it(signed: Server, path: str) -> None:
    """R4.1: 101 with the subprotocol when it is offered, without it when it is not; with or without a slash."""
    for offered in ({}, {"Sec-WebSocket-Protocol": "audio.twilio.com"}):
        peer = Peer(signed.connect())
        peer.send(handshake(path, HEADERS | offered))
        head = peer.head().lower()
        assert head.startswith("http/1.1 101 ")
        assert ("sec-websocket-protocol: audio.twilio.com" in head) == bool(offered)
        peer.socket.close()


def test_a_signature_on_the_handshake_must_fit(signed: Server) -> None:
    """R2.6: checked when there is one."""
    right = sign(AUTH_TOKEN, "wss://voice.example" + MEDIA, {})
    for signature, status in ((right, "101"), ("bm9uZSBvZiBpdHMga2luZA==", "403")):
        peer = Peer(signed.connect())
        peer.send(handshake(MEDIA, HEADERS | {"X-Twilio-Signature": signature}))
        assert peer.head().split(" ")[1] == status
        peer.socket.close()


def test_a_browser_on_the_streams_address_is_told_to_upgrade(signed: Server) -> None:
    """R4.3: 426 for a plain GET, 400 for a bad upgrade."""
    assert ask(signed, "GET", MEDIA)[0] == 426
    peer = Peer(signed.connect())
    peer.send(handshake(MEDIA, {**HEADERS, "Sec-WebSocket-Key": "too short"}))
    assert peer.head().split(" ")[1] == "400"


# -- starts that must fail --------------------------------------------------------------------------------------------


def failed_start(tmp_path: Path, env: Mapping[str, str], *arguments: str, config: str = "gunicorn.conf.py") -> str:
    """Start the server as an operator does; it must end by itself. Return what it said."""
    command = [sys.executable, "-m", "gunicorn", "-c", config, *arguments, "app.wsgi:app"]
    port = {"PORT": str(free_port()), "DATA_DIR": str(tmp_path)}
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    ended = subprocess.run(
        command, cwd=ROOT, env={**kept, **port, **env}, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode != 0
    return ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "abc", "integer"),
        ("PUBLIC_BASE_URL", "http://voice.example", "https://"),
        ("GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON", '{"private_key": "hush', "JSON"),
        ("OPENAI_API_KEY", "", "STT_ENGINE is openai"),
    ],
)
def test_a_bad_setting_stops_the_start_by_name(tmp_path: Path, name: str, value: str, says: str) -> None:
    """R1.3: the variable and what is wrong with it, in a line; never its value, never a traceback."""
    engine = {"STT_ENGINE": "openai"} if name == "OPENAI_API_KEY" else {}
    said = failed_start(tmp_path, {name: value, **engine})
    (line,) = [line for line in said.splitlines() if name in line]
    assert says in line
    assert "hush" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("config", "arguments"), [("gunicorn.conf.py", ("-k", "sync")), ("/dev/null", ("-k", "sync", "-b", "127.0.0.1:0"))]
)
def test_another_worker_is_refused(tmp_path: Path, config: str, arguments: tuple[str, ...]) -> None:
    """R1.1: one clear line, whether or not our configuration is read; and no endless row of new workers."""
    said = failed_start(tmp_path, {}, *arguments, "--no-control-socket", config=config)
    assert len(re.findall(r"^This app needs gunicorn's eventlet worker", said, re.MULTILINE)) == 1
    assert "Traceback" not in said
