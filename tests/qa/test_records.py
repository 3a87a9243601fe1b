"""What an operator's file may hold, and what is said of a line that cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.qa.converse import converse
from app.qa.records import RecordsError
from app.qa.understanding import eval_dialogs, eval_slots

GOOD = {"id": "a", "today": "2026-11-22", "asked": "area", "caller": "חולון"}
DIALOG = {"id": "d", "today": "2026-11-22", "turns": [{"asked": "area", "caller": "חולון"}]}


def without(record: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != field}


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('{"id": "x"', "line 2: not JSON"),
        (b"\xff\xfe{}", "line 2: not JSON"),
        ("[]", "line 2: record: Input should be"),
        (json.dumps(without(GOOD, "caller")), "line 2: caller: Field required"),
        (json.dumps(without(GOOD, "today")), "line 2: today: Field required"),
        (json.dumps({**GOOD, "asked": "colour"}), "line 2: asked: Input should be 'greeting'"),
        (json.dumps({**GOOD, "today": "22.11.2026"}), "line 2: today: "),
        (json.dumps({**GOOD, "state": "rent"}), "line 2: state: "),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_costs_no_other(line: str | bytes, named: str, tmp_path: Path) -> None:
    """R10.6: evaluation of what the caller says; the lines before and behind are predicted all the same."""
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    good, bad = json.dumps(GOOD).encode(), line if isinstance(line, bytes) else line.encode()
    source.write_bytes(b"\n".join([good, bad, b"", good]))
    with pytest.raises(RecordsError) as error:
        eval_slots(source, target)
    assert named in str(error.value)
    assert "2 other lines were evaluated" in str(error.value)
    assert len(target.read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize("run", [eval_dialogs, converse])
def test_a_faulty_turn_is_named_by_its_place(run: Any, tmp_path: Path) -> None:
    """R10.6: `turns.0.asked` leads straight to it; where nothing can be used an earlier result stays."""
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    target.write_text("an earlier result", encoding="utf-8")
    for turns, named in (([{"asked": "colour", "caller": ""}], "turns.0.asked"), ([], "turns: "), (None, "turns: ")):
        source.write_text(json.dumps({**DIALOG, "turns": turns}), encoding="utf-8")
        with pytest.raises(RecordsError, match=f"line 1: {named}"):
            run(source, target)
    source.write_text("\n", encoding="utf-8")
    with pytest.raises(RecordsError, match="no record"):
        run(source, target)
    assert target.read_text(encoding="utf-8") == "an earlier result"


def test_files_of_other_editors_are_read(tmp_path: Path) -> None:
    """R10.6: a byte-order mark, Windows line ends, and separators of Unicode inside a sentence."""
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    record = json.dumps({**GOOD, "caller": "חולון\u2028", "agent": None, "state": None}, ensure_ascii=False)
    source.write_bytes(b"\xef\xbb\xbf" + record.encode() + b"\r\n" + record.encode() + b"\r\n")
    assert eval_slots(source, target) == 2
