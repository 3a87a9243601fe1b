"""The office behind the server: leads come to its desk, summaries go out by WhatsApp, a person can be asked for."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from app.qa.wire.http_client import HttpResponse, post
from app.qa.wire.twilio_peer import sign
from tests.e2e.phones import Phone, sample, until
from tests.e2e.town import AUTH_TOKEN, PUBLIC_URL, Town
from tests.leads.receiver import Receiver

WHATSAPP_FROM, OFFICE = "+97230000001", "+97230000002"
CONSOLE_PASSWORD = "the office's own console"
SECRET = "the office's and nobody else's"
T = TypeVar("T")


def office_environment(desk: Receiver) -> dict[str, str]:
    """Return the settings of a server with an office behind it: one call at a time, a webhook, WhatsApp, a transfer."""
    return {
        "LEAD_WEBHOOK_URL": desk.url + "/leads",
        "LEAD_WEBHOOK_SECRET": SECRET,
        "WHATSAPP_FROM": WHATSAPP_FROM,
        "TRANSFER_NUMBER": OFFICE,
        "MAX_CALLS": "1",
        "CONSOLE_PASSWORD": CONSOLE_PASSWORD,
    }


def converse(there: Town, texts: Sequence[str]) -> Phone:
    """Hold a call in which the recogniser hears these turns; return it while the last is being answered.

    All words of a turn are heard while its voice lasts: on a busy machine an interim may stand for a late final.
    """
    there.vendors.reset()
    there.vendors.ears.script(*({"texts": [text], "start_ms": 0, "ms_per_word": 60} for text in texts))
    phone = there.greeted()
    for _ in texts[:-1]:
        phone.ask(sample("w01_02"))
    phone.say(sample("w01_02"))
    return phone


def found(search: Callable[[], T | None], what: str) -> T:
    """Wait until a search finds something."""
    thing = until(search, what)
    assert thing is not None
    return thing


def lead_of(desk: Receiver, call_sid: str) -> dict[str, Any]:
    """Return the call's lead as it was delivered, its signature checked."""

    def delivered() -> dict[str, Any] | None:
        for request in desk.requests:
            lead: dict[str, Any] = json.loads(request.body)
            if lead["call"]["sid"] == call_sid:
                headers = {name.lower(): value for name, value in request.headers.items()}
                signed = headers["x-lead-timestamp"].encode() + b"." + request.body
                digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
                assert headers["x-lead-signature"] == f"sha256={digest}"
                return lead
        return None

    return found(delivered, "the lead at the office")


def told(there: Town, path: str, form: dict[str, str], *, signed: bool = True) -> HttpResponse:
    """Post a webhook as Twilio would."""
    headers = {"X-Twilio-Signature": sign(AUTH_TOKEN, PUBLIC_URL + path, form)} if signed else {}

    async def send() -> HttpResponse:
        return await post(urlsplit(there.server.url + path), form, headers)

    return asyncio.run(send())


def values(lead: dict[str, Any]) -> dict[str, Any]:
    return {name: slot["value"] for name, slot in lead["slots"].items()}


def delivery(there: Town, call_sid: str) -> dict[str, Any] | None:
    """Return the WhatsApp delivery of a call, once Twilio has taken it."""
    query = (
        "SELECT deliveries.* FROM deliveries JOIN leads ON leads.id = deliveries.lead_id "
        "WHERE leads.call_sid = ? AND deliveries.channel = 'whatsapp' AND vendor_id IS NOT NULL"
    )
    return next(iter(there.rows(query, call_sid)), None)


def whatsapp_to(there: Town, number: str) -> dict[str, str] | None:
    """Return the newest WhatsApp message Twilio was asked to send to a number."""
    sent = (one.form for one in reversed(there.vendors.rest.requests) if one.form.get("To") == f"whatsapp:{number}")
    return next(sent, None)


def asked_of_twilio(there: Town, call_sid: str) -> dict[str, str]:
    """Return what Twilio was asked to do with a call, waiting for it."""
    path = f"/Calls/{call_sid}.json"
    requests = there.vendors.rest.requests
    return found(lambda: next((one for one in requests if one.path.endswith(path)), None), "a request to Twilio").form
