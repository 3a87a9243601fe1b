"""A change that is said besides an answer."""

from typing import Any

import pytest

from app.dialog.domain import Asked
from app.dialog.understanding.understand import understand
from tests.dialog.strategies import TODAY

KNOWN = {
    "deal": "buy",
    "area": ["חולון"],
    "rooms_min": 3,
    "rooms_max": 4,
    "budget_max": 2_000_000,
    "timing": {"type": "immediate"},
}
CALLER = "+972541234549"


def updates(said: str, asked: Asked, **more: object) -> dict[str, Any]:
    return understand(said, asked=asked, state={**KNOWN, **more}, today=TODAY).updates


def test_a_detail_that_is_named_takes_its_new_value_beside_an_answer() -> None:
    """R10.2: at whatever question."""
    answer = {"timing": {"type": "month", "month": "2027-03"}, "budget_max": 1_700_000}
    assert updates("מרץ, והתקציב הוא אחד שבע", Asked.TIMING) == answer


def test_a_yes_to_the_number_stands_beside_what_is_changed() -> None:
    """R10.2: "yes, and we move in in January" is both."""
    said = updates("כן בדיוק ואנחנו נכנסים בינואר", Asked.PHONE_CONFIRM, caller_id=CALLER)
    assert said == {"phone": CALLER, "timing": {"type": "month", "month": "2027-01"}}


@pytest.mark.parametrize(
    "said", ["כן רק שתיים ארבע בסוף", "כן אבל בסוף שלוש אחת", "כן והסוף הוא תשע תשע", "נכון רק שהקידומת אפס חמש שתיים"]
)
def test_a_yes_with_digits_that_are_to_be_others_takes_no_number(said: str) -> None:
    """R10.2: a lead with a wrong number is lost."""
    assert updates(said, Asked.PHONE_CONFIRM, caller_id=CALLER) == {}


@pytest.mark.parametrize("said", ["דני ואני בן שלושים", "יוסי והתקציב שלי לא השתנה"])
def test_what_else_is_told_behind_a_name_changes_nothing(said: str) -> None:
    """R10.2: an age is no number of rooms, and a budget that has not changed stays."""
    assert updates(said, Asked.NAME) == {"name": said.split(maxsplit=1)[0]}


@pytest.mark.parametrize("said", ["אני רוצה לבטל", "אפשר לבטל את השיחה", "תמחקי לי בבקשה את ההודעה"])
@pytest.mark.parametrize("asked", [Asked.NAME, Asked.PHONE, Asked.ANYTHING_ELSE])
def test_a_verb_of_change_without_a_new_value_strikes_no_detail(said: str, asked: Asked) -> None:
    """R10.2: when to move in says itself what it is; a verb alone does not."""
    assert updates(said, asked) == {}
