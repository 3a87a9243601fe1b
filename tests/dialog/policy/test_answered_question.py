"""Words are taken for the question they answer: the one asked, a doubt, or another that is open."""

from datetime import date

import pytest

from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.plan import Plan

TODAY = date(2026, 11, 22)
Words = str | tuple[str, ...]
HOLON = ("קולן", "חולן", "קולר")


def talk(*said: Words, number: str | None = None, fine_ear: bool = False) -> tuple[Dialog, list[Plan]]:
    """Hold a call; a tuple is what a wavering recogniser wrote, best first."""
    dialog = Dialog(DialogSettings(fine_ear=fine_ear), TODAY, number)
    plan = dialog.greet()
    plans = []
    for words in said:
        best, *others = (words,) if isinstance(words, str) else words
        dialog.said(plan.line)
        plan = dialog.hear(best, tuple(others))
        plans.append(plan)
    return dialog, plans


def doubting(*said: Words) -> tuple[Dialog, list[Plan]]:
    """Hold a call up to a doubtful budget, which is asked about, and go on."""
    dialog, plans = talk("אני רוצה לקנות דירה בחולון", "שלושה חדרים", ("מיליון שוו מאות", "מיליון שווה מאוד"), *said)
    assert plans[2].confirms == {"budget_max": 1_600_000}
    return dialog, plans[2:]


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        ("כן", "timing"),
        (("מיליון שוו מאות", "מיליון שווה מאוד"), "timing"),
        ("בעוד חצי שנה", "name"),
        (("בקצי שנהה", "בקצי שנה"), "name"),
    ],
)
def test_a_yes_the_same_again_and_going_on_all_leave_a_doubted_value_standing(answer: Words, asked: str) -> None:
    """R10.6: who says something else has not said no; the summary asks about everything once more."""
    dialog, plans = doubting(answer)
    assert plans[-1].asked == asked
    assert dialog.slots["budget_max"] == 1_600_000


def test_a_no_takes_the_doubted_value_back_and_asks_again() -> None:
    """R10.6: what was not said is not kept."""
    dialog, plans = doubting("לא")
    assert plans[-1].asked == "budget"
    assert "budget_max" not in dialog.slots


def test_another_value_corrects_the_doubted_one() -> None:
    """R10.2: the caller's correction stands."""
    dialog, plans = doubting("לא מיליון שבע מאות")
    assert dialog.slots["budget_max"] == 1_700_000
    assert plans[-1].asked == "timing"


def test_a_topic_is_doubted_twice_at_most() -> None:
    """R10.4: an ear that hears something else every time does not keep the caller for ever."""
    garbled = [
        ("מיליון שוו מאות", "מיליון שווה מאוד"),
        ("תיבת אלפים", "תיבת על אפים"),
        ("הרבה מיליון", "ארבה מיליון"),
    ] * 2
    _, plans = talk("אני רוצה לקנות דירה בחולון", "שלושה חדרים", *garbled)
    assert "budget_max" not in plans[-1].confirms


def test_an_answer_to_another_open_question_is_taken_for_it() -> None:
    """R10.2: a bare number of rooms at the question of the area; the area is asked for later."""
    dialog, plans = talk("אני רוצה לקנות דירה", ("תלושה הוא הרבה", "שלושה הוא הרבה", "תלושה ורבה"))
    assert (dialog.slots["rooms_min"], dialog.slots["rooms_max"]) == (3, 4)
    assert plans[-1].asked == "budget"
    _, plans = talk("אני רוצה לקנות דירה", "שלושה או ארבעה", "שני מיליון", "גמיש", "דנה", number="+972541234567")
    assert plans[-1].asked == "phone_confirm"


def test_what_was_passed_over_is_asked_before_the_summary() -> None:
    """R10.2: nothing is forgotten."""
    said = ("אני רוצה לקנות דירה", "שלושה או ארבעה", "שני מיליון", "גמיש", "דנה", "כן")
    _, plans = talk(*said, "חולון", number="+972541234567")
    assert [plan.asked for plan in plans[-2:]] == ["area", "summary_confirm"]


def test_a_plain_no_to_what_was_said_back_in_doubt_takes_it_back() -> None:
    """R10.6: implicit confirmation: the value stands in the next line, and "no" is about it."""
    dialog, plans = talk("שלום", ("בגירות בנתיים", "בישירות בנתיים", "בגירות בנטיים"))
    assert dialog.slots["deal"] == "rent"
    assert "שכירות" in plans[-1].line
    dialog.said(plans[-1].line)
    plan = dialog.hear("לא")
    assert "deal" not in dialog.slots
    assert plan.asked == "deal"


def test_a_goodbye_in_one_of_many_readings_does_not_end_the_call() -> None:
    """R10.4: a name misheard as "ביי" costs a question, not the call."""
    _, plans = talk("אני רוצה לדבר עם נציג", ("אז ביי", "אז ב", "אשפה"))
    assert not plans[-1].ends_call
    _, plans = talk("אני רוצה לדבר עם נציג", ("ביי", "ביי ביי", "פי"))
    assert plans[-1].ends_call


def test_a_word_the_ear_cannot_hear_waits_for_the_end_and_is_then_left_open() -> None:
    """R10.4: after other words and examples the talk goes on where the rest is understood."""
    lost = ("בלהגל", "בלאגן", "פלא גל")
    _, plans = talk("אני רוצה לקנות דירה", lost, lost, lost)
    assert [plan.asked for plan in plans] == ["area", "area", "area", "rooms"]
    _, plans = talk(
        "אני רוצה לקנות דירה",
        lost,
        lost,
        lost,
        "ארבעה חדרים",
        "מיליון",
        "גמיש",
        "דנה",
        "כן",
        lost,
        number="+972541234567",
    )
    assert [plan.asked for plan in plans[-2:]] == ["area", "summary_confirm"]


def test_a_sum_no_home_is_bought_for_is_a_rent() -> None:
    """R10.2: four thousand is a month's rent, whatever was not heard about the deal."""
    dialog, _ = talk("משרד בנתניה", "לא יודע", "ארבעת אלפים")
    assert dialog.slots["deal"] == "rent"


@pytest.mark.parametrize(
    ("said", "others"),
    [
        ("לפחות שלושת אלפים", ("לפחות שלושת ארבעים", "רחובות שלושת אלפים")),
        ("שלושת רבעי מיליון", ("שלושת רבע מיליון", "שלושה מיליון")),
        ("יש לי שלושה ילדים", ("יש לי שלושה מיליון", "יש לי השלושה ילדים")),
        ("לילה טוב", ("לילה", "הלילה טוב")),
    ],
)
def test_other_readings_of_a_fine_ear_do_not_change_a_right_one(said: str, others: tuple[str, ...]) -> None:
    """R8.1: what Google is sure enough to put first is what was said."""
    opening = ("אני רוצה לקנות דירה בחולון", "שלושה חדרים")
    alone, told = talk(*opening, said, fine_ear=True), talk(*opening, (said, *others), fine_ear=True)
    assert alone[0].slots == told[0].slots
    assert alone[1][-1].line == told[1][-1].line


def test_another_reading_of_a_fine_ear_helps_where_the_first_is_no_answer() -> None:
    """R8.1: in doubt, so that it is asked about."""
    _, plans = talk("אני רוצה לקנות דירה", ("בגלגלון", "בחולון"), fine_ear=True)
    assert plans[-1].confirms == {"area": ["חולון"]}
