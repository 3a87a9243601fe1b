"""The second opinion on names is trained from labelled turns alone."""

from typing import Any

from app.dialog.understanding.judging.names import BEGINS, GOES_ON, NameTable, judged_name
from tools.train_names import NameCase, cases_of, look, train

TURN: dict[str, Any] = {"id": 1, "today": "2026-11-22", "asked": "name", "state": {}}


def case(said: str, name: str | None = None, taught_by: str = "a set", **labels: Any) -> NameCase:
    expected = {"intent": "provide_info", **({"name": name} if name else {})}
    (found,) = cases_of(taught_by, [{**TURN, "caller": said, "expected": expected, **labels}])
    return found


def test_each_word_of_the_name_that_the_labels_have_is_tagged() -> None:
    """R10.2: of several places where it is said the one that the rules found, else the last."""
    assert case("אני ארבל כרמון", "ארבל כרמון").tags() == [0, BEGINS, GOES_ON]
    assert case("בבית כנופיה ובעבודה כנופיה", "כנופיה").tags() == [0, 0, 0, BEGINS]
    assert case("ארבל כרמון", "ארבל", accept={"name": ["ארבל כרמון"]}).tags() == [BEGINS, 0]


def test_what_the_labels_leave_open_teaches_nothing() -> None:
    """R10.2: a name that may be reported or was known, and one that is written otherwise than it was said."""
    assert case("דוד", optional={"name": "דוד"}).tags() is None
    assert case("דוד כן", state={"name": "דוד לוי"}).tags() is None
    assert case("דוד לוי", "דודו לוין").tags() is None
    assert case("דוד לוי").tags() == [0, 0]


def test_turns_without_anything_like_a_name_are_no_cases() -> None:
    """R10.2."""
    assert (
        cases_of("a set", [{**TURN, "asked": "rooms", "caller": "שלושה", "expected": {"intent": "provide_info"}}]) == []
    )


def lines(taught_by: str = "a set") -> list[NameCase]:
    pairs = (("כרמון", "ארבל"), ("גלבוע", "תומר"), ("אלוני", "נועם"), ("שקמה", "יערה"))
    return [case(f"בדרכון {name} {known} אצל סבא {known}", f"{name} {known}", taught_by) for name, known in pairs]


def test_what_is_learned_names_like_the_cases() -> None:
    """R10.2: what follows a word that no rule knows."""
    weights = NameTable.loads(train(lines()))
    asked = case("בדרכון חרמון דליה אצל סבא דליה")
    named = judged_name(asked.utterance, asked.asked, "", asked.claimed, None, weights)
    assert named is not None
    assert named.value == "חרמון דליה"


def test_the_look_leaves_whole_sets_out() -> None:
    """R10.6: a head that knew only other sets is compared with the rules."""
    taught = [told for name in ("plain_01", "plain_02", "plain_03") for told in lines(name)]
    rules, head = look(taught, [])
    assert rules.startswith("rules: ")
    assert head == "head: 12 right, 0 wrong, 0 invented, 0 missed"
