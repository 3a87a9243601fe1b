"""The judge of wishes is trained from labelled turns alone."""

from typing import Any

from app.dialog.domain import Asked
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.judging.judge import Judge, Table
from tools.sets import TAUGHT, load
from tools.train_judge import Case, cases_of, cases_of_dialog, cases_of_saying_again, train

TURN: dict[str, Any] = {"id": 1, "today": "2026-11-22", "asked": "area", "state": {}, "caller": ""}


def cases(said: str, weight: float = 1.0, **labels: Any) -> dict[tuple[str, int], Case]:
    record = {**TURN, "caller": said, "expected": {"intent": "provide_info", **labels.pop("expected", {})}, **labels}
    found = list(cases_of(record, "a set", weight))
    return {(case.topic, [at for _, at in case.words].count(0)): case for case in found}


def wished(said: str, topic: str = "area", **labels: Any) -> list[bool]:
    return [case.wished for (of, _), case in cases(said, **labels).items() if of == topic]


def test_a_value_is_wished_for_when_the_labels_have_it() -> None:
    """R10.2."""
    assert wished("בחולון", expected={"area": ["חולון"]}) == [True]
    assert wished("בחולון") == [False]


def test_what_the_labels_leave_open_teaches_nothing() -> None:
    """R10.2: what may be reported or not, and what was known before."""
    assert wished("בחולון", optional={"area": ["חולון"]}) == []
    assert wished("בחולון", state={"area": ["חולון"]}) == []


def test_what_only_the_rules_leave_out_is_a_case_too() -> None:
    """R10.2: the rules know what they were made on; the judge learns it from the words."""
    assert wished("אמא שלי גרה בחולון") == [False]


def test_a_right_value_that_the_rules_take_may_weigh_more() -> None:
    """R10.2."""
    right = cases("בחולון", 3.0, expected={"area": ["חולון"]})
    assert {case.weight for case in right.values()} == {3.0}
    assert {case.weight for case in cases("בחולון", 3.0).values()} == {1.0}


def test_a_wish_said_twice_is_a_case_of_nothing_taken_back() -> None:
    """R10.2: what the labels leave open teaches nothing here either."""
    wish: dict[str, Any] = {**TURN, "caller": "דירה בחולון", "expected": {"intent": "provide_info", "area": ["חולון"]}}
    assert [(case.topic, case.wished) for case in cases_of_saying_again(wish, "a set")] == [("area struck", False)]
    assert not list(cases_of_saying_again({**wish, "expected": {"intent": "provide_info"}}, "a set"))
    assert not list(cases_of_saying_again({**wish, "optional": {"area": ["חולון"]}}, "a set"))


def test_a_dialog_gives_the_values_that_it_ends_with() -> None:
    """R10.2."""
    turns = [{"asked": "area", "caller": "בחולון"}, {"asked": "rooms", "caller": "שלושה בעצם ארבעה"}]
    expected = {"area": ["חולון"], "rooms_min": 4, "rooms_max": 4}
    record = {"today": "2026-11-22", "turns": turns, "expected_final": expected}
    assert {case.topic for case in cases_of_dialog(record, "a set")} == {"area", "rooms"}


def test_what_is_learned_judges_like_the_cases() -> None:
    """R10.2: the words around decide, in sentences with other places, too."""
    towns = ("חולון", "חיפה", "נשר", "רמלה")
    told = [case for town in towns for case in cases(f"נולדתי בעיר {town}").values()]
    sought = [
        case for town in towns for case in cases(f"לגור בעיר {town}", expected={"area": [town]}).values() if case.wished
    ]
    table = Table.loads(train([*told, *sought]))
    odds = []
    for opening in ("נולדתי", "לגור"):
        said = normalise(f"{opening} בעיר נתניה")
        value = next(case for case in cases_of({**TURN, "caller": said.text, "expected": {"intent": "unclear"}}, "x"))
        assert value.topic == "area"
        odds.append(Judge(said, Asked.AREA, {}, table).odds("area", Span(2, 3, "נתניה"), [2]))
    assert odds[0] < 0 < odds[1]


def test_the_training_turns_are_whole_and_have_ids_of_their_own() -> None:
    """R10.6: what the judge is trained on parses, and says which set it is of."""
    ids = set()
    for path in TAUGHT.glob("*.jsonl"):
        for record in load(path):
            assert record["id"].startswith(path.stem)
            assert Asked(record["asked"])
            assert "intent" in record["expected"]
            ids.add(record["id"])
    assert len(ids) > 1000
