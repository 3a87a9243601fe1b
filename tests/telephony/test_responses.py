"""Answers before Flask, as WSGI has them."""

from typing import Any

import pytest

from app.telephony.responses import Response, method_not_allowed, no_content, refuse


def sent(response: Response, method: str) -> tuple[str, dict[str, str], list[bytes]]:
    told: list[Any] = []
    body = response.send({"REQUEST_METHOD": method}, lambda *answer: told.extend(answer))
    return told[0], dict(told[1]), body


@pytest.mark.parametrize(("method", "body"), [("GET", [b"ok\n"]), ("POST", [b"ok\n"]), ("HEAD", [])])
def test_head_gets_the_headers_alone(method: str, body: list[bytes]) -> None:
    """RFC 9110 §9.3.2: the length told is that of the body a GET would have had."""
    status, headers, got = sent(Response(200, b"ok\n", headers=(("Retry-After", "5"),)), method)
    assert (status, got) == ("200 OK", body)
    assert headers == {"Retry-After": "5", "Content-Type": "text/plain; charset=utf-8", "Content-Length": "3"}


def test_nothing_is_said_of_a_body_that_a_204_does_not_have() -> None:
    """R3.1, RFC 9110 §8.6; an empty body elsewhere is no part of an answer."""
    assert sent(no_content(), "POST") == ("204 No Content", {}, [])
    assert sent(Response(200), "GET")[2] == []


def test_a_refusal_says_why_in_a_sentence_and_what_there_is_instead() -> None:
    """R3: whoever sent it can mend it."""
    assert sent(refuse(413, "too large"), "POST")[0::2] == ("413 Request Entity Too Large", [b"too large\n"])
    status, headers, body = sent(method_not_allowed("GET", "HEAD"), "PUT")
    assert (status, headers["Allow"], body) == ("405 Method Not Allowed", "GET, HEAD", [b"use GET or HEAD\n"])
