"""The evaluation runner and its scorer."""

import json
from pathlib import Path
from typing import Any

from app.qa.scoring import score_dialogs, score_slots
from app.qa.understanding import eval_dialogs, eval_slots, fold_updates


def turn(**changes: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "today": "2026-11-22",
        "asked": "area",
        "agent": "",
        "state": {},
        "caller": "חולון",
        "expected": {"area": ["חולון"], "intent": "provide_info"},
        "tags": ["area"],
        **changes,
    }


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_slots_are_predicted_line_by_line(tmp_path: Path) -> None:
    """R10.6: one prediction a record, in the scorer's form."""
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(turn()) + "\n\n" + json.dumps(turn(id="y", caller="אממ")) + "\n", encoding="utf-8")
    assert eval_slots(source, target) == 2
    assert written(target) == [
        {"id": "x", "updates": {"area": ["חולון"]}, "intent": "provide_info"},
        {"id": "y", "updates": {}, "intent": "unclear"},
    ]


def test_dialogs_are_folded_turn_by_turn(tmp_path: Path) -> None:
    """R10.6: digits of a number and withdrawn values carry over; the caller's own number can be confirmed."""
    turns = [
        {"asked": "greeting", "caller": "דירה לשכירות בחולון עד חמשת אלפים"},
        {"asked": "timing", "caller": "בעצם לקנות"},
        {"asked": "phone", "caller": "אפס חמש שתיים שלוש"},
        {"asked": "phone", "caller": "שבע תשע אחת ארבע שש שמונה"},
    ]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(
        json.dumps({"id": "d", "today": "2026-11-22", "caller_id": None, "turns": turns}), encoding="utf-8"
    )
    assert eval_dialogs(source, target) == 1
    expected = {"deal": "buy", "area": ["חולון"], "property_type": "apartment", "phone": "+972523791468"}
    assert written(target) == [{"id": "d", "final": expected}]


def test_folding_drops_what_was_withdrawn() -> None:
    """R10.2."""
    assert fold_updates({"deal": "rent", "budget_max": 1}, {"deal": "buy", "budget_max": None}) == {"deal": "buy"}


def test_a_turn_counts_hits_inventions_and_misses() -> None:
    """R10.6: a wrong value is both."""
    right = score_slots([turn()], [{"id": "x", "updates": {"area": ["חולון"]}, "intent": "provide_info"}])
    assert (right.f1, right.intent_accuracy) == (1.0, 1.0)
    wrong = score_slots([turn()], [{"id": "x", "updates": {"area": ["חיפה"]}, "intent": "deny"}])
    assert (wrong.hits, wrong.inventions, wrong.misses, wrong.intents_right) == (0, 1, 1, 0)
    assert score_slots([turn()], []).misses == 1


def test_accepted_and_optional_values_are_no_errors() -> None:
    """R10.6: as the sets define them."""
    record = turn(expected={"area": ["פלורנטין"], "intent": "provide_info"}, optional={"area": ["תל אביב"]})
    said = {"id": "x", "updates": {"area": ["תל אביב", "פלורנטין"]}, "intent": "provide_info"}
    assert score_slots([record], [said]).f1 == 1.0
    empty = turn(expected={"intent": "unclear"}, optional={"deal": "buy"})
    assert score_slots([empty], [{"id": "x", "updates": {"deal": "buy"}, "intent": "unclear"}]).empty_turn_ok == 1.0
    assert score_slots([empty], [{"id": "x", "updates": {"deal": "rent"}, "intent": "unclear"}]).empty_turn_ok == 0.0


def test_a_dialog_is_right_only_as_a_whole() -> None:
    """R10.6: every slot, and none besides."""
    record = {"id": "d", "expected_final": {"deal": "buy", "name": "דנה"}}
    assert score_dialogs([record], [{"id": "d", "final": {"deal": "buy", "name": "דנה"}}]) == (1.0, [])
    assert score_dialogs([record], [{"id": "d", "final": {"deal": "buy"}}]) == (0.0, ["d"])
    extra = {"deal": "buy", "name": "דנה", "rooms_min": 3}
    assert score_dialogs([record], [{"id": "d", "final": extra}]) == (0.0, ["d"])


def test_a_language_model_adds_what_the_parser_did_not_read(tmp_path: Path) -> None:
    """R10.2: its reading is merged as in a call: quoted words only, and the parser's numbers stand."""

    def extract(messages: list[dict[str, str]], schema: dict[str, Any]) -> str:
        assert "updates" in schema["properties"]
        assert "עם נוף" in messages[-1]["content"]
        update = {"slot": "property_type", "op": "set", "text": "penthouse", "number": None, "list": None}
        invented = {**update, "slot": "name", "text": "דנה", "quote": "דנה"}
        return json.dumps({"updates": [{**update, "quote": "עם נוף"}, invented], "intent": "provide_info"})

    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(turn(caller="משהו עם נוף בחולון")), encoding="utf-8")
    assert eval_slots(source, target, extract) == 1
    (prediction,) = written(target)
    assert prediction["updates"] == {"area": ["חולון"], "property_type": "penthouse"}
    dialog = {"id": "d", "today": "2026-11-22", "turns": [turn(caller="משהו עם נוף בחולון")]}
    source.write_text(json.dumps(dialog), encoding="utf-8")
    assert eval_dialogs(source, target, extract) == 1
    assert written(target) == [{"id": "d", "final": {"area": ["חולון"], "property_type": "penthouse"}}]
