"""Streams that other people's tools open on the developer's own machine: no token, and a start typed by hand. Pure.

They are test calls, told by their SID like the softphone's. The SID is ours even where the tool brings one: tools make
theirs up, people type the same one again, and no real call may be written over.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from app.telephony.browser_calls import new_browser_call_sid
from app.telephony.messages import Message, MessageError, StreamStart, parse

PATIENCE_S = 300.0
"""How long a guest may take to send a start, and may send nothing after it: people type."""

_STREAM_SID = re.compile(r"[A-Za-z0-9_.:\-]{1,64}")  # other simulators use UUIDs; it goes into our messages as it is
_FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}


def parse_guest(text: str | bytes) -> Message:
    """Return the message in one WebSocket message, as `messages.parse` does; a start may leave out whatever it likes.

    Its CallSid becomes one of a test call (what it said is the parameter `call_sid`); a StreamSid is made where there
    is none. A start that shows a token is read as Twilio's: the token names the call.

    Raises:
        MessageError: it is no JSON object, or asks for another format than Twilio's.
    """
    message = _object(text)
    body = _mapping(message.get("start"))
    parameters = _mapping(body.get("customParameters"))
    if message.get("event") != "start" or "token" in parameters:
        return parse(text)
    for name, ours in _FORMAT.items():
        asked = _mapping(body.get("mediaFormat")).get(name, ours)
        if str(asked) != str(ours):
            raise MessageError(f"start.mediaFormat.{name}: {asked!r} is not spoken here, {ours!r} is")
    said = str(body.get("callSid") or message.get("callSid") or "")
    whole = {
        "streamSid": "MZ" + secrets.token_hex(16),
        "callSid": new_browser_call_sid(),
        "customParameters": {**parameters, "call_sid": said[:64]},
    }
    start = parse(orjson.dumps({"event": "start", "start": whole}))
    stream_sid = body.get("streamSid") or message.get("streamSid")
    if isinstance(start, StreamStart) and isinstance(stream_sid, str) and _STREAM_SID.fullmatch(stream_sid):
        return replace(start, stream_sid=stream_sid)
    return start


def shows_no_token(start: StreamStart) -> bool:
    """Tell whether a start shows no token at all; one that is shown must be good."""
    return "token" not in start.parameters


def _object(text: str | bytes) -> Mapping[str, Any]:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        message = None
    return _mapping(message)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
