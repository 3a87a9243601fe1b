"""The messages of Twilio Media Streams, both ways. Pure.

Twilio sends JSON text; numbers come as strings (`"sequenceNumber":"3"`) except in `mediaFormat`. Fields and events we
do not know are skipped: the set grows without notice. Towards Twilio there are three messages and they must hold
exactly their fields (warning 31951 otherwise).
"""

import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import orjson


class MessageError(ValueError):
    """One message from Twilio made no sense; the stream goes on without it."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The first message: a WebSocket is open."""

    protocol: str
    version: str


@dataclass(frozen=True, slots=True)
class StreamStart:
    """The second message: whose stream this is. `parameters` are TwiML's `<Parameter>`s."""

    stream_sid: str
    call_sid: str
    account_sid: str
    parameters: Mapping[str, str]
    tracks: tuple[str, ...] = ("inbound",)
    encoding: str = "audio/x-mulaw"
    sample_rate_hz: int = 8000
    channels: int = 1


class MediaIn(NamedTuple):
    """Caller audio: mu-law 8 kHz mono, usually 160 bytes.

    `timestamp_ms` counts from the stream's start; None where it is no number.
    """

    payload: bytes
    timestamp_ms: int | None
    track: str = "inbound"


@dataclass(frozen=True, slots=True)
class DtmfIn:
    """The caller pressed a key: one of `0-9*#A-D`."""

    digit: str


@dataclass(frozen=True, slots=True)
class MarkEcho:
    """A mark of ours came back: what was sent before it was played, or cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class StreamStop:
    """The last message: the stream stopped or the call ended. It may never come."""

    call_sid: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """An event this version does not know; to be skipped."""

    event: str


Message = Connected | StreamStart | MediaIn | DtmfIn | MarkEcho | StreamStop | Unknown


def parse(text: str | bytes) -> Message:
    """Return the message in one WebSocket message from Twilio.

    Raises:
        MessageError: it is no JSON object, or a field is missing or of the wrong kind; names the field.
    """
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MessageError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise MessageError(f"not a JSON object but {type(message).__name__}")
    event = message.get("event")
    if event == "media":  # fifty a second: straight to the point, where nothing is amiss
        try:
            body = message["media"]
            track = body["track"]
            if track == "inbound":
                return MediaIn(binascii.a2b_base64(body["payload"], strict_mode=True), int(body["timestamp"]), track)
        except (KeyError, TypeError, ValueError):
            pass
        return _media(message)
    if not isinstance(event, str):
        raise MessageError("event: missing or not a string")
    parser = _PARSERS.get(event)
    return Unknown(event) if parser is None else parser(message)


def media(stream_sid: str, ulaw: bytes) -> str:
    """Return the message that plays `ulaw` (mu-law 8 kHz mono, headerless, any length) to the caller."""
    return f'{{"event":"media","streamSid":"{stream_sid}","media":{{"payload":"{_base64(ulaw)}"}}}}'


def mark(stream_sid: str, name: str) -> str:
    """Return the message that Twilio echoes when everything sent before it was played or cleared."""
    return orjson.dumps({"event": "mark", "streamSid": stream_sid, "mark": {"name": name}}).decode()


def clear(stream_sid: str) -> str:
    """Return the message that empties Twilio's buffer; all marks waiting in it come back."""
    return orjson.dumps({"event": "clear", "streamSid": stream_sid}).decode()


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _media(message: dict[str, object]) -> MediaIn:
    body = message.get("media")
    if not isinstance(body, dict):
        raise MessageError("media: missing or not an object")
    payload = body.get("payload")
    if not isinstance(payload, str):
        raise MessageError("media.payload: missing or not a string")
    try:
        ulaw = binascii.a2b_base64(payload, strict_mode=True)
    except ValueError as error:  # binascii.Error, or text that is not ASCII
        raise MessageError(f"media.payload: not base64: {error}") from error
    return MediaIn(ulaw, _whole(body.get("timestamp")), str(body.get("track") or "inbound"))


def _start(message: dict[str, object]) -> StreamStart:
    body = _object(message, "start")
    parameters = body.get("customParameters") or {}
    if not isinstance(parameters, dict):
        raise MessageError("start.customParameters: not an object")
    media_format = body.get("mediaFormat") or {}
    if not isinstance(media_format, dict):
        raise MessageError("start.mediaFormat: not an object")
    tracks = body.get("tracks") or ["inbound"]
    if not isinstance(tracks, list):
        raise MessageError("start.tracks: not a list")
    return StreamStart(
        stream_sid=_sid(body.get("streamSid") or message.get("streamSid"), "start.streamSid"),
        call_sid=_sid(body.get("callSid"), "start.callSid"),
        account_sid=str(body.get("accountSid") or ""),
        parameters={str(name): str(value) for name, value in parameters.items()},
        tracks=tuple(str(track) for track in tracks),
        encoding=str(media_format.get("encoding", "audio/x-mulaw")),
        sample_rate_hz=_whole(media_format.get("sampleRate")) or 8000,
        channels=_whole(media_format.get("channels")) or 1,
    )


def _connected(message: dict[str, object]) -> Connected:
    return Connected(str(message.get("protocol", "")), str(message.get("version", "")))


def _dtmf(message: dict[str, object]) -> DtmfIn:
    return DtmfIn(_string(_object(message, "dtmf"), "digit", "dtmf.digit"))


def _mark(message: dict[str, object]) -> MarkEcho:
    return MarkEcho(_string(_object(message, "mark"), "name", "mark.name"))


def _stop(message: dict[str, object]) -> StreamStop:
    body = message.get("stop")
    return StreamStop(str(body.get("callSid") or "") if isinstance(body, dict) else "")


_PARSERS: dict[str, Callable[[dict[str, object]], Message]] = {
    "connected": _connected,
    "start": _start,
    "dtmf": _dtmf,
    "mark": _mark,
    "stop": _stop,
}


def _object(message: Mapping[str, object], name: str) -> dict[str, object]:
    value = message.get(name)
    if not isinstance(value, dict):
        raise MessageError(f"{name}: missing or not an object")
    return value


def _string(body: Mapping[str, object], key: str, name: str) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        raise MessageError(f"{name}: missing or not a string")
    return value


def _whole(value: object) -> int | None:
    """Return a number, whichever way it is written; what is none costs nobody a frame."""
    try:
        if isinstance(value, str) and value.isdecimal():  # Twilio's way
            return int(value)
        return int(float(value))  # type: ignore[arg-type]  # what is no number is caught here
    except (TypeError, ValueError, OverflowError):
        return None


def _sid(value: object, name: str) -> str:
    # It goes into messages and logs as it is, so it must be what Twilio makes SIDs of.
    if not isinstance(value, str) or not value.isascii() or not value.isalnum() or len(value) > 64:
        raise MessageError(f"{name}: missing or not a SID")
    return value
