"""Which known details a caller takes back."""

import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.slots.withdrawals import withdrawn

KNOWN = {
    "rooms_min": 3,
    "rooms_max": 3,
    "budget_min": 4500,
    "budget_max": 5500,
    "area": ["חיפה"],
    "phone": "+972501234567",
}


def taken_back(said: str, asked: Asked = Asked.SUMMARY_CONFIRM, instead: tuple[str, ...] = ()) -> set[str]:
    return set(withdrawn(normalise(said), asked, KNOWN, instead))


@pytest.mark.parametrize(
    ("said", "slots"),
    [
        ("תשכחי מהתקציב", {"budget_min", "budget_max"}),
        ("את המספר תמחקי", {"phone"}),
        ("בלי מספר חדרים", {"rooms_min", "rooms_max"}),
        ("אל תרשמי את הסכום", {"budget_min", "budget_max"}),
        ("האזור לא משנה", {"area"}),
        ("אל תשכחי את התקציב", set()),
        ("תמחקי את נשר, התקציב בסדר", set()),
        ("תורידי לי את הטלפון", set()),
    ],
)
def test_a_detail_is_struck_by_a_verb_beside_it(said: str, slots: set[str]) -> None:
    """R10.2: whatever stands between the two must say nothing."""
    assert taken_back(said) == slots


@pytest.mark.parametrize(
    ("said", "slots"),
    [
        ("אין סכום אני רוצה לראות קודם", {"budget_min", "budget_max"}),
        ("אין לי תקציב מוגדר", {"budget_min", "budget_max"}),
        ("ואין מחיר", {"budget_min", "budget_max"}),
        ("תקציב אין לי כרגע", {"budget_min", "budget_max"}),
        ("בלי תקציב ובלי מספר חדרים", {"budget_min", "budget_max", "rooms_min", "rooms_max"}),
        ("אין לי תקציב גבוה", set()),
        ("אין אזור יותר טוב מזה", set()),
        ("אין באזור חניה", set()),
        ("עם הסכום אין לי בעיה", set()),
        ("התקציב בלי ארנונה", set()),
        ("משהו בלי מחיר מופקע", set()),
    ],
)
def test_what_there_is_none_of_is_struck_unless_something_is_told_of_it(said: str, slots: set[str]) -> None:
    """R10.2: "there is no budget" takes it back, "there is no high budget" does not."""
    assert taken_back(said) == slots


@pytest.mark.parametrize(
    ("said", "slots"),
    [
        ("אני מוותר על התקציב", {"budget_min", "budget_max"}),
        ("מוותרים על האזור", {"area"}),
        ("אני לא מוותרת על האזור", set()),
        ("בתקציב מותר להתגמש", set()),
        ("כמה חדרים מותר לי", set()),
        ("האזור מותר לכלבים", set()),
    ],
)
def test_who_gives_a_detail_up_says_of_what_and_who_may_do_something_does_not(said: str, slots: set[str]) -> None:
    """R10.2: "מוותר" and "מותר" are one word to a recogniser's spelling."""
    assert taken_back(said) == slots


@pytest.mark.parametrize(
    ("said", "slots"),
    [
        ("תמחקי", {"budget_min", "budget_max"}),
        ("תמחקי את זה בבקשה", {"budget_min", "budget_max"}),
        ("את חמש וחצי תמחקי", set()),
        ("את הפגישה תבטלי", set()),
        ("תבטלי את השיחה", set()),
        ("תסירי אותי מרשימת התפוצה", set()),
        ("הוציאו אותי מהבית", set()),
    ],
)
def test_what_was_asked_for_is_struck_by_a_verb_without_another_object(said: str, slots: set[str]) -> None:
    """R10.2: who cancels a meeting takes no budget back."""
    assert taken_back(said, Asked.BUDGET) == slots


def test_of_a_range_one_end_may_be_struck() -> None:
    """R10.2: three rooms are no range, so that a minimum is the budget's."""
    assert taken_back("בלי מינימום") == {"budget_min"}
    assert taken_back("תורידי את המקסימום", Asked.BUDGET) == {"budget_max"}
    assert taken_back("הגבול התחתון לא מעניין") == {"budget_min"}
    assert taken_back("בלי תחתון בחדרים") == set()


def test_what_another_value_is_said_of_is_no_withdrawal() -> None:
    """R10.2: "delete the budget, write six" is six."""
    assert taken_back("תמחקי את התקציב תרשמי שש", instead=("budget_max",)) == set()
    assert taken_back("בלי מינימום עד שש", instead=("budget_max",)) == {"budget_min"}
