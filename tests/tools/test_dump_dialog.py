"""What the dialog makes of a set, written so that two versions can be compared."""

import json
from pathlib import Path

from tools.dump_dialog import of_sets

TURN = {"id": 1, "today": "2026-11-22", "asked": "area", "agent": "באיזו עיר?", "caller": "חולון", "state": {}}


def test_a_turn_and_a_dialog_are_dumped_in_full_and_alike_each_time(tmp_path: Path) -> None:
    """R24: readings, lines and checks, each under its own key; the same code writes the same."""
    path = tmp_path / "set.jsonl"
    script = {"id": "d", "today": "2026-11-22", "turns": [TURN]}
    path.write_text(json.dumps(TURN) + "\n" + json.dumps(script) + "\n", encoding="utf-8")
    dumped = dict(of_sets([path]))
    assert dumped["set.jsonl/1/1/read"]["updates"] == {"area": ["חולון"]}
    assert "words" in dumped["set.jsonl/1/1/checked"]
    assert dumped["set.jsonl/1/1/answered"]["line"]
    assert dumped["set.jsonl/2/d/final"]["final"] == {"area": ["חולון"]}
    assert dumped == dict(of_sets([path]))
