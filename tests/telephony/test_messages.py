"""Media Streams messages, both ways."""

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telephony import messages
from app.telephony.messages import (
    Connected,
    DtmfIn,
    MarkEcho,
    MediaIn,
    MessageError,
    StreamStart,
    StreamStop,
    Unknown,
    parse,
)

SID = "MZ" + "0" * 32
START: dict[str, Any] = {
    "event": "start",
    "sequenceNumber": "1",
    "streamSid": SID,
    "start": {
        "streamSid": SID,
        "accountSid": "AC1",
        "callSid": "CA1",
        "tracks": ["inbound"],
        "customParameters": {"token": "t", "from": "+97230000000"},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    },
}
MEDIA: dict[str, Any] = {
    "event": "media",
    "sequenceNumber": "4",
    "streamSid": SID,
    "media": {"track": "inbound", "chunk": "3", "timestamp": "60", "payload": base64.b64encode(b"\xff\x7f").decode()},
}


def test_a_calls_messages_are_understood() -> None:
    """R2.6, R5.1: as Twilio documents them."""
    told = [
        {"event": "connected", "protocol": "Call", "version": "1.0.0"},
        START,
        MEDIA,
        {"event": "dtmf", "streamSid": SID, "dtmf": {"track": "inbound_track", "digit": "#"}},
        {"event": "mark", "streamSid": SID, "mark": {"name": "t1:end"}},
        {"event": "stop", "streamSid": SID, "stop": {"accountSid": "AC1", "callSid": "CA1"}},
        {"event": "news", "anything": [1]},
    ]

    assert [parse(json.dumps(message)) for message in told] == [
        Connected("Call", "1.0.0"),
        StreamStart(SID, "CA1", "AC1", {"token": "t", "from": "+97230000000"}),
        MediaIn(b"\xff\x7f", 60),
        DtmfIn("#"),
        MarkEcho("t1:end"),
        StreamStop("CA1"),
        Unknown("news"),
    ]


def test_a_start_without_parameters_or_format_is_taken_with_the_defaults() -> None:
    """R2.6: a stranger's start has no token; it is refused elsewhere, by name."""
    bare = {"event": "start", "start": {"streamSid": SID, "callSid": "CA1"}}

    assert parse(json.dumps(bare)) == StreamStart(SID, "CA1", "", {})


def test_a_start_is_told_as_it_is_though_another_format_cannot_be_served() -> None:
    """R2.6: it is judged where it is known what is served."""
    other = {"encoding": "audio/l16", "sampleRate": "16000", "channels": 2}
    start = {**START["start"], "mediaFormat": other, "tracks": ["inbound", "outbound"]}
    assert parse(json.dumps({**START, "start": start})) == StreamStart(
        SID, "CA1", "AC1", START["start"]["customParameters"], ("inbound", "outbound"), "audio/l16", 16000, 2
    )


@pytest.mark.parametrize(("sid", "good"), [("M" * 64, True), ("M" * 65, False), ("é", False), ("", False), (7, False)])
def test_a_sid_is_what_twilio_makes_sids_of(sid: object, good: bool) -> None:
    """R11: it goes into messages and logs as it is."""
    message = json.dumps({"event": "start", "streamSid": sid, "start": {"callSid": "CA1"}})
    with contextlib.nullcontext() if good else pytest.raises(MessageError, match="streamSid"):
        assert parse(message) == StreamStart(str(sid), "CA1", "", {})


def test_a_stop_that_names_no_call_is_one_all_the_same_and_a_track_is_told() -> None:
    """R5.1: the stream is over; and whose audio it is."""
    nothing: tuple[object, ...] = (None, {}, "now")
    for stop in nothing:
        assert parse(json.dumps({"event": "stop", "stop": stop})) == parse('{"event":"stop"}') == StreamStop("")
    outbound = MEDIA | {"media": MEDIA["media"] | {"track": "outbound"}}
    assert parse(json.dumps(outbound)) == MediaIn(b"\xff\x7f", 60, "outbound")
    assert parse('{"event":"connected"}') == Connected("", "")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ("{}", "event"),
        ('{"event":5}', "event"),
        ('{"event":"start"}', "start"),
        (json.dumps(START | {"start": START["start"] | {"callSid": None}}), "start.callSid"),
        (json.dumps(START | {"start": START["start"] | {"streamSid": 'MZ"'}}), "start.streamSid"),
        (json.dumps(START | {"start": START["start"] | {"customParameters": [1]}}), "start.customParameters"),
        (json.dumps(START | {"start": START["start"] | {"mediaFormat": [1]}}), "start.mediaFormat"),
        (json.dumps(START | {"start": START["start"] | {"tracks": "inbound"}}), "start.tracks"),
        ('{"event":"media"}', "media"),
        ('{"event":"media","media":{"payload":5}}', "media.payload"),
        ('{"event":"media","media":{"payload":"***"}}', "media.payload"),
        ('{"event":"media","media":{"payload":"שלום"}}', "media.payload"),
        ('{"event":"mark","mark":{}}', "mark.name"),
        ('{"event":"dtmf","dtmf":"5"}', "dtmf"),
    ],
)
def test_a_malformed_message_is_refused_by_name(text: str, named: str) -> None:
    """One bad message must not cost the call: the session drops it and goes on."""
    with pytest.raises(MessageError, match=named):
        parse(text)


@pytest.mark.parametrize(
    ("written", "read"),
    [("60", 60), (60, 60), ("40.5", 40), (None, None), ("soon", None), ([1], None), ("1e999", None)],
)
def test_an_odd_number_does_not_cost_a_frame(written: object, read: int | None) -> None:
    """R5.1: the audio is what counts; a number is taken as it is meant, or as unknown."""
    odd = MEDIA | {"sequenceNumber": written, "media": MEDIA["media"] | {"timestamp": written, "track": None}}

    assert parse(json.dumps(odd)) == MediaIn(b"\xff\x7f", read, "inbound")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(event=st.sampled_from(["connected", "start", "media", "dtmf", "mark", "stop"]), body=JSON, rest=JSON)
def test_any_json_gives_a_message_or_a_message_error(event: str, body: object, rest: object) -> None:
    """Nothing else ever comes out of a message."""
    with contextlib.suppress(MessageError):
        parse(json.dumps({"event": event, event: body, "sequenceNumber": rest}))


@given(st.binary(max_size=400))
def test_media_carries_the_audio_as_it_is(ulaw: bytes) -> None:
    """R9.2: exactly the documented fields, or Twilio drops the message (31951)."""
    message = json.loads(messages.media(SID, ulaw))

    assert message == {"event": "media", "streamSid": SID, "media": {"payload": base64.b64encode(ulaw).decode()}}


def test_mark_and_clear_have_exactly_their_fields() -> None:
    """R7.1, R7.3."""
    assert json.loads(messages.mark(SID, 'a"b')) == {"event": "mark", "streamSid": SID, "mark": {"name": 'a"b'}}
    assert json.loads(messages.clear(SID)) == {"event": "clear", "streamSid": SID}
