"""The webhooks under a real gunicorn (R2, R3), and whom development mode trusts."""

import http.client
import io
import json
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from app.telephony import twiml
from app.telephony.responses import Response
from app.telephony.signature import compute
from app.telephony.token import TokenVerdict, derive_key, verify
from app.telephony.webhooks import Webhooks, WebhookSettings
from tests.servers import Server, gunicorn
from tests.telephony.conftest import AUTH_TOKEN
from tests.telephony.peer import Peer

Headers = Mapping[str, str]
CALL = {"CallSid": "CA1", "AccountSid": "AC1", "From": "+972500000001", "To": "+97230000009", "CallerName": ""}
PUBLIC = {"X-Forwarded-Proto": "https,http", "X-Forwarded-Host": "agent.example, inner"}
EVENT_PATHS = ["/webhook/stream_status", "/webhook/stream_ended", "/webhook/call_status"]


@pytest.fixture(scope="module")
def development() -> Iterator[Server]:
    """A server without an auth token, with a public base URL."""
    with gunicorn("tests.telephony.served:app", env={"PUBLIC_BASE_URL": "https://public.example"}) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def half_a_body(server: Server) -> Iterator[Peer]:
    """A peer that has sent half a body as the first test of this file begins; its answer is judged by the last."""
    peer = Peer(server.connect(timeout_s=30))
    with peer.socket:
        peer.send(b"POST /webhook/stream_status HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
        yield peer


def ask(
    server: Server, method: str, path: str, body: bytes | None = None, headers: Headers | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Make one request."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    connection.request(method, path, body, dict(headers or {}))
    response = connection.getresponse()
    answered = response.status, response.headers, response.read()
    connection.close()
    return answered


def post(
    server: Server, path: str, form: Mapping[str, str], headers: Headers | None = None, signed_for: str | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Post a form as Twilio does; `signed_for` is the URL to sign."""
    sent = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"} | dict(headers or {})
    if signed_for:
        sent["X-Twilio-Signature"] = compute(signed_for, form, AUTH_TOKEN)
    return ask(server, "POST", path, urlencode(form).encode(), sent)


def wait_for_event(server: Server, call_sid: str) -> tuple[str, dict[str, str], bool]:
    """Return the event the server was told about a call, waiting for it."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for kind, params, signed in json.loads(ask(server, "GET", "/")[2])["events"]:
            if params.get("CallSid") == call_sid:
                return kind, params, signed
        time.sleep(0.02)
    raise AssertionError(f"no event for {call_sid}")


def stream_of(document: bytes) -> tuple[ElementTree.Element, ElementTree.Element, dict[str, str]]:
    """Return `<Connect>`, `<Stream>` and the parameters of a TwiML answer."""
    root = ElementTree.fromstring(document)
    connect, stream = root.find("Connect"), root.find("Connect/Stream")
    assert connect is not None
    assert stream is not None
    return connect, stream, {item.attrib["name"]: item.attrib["value"] for item in stream.findall("Parameter")}


def test_a_caller_hears_it_ring_until_there_is_a_voice(server: Server) -> None:
    """R18: while Twilio waits for TwiML; who is asked for a message instead needs no voice of ours."""
    for caller, waits in (("+97250", 1), ("+97230000000", 0)):
        before = json.loads(ask(server, "GET", "/")[2])["voice_waited_for"]
        form = CALL | {"From": caller, "CallSid": "CAringing"}
        url = "https://agent.example/webhook/incoming_call"
        assert post(server, "/webhook/incoming_call", form, PUBLIC, url)[0] == 200
        assert json.loads(ask(server, "GET", "/")[2])["voice_waited_for"] - before == waits


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", EVENT_PATHS)
def test_an_event_is_answered_with_204_and_handed_on_unsigned(server: Server, path: str, slash: str) -> None:
    """R3.1, R3.3, R2.4: unsigned, it still gets its 204; who hears of it is told that it is not to be believed."""
    call_sid = f"CA{path.rpartition('/')[2].replace('_', '')}{len(slash)}"
    status, headers, body = post(server, path + slash, {"CallSid": call_sid, "Extra": ""})

    assert (status, body) == (204, b"")
    assert "Content-Length" not in headers
    assert wait_for_event(server, call_sid) == (
        path.rpartition("/")[2],
        {"CallSid": call_sid, "Extra": ""},
        False,
    )


def test_a_signed_event_is_believed(server: Server) -> None:
    """R2.4, R2.5."""
    form = {"CallSid": "CAsigned", "CallStatus": "completed"}
    status, _, _ = post(server, "/webhook/call_status", form, PUBLIC, "https://agent.example/webhook/call_status")

    assert status == 204
    assert wait_for_event(server, "CAsigned") == ("call_status", form, True)


def test_what_an_event_means_is_done_off_the_request(server: Server) -> None:
    """R3.3: a handler that takes a second holds no answer up."""
    form = {"CallSid": "CAslow", "SlowHandlerS": "1.5"}
    assert post(server, "/webhook/stream_ended", form)[0] == 204

    told = json.loads(ask(server, "GET", "/")[2])["events"]
    assert "CAslow" not in [params.get("CallSid") for _, params, _ in told]
    assert wait_for_event(server, "CAslow")[0] == "stream_ended"


def test_bodies_that_are_no_form_are_drained_and_answered(server: Server) -> None:
    """R3.1."""
    json_body = {"Content-Type": "application/json"}
    assert ask(server, "POST", "/webhook/stream_status", b'{"a":1}', json_body)[0] == 204
    assert ask(server, "POST", "/webhook/stream_status")[0] == 204
    assert ask(server, "POST", "/webhook/stream_status", b"\xff\x00" * 32768)[0] == 204


@pytest.mark.parametrize("path", [*EVENT_PATHS, "/webhook/incoming_call"])
def test_a_wrong_method_gets_405(server: Server, path: str) -> None:
    """R3.1."""
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        status, headers, _ = ask(server, method, path + "/")
        assert (status, headers["Allow"]) == (405, "POST")
    assert ask(server, "POST", "/incoming_call_preview")[1]["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        ("Content-Length: 65537", b"a" * 65537, 413),
        ("Content-Length: 99999999999", b"", 413),
        ("Content-Length: -5", b"", 400),
        ("Content-Length: many", b"", 400),
        ("Transfer-Encoding: chunked", b"5\r\nCallS\r\n6\r\nid=CA5\r\n0\r\n\r\n", 204),
        ("Transfer-Encoding: chunked", b"ffff\r\n" + b"a" * 65535 + b"\r\nff\r\n" + b"a" * 255 + b"\r\n0\r\n\r\n", 413),
        ("Transfer-Encoding: chunked", b"zz\r\nhello\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\nnot a trailer\r\n\r\n", 400),
        ("Expect: 100-continue\r\nContent-Length: 0", b"", 100),
    ],
)
def test_lengths_are_judged(server: Server, head: str, body: bytes, status: int) -> None:
    """R3.1: up to 64 KiB, honestly told."""
    peer = Peer(server.connect())
    with peer.socket:
        form = "Content-Type: application/x-www-form-urlencoded"
        peer.send(f"POST /webhook/stream_status HTTP/1.1\r\nHost: x\r\n{form}\r\n{head}\r\n\r\n".encode() + body)
        assert peer.head().split()[1] == str(status)


def test_a_body_that_breaks_off_is_a_bad_request(server: Server) -> None:
    """R3.1: half a form is no form."""
    peer = Peer(server.connect())
    with peer.socket:
        peer.send(b"POST /webhook/stream_status HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.head().split()[1] == "400"


def test_an_action_gets_no_other_stream_where_nothing_goes_on(server: Server) -> None:
    """R3.1: 204, though Twilio says that the call lives."""
    form = {"CallSid": "CAnomore", "CallStatus": "in-progress"}
    url = "https://agent.example/webhook/stream_ended"
    assert post(server, "/webhook/stream_ended", form, PUBLIC, url)[0] == 204
    assert wait_for_event(server, "CAnomore") == ("stream_ended", form, True)


def test_a_connection_goes_on_after_a_refused_body(server: Server) -> None:
    """R3.1: the rest of the body is drained, the next request is not taken for part of it."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    for body, status in ((b"a" * 200_000, 413), (b"a=1", 204)):
        connection.request("POST", "/webhook/stream_ended", body)
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()


def test_an_incoming_call_is_connected_with_a_token_of_its_own(server: Server) -> None:
    """R2.1, R2.2, R2.6, R3.2."""
    url = "https://agent.example/webhook/incoming_call"
    status, headers, body = post(server, "/webhook/incoming_call", CALL, PUBLIC, url)

    assert status == 200
    assert headers["Content-Type"] == "application/xml; charset=utf-8"
    assert headers["Content-Length"] == str(len(body))
    assert body.startswith(b"<?xml")
    connect, stream, parameters = stream_of(body)
    assert connect.attrib["action"] == "https://agent.example/webhook/stream_ended"
    assert stream.attrib["url"] == "wss://agent.example/ws/twilio-media"
    assert stream.attrib["statusCallback"] == "https://agent.example/webhook/stream_status"
    token = parameters.pop("token")
    assert parameters == {"call_sid": "CA1", "from": CALL["From"], "to": CALL["To"]}
    assert verify(derive_key(AUTH_TOKEN), token, "CA1", time.time()) is TokenVerdict.VALID
    again = stream_of(post(server, "/webhook/incoming_call", CALL, PUBLIC, url)[2])[2]["token"]
    assert again != token
    assert wait_for_event(server, "CA1") == ("incoming_call", CALL, True)


@pytest.mark.parametrize(
    ("path", "signed_for"),
    [
        ("/webhook/incoming_call/", "https://agent.example/webhook/incoming_call/"),
        ("/webhook/incoming_call?a=1", "https://agent.example/webhook/incoming_call"),
        ("/webhook/incoming_call?a=1&b=%D7%A9", "https://agent.example/webhook/incoming_call?a=1&b=%D7%A9"),
        ("/webhook/incoming_call", "https://agent.example:443/webhook/incoming_call"),
    ],
)
def test_the_signed_url_may_have_slash_query_and_port(server: Server, path: str, signed_for: str) -> None:
    """R2.5."""
    assert post(server, path, CALL, PUBLIC, signed_for)[0] == 200


def test_an_unsigned_or_wrongly_signed_call_gets_403_and_the_log_says_why(server: Server) -> None:
    """R2.4: even from this machine, once there is an auth token."""
    assert post(server, "/webhook/incoming_call", CALL)[0] == 403
    server.wait_for_log("no X-Twilio-Signature header")
    url = "https://elsewhere.example/webhook/incoming_call"
    assert post(server, "/webhook/incoming_call", CALL, PUBLIC, url)[0] == 403
    server.wait_for_log("does not fit: check TWILIO_AUTH_TOKEN")
    assert post(server, "/webhook/incoming_call", CALL, PUBLIC | {"X-Twilio-Signature": "\xff"})[0] == 403


def test_a_call_without_a_call_sid_is_a_bad_request(server: Server) -> None:
    """R2.1."""
    form = {"From": "+972500000001"}
    url = "https://agent.example/webhook/incoming_call"
    assert post(server, "/webhook/incoming_call", form, PUBLIC, url)[0] == 400


def test_a_full_house_answers_otherwise(server: Server) -> None:
    """R18."""
    form = CALL | {"CallSid": "CAfull", "From": "+97230000000"}
    url = "https://agent.example/webhook/incoming_call"
    status, _, body = post(server, "/webhook/incoming_call", form, PUBLIC, url)

    assert status == 200
    assert ElementTree.fromstring(body).findtext("Say") == "כל הנציגות עסוקות"


def test_callers_are_masked_and_no_token_is_logged(server: Server) -> None:
    """R11.1, R1.3."""
    form = CALL | {"CallSid": "CAmasked"}
    url = "https://agent.example/webhook/incoming_call"
    token = stream_of(post(server, "/webhook/incoming_call", form, PUBLIC, url)[2])[2]["token"]
    line = server.wait_for_log("CAmasked")

    assert "+97250***0001" in line
    assert CALL["From"] not in server.log()
    assert token not in server.log()
    assert AUTH_TOKEN not in repr(WebhookSettings(AUTH_TOKEN, None, b"key"))


@pytest.mark.parametrize("path", ["/webhook/incoming_call_preview", "/incoming_call_preview/"])
def test_the_preview_shows_the_same_with_a_token_that_opens_nothing(server: Server, path: str) -> None:
    """R2.3."""
    status, headers, body = ask(server, "GET", path, headers=PUBLIC)
    connect, stream, parameters = stream_of(body)

    assert (status, headers["Content-Type"]) == (200, "application/xml; charset=utf-8")
    assert connect.attrib["action"] == "https://agent.example/webhook/stream_ended"
    assert stream.attrib["url"] == "wss://agent.example/ws/twilio-media"
    for call_sid in (parameters["call_sid"], "CA1"):
        verdict = verify(derive_key(AUTH_TOKEN), parameters["token"], call_sid, time.time())
        assert verdict in (TokenVerdict.PREVIEW, TokenVerdict.FORGED)
    status, headers, empty = ask(server, "HEAD", path, headers=PUBLIC)
    assert (status, empty) == (200, b"")
    assert int(headers["Content-Length"]) == len(body)


def test_a_host_that_is_none_is_not_written_into_twiml(server: Server) -> None:
    """R2.3: the Host header is a stranger's word."""
    assert ask(server, "GET", "/incoming_call_preview", headers={"X-Forwarded-Host": "a/b?c"})[0] == 400


def test_development_mode_takes_an_unsigned_call_from_this_machine_only(development: Server) -> None:
    """R2.4: no auth token; the public base URL names the host."""
    status, _, body = post(development, "/webhook/incoming_call", CALL)
    assert status == 200
    assert stream_of(body)[1].attrib["url"] == "wss://public.example/ws/twilio-media"

    foreign = ({"X-Forwarded-For": "203.0.113.7"}, {"Host": "voice.example"}, {"Origin": "https://page.example"})
    for headers in foreign:
        assert post(development, "/webhook/incoming_call", CALL, headers)[0] == 403, headers
        development.wait_for_log(next(iter(headers.values())) if "Host" in headers else next(iter(headers)))
    development.wait_for_log("development mode")


@pytest.mark.parametrize(("path", "sid"), [("handle_recording", "CallSid"), ("message_status", "MessageSid")])
def test_recordings_and_message_reports_are_believed_only_when_signed(server: Server, path: str, sid: str) -> None:
    """R2.4, R2.7, R14: 403 to anybody else, 400 without a SID; then what came is handed on, off the request."""
    url = f"https://agent.example/webhook/{path}"
    form = {"CallSid": f"CA{path.replace('_', '')}"} | ({sid: "SM1"} if sid != "CallSid" else {})
    assert post(server, f"/webhook/{path}", form)[0] == 403
    assert post(server, f"/webhook/{path}", {"From": "+972500000001"}, PUBLIC, url)[0] == 400
    status, headers, body = post(server, f"/webhook/{path}", form, PUBLIC, url)
    if path == "handle_recording":
        assert (status, headers["Content-Type"]) == (200, twiml.CONTENT_TYPE)
        assert ElementTree.fromstring(body).tag == "Response"
    else:
        assert (status, body) == (204, b"")
    assert wait_for_event(server, form["CallSid"])[0] == ("recording" if "recording" in path else path)


@pytest.mark.parametrize(
    ("status", "line"), [("completed", None), ("answered", None), ("no-answer", "no-answer"), ("busy", "busy")]
)
@pytest.mark.parametrize("path", ["transfer_ended", "overflow_ended"])
def test_a_caller_whom_nobody_answered_is_told_so(server: Server, path: str, status: str, line: str | None) -> None:
    """R17, R18, R2.4: only Twilio's own word; after a talk with a person the call just ends."""
    url = f"https://agent.example/webhook/{path}"
    form = {"CallSid": f"CA{path.replace('_', '')}{status.replace('-', '')}", "DialCallStatus": status}
    assert post(server, f"/webhook/{path}", form)[0] == 403
    assert post(server, f"/webhook/{path}", {"DialCallStatus": status}, PUBLIC, url)[0] == 400
    code, headers, body = post(server, f"/webhook/{path}", form, PUBLIC, url)
    assert (code, headers["Content-Type"]) == (200, twiml.CONTENT_TYPE)
    said = "a message, please" if line and path == "overflow_ended" else line
    assert ElementTree.fromstring(body).findtext("Say") == said
    kind, told, signed = wait_for_event(server, form["CallSid"])
    assert (kind, told["DialCallStatus"], signed) == ("transfer_ended", status, True)


@pytest.mark.parametrize(
    ("path", "status", "times"),
    [("incoming_call", 403, 1), ("message_status", 403, 1), ("call_status", 204, 1), ("stream_status", 204, 0)],
)
def test_who_says_to_be_twilio_and_is_not_is_counted(path: str, status: int, times: int) -> None:
    """R11, R19: with a wrong auth token every call is such, and a person must hear of it; a stream's news is none."""
    refused: list[str] = []
    hooks = at_hand(refused=lambda: refused.append(path))
    answer = hooks.handle(request(path, CALL))
    assert answer is not None
    assert (answer.status, len(refused)) == (status, times)


def at_hand(**given: Any) -> Webhooks:
    """Webhooks without a server, which do at once what they would have done off the request."""
    asked: dict[str, Any] = {"on_event": lambda *_: None, "spawn": lambda work, *args: work(*args), **given}
    return Webhooks(WebhookSettings(AUTH_TOKEN, "https://public.example", derive_key(AUTH_TOKEN)), **asked)


def request(path: str, form: Mapping[str, str], *, is_signed: bool = False) -> dict[str, Any]:
    """A request as WSGI has it, from elsewhere."""
    body = urlencode(form).encode()
    signature = compute(f"https://public.example/webhook/{path}", form, AUTH_TOKEN)
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/webhook/{path}",
        "RAW_URI": f"/webhook/{path}",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "public.example",
        "REMOTE_ADDR": "192.0.2.1",
        **({"HTTP_X_TWILIO_SIGNATURE": signature} if is_signed else {}),
    }


def parameters(answer: Response | None) -> dict[str, str]:
    """What a stream that is opened in answer brings along."""
    assert answer is not None
    assert (answer.status, answer.content_type) == (200, twiml.CONTENT_TYPE)
    return {one.get("name", ""): one.get("value", "") for one in ElementTree.fromstring(answer.body).iter("Parameter")}


@pytest.mark.parametrize(
    ("status", "is_signed", "more", "goes_on"),
    [
        ("in-progress", True, {"lost": "1"}, True),
        ("in-progress", True, {}, True),
        ("in-progress", True, None, False),
        ("completed", True, {"lost": "1"}, False),
        ("in-progress", False, {"lost": "1"}, False),
    ],
)
def test_only_a_call_in_progress_that_twilio_tells_of_gets_another_stream(
    status: str, is_signed: bool, more: dict[str, str] | None, goes_on: bool
) -> None:
    """R18: whatever the answer, what was told is told on, with whether it may be believed."""
    told: list[tuple[str, bool]] = []
    hooks = at_hand(goes_on=lambda _: more, on_event=lambda kind, _, trusted: told.append((kind, trusted)))
    answer = hooks.handle(request("stream_ended", CALL | {"CallStatus": status}, is_signed=is_signed))
    assert told == [("stream_ended", is_signed)]
    assert answer is not None
    assert answer.status == (200 if goes_on else 204)
    if goes_on:
        brought = parameters(answer)
        assert {**brought, **(more or {})} == brought
        assert brought["call_sid"] == CALL["CallSid"]


def test_the_token_of_a_call_is_good_for_five_minutes_and_its_parties_are_cut_to_what_twilio_takes() -> None:
    """R2.6: a SIP address may be long."""
    long = "sip:" + "a" * 500
    answer = at_hand(now_s=lambda: 1000.0).handle(
        request("incoming_call", CALL | {"From": long, "To": long[:400]}, is_signed=True)
    )
    brought = parameters(answer)
    assert (brought["from"], brought["to"]) == (long[:400], long[:400])
    key = derive_key(AUTH_TOKEN)
    assert verify(key, brought["token"], CALL["CallSid"], 1299.0) is TokenVerdict.VALID
    assert verify(key, brought["token"], CALL["CallSid"], 1300.0) is TokenVerdict.EXPIRED


@pytest.mark.parametrize(("full", "waits"), [(None, 1), (b"<Response/>", 0)])
def test_a_caller_for_whom_there_is_no_room_waits_for_no_voice(full: bytes | None, waits: int) -> None:
    """R15, R18."""
    waited: list[bool] = []
    hooks = at_hand(admission=lambda _: full, voice=lambda: waited.append(True))
    answer = hooks.handle(request("incoming_call", CALL, is_signed=True))
    assert answer is not None
    assert (answer.status, len(waited), answer.body == full) == (200, waits, full is not None)


@pytest.mark.parametrize(
    ("sid", "status"), [("C" * 64, 200), ("C" * 65, 400), ("", 400), ("CA-1", 400), ("CA\u05d0", 400)]
)
def test_a_call_is_named_by_what_twilio_makes_sids_of(sid: str, status: int) -> None:
    """R11: it goes into messages and logs as it is."""
    answer = at_hand().handle(request("incoming_call", CALL | {"CallSid": sid}, is_signed=True))
    assert answer is not None
    assert answer.status == status


def test_what_is_not_ours_is_left_to_others() -> None:
    """R3: with or without a slash, but no more than one."""
    for path, is_ours in (("call_status", True), ("call_status/", True), ("call_status//", False), ("other", False)):
        assert (at_hand().handle(request(path, CALL)) is not None) is is_ours


def test_a_slow_body_is_given_up(half_a_body: Peer) -> None:
    """R3.1: a peer that sends half a body holds a greenlet for five seconds at most."""
    assert half_a_body.head().split()[1] == "408"
