"""TwiML: what Twilio is told (R2.1, R2.2)."""

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telephony import twiml

DOCUMENTS: dict[str, Callable[[str], bytes]] = {
    "connect": lambda text: twiml.connect_stream("https://a.example", "a.example", {"token": text}),
    "say": twiml.say_and_hang_up,
    "record": lambda text: twiml.record(text, "https://a.example/webhook/handle_recording"),
    "dial": twiml.dial,
    "empty": lambda _text: twiml.empty(),
}


def test_a_call_is_connected_to_our_stream() -> None:
    """R2.1."""
    document = twiml.connect_stream("https://a.example", "a.example", {"token": "t&1", "from": '+972"<>', "to": ""})
    root = ElementTree.fromstring(document)
    connect = root.find("Connect")
    stream = root.find("Connect/Stream")

    assert connect is not None
    assert stream is not None
    assert root.tag == "Response"
    assert connect.attrib == {"action": "https://a.example/webhook/stream_ended"}
    assert stream.attrib == {
        "url": "wss://a.example/ws/twilio-media",
        "statusCallback": "https://a.example/webhook/stream_status",
    }
    parameters = {item.attrib["name"]: item.attrib["value"] for item in stream.findall("Parameter")}
    assert parameters == {"token": "t&1", "from": '+972"<>', "to": ""}


@pytest.mark.parametrize("build", DOCUMENTS.values(), ids=DOCUMENTS.keys())
@given(text=st.text(max_size=40))
def test_every_document_is_utf8_xml_from_its_first_byte(build: Callable[[str], bytes], text: str) -> None:
    """R2.2: whatever a caller's name or number holds."""
    document = build(text)

    assert document.startswith(b"<?xml")
    assert ElementTree.fromstring(document).tag == "Response"


def test_a_parameter_twilio_would_refuse_is_refused_here() -> None:
    """R2.1: name and value together stay under 500 characters."""
    twiml.connect_stream("https://a.example", "a.example", {"from": "x" * 495})
    with pytest.raises(ValueError, match="'from' has 500"):
        twiml.connect_stream("https://a.example", "a.example", {"from": "x" * 496})


def test_hebrew_is_spoken_by_a_hebrew_voice_and_then_the_call_ends() -> None:
    """R18: the polite line of a full house."""
    root = ElementTree.fromstring(twiml.say_and_hang_up("שלום"))
    say = root.find("Say")

    assert say is not None
    assert (say.text, say.attrib) == ("שלום", {"language": "he-IL", "voice": "Google.he-IL-Wavenet-A"})
    assert [verb.tag for verb in root] == ["Say", "Hangup"]


def test_a_recording_goes_to_its_action_and_the_call_ends_without_one() -> None:
    """R2.7."""
    root = ElementTree.fromstring(twiml.record("אנא השאירו הודעה", "https://a.example/webhook/handle_recording"))
    record = root.find("Record")

    assert record is not None
    assert record.attrib == {
        "action": "https://a.example/webhook/handle_recording",
        "maxLength": "120",
        "timeout": "5",
        "playBeep": "true",
        "trim": "trim-silence",
    }
    assert [verb.tag for verb in root] == ["Say", "Record", "Hangup"]


def test_a_transfer_dials_the_number() -> None:
    """R17."""
    root = ElementTree.fromstring(twiml.dial("+97230000000", caller_id="+97230000001"))
    dial = root.find("Dial")

    assert dial is not None
    assert dial.attrib == {"callerId": "+97230000001", "timeout": "30"}
    assert dial.findtext("Number") == "+97230000000"


def test_a_transfer_can_be_told_of_when_it_is_over() -> None:
    """R17: without an action a caller whom nobody answers just hears the line go dead."""
    dial = ElementTree.fromstring(twiml.dial("+97230000000", action_url="https://a.example/told?a&b")).find("Dial")

    assert dial is not None
    assert dial.attrib["action"] == "https://a.example/told?a&b"


def test_a_line_longer_than_twilio_says_is_cut_and_its_type_is_told() -> None:
    """R2.2: 4096 characters; error 12100 follows from any other type."""
    assert twiml.CONTENT_TYPE == "application/xml; charset=utf-8"
    said = [ElementTree.fromstring(twiml.say_and_hang_up("ש" * size)).findtext("Say") for size in (4096, 4097)]
    assert said == ["ש" * 4096] * 2
