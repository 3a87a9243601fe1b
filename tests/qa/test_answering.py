"""A scripted caller answers as people do: in order, by the question, or with yes and no."""

from typing import Any

from app.qa.answering import Answering, Manner, Question, slots_right

TURNS = [
    ("greeting", frozenset({"deal", "property_type"}), "דירה לקנות"),
    ("area", frozenset({"area"}), "חולון"),
    ("budget", frozenset({"budget_max"}), "שני מיליון"),
    ("timing", frozenset({"budget_max"}), "תשני לשלושה מיליון"),
    ("timing", frozenset({"timing"}), "גמיש"),
    ("phone_confirm", frozenset({"phone"}), "כן זה המספר"),
]
EXPECTED = {"area": ["חולון"], "budget_max": 3_000_000, "phone": "+972541234567"}


def caller(manner: Manner, **voice: str) -> Answering[str]:
    """Return the caller of TURNS."""
    return Answering(TURNS, EXPECTED, manner, **voice)


def answers(someone: Answering[str], *questions: tuple[str, dict[str, Any]]) -> list[str | None]:
    """Put questions to a caller."""
    return [someone.answer(Question(asked, confirms)) for asked, confirms in questions]


def test_a_caller_with_a_piece_to_say_says_it_in_order() -> None:
    """R12.1: whatever is asked."""
    said = answers(caller(Manner.ORDER), ("greeting", {}), ("deal", {}), ("area", {"area": ["חולון"]}))
    assert said == ["דירה לקנות", "חולון", "שני מיליון"]


def test_a_caller_hangs_up_when_everything_is_said() -> None:
    """R12.1: in order there is nothing to repeat."""
    someone = caller(Manner.ORDER)
    assert [someone.answer(Question("area")) for _ in range(7)][-2:] == ["כן זה המספר", None]


def test_a_question_asked_again_is_answered_again() -> None:
    """R12.1: in the same words; a correction stands in for what it corrected."""
    said = answers(caller(Manner.ASKED), ("area", {}), ("area", {}), ("budget", {}), ("timing", {}), ("budget", {}))
    assert said == ["חולון", "חולון", "שני מיליון", "תשני לשלושה מיליון", "תשני לשלושה מיליון"]


def test_what_the_opening_gave_is_answered_by_the_opening() -> None:
    """R12.1: a caller who said it once says it once more."""
    assert answers(caller(Manner.ASKED), ("greeting", {}), ("property_type", {})) == ["דירה לקנות", "דירה לקנות"]


def test_a_truthful_caller_says_yes_to_what_is_right_and_no_to_what_is_wrong() -> None:
    """R12.1: and after the no, the right value."""
    someone = caller(Manner.TRUTHFUL, yes="כן", no="לא")
    assert answers(someone, ("area", {"area": ["חולון"]})) == ["חולון"]
    assert answers(someone, ("area", {"area": ["חולון"]})) == ["כן"]
    wrong = ("area", {"area": ["יבנה"]})
    assert answers(someone, wrong, wrong) == ["לא", "חולון"]


def test_without_a_recorded_no_the_right_value_is_said_again() -> None:
    """R12.1: as people do."""
    assert answers(caller(Manner.TRUTHFUL, yes="כן"), ("area", {"area": ["יבנה"]})) == ["חולון"]


def test_the_calling_number_is_confirmed_in_the_callers_own_words() -> None:
    """R12.1: a scripted yes goes before a plain one."""
    said = answers(caller(Manner.TRUTHFUL, yes="כן"), ("phone_confirm", {"phone": "+972541234567"}))
    assert said == ["כן זה המספר"]


def test_nothing_is_said_to_a_closing_question_without_an_answer() -> None:
    """R12.1: the caller hangs up."""
    assert answers(caller(Manner.ASKED), ("anything_else", {})) == [None]


def test_right_slots_are_counted_as_the_sets_count_them() -> None:
    """R10.6: places loosely, numbers exactly."""
    assert slots_right({"area": ["חולון"], "budget_max": 2_000_000, "name": "דנה"}, EXPECTED) == 1
