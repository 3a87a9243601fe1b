"""Vendors' exceptions as stable codes, whatever they look like."""

import asyncio
from typing import Any

import aiohttp
import grpc
import httpx2
import openai
import pytest
from google.api_core.exceptions import from_grpc_status
from google.auth.exceptions import RefreshError, TransportError

from app.sidecar.child import ServiceError
from app.speech.cloud.errors import failure
from app.speech.cloud.google_errors import google_error, google_status, is_masked
from app.speech.cloud.openai_client import Options
from app.speech.cloud.openai_errors import is_lost_connection, openai_error

CODES: dict[grpc.StatusCode, tuple[str, bool]] = {
    grpc.StatusCode.UNAVAILABLE: ("unavailable", True),
    grpc.StatusCode.DEADLINE_EXCEEDED: ("timeout", True),
    grpc.StatusCode.INVALID_ARGUMENT: ("invalid_request", False),
    grpc.StatusCode.NOT_FOUND: ("invalid_request", False),
    grpc.StatusCode.FAILED_PRECONDITION: ("invalid_request", False),
    grpc.StatusCode.UNIMPLEMENTED: ("invalid_request", False),
    grpc.StatusCode.UNAUTHENTICATED: ("unauthenticated", False),
    grpc.StatusCode.PERMISSION_DENIED: ("unauthenticated", False),
    grpc.StatusCode.RESOURCE_EXHAUSTED: ("quota", True),
    grpc.StatusCode.OUT_OF_RANGE: ("stream_too_long", True),
}


class Ended(grpc.RpcError):  # type: ignore[misc]  # grpc has no types
    """A stream that ended with a status."""

    def __init__(self, status: grpc.StatusCode, words: str = "") -> None:
        super().__init__(words)
        self._status = status

    def code(self) -> grpc.StatusCode:
        return self._status


@pytest.mark.parametrize("status", grpc.StatusCode)
def test_googles_statuses_have_stable_codes_in_both_forms(status: grpc.StatusCode) -> None:
    """R8.2: and say whether it is worth trying again; what is not foreseen is."""
    for exc in (Ended(status, "words"), from_grpc_status(status, "words")):  # type: ignore[no-untyped-call]
        told = google_error(exc)
        assert (told.code, told.retriable) == CODES.get(status, ("internal", True))
        assert "words" in told.message


def test_wrong_credentials_are_told_from_a_line_that_is_down() -> None:
    """R13: one is mended by a person, the other by itself."""
    down, wrong = google_error(TransportError("no route")), google_error(RefreshError("bad key"))  # type: ignore[no-untyped-call]
    assert (down.code, down.retriable) == ("unavailable", True)
    assert (wrong.code, wrong.retriable) == ("unauthenticated", False)
    assert google_status(RefreshError("bad key")) is None  # type: ignore[no-untyped-call]


def test_only_a_write_that_crossed_a_refusal_is_masked() -> None:
    """R8.5: INTERNAL alone may be Google's own."""
    assert is_masked(Ended(grpc.StatusCode.INTERNAL, "Internal error from Core"))
    assert not is_masked(Ended(grpc.StatusCode.INTERNAL, "Internal error"))
    assert not is_masked(Ended(grpc.StatusCode.UNKNOWN, "Internal error from Core"))
    assert not is_masked(ValueError("Internal error from Core"))


def answered(status: int, message: str = "no", **body: object) -> openai.APIStatusError:
    """The exception that OpenAI's client makes of an answer."""
    response = httpx2.Response(status, request=httpx2.Request("POST", "http://nowhere.invalid"))
    client = openai.AsyncOpenAI(api_key="none", base_url="http://nowhere.invalid")
    return client._make_status_error(message, body=body, response=response)


@pytest.mark.parametrize(
    ("exc", "code", "retriable"),
    [
        (answered(400), "invalid_request", False),
        (answered(404), "invalid_request", False),
        (answered(401), "unauthenticated", False),
        (answered(403), "unauthenticated", False),
        (answered(429), "quota", True),
        (answered(429, code="insufficient_quota"), "quota", False),
        (answered(500), "unavailable", True),
        (answered(503), "unavailable", True),
        (openai.OpenAIError("odd"), "internal", True),
    ],
)
def test_openais_answers_have_stable_codes(exc: openai.OpenAIError, code: str, retriable: bool) -> None:
    """R8.2: an unpaid bill is not mended by waiting."""
    told = openai_error(exc)
    assert (told.code, told.retriable) == (code, retriable)


def test_a_lost_connection_that_calls_itself_late_is_told_from_a_late_answer() -> None:
    """R18: the transport says the same of both."""
    request = httpx2.Request("POST", "http://nowhere.invalid")

    def late(cause: BaseException | None) -> openai.APITimeoutError:
        between = httpx2.ReadTimeout("late")
        between.__cause__ = cause
        exc = openai.APITimeoutError(request=request)
        exc.__cause__ = between
        return exc

    assert openai_error(late(aiohttp.ClientConnectionError())).code == "unavailable"
    for cause in (None, TimeoutError(), aiohttp.ServerTimeoutError()):
        assert not is_lost_connection(late(cause))
        assert openai_error(late(cause)).code == "timeout"
    assert openai_error(openai.APIConnectionError(request=request)).code == "unavailable"


def test_a_failures_words_are_one_line_of_bounded_length_without_keys() -> None:
    """R1.3, R11."""
    told = failure("quota", ValueError("key sk-abc*123-x is\n\n bad " + "x" * 400), retriable=True)
    assert told.message.startswith("key sk-… is bad xxx")
    assert len(told.message) == 300
    assert failure("internal", ValueError(""), retriable=False).message == "ValueError"


class Model:
    """Takes only some parameters."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.asked: list[dict[str, Any]] = []

    async def create(self, **parameters: Any) -> str:
        self.asked.append(parameters)
        if self.faults:
            raise self.faults.pop(0)
        return "answer"


def test_a_parameter_that_is_refused_is_left_out_from_then_on_and_one_that_is_not_set_always() -> None:
    """R10.4: by the name the vendor gives, or the one in its words."""
    options = Options({"effort": "none", "temperature": 0.5, "empty": "", "nothing": None, "most": 0, "list": []})
    model = Model(answered(400, param="temperature[0]"), answered(422, "unknown argument: effort"))
    assert asyncio.run(options.call(model.create, {"hint": "x"}, model="m")) == "answer"
    assert model.asked == [
        {"model": "m", "effort": "none", "temperature": 0.5, "most": 0, "hint": "x"},
        {"model": "m", "effort": "none", "most": 0, "hint": "x"},
        {"model": "m", "most": 0, "hint": "x"},
    ]
    assert options.accepted == {"most": 0}


def test_what_was_left_out_in_vain_is_tried_again() -> None:
    """R10.4: only a request that went through shows that the parameter was to blame."""
    options = Options({"effort": "none"})
    model = Model(answered(400, param="effort"), answered(400, "too long"))
    with pytest.raises(ServiceError, match="invalid_request"):
        asyncio.run(options.call(model.create, model="m"))
    assert options.accepted == {"effort": "none"}
    busy = Model(answered(429))
    with pytest.raises(ServiceError, match="quota"):
        asyncio.run(options.call(busy.create, model="m"))
    assert len(busy.asked) == 1
