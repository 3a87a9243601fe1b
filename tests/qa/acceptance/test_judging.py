"""The judgement of what was seen, without a call: logs, messages, lines."""

import pytest

from app.qa.acceptance.findings import Findings, Status
from app.qa.acceptance.items import chosen
from app.qa.acceptance.log_lines import judge_log
from app.qa.acceptance.witness import Witness, message_fault

BOOT = "2026-11-22T19:04:10Z INFO Composite WSGI ready / WebSocketWSGI / blueprints | stt=google"
SID = "BR1"
STEPS = ("STATE→PROCESSING | silence_ms=360", "ASR_TEXT | text=כן", "TTS_START", "MARK_ACK", "STATE→LISTENING")
TURN = [f"2026-11-22T19:04:12Z INFO call_sid={SID} {step}" for step in STEPS]


@pytest.mark.parametrize(
    ("log", "fault"),
    [
        ([BOOT, *TURN, *TURN], ""),
        (TURN, "no boot line"),
        ([BOOT, "2026-11-22T19:04:12Z DEBUG something", *TURN], "Added Twilio subprotocol"),
        ([BOOT, *TURN[:3], *TURN], "turn 1 lacks MARK_ACK"),
        ([BOOT, TURN[0], TURN[2], TURN[1], *TURN[3:], *TURN], "turn 1 lacks TTS_START"),
        ([BOOT, *TURN, f"{TURN[0]} | caller=+972501234567"], "whole telephone number"),
        ([BOOT, *TURN, f"{TURN[0]} | said=050-1234567"], "whole telephone number"),
        ([BOOT, *TURN, f"{TURN[0]} | caller=+972*****4567"], ""),
        ([BOOT, *TURN, "2026-11-22T19:04:12Z INFO STATE→LISTENING"], "without call_sid"),
        ([BOOT, *TURN, *[f"INFO call_sid={SID} frame"] * 60], "65 lines for 1 turns"),
        ([BOOT], "is it this server's log?"),
    ],
)
def test_the_log_is_read_line_by_line(log: list[str], fault: str) -> None:
    """R11.1: order, names, numbers, flood."""
    findings = Findings(chosen(("11.1",)))
    judge_log(log, [SID], findings)
    (found,) = findings.result()
    assert found.status is (Status.FAILED if fault else Status.PASSED), found.reason
    assert fault in found.reason


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ({"event": "media", "streamSid": "MZ", "media": {"payload": "/////w=="}}, ""),
        ({"event": "mark", "streamSid": "MZ", "mark": {"name": "a"}}, ""),
        ({"event": "clear", "streamSid": "MZ"}, ""),
        ({"event": "media", "streamSid": "MZ", "media": {"payload": "UklGRgAA"}}, "a file's header"),
        ({"event": "media", "streamSid": "MZ", "media": {"payload": "not base64!"}}, "no base64"),
        ({"event": "media", "streamSid": "MZ", "media": {"payload": ""}}, "without audio"),
        ({"event": "media", "streamSid": "MZ", "media": {"payload": "/w==", "track": "outbound"}}, "is not {payload}"),
        ({"event": "clear", "streamSid": "MZ", "mark": {}}, "with the keys"),
        ({"event": "stop", "streamSid": "MZ"}, "an event 'stop'"),
    ],
)
def test_a_message_that_twilio_would_not_take_is_named(message: dict[str, object], fault: str) -> None:
    """R4, R9.5: raw mu-law in base64, and exactly Twilio's keys."""
    found = message_fault(message)
    assert bool(found) == bool(fault)
    assert fault in found


def test_the_silence_before_a_mark_is_measured_over_frames() -> None:
    """R9.3: two quiet frames behind a loud one."""
    witness = Witness()
    loud, quiet = "AAAA" * 53 + "AA==", "/" * 213 + "w=="
    for payload in (loud, quiet, quiet):
        witness.hear({"event": "media", "streamSid": "MZ", "media": {"payload": payload}}, 0)
    witness.hear({"event": "mark", "streamSid": "MZ", "mark": {"name": "assistant_tts_end:1"}}, 0)
    assert witness.tails_ms == [40.0]
    witness.hear({"event": "mark", "streamSid": "MZ", "mark": {"name": "assistant_tts_end:2"}}, 0)
    assert witness.mark_faults == ["an end mark without speech before it"]
