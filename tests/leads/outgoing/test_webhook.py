"""The webhook against a real HTTP server that misbehaves."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.leads.outgoing.deliveries import Claim
from app.leads.outgoing.outbox import Accepted, Refused
from app.leads.outgoing.webhook import WebhookDeliverer
from tests.leads.receiver import Receiver

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def claim(url: str) -> Claim:
    payload = {"lead_id": "lead-CA1", "contact": {"name": "דנה"}}
    return Claim(1, "CA1", "lead-CA1", f"{url}/leads?key=1", {}, payload, 1)


def deliverer(secret: str | None = "a secret") -> WebhookDeliverer:
    return WebhookDeliverer(secret, lambda: NOW, timeout_s=(2.0, 0.5))


def test_the_signature_can_be_checked_from_the_documentation_alone(receiver: Receiver) -> None:
    """R14: HMAC-SHA256 over timestamp, dot and body."""
    assert deliverer()(claim(receiver.url)) == Accepted()
    request = receiver.requests[0]
    timestamp = request.headers["X-Lead-Timestamp"]
    expected = hmac.new(b"a secret", timestamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-Lead-Signature"] == f"sha256={expected}"
    assert timestamp == str(int(NOW.timestamp()))
    assert request.headers["Idempotency-Key"] == "lead-CA1"
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert request.path == "/leads?key=1"
    assert json.loads(request.body)["contact"]["name"] == "דנה"


def test_without_a_secret_nothing_pretends_to_be_signed(receiver: Receiver) -> None:
    """R14: the secret is optional."""
    deliverer(None)(claim(receiver.url))
    assert "X-Lead-Signature" not in receiver.requests[0].headers


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_acknowledges(receiver: Receiver, status: int) -> None:
    """R14: acknowledged."""
    receiver.answers.append((status, {}, b""))
    assert deliverer()(claim(receiver.url)) == Accepted()


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        *((status, True) for status in (400, 401, 404, 410, 422)),
        *((status, False) for status in (301, 408, 429, 500, 502, 503)),
    ],
)
def test_other_answers_are_final_or_not(receiver: Receiver, status: int, permanent: bool) -> None:
    """R14: 4xx gives up, except those that ask for another try."""
    receiver.answers.append((status, {"Location": receiver.url}, b"no"))
    result = deliverer()(claim(receiver.url))
    assert isinstance(result, Refused)
    assert result.permanent is permanent
    assert str(status) in result.reason
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("value", ["120", format_datetime(NOW + timedelta(seconds=120), usegmt=True)])
def test_the_receiver_may_say_when_to_come_back(receiver: Receiver, value: str) -> None:
    """R14: Retry-After, in seconds or as a date."""
    receiver.answers.append((503, {"Retry-After": value}, b""))
    assert deliverer()(claim(receiver.url)) == Refused("HTTP 503", permanent=False, after_s=120.0)


@pytest.mark.parametrize("answer", ["hang", "drop"])
def test_a_receiver_that_hangs_or_hangs_up_is_tried_again(receiver: Receiver, answer: str) -> None:
    """R14: short timeouts."""
    receiver.answers.append(answer)
    result = deliverer()(claim(receiver.url))
    assert isinstance(result, Refused)
    assert not result.permanent


def test_a_receiver_that_is_not_there_is_tried_again_and_its_url_not_told() -> None:
    """R1.3: a webhook's URL may hold a key, so it is in no error."""
    result = deliverer()(claim("http://127.0.0.1:1"))
    assert isinstance(result, Refused)
    assert not result.permanent
    assert "key=1" not in result.reason


def test_an_address_that_is_none_gives_up() -> None:
    """R14: nothing is tried for hours that cannot work."""
    result = deliverer()(claim("http://"))
    assert isinstance(result, Refused)
    assert result.permanent
