"""A recorded call, played back."""

from itertools import pairwise

import orjson
import pytest

from app.call import tape
from app.call.events import Log
from app.call.states import State
from tests.call.driver import CallDriver, Stt, World


def recorded() -> list[bytes]:
    """A call with a turn, a cough over the agent and a hang-up."""
    drive = CallDriver(World(stts=[Stt("אני מחפש דירה בשכירות ברעננה", interim="אני מחפש")])).listening()
    drive.answer(1500)
    drive.quiet(1200)
    drive.says(260)
    drive.until(State.SPEAKING)
    drive.press("05", 100)
    drive.end()
    lines = [tape.header(drive.settings)]
    for step in drive.steps:
        lines += tape.heard(step.event, step.at_ms, 0).splitlines()
        lines += tape.decided(step.commands, step.at_ms).splitlines()
    assert len([line for line in lines if b'"decision"' in line]) == len(drive.commands(Log))
    return lines


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return recorded()


def test_a_call_played_back_decides_the_same(lines: list[bytes]) -> None:
    """R12: events and the clock are all that a call depends on."""
    decisions = list(tape.replay(lines))
    assert len(decisions) >= 15
    assert all(is_as_taped for _, _, is_as_taped in decisions)
    assert all(one[0] <= other[0] for one, other in pairwise(decisions))
    assert any(text.startswith("BARGE_IN | heard_ms=") for _, text, _ in decisions)


def test_blank_lines_and_line_ends_do_not_matter(lines: list[bytes]) -> None:
    """R12: a file read line by line."""
    assert all(same for _, _, same in tape.replay([line + b"\n" for line in [*lines, b""]]))


def test_another_decision_than_the_taped_one_is_reported(lines: list[bytes]) -> None:
    """R12: what the machine decides now is shown, and that it differs."""
    changed = list(lines)
    place = next(index for index, line in enumerate(lines) if b"BARGE_IN" in line)
    entry = orjson.loads(lines[place])
    changed[place] = orjson.dumps({**entry, "heard_ms": entry["heard_ms"] + 1})
    wrong = [text for _, text, is_as_taped in tape.replay(changed) if not is_as_taped]
    assert len(wrong) == 1
    assert f"heard_ms={entry['heard_ms']}" in wrong[0]


def test_a_decision_too_many_or_too_few_is_reported(lines: list[bytes]) -> None:
    """R12: in both directions."""
    place = next(index for index, line in enumerate(lines) if b"BARGE_IN" in line)
    fewer = list(tape.replay(lines[:place] + lines[place + 1 :]))
    more = list(tape.replay([*lines, orjson.dumps({"t": 9_999_999, "decision": "LATE"})]))
    assert [same for _, _, same in fewer].count(False) >= 1
    assert more[-1][1:] == ("(none)", False)


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (1, b""),
        (1, b"{}"),
        (1, b'{"settings": 5}'),
        (1, b'{"settings": {}}'),
        (3, b"{"),
        (3, b"[]"),
        (3, b'{"t": 1, "w": 0, "event": "Nothing"}'),
        (3, b'{"t": 1, "w": 0, "event": ["Tick"]}'),
        (3, b'{"w": 0, "event": "Tick"}'),
        (3, b'{"t": "1", "w": 0, "event": "Tick"}'),
        (3, b'{"t": 1, "w": 0, "event": "CallerAudio", "ulaw": "%%%"}'),
        (3, b'{"t": 1, "w": 0, "event": "CallerAudio", "ulaw": 5}'),
        (3, b'{"t": 1, "w": 0, "event": "Dtmf"}'),
        (3, b'{"decision": "TTS_END"}'),
    ],
)
def test_a_broken_tape_is_refused_with_its_line(lines: list[bytes], number: int, line: bytes) -> None:
    """R12: the message says where to look."""
    broken = [*lines[:2]]
    broken[number - 1 :] = [line]
    with pytest.raises(tape.TapeError, match=f"line {number}"):
        list(tape.replay(broken))


def test_an_empty_file_is_no_tape() -> None:
    """R12: nor is a file of something else."""
    with pytest.raises(tape.TapeError, match="line 1"):
        list(tape.replay([]))
