"""The ablation finds what an utterance needs a condition for."""

from pathlib import Path

from app.qa.understanding import predict_slots
from tools.ablate_dialog import Condition, conditions, without

KIND = Path(__file__).parents[2] / "app" / "dialog" / "understanding" / "kind.py"
TURN = {
    "id": "a",
    "today": "2026-11-22",
    "asked": "property_type",
    "agent": "",
    "state": {},
    "accept": {},
    "optional": {},
}
ROOF = {**TURN, "caller": "גג", "expected": {"property_type": "roof_apartment", "intent": "provide_info"}}
VILLA = {**TURN, "id": "b", "caller": "וילה", "expected": {"property_type": "villa", "intent": "provide_info"}}


def _of_roofs() -> Condition:
    return next(condition for condition in conditions(KIND) if "גג" in condition.test)


def test_a_turn_that_needs_a_condition_is_named_and_the_code_is_whole_again() -> None:
    """R10.6: what is switched off for the look is on afterwards."""
    turns = [ROOF, VILLA]
    before = [predict_slots(turn) for turn in turns]
    needed = without(_of_roofs(), turns, before)
    assert (needed.lost, needed.won, needed.other) == (("a",), (), ())
    assert [predict_slots(turn) for turn in turns] == before


def test_questions_for_none_are_no_rules() -> None:
    """R10.6: only what tests words, values and questions is looked at."""
    assert not [condition for condition in conditions(KIND) if "None" in condition.test]
    assert len(conditions(KIND)) > len("rules")
