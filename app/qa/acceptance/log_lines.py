"""11.1: what the server's log shows of the calls of a run. Pure."""

import re
from collections.abc import Iterable, Sequence

from app.qa.acceptance.findings import Findings
from app.qa.acceptance.witness import some

BOOT = "Composite WSGI ready / WebSocketWSGI / blueprints"
HANDSHAKE = "Added Twilio subprotocol to handshake"
STEPS = ("STATE→PROCESSING | silence_ms", "ASR_TEXT", "TTS_START", "MARK_ACK", "STATE→LISTENING")
MOST_LINES_A_TURN = 60
_OF_A_CALL = re.compile(r"STATE→|ASR_TEXT|TTS_START|TTS_END|MARK_SENT|MARK_ACK|BARGE_IN|\bEOU\b|\bTURN \|")
_SID = re.compile(r"call_sid=(\w+) ")
_NUMBER = re.compile(r"(?<![\w-])(?:\+972|0)(?:[- ]?\d){8,9}(?!\w)")


def judge_log(log: Iterable[str], call_sids: Sequence[str], findings: Findings) -> None:
    """Judge a log in which the calls must be found; `call_sids` names one whose turns were all answered first."""
    lines = list(log)
    faults = [] if any(BOOT in line for line in lines) else [f"no boot line {BOOT!r}"]
    if any(" DEBUG " in line for line in lines) and not any(HANDSHAKE in line for line in lines):
        faults.append(f"no line {HANDSHAKE!r} although it is at DEBUG")
    ours = {sid: [line for line in lines if f"call_sid={sid} " in line] for sid in call_sids}
    if not any(ours.values()):
        findings.fail("11.1", "none of this run's calls is in it: is it this server's log?")
        return
    unnamed = [line for line in lines if _OF_A_CALL.search(line) and not _SID.search(line)]
    if unnamed:
        faults.append(f"{len(unnamed)} lines of calls without call_sid, like {unnamed[0][:80]!r}")
    numbers = [line for told in ours.values() for line in told if _NUMBER.search(line)]
    if numbers:
        faults.append(f"{len(numbers)} lines with a whole telephone number")
    faults += _steps_missing(ours[call_sids[0]])
    for told in ours.values():
        turns = max(1, sum(STEPS[0] in line for line in told))
        if len(told) > MOST_LINES_A_TURN * turns:
            faults.append(f"{len(told)} lines for {turns} turns")
    findings.add("11.1", not faults, some(faults), [float(len(ours[call_sids[0]]))], "lines")


def _steps_missing(told: Sequence[str]) -> list[str]:
    """Say which turn of a call lacks a step, or has it at the wrong place."""
    events = [step for line in told for step in STEPS if f" {step}" in line]
    if STEPS[0] not in events:
        return ["no turn in it"]
    faults, turn = list[str](), 0
    while STEPS[0] in events:
        start = events.index(STEPS[0])
        rest = events[start + 1 :]
        end = rest.index(STEPS[0]) if STEPS[0] in rest else len(rest)
        turn += 1
        expected = iter(rest[:end])
        missing = [step for step in STEPS[1:] if step not in expected]
        if missing and end != len(rest):  # the last turn may end with the call
            faults.append(f"turn {turn} lacks {', '.join(missing)} in order")
        events = rest[end:]
    return faults
