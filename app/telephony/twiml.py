"""TwiML documents, as bytes ready to send (R2.1, R2.2). Pure.

Every document is UTF-8 and starts with `<?xml`: one byte before it is Twilio's error 12100.
"""

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

CONTENT_TYPE = "application/xml; charset=utf-8"
# Hebrew voices Twilio's <Say> knows: Google.he-IL-{Standard,Wavenet}-{A..D}; A and C are female.
SAY_VOICE = "Google.he-IL-Wavenet-A"
SAY_LANGUAGE = "he-IL"
# "The combined length of each <Parameter>'s name and value must be less than 500 characters."
MAX_PARAMETER_CHARS = 499
MAX_SAY_CHARS = 4096
DIAL_TIMEOUT_S = 30

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def connect_stream(base_url: str, host: str, parameters: Mapping[str, str]) -> bytes:
    """Return the answer that connects a call to our media WebSocket.

    Args:
        base_url: our public base, `https://example.com`, without a trailing slash.
        host: the same without its scheme.
        parameters: what `start` will bring back as `customParameters`. The stream's URL has no query string, for
            Twilio drops it.

    Raises:
        ValueError: a parameter is too long for Twilio.
    """
    inner = "".join(_parameter(name, value) for name, value in parameters.items())
    return _document(
        f"<Connect action={_attribute(base_url + '/webhook/stream_ended')}>"
        f"<Stream url={_attribute('wss://' + host + '/ws/twilio-media')}"
        f" statusCallback={_attribute(base_url + '/webhook/stream_status')}>{inner}</Stream></Connect>"
    )


def empty() -> bytes:
    """Return a document without verbs: Twilio goes no further and ends the call."""
    return _document("")


def say_and_hang_up(text: str) -> bytes:
    """Return a document that speaks Hebrew `text` with Twilio's voice and hangs up."""
    return _document(f"{_say(text)}<Hangup/>")


def record(text: str, action_url: str, *, max_length_s: int = 120, silence_s: int = 5) -> bytes:
    """Return a document that speaks `text`, records the caller and reports the recording to `action_url`.

    An empty recording skips the action, so a goodbye stands behind it: without one the line would just go dead.
    """
    return _document(
        f"{_say(text)}<Record action={_attribute(action_url)} maxLength={_attribute(str(max_length_s))}"
        f' timeout={_attribute(str(silence_s))} playBeep="true" trim="trim-silence"/><Hangup/>'
    )


def dial(
    number: str, *, action_url: str | None = None, caller_id: str | None = None, timeout_s: int = DIAL_TIMEOUT_S
) -> bytes:
    """Return a document that connects the caller to `number` (E.164); `caller_id` must be one Twilio lets us show.

    `action_url` is told how it went (DialCallStatus) and says how the call goes on; without it the call then ends.
    """
    attributes = {"action": action_url, "callerId": caller_id, "timeout": str(timeout_s)}
    given = "".join(f" {name}={_attribute(value)}" for name, value in attributes.items() if value)
    return _document(f"<Dial{given}><Number>{_text(number)}</Number></Dial>")


def _document(verbs: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>'.encode()


def _say(text: str) -> str:
    return f"<Say language={_attribute(SAY_LANGUAGE)} voice={_attribute(SAY_VOICE)}>{_text(text[:MAX_SAY_CHARS])}</Say>"


def _parameter(name: str, value: str) -> str:
    length = len(name) + len(value)
    if length > MAX_PARAMETER_CHARS:
        raise ValueError(f"<Parameter> {name!r} has {length} characters with its name; Twilio takes under 500")
    return f"<Parameter name={_attribute(name)} value={_attribute(value)}/>"


def _attribute(value: str) -> str:
    return quoteattr(_NOT_XML.sub("", value))


def _text(value: str) -> str:
    return escape(_NOT_XML.sub("", value))
