"""Opening handshakes, good and bad, as WSGI has them."""

from typing import Any

import pytest

from app.telephony.handshake import HandshakeError, shake_hands

GOOD: dict[str, Any] = {
    "REQUEST_METHOD": "GET",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "agent.example",
    "HTTP_UPGRADE": "h2c, WebSocket",
    "HTTP_CONNECTION": "keep-alive, Upgrade",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_the_answer_is_that_of_the_standards_own_example() -> None:
    """RFC 6455 §1.3."""
    shaken = shake_hands(GOOD, ["a"])
    assert shaken.answer == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    )
    assert (shaken.subprotocol, shaken.offered) == (None, ())


def test_the_first_subprotocol_that_both_speak_is_chosen() -> None:
    """RFC 6455 §4.2.2."""
    offers = GOOD | {"HTTP_SEC_WEBSOCKET_PROTOCOL": "x, b,, a"}
    shaken = shake_hands(offers, ["a", "b"])
    assert (shaken.subprotocol, shaken.offered) == ("b", ("x", "b", "a"))
    assert shaken.answer.endswith(b"\r\nSec-WebSocket-Protocol: b\r\n\r\n")
    assert b"-Protocol" not in shake_hands(offers, ["y"]).answer


@pytest.mark.parametrize(
    ("wrong", "status", "says"),
    [
        ({"REQUEST_METHOD": "POST"}, 405, "use GET"),
        ({"REQUEST_METHOD": "HEAD"}, 426, "WebSocket"),
        ({"HTTP_UPGRADE": "h2c"}, 426, "WebSocket"),
        ({"HTTP_UPGRADE": ""}, 426, "WebSocket"),
        ({"SERVER_PROTOCOL": "HTTP/1.0"}, 400, "HTTP/1.1"),
        ({"HTTP_CONNECTION": "keep-alive"}, 400, "Connection: Upgrade"),
        ({"HTTP_HOST": ""}, 400, "Host"),
        ({"CONTENT_LENGTH": "1"}, 400, "no body"),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 400, "no body"),
        ({"HTTP_SEC_WEBSOCKET_VERSION": ""}, 400, "is missing"),
        ({"HTTP_SEC_WEBSOCKET_VERSION": "8"}, 426, "version 13"),
        ({"HTTP_SEC_WEBSOCKET_KEY": ""}, 400, "Sec-WebSocket-Key"),
        ({"HTTP_SEC_WEBSOCKET_KEY": "c2hvcnQ="}, 400, "Sec-WebSocket-Key"),
        ({"HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZTE="}, 400, "Sec-WebSocket-Key"),
        ({"HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ=="[:-1]}, 400, "Sec-WebSocket-Key"),
        ({"HTTP_SEC_WEBSOCKET_KEY": "ש"}, 400, "Sec-WebSocket-Key"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, str], status: int, says: str) -> None:
    """RFC 6455 §4.2.1, §4.2.2; one thing wrong is enough."""
    with pytest.raises(HandshakeError, match=says) as refused:
        shake_hands(GOOD | wrong, [])
    response = refused.value.response
    assert response.status == status
    assert (status == 426) is (("Sec-WebSocket-Version", "13") in response.headers)


def test_a_body_of_no_length_is_none() -> None:
    """Some proxies add the header."""
    assert shake_hands(GOOD | {"CONTENT_LENGTH": "0"}, []).answer
