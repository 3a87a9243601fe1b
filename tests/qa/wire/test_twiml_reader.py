"""What Twilio would make of a server's TwiML, and in which words it is refused."""

import pytest

from app.qa.wire.http_client import HttpResponse, ServerError
from app.qa.wire.twiml_reader import PARAMETER_LIMIT, check_twiml_response, parse_twiml

STREAM = (
    '<?xml version="1.0"?><Response><Connect action="https://a.example/webhook/stream_ended">'
    '<Stream url="{url}" statusCallback="https://a.example/webhook/stream_status">'
    '<Parameter name="token" value="{token}"/></Stream></Connect></Response>'
)


def twiml(url: str = "wss://a.example/ws/twilio-media", token: str = "t") -> bytes:
    return STREAM.format(url=url, token=token).encode()


def test_a_stream_is_found_with_all_that_it_asks_for() -> None:
    """R2.3."""
    stream = parse_twiml(twiml())
    assert stream.url == "wss://a.example/ws/twilio-media"
    assert stream.parameters == {"token": "t"}
    assert stream.status_callback == "https://a.example/webhook/stream_status"
    assert stream.action == "https://a.example/webhook/stream_ended"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\xef\xbb\xbf" + twiml(), "12100"),
        (b" " + twiml(), "12100"),
        (b"<Response><Connect>", "12100"),
        (b"<html></html>", "root is <html>"),
        ("<Response><Say>שלום</Say><Hangup/></Response>".encode(), "holds <Say> שלום, <Hangup>"),
        (b"<Response></Response>", "holds nothing"),
        (twiml("ws://a.example/ws"), "31922"),
        (twiml("wss://a.example/ws?token=1"), "31920"),
        (twiml(token="x" * PARAMETER_LIMIT), "reach 500 characters"),
    ],
)
def test_what_twilio_would_refuse_is_refused_in_its_numbers(body: bytes, said: str) -> None:
    """R12.1: the tool says what is wrong, not that something is."""
    with pytest.raises(ServerError, match=said):
        parse_twiml(body)


@pytest.mark.parametrize(
    ("status", "kind", "signed", "said"),
    [
        (403, "text/plain", True, "is not the server's"),
        (403, "text/plain", False, "no auth token"),
        (502, "text/html", True, "HTTP 502"),
        (200, "text/html", True, "text/html, not TwiML"),
        (200, "", True, "no content type, not TwiML"),
    ],
)
def test_an_answer_that_is_no_twiml_names_its_likely_cause(status: int, kind: str, signed: bool, said: str) -> None:
    """R12.1."""
    response = HttpResponse(status, {"content-type": kind} if kind else {}, b"", 1.0, 1.0, 1.0)
    with pytest.raises(ServerError, match=said):
        check_twiml_response(response, "the webhook", signed=signed)
