"""WhatsApp through Twilio's client, against a server that answers as Twilio's REST API does."""

import json
from urllib.parse import parse_qs

import pytest

from app.leads.outgoing.deliveries import Claim
from app.leads.outgoing.outbox import Accepted, Refused
from app.leads.outgoing.whatsapp import WhatsAppDeliverer, WhatsAppSender
from app.telephony.rest import TwilioRest
from tests.leads.receiver import Receiver

ACCOUNT = "AC" + "0" * 32
TEMPLATE = "HX" + "0" * 32
TAKEN = (201, {"Content-Type": "application/json"}, json.dumps({"sid": "SM1", "status": "queued"}).encode())


def fault(status: int, code: int) -> tuple[int, dict[str, str], bytes]:
    body = {"code": code, "message": "no", "status": status, "more_info": ""}
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def claim(**message: object) -> Claim:
    return Claim(1, "CA1", "lead-CA1", "+972500000007", {"body": "דירה בחיפה", "variables": {}, **message}, {}, 1)


def deliverer(receiver: Receiver, template: str | None = None) -> WhatsAppDeliverer:
    twilio = TwilioRest(ACCOUNT, "token", base_url=receiver.url, timeout_s=0.5)
    callback = "https://agent.example.com/webhook/message_status"
    return WhatsAppDeliverer(twilio, WhatsAppSender("+972500000001", template, callback))


def form(receiver: Receiver) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(receiver.requests[-1].body.decode()).items()}


def test_without_a_template_the_text_goes_out(receiver: Receiver) -> None:
    """R10.5: WhatsApp really goes out."""
    receiver.answers.append(TAKEN)
    assert deliverer(receiver)(claim()) == Accepted("SM1", final=False)
    assert receiver.requests[0].path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert form(receiver) == {
        "From": "whatsapp:+972500000001",
        "To": "whatsapp:+972500000007",
        "Body": "דירה בחיפה",
        "StatusCallback": "https://agent.example.com/webhook/message_status",
    }


@pytest.mark.parametrize(
    ("variables", "expected"), [({"1": "דנה", "2": "חיפה"}, {"1": "דנה", "2": "חיפה"}), ({}, {"1": "דירה בחיפה"})]
)
def test_with_a_template_its_variables_go_out(
    receiver: Receiver, variables: dict[str, str], expected: dict[str, str]
) -> None:
    """R14: outside the 24 h window only an approved template is delivered."""
    receiver.answers.append(TAKEN)
    deliverer(receiver, TEMPLATE)(claim(variables=variables))
    sent = form(receiver)
    assert "Body" not in sent
    assert sent["ContentSid"] == TEMPLATE
    assert json.loads(sent["ContentVariables"]) == expected


def test_the_template_that_is_needed_but_not_set_is_named(receiver: Receiver) -> None:
    """R14: error 63016 is visible and says what to do."""
    result = deliverer(receiver)(claim(by_template=True))
    assert isinstance(result, Refused)
    assert result.permanent
    assert "WHATSAPP_TEMPLATE_SID" in result.reason
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        (fault(400, 21211), True),
        (fault(401, 20003), False),
        (fault(429, 20429), False),
        (fault(503, 20503), False),
        ("hang", False),
        ("drop", False),
    ],
)
def test_twilio_s_refusals_are_final_or_not(
    receiver: Receiver, answer: int | str | tuple[int, dict[str, str], bytes], permanent: bool
) -> None:
    """R14: wrong credentials are mended by the operator, a wrong receiver by nobody."""
    receiver.answers.append(answer)
    result = deliverer(receiver)(claim())
    assert isinstance(result, Refused)
    assert result.permanent is permanent
