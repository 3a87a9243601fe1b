"""Signatures: Twilio's published vectors, its own validator, and the URLs of a request behind proxies (R2.5)."""

from collections.abc import Sequence
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from app.telephony.signature import (
    candidate_urls,
    compute,
    handshake_is_signed,
    is_valid,
    request_is_signed,
    websocket_candidate_urls,
)

TOKEN = "12345"
PARAMS = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
PUBLISHED = "https://mycompany.com/myapp.php?foo=1&bar=2"
VECTORS = [
    (PUBLISHED, PARAMS, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ("https://mycompany.com:443/myapp.php?foo=1&bar=2", PARAMS, "kvajT1Ptam85bY51eRf/AJRuM3w="),
    ("http://mycompany.com:80/myapp.php?foo=1&bar=2", PARAMS, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", PARAMS, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    ("https://mycompany.com/myapp.php", PARAMS, "1xaxFBvyzXYvWplzNOSs28HWO94="),
    ("wss://mycompany.com/ws/twilio-media", {}, "x4HbBlm+57rLIGlov2S3wHPiTV0="),
    ("wss://mycompany.com/ws/twilio-media/", {}, "igzF4tDd7UqxEYSOWI7rmfFLqjA="),
    ("wss://mycompany.com:443/ws/twilio-media", {}, "7X8ZLrC9yZcBYFY7FyJ2Udg8mm0="),
    ("https://mycompany.com/ws/twilio-media", {}, "pJIHL/haYU+s5K7wy6RXitUNB3Y="),
    (
        "https://mycompany.com/voice",
        {"SpeechResult": "שלום", "CallerName": "דוד"},
        "K6Nd2WCI447Wx7pgPJn63o1yiTQ=",
    ),
]


def environ(target: str = "/voice", **more: str) -> dict[str, object]:
    """Return what gunicorn makes of a request for `target`."""
    path, _, query = target.partition("?")
    made: dict[str, object] = {
        "RAW_URI": target,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_HOST": "inner:5000",
        "wsgi.url_scheme": "http",
    }
    return made | more


@pytest.mark.parametrize(("url", "params", "signature"), VECTORS)
def test_the_vectors_come_out(url: str, params: dict[str, str], signature: str) -> None:
    """R2.5."""
    assert compute(url, params, TOKEN) == signature
    assert is_valid([url], params, signature, TOKEN)
    assert RequestValidator(TOKEN).validate(url, params, signature)


def test_repeated_values_count_once_and_sorted() -> None:
    """R2.5: Twilio's published vector for duplicates."""
    pairs = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]

    assert compute(PUBLISHED, pairs, TOKEN) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


@pytest.mark.parametrize(
    ("seen", "signed"),
    [
        ("https://a.example/x", "https://a.example:443/x"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("http://a.example/x?y", "http://a.example:80/x?y"),
        ("https://a.example:8443/x", "https://a.example/x"),
        ("wss://a.example/x", "wss://a.example:443/x"),
        ("wss://a.example/x", "wss://a.example:80/x"),
        ("https://[::1]:443/x", "https://[::1]/x"),
    ],
)
def test_a_default_port_may_be_written_or_not(seen: str, signed: str) -> None:
    """R2.5: Twilio is inconsistent in this, so its own validator tries both."""
    assert is_valid([seen], PARAMS, compute(signed, PARAMS, TOKEN), TOKEN)


@pytest.mark.parametrize("signature", ["", "x", "RSOYDt4T1cUTdK1PDd93/VVr8B9=", "שלום", "\udcff"])
def test_another_signature_is_refused_whatever_it_is(signature: str) -> None:
    """R2.4."""
    assert not is_valid([PUBLISHED], PARAMS, signature, TOKEN)


@given(
    params=st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=6),
    path=st.text("abc/%~,.", max_size=8),
)
def test_it_agrees_with_twilios_own_validator(params: Sequence[tuple[str, str]], path: str) -> None:
    """R2.5: any form, blanks and repeats included."""
    url = f"https://a.example/{path}"
    signature = compute(url, params, TOKEN)

    assert RequestValidator(TOKEN).compute_signature(url, MultiDict(params)) == signature
    assert is_valid([url], params, signature, TOKEN)
    assert not is_valid([url], params, signature, "54321")


def test_the_url_is_the_public_base_then_what_the_proxy_named_each_without_its_query_first() -> None:
    """R2.5."""
    request = environ(
        "/voice/?a=%D7%A9", HTTP_X_FORWARDED_PROTO="https, http", HTTP_X_FORWARDED_HOST="a.example, inner"
    )

    assert candidate_urls(request, "https://public.example/") == [
        "https://public.example/voice/",
        "https://public.example/voice/?a=%D7%A9",
        "https://a.example/voice/",
        "https://a.example/voice/?a=%D7%A9",
    ]
    assert candidate_urls(environ(), None) == ["http://inner:5000/voice"]


def test_a_target_is_taken_raw_and_made_up_only_where_the_server_keeps_none() -> None:
    """R2.5: decoding and encoding again would change what was signed."""
    assert candidate_urls(environ("/a%7Eb%2c"), None) == ["http://inner:5000/a%7Eb%2c"]
    bare = environ("/x?y=1") | {"RAW_URI": "http://inner:5000/x?y=1", "PATH_INFO": "/ש".encode().decode("latin-1")}
    assert candidate_urls(bare, None)[0] == "http://inner:5000/%D7%A9"


@pytest.mark.parametrize("target", ["/voice", "/voice?a=1&b=%20", "/voice/", f"/{quote_plus('שלום')}"])
def test_a_signed_request_is_known_with_and_without_its_query(target: str) -> None:
    """R2.5."""
    for url in (f"https://public.example{target}", f"https://public.example{target.partition('?')[0]}"):
        request = environ(target, HTTP_X_TWILIO_SIGNATURE=compute(url, PARAMS, TOKEN))
        assert request_is_signed(request, PARAMS, TOKEN, "https://public.example")
        assert not request_is_signed(request, PARAMS, "another", "https://public.example")
        assert not request_is_signed(request, PARAMS, None, "https://public.example")
    assert not request_is_signed(environ(target), PARAMS, TOKEN, "https://public.example")


def test_a_handshake_may_be_signed_for_wss_or_https_with_or_without_a_slash() -> None:
    """R2.6."""
    path = "/ws/twilio-media"
    urls = websocket_candidate_urls(environ(path), "https://public.example")

    assert urls[:4] == [f"{scheme}://public.example{path}{slash}" for scheme in ("wss", "https") for slash in ("", "/")]
    for url in urls:
        signed = environ(path + "/", HTTP_X_TWILIO_SIGNATURE=compute(url, {}, TOKEN))
        assert handshake_is_signed(signed, TOKEN, "https://public.example") is True
    forged = environ(path, HTTP_X_TWILIO_SIGNATURE="x")
    assert handshake_is_signed(forged, TOKEN, "https://public.example") is False
    assert handshake_is_signed(environ(path), TOKEN, "https://public.example") is None


def test_only_a_schemes_own_port_may_be_added() -> None:
    """R2.5: what was signed for another door is not ours."""
    for signed, seen, fits in (
        ("http://a.example:80/x", "http://a.example/x", True),
        ("http://a.example:443/x", "http://a.example/x", False),
        ("https://a.example:80/x", "https://a.example/x", False),
        ("ws://a.example:443/x", "ws://a.example/x", False),
        ("wss://a.example:80/x", "wss://a.example/x", True),
        ("https://a.example/x", "https://a.example:8443/x", True),
        ("https://a.example:443/x", "https://a.example:8443/x", False),
    ):
        assert is_valid([seen], {}, compute(signed, {}, "token"), "token") is fits
