"""The figures of a set that the code has not met."""

import json
from pathlib import Path
from typing import Any

from tools.first_look import look

TURN: dict[str, Any] = {"id": 1, "today": "2026-11-22", "asked": "area", "caller": "חולון", "state": {}}


def written(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return path


def test_turns_are_scored_and_what_is_wrong_is_shown_apart(tmp_path: Path) -> None:
    """R10.6: a set stays sealed as long as only its figures are read."""
    right = {**TURN, "expected": {"area": ["חולון"], "intent": "provide_info"}}
    wrong = {**TURN, "id": 2, "expected": {"intent": "unclear"}}
    figures, shown = look(written(tmp_path / "set.jsonl", right, wrong))
    assert figures == (
        "2 turns | F1 0.667 | intent 0.500 | nothing invented 0/1 = 0.000 | wrong or invented per 100 100.0"
    )
    assert len(shown) == 1
    assert "חולון" in shown[0]


def test_dialogs_are_right_when_every_slot_is(tmp_path: Path) -> None:
    """R10.6."""
    script = {"id": "d", "today": "2026-11-22", "turns": [TURN], "expected_final": {"area": ["חולון"]}}
    other = {**script, "id": "e", "expected_final": {"area": ["חיפה"]}}
    figures, shown = look(written(tmp_path / "dialogs.jsonl", script, other))
    assert figures == "2 dialogs | right 1/2 = 0.500"
    assert '"e"' in shown[0]
