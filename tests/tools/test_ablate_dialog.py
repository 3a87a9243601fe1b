"""The ablation finds what an utterance needs a condition for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.qa.understanding import predict_slots
from tools.ablate_dialog import Ablation

KIND = Path(__file__).parents[2] / "app" / "dialog" / "understanding" / "slots" / "kind.py"
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


@pytest.fixture
def ablation() -> Iterator[Ablation]:
    """The rules of kinds with switches, over two turns; without them afterwards."""
    made = Ablation([KIND], [ROOF, VILLA])
    yield made
    made.board.take_out()


def _of_roofs(ablation: Ablation) -> int:
    return next(
        number
        for number, condition in enumerate(ablation.board.conditions)
        if condition.whole and "גג" in condition.test
    )


def test_a_turn_that_needs_a_condition_is_named_and_the_code_is_whole_again(ablation: Ablation) -> None:
    """R10.6: what is switched off for the look is on afterwards."""
    before = [predict_slots(turn) for turn in (ROOF, VILLA)]
    needed = ablation.without(_of_roofs(ablation))
    assert (needed.lost, needed.won, needed.other) == (("a",), (), ())
    assert [predict_slots(turn) for turn in (ROOF, VILLA)] == before


def test_only_the_turns_in_which_a_condition_decides_are_read_again(ablation: Ablation) -> None:
    """R10.6: an ablation of thousands of turns takes minutes."""
    assert ablation.deciding[_of_roofs(ablation)] == [0]


def test_questions_for_none_are_no_rules(ablation: Ablation) -> None:
    """R10.6: only what tests words, values and questions is looked at."""
    assert not [condition for condition in ablation.board.conditions if "None" in condition.test]
    assert len(ablation.board.conditions) > len("rules")
