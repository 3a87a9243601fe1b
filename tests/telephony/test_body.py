"""Forms, read out of what a server hands over."""

import io
from typing import Any

import pytest

from app.telephony.body import read_form
from app.telephony.responses import RefusedError

FORM = "application/x-www-form-urlencoded"


class Broken(io.BytesIO):
    """A body whose peer is gone."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError("chunk without an end")


def request(body: bytes, **environ: object) -> dict[str, Any]:
    return {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), **environ}


def chunked(body: bytes) -> dict[str, Any]:
    return request(body, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="Chunked")


def status_of(environ: dict[str, Any], max_bytes: int = 20) -> int:
    """The status of a refusal, 200 where there is none."""
    try:
        read_form(environ, max_bytes)
    except RefusedError as refused:
        return refused.response.status
    return 200


def test_fields_come_in_order_with_blanks_and_repeats_for_they_are_signed() -> None:
    """R2.5."""
    body = b"b=1&a=&b=2&c=%D7%A9"
    fields = (("b", "1"), ("a", ""), ("b", "2"), ("c", "ש"))
    assert read_form(request(body)) == read_form(chunked(body)) == fields
    assert read_form(request(body, CONTENT_TYPE=FORM.upper() + "; charset=utf-8")) == fields
    assert read_form(request(body, CONTENT_LENGTH=f" {len(body)} ")) == fields
    assert read_form(request(b"a=%FF")) == (("a", "\ufffd"),)


def test_what_is_no_form_or_no_body_has_no_fields() -> None:
    """R3."""
    assert read_form(request(b"a=1", CONTENT_TYPE="application/json")) == ()
    assert read_form(request(b"a=1", CONTENT_LENGTH="")) == ()
    assert read_form({}) == ()


@pytest.mark.parametrize(("size", "status"), [(20, 200), (21, 413)])
def test_a_body_may_have_the_caps_size_and_not_a_byte_more(size: int, status: int) -> None:
    """R3: whether its length was told or not."""
    body = b"a=" + b"x" * (size - 2)
    assert status_of(request(body)) == status_of(chunked(body)) == status
    assert status_of(request(b"", CONTENT_LENGTH="999999")) == 413, "what is told to be too big is not read"


@pytest.mark.parametrize(("fields", "status"), [(500, 200), (501, 400)])
def test_a_form_has_so_many_fields_and_not_one_more(fields: int, status: int) -> None:
    """R3."""
    assert status_of(request(b"&".join([b"a=1"] * fields)), 64 * 1024) == status


def test_a_form_of_twilios_finds_room_and_a_flood_does_not() -> None:
    """R3: some 64 KiB."""
    assert len(read_form(request(b"a=" + b"x" * 65_534))) == 1
    with pytest.raises(RefusedError, match="65536"):
        read_form(request(b"a=" + b"x" * 65_535))


@pytest.mark.parametrize("told", ["-1", "1.5", "x", "٣", "+3", "1 2"])
def test_a_length_that_is_no_number_is_a_bad_request(told: str) -> None:
    """R3."""
    assert status_of(request(b"a=1", CONTENT_LENGTH=told)) == 400


def test_a_body_that_breaks_off_is_a_bad_request_and_says_how() -> None:
    """R3."""
    assert status_of(request(b"a=1", CONTENT_LENGTH="4")) == 400
    assert status_of(request(b"a=1", CONTENT_LENGTH="3")) == 200
    with pytest.raises(RefusedError, match="chunk without an end") as refused:
        read_form(request(b"", CONTENT_LENGTH="3", **{"wsgi.input": Broken()}))
    assert refused.value.response.status == 400
