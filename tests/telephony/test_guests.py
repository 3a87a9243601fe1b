"""Starts of streams that nobody announced: what other people's tools and people at a keyboard send."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telephony.browser_calls import is_browser_call
from app.telephony.guests import parse_guest, shows_no_token
from app.telephony.messages import Connected, MessageError, StreamStart, media, parse

TWILIOS = {
    "event": "start",
    "sequenceNumber": "1",
    "streamSid": "MZ" + "1" * 32,
    "start": {
        "streamSid": "MZ" + "1" * 32,
        "callSid": "CA" + "1" * 32,
        "accountSid": "AC" + "1" * 32,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"from": "+972500000123"},
    },
}
TYPED = {
    "nothing": {"event": "start"},
    "an empty start": {"event": "start", "start": {}},
    "flat": {"event": "start", "streamSid": "one", "callSid": "two"},
    "a start that is no object": {"event": "start", "start": "please", "streamSid": 7},
    "parameters that are none": {"event": "start", "start": {"callSid": "CA1", "customParameters": ["a"]}},
    "a made-up SID": {"event": "start", "start": {"callSid": "call of today!", "streamSid": "3f2c-88"}},
    "numbers in words": {"event": "start", "start": {"mediaFormat": {"sampleRate": "8000"}}},
    "Twilio's own": TWILIOS,
}


def started(message: object) -> StreamStart:
    """Read a start."""
    start = parse_guest(json.dumps(message))
    assert isinstance(start, StreamStart)
    return start


@pytest.mark.parametrize("message", TYPED.values(), ids=TYPED.keys())
def test_any_start_without_a_token_opens_a_test_call_of_its_own(message: dict[str, object]) -> None:
    """R15, R21: two starts alike are two calls; no call of Twilio's can be named."""
    first, second = started(message), started(message)
    assert is_browser_call(first.call_sid)
    assert first.call_sid != second.call_sid
    assert shows_no_token(first)
    json.loads(media(first.stream_sid, b"\xff"))


@pytest.mark.parametrize(
    ("sid", "kept"),
    [("MZ1", True), ("3f2c9e1a-88", True), ("my_stream.1:2", True), ('a"b', False), ("", False), ("x" * 65, False)],
)
def test_a_stream_keeps_its_name_where_that_can_be_sent_back(sid: str, kept: bool) -> None:
    """R4: a client looks for its own StreamSid in what it gets."""
    for message in ({"event": "start", "start": {"streamSid": sid}}, {"event": "start", "streamSid": sid}):
        assert (started(message).stream_sid == sid) is kept


def test_what_the_tool_said_of_the_call_stays_to_be_seen() -> None:
    """R16: its own CallSid and its parameters."""
    parameters = started(TWILIOS).parameters
    assert parameters == {"from": "+972500000123", "call_sid": "CA" + "1" * 32}


@pytest.mark.parametrize(
    ("name", "value"), [("encoding", "audio/l16"), ("sampleRate", 16000), ("sampleRate", "24000"), ("channels", 2)]
)
def test_another_format_is_refused_by_name(name: str, value: object) -> None:
    """R4: noise would be all that is heard."""
    with pytest.raises(MessageError, match=rf"start\.mediaFormat\.{name}.*{value}"):
        parse_guest(json.dumps({"event": "start", "start": {"mediaFormat": {name: value}}}))


def test_a_start_that_shows_a_token_is_read_as_twilios() -> None:
    """R2.6: the token is for the call it names, so it must be named as it was."""
    start = {**TWILIOS["start"], "customParameters": {"token": "t"}}  # type: ignore[dict-item]
    message = json.dumps({**TWILIOS, "start": start})
    assert parse_guest(message) == parse(message)
    with pytest.raises(MessageError, match=r"start\.callSid"):
        parse_guest(json.dumps({"event": "start", "start": {"streamSid": "MZ1", "customParameters": {"token": "t"}}}))


@pytest.mark.parametrize(
    ("text", "says"), [("hello", "not JSON"), ("[]", "not a JSON object"), ("{}", "event"), (b"\xff", "not JSON")]
)
def test_what_is_no_message_is_told_so(text: str | bytes, says: str) -> None:
    """R2.6."""
    with pytest.raises(MessageError, match=says):
        parse_guest(text)


def test_other_messages_are_twilios() -> None:
    """R4."""
    assert parse_guest('{"event":"connected","protocol":"Call","version":"1.0.0"}') == Connected("Call", "1.0.0")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(start=JSON, stream_sid=JSON, media_format=JSON, parameters=JSON)
def test_a_start_is_read_or_refused_whatever_is_in_it(
    start: object, stream_sid: object, media_format: object, parameters: object
) -> None:
    """R2.6, R22."""
    body = {**start, "mediaFormat": media_format, "customParameters": parameters} if isinstance(start, dict) else start
    try:
        message = parse_guest(json.dumps({"event": "start", "start": body, "streamSid": stream_sid}))
    except MessageError:
        return
    assert isinstance(message, StreamStart)
    json.loads(media(message.stream_sid, b""))
