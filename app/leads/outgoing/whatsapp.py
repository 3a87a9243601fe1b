"""The summary the caller asked for, by WhatsApp through Twilio (R10.5, R14).

A phone call opens no 24 h window, so whether free text may be sent is not known here: a template goes out when one is
set (WHATSAPP_TEMPLATE_SID), else the text; error 63016 in the status callback switches to the template or fails the
delivery visibly. Twilio has no idempotency key: an attempt of which the answer was lost is sent again.
"""

from dataclasses import dataclass

from app.leads.outgoing.deliveries import OUTSIDE_WINDOW, Claim
from app.leads.outgoing.outbox import Accepted, Refused, Result
from app.telephony.rest import TwilioAuthError, TwilioError, TwilioRest


@dataclass(frozen=True, slots=True)
class WhatsAppSender:
    """Who sends, as +972…; `template_sid` is an approved template, `status_callback` an absolute https URL."""

    number: str
    template_sid: str | None = None
    status_callback: str | None = None


class WhatsAppDeliverer:
    """Sends summaries through Twilio's Messages resource. Blocking."""

    def __init__(self, twilio: TwilioRest, sender: WhatsAppSender) -> None:
        self._twilio = twilio
        self._sender = sender

    def __call__(self, claim: Claim) -> Result:
        """Make one attempt; Twilio taking the message is not yet its delivery."""
        body, template_sid = claim.message["body"], self._sender.template_sid
        if template_sid is None and claim.message.get("by_template"):
            return Refused(
                f"Twilio error {OUTSIDE_WINDOW}: free text is refused more than 24 hours after the caller's last"
                " message; set WHATSAPP_TEMPLATE_SID to an approved template",
                permanent=True,
            )
        try:
            message_sid = self._twilio.send_whatsapp(
                self._sender.number,
                claim.target,
                body=None if template_sid else body,
                content_sid=template_sid,
                variables=(claim.message.get("variables") or {"1": body}) if template_sid else None,
                status_callback=self._sender.status_callback,
            )
        except TwilioError as fault:
            # Wrong credentials are the operator's to mend: the message itself is good and waits for that.
            return Refused(str(fault), permanent=not (fault.retriable or isinstance(fault, TwilioAuthError)))
        return Accepted(message_sid, final=False)
