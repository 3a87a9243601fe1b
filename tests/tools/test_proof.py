"""A new table that breaks what must hold is not written."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.dialog.domain import Intent, Understanding
from app.dialog.understanding.judging.judge import VERSIONS, Table
from app.dialog.understanding.judging.marks import POSITIONS
from tools import proof

TURN: dict[str, Any] = {"today": "2026-11-22", "asked": "area", "state": {}}


def sets(folder: Path, name: str, *records: dict[str, Any]) -> list[Path]:
    path = folder / f"{name}.jsonl"
    lines = [json.dumps({"id": at, **TURN, **record}) for at, record in enumerate(records)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return [path]


def turn(said: str, intent: str, **expected: Any) -> dict[str, Any]:
    return {"caller": said, "expected": {"intent": intent, **expected}}


def says_yes(said: str, **_: Any) -> Understanding:
    return Understanding(intent=Intent.CONFIRM, updates={"area": ["חיפה"]} if "חיפה" in said else {})


def test_a_line_that_holds_a_rule_in_place_has_to_be_right(tmp_path: Path) -> None:
    """R10.6: each of them, whatever the share of those that are."""
    right, wrong = turn("בחיפה", "confirm", area=["חיפה"]), turn("בנשר אולי כן", "confirm", area=["נשר"])
    assert not proof.broken(says_yes, sets(tmp_path, "a", *[right] * 60, wrong), [])
    assert len(proof.broken(says_yes, sets(tmp_path, "utterances_kinds", *[right] * 60, wrong), [])) == 1


def test_a_short_act_has_to_be_right(tmp_path: Path) -> None:
    """R10.6: a yes or a goodbye that is lost costs a call; what tells of the search is judged by its share."""
    many = [turn("כן", "confirm")] * 60
    assert not proof.broken(says_yes, sets(tmp_path, "acts", *many, turn("לא יודע", "unclear")), [])
    assert "להתראות" in proof.broken(says_yes, sets(tmp_path, "acts", *many, turn("להתראות", "goodbye")), [])[0]
    assert not proof.broken(
        says_yes, sets(tmp_path, "acts", {**turn("יאללה", "deny"), "accept": {"intent": ["confirm"]}}), []
    )


def test_the_share_of_each_set_is_held(tmp_path: Path) -> None:
    """R10.6: values found, intents, nothing invented."""
    wrong = proof.broken(says_yes, sets(tmp_path, "a", turn("אולי בחיפה או בנשר", "deny")), [])
    assert [line.split(": ")[1].split(" 0")[0] for line in wrong] == ["F1", "intents", "nothing invented"]


def test_whole_dialogs_are_held(tmp_path: Path) -> None:
    """R10.6."""
    dialog = {"turns": [{"asked": "area", "caller": "בחיפה"}], "expected_final": {"area": ["חיפה"]}}
    other = {**dialog, "expected_final": {"area": ["נשר"]}}
    assert not proof.broken(says_yes, [], sets(tmp_path, "dialogs", dialog))
    assert proof.broken(says_yes, [], sets(tmp_path, "dialogs", other))


def test_a_table_is_written_beside_the_others_only_when_nothing_breaks(tmp_path: Path) -> None:
    """R10.6: the one that was there stays."""
    rows = np.zeros((2, VERSIONS, POSITIONS), np.int8)
    judge = Table(["="], rows, 1.0, (1.0, 2.0))
    target = tmp_path / "judge.npz"
    ruled = sets(tmp_path, "utterances_kinds", turn("לגור בחיפה או בנשר", "provide_info", area=["חיפה", "נשר"]))
    with pytest.raises(SystemExit, match=r"not written: judge\.npz would break"):
        proof.write(target, b"new", ruled=ruled, whole=[], weights=judge)
    assert not target.exists()
    judge = Table(["="], rows + 99, 1.0, (1.0, 2.0))
    proof.write(target, b"new", ruled=ruled, whole=[], weights=judge)
    assert target.read_bytes() == b"new"
