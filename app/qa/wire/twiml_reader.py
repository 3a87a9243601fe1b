"""What Twilio reads out of a server's answer to an incoming call: its TwiML, or why it takes none of it. Pure.

Twilio docs: "TwiML <Stream>"; the errors are Twilio's own numbers.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from app.qa.wire.http_client import HttpResponse, ServerError

PARAMETER_LIMIT = 500
OK = 200
FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class StreamTwiml:
    """What a `<Connect><Stream>` asks for."""

    url: str
    parameters: dict[str, str]
    status_callback: str | None
    action: str | None


def parse_twiml(body: bytes) -> StreamTwiml:
    """Find the media stream in a TwiML document.

    Raises:
        ServerError: no TwiML, no `<Connect><Stream>` in it, or one that Twilio would refuse.
    """
    if not body.lstrip().startswith(b"<") or body != body.lstrip():
        raise ServerError(f"not TwiML (Twilio error 12100): it begins {body[:60]!r}")
    try:
        root = ET.fromstring(body)  # noqa: S314 - from the server under test, which the person calling runs
    except ET.ParseError as exc:
        raise ServerError(f"not TwiML (Twilio error 12100): {exc}") from exc
    if root.tag != "Response":
        raise ServerError(f"not TwiML: its root is <{root.tag}>, not <Response>")
    connect = root.find("Connect")
    stream = connect.find("Stream") if connect is not None else None
    if connect is None or stream is None:
        verbs = ", ".join(f"<{verb.tag}> {(verb.text or '').strip()}".strip() for verb in root) or "nothing"
        raise ServerError(f"the server opens no media stream; its TwiML holds {verbs}")
    url = stream.get("url", "")
    if urlsplit(url).scheme != "wss" or urlsplit(url).query:
        raise ServerError(f"<Stream url={url!r}>: Twilio wants wss:// and no query string (errors 31922, 31920)")
    parameters = {item.get("name", ""): item.get("value", "") for item in stream.findall("Parameter")}
    for name, value in parameters.items():
        if len(name) + len(value) >= PARAMETER_LIMIT:
            raise ServerError(f"<Parameter name={name!r}>: name and value reach {PARAMETER_LIMIT} characters")
    return StreamTwiml(url, parameters, stream.get("statusCallback"), connect.get("action"))


def check_twiml_response(response: HttpResponse, where: str, *, signed: bool) -> None:
    """Refuse what is no TwiML answer, in the words of its likely cause."""
    if response.status == FORBIDDEN:
        cause = "the auth token (or the URL it signs: --public-url) is not the server's" if signed else "no auth token"
        raise ServerError(f"{where} answered 403: {cause}; give the server's TWILIO_AUTH_TOKEN as --auth-token")
    if response.status != OK:
        raise ServerError(f"{where} answered HTTP {response.status}: this is no Twilio voice server, or it is not well")
    kind = response.headers.get("content-type", "")
    if "xml" not in kind:
        raise ServerError(f"{where} answered {kind or 'no content type'}, not TwiML: this is no Twilio voice server")
