"""Scripted dialogs run freely."""

import json
from pathlib import Path

from app.qa.converse import converse

SCRIPT = {
    "id": "t1",
    "today": "2026-11-22",
    "caller_id": "+972541234549",
    "turns": [
        {"asked": "greeting", "agent": "", "caller": "אני רוצה לשכור דירה בחולון"},
        {"asked": "budget", "agent": "", "caller": "מעדיף לא לומר"},
        {"asked": "rooms", "agent": "", "caller": "שלושה"},
        {"asked": "timing", "agent": "", "caller": "מיידי"},
        {"asked": "name", "agent": "", "caller": "דנה"},
        {"asked": "phone_confirm", "agent": "", "caller": "כן"},
        {"asked": "summary_confirm", "agent": "", "caller": "כן נכון"},
    ],
}


def test_the_agent_chooses_and_the_script_answers(tmp_path: Path) -> None:
    """R10.6: whole dialogs without an LLM; a declined slot is not asked again."""
    (tmp_path / "in.jsonl").write_text(json.dumps(SCRIPT, ensure_ascii=False) + "\n", encoding="utf-8")
    assert converse(tmp_path / "in.jsonl", tmp_path / "out.jsonl") == 1
    result = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
    assert [turn["asked"] for turn in result["turns"]] == [
        "greeting",
        "rooms",
        "budget",
        "timing",
        "name",
        "phone_confirm",
        "summary_confirm",
    ]
    assert result["slots"]["rooms_min"] == 3
    assert "budget_max" not in result["slots"]
    assert result["outcome"] == "confirmed"
    assert result["refused"] == ["budget"]
    assert result["reasked_refused"] == 0
    assert len(result["lines"]) == len(result["turns"]) + 1
