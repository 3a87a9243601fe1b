"""The lead as a signed HTTP request (R14).

    POST {LEAD_WEBHOOK_URL}
    Content-Type: application/json; charset=utf-8
    Idempotency-Key: lead-{CallSid}            the same at every attempt: keep it to drop repeats
    X-Lead-Timestamp: {Unix seconds}           of this attempt: refuse old ones
    X-Lead-Signature: sha256={hex}             HMAC-SHA256, key LEAD_WEBHOOK_SECRET, over "{timestamp}.{body}"

The body is one lead; `lead_schema.json` beside this file is its JSON Schema. When a caller's data is erased, whoever
was sent the lead gets {"event": "lead.erased", "lead_id": …} in the same way. Answer 2xx to acknowledge. 408, 429,
5xx, redirects, timeouts and broken connections are tried again (Retry-After is honoured); any other 4xx gives up,
visibly.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from app.leads.outgoing.deliveries import Claim
from app.leads.outgoing.outbox import Accepted, Refused, Result
from app.telephony.tls import session

CONNECT_TIMEOUT_S = 3.05
READ_TIMEOUT_S = 10.0
_RETRIED_CLIENT_ERRORS = frozenset({408, 425, 429})


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of X-Lead-Signature."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


class WebhookDeliverer:
    """Posts leads; without a secret they go unsigned. Blocking."""

    def __init__(
        self,
        secret: str | None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        timeout_s: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
    ) -> None:
        self._secret = secret
        self._clock = clock
        self._timeout_s = timeout_s

    def __call__(self, claim: Claim) -> Result:
        """Make one attempt."""
        now = self._clock()
        body = json.dumps(claim.payload, ensure_ascii=False, separators=(",", ":")).encode()
        timestamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "hebrew-phone-agent",
            "Idempotency-Key": claim.idempotency_key,
            "X-Lead-Timestamp": timestamp,
        }
        if self._secret:
            headers["X-Lead-Signature"] = signature(self._secret, timestamp, body)
        try:
            # stream: the answer's body is of no interest, and may be endless.
            with (
                session() as http,
                http.post(
                    claim.target,
                    data=body,
                    headers=headers,
                    timeout=self._timeout_s,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                return _verdict(response, now)
        except requests.exceptions.InvalidURL as fault:
            return Refused(f"LEAD_WEBHOOK_URL is no URL: {fault}", permanent=True)
        except requests.RequestException as fault:
            return Refused(type(fault).__name__)  # its text may hold the URL, and that may hold a key


def _verdict(response: requests.Response, now: datetime) -> Result:
    status = response.status_code
    if response.ok and status < 300:
        return Accepted()
    if 300 <= status < 400:
        return Refused(f"HTTP {status}: redirects are not followed, set LEAD_WEBHOOK_URL to the final address")
    permanent = 400 <= status < 500 and status not in _RETRIED_CLIENT_ERRORS
    return Refused(f"HTTP {status}", permanent, _retry_after_s(response.headers.get("Retry-After"), now))


def _retry_after_s(value: str | None, now: datetime) -> float | None:
    if value is None:
        return None
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value).astimezone(UTC) - now).total_seconds())
    except ValueError:
        return None
