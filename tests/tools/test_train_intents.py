"""The second opinion on intents is trained from labelled turns alone."""

from typing import Any

from app.dialog.domain import Asked, Intent, Understanding
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.judging.intents import IntentTable, judged_intent
from app.dialog.understanding.judging.judge import table
from tools.train_intents import cases_of_turns, intent_case, look, read, train_intents

TURN: dict[str, Any] = {"id": 1, "today": "2026-11-22", "asked": "area", "state": {}}


def turn(said: str, intent: str, name: str = "a set", **labels: Any) -> tuple[str, dict[str, Any], Understanding]:
    return name, {**TURN, "caller": said, "expected": {"intent": intent}, **labels}, Understanding()


def test_an_intent_of_the_rules_that_the_labels_allow_is_right() -> None:
    """R10.2: else the first one that they allow."""
    said = normalise("בערך")
    assert intent_case(said, Asked.AREA, Understanding(), ["confirm", "unclear"]).intent is Intent.UNCLEAR
    assert intent_case(said, Asked.AREA, Understanding(), ["confirm", "deny"]).intent is Intent.CONFIRM


def test_the_lines_that_hold_a_rule_in_place_weigh_more() -> None:
    """R10.2."""
    plain, kinds = cases_of_turns([turn("כן", "confirm"), turn("כן", "confirm", "utterances_kinds")], 0.5)
    assert plain.weight < kinds.weight


def test_what_is_learned_decides_like_the_cases() -> None:
    """R10.2: by the words of the turn."""
    told = [
        case
        for end in ("מאוד", "לגמרי", "ממש", "באמת")
        for case in cases_of_turns([turn(f"מסכים {end}", "confirm"), turn(f"חולק {end}", "deny")])
    ]
    weights = IntentTable.loads(train_intents(told))
    heard = [judged_intent(normalise(said), Asked.AREA, Understanding(), weights) for said in ("מסכים כן", "חולק כן")]
    assert heard == [Intent.CONFIRM, Intent.DENY]


def test_a_turn_is_read_as_a_call_would_read_it() -> None:
    """R10.2."""
    assert read({**TURN, "caller": "בחולון"}, table()).updates == {"area": ["חולון"]}


def test_the_look_leaves_whole_sets_out() -> None:
    """R10.6: a head that knew only other sets is compared with the rules, by kind of set."""
    sets = ("plain_01", "plain_02", "plain_03")
    taught = [turn(f"מסכים {end}", "confirm", name) for name in sets for end in ("מאוד", "לגמרי", "ממש", "באמת")]
    assert look(taught, []) == [
        "all      12 turns | intent: rules 0.000, head 1.000; mended 12, broken 0",
        "plain    12 turns | intent: rules 0.000, head 1.000; mended 12, broken 0",
    ]
