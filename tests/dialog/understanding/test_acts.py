"""Dialogue acts that are said in a word or two, where no set happens to have them."""

from datetime import date

import pytest

from app.dialog.domain import Asked, Intent, Understanding
from app.dialog.understanding.understand import understand

MINE = "+972501234567"


def read(said: str, asked: Asked, deal: str = "buy") -> Understanding:
    state = {"deal": deal, "caller_id": MINE, "phone": MINE if asked is Asked.PHONE_CONFIRM else None}
    return understand(said, asked=asked, state=state, today=date(2026, 11, 22))


@pytest.mark.parametrize(
    ("asked", "said", "intent"),
    [
        (Asked.ANYTHING_ELSE, "כלום", Intent.DENY),
        (Asked.ANYTHING_ELSE, "אין", Intent.DENY),
        (Asked.NAME, "פרטי", Intent.DENY),
        (Asked.BUDGET, "זה אישי", Intent.DENY),
        (Asked.BUDGET, "פגישה", Intent.SCHEDULE),
        (Asked.AREA, "תשלחי לי את זה", Intent.WHATSAPP),
        (Asked.AREA, "מה שוב", Intent.REPEAT),
    ],
)
def test_a_word_or_two_say_what_the_caller_does(asked: Asked, said: str, intent: Intent) -> None:
    """R10.2: whichever question stands."""
    assert read(said, asked).intent is intent


@pytest.mark.parametrize("said", ["אני בדיוק בנסיעה", "אני בדיוק יוצאת", "אנחנו בדיוק נכנסים לפגישה"])
def test_what_only_says_when_is_no_yes(said: str) -> None:
    """R10.2: "בדיוק" alone is one."""
    assert read(said, Asked.PHONE_CONFIRM).intent is not Intent.CONFIRM
    assert read("בדיוק", Asked.PHONE_CONFIRM).intent is Intent.CONFIRM


@pytest.mark.parametrize(
    ("deal", "said", "low", "high"),
    [
        ("rent", "חמשת אלפים שקל עד שבעת אלפים שקל", 5000, 7000),
        ("rent", "מחמשת אלפים שקל לשבעת אלפים", 5000, 7000),
        ("buy", "שני מיליון שקל עד שניים וחצי מיליון שקל", 2_000_000, 2_500_000),
    ],
)
def test_a_unit_said_with_both_ends_parts_no_range(deal: str, said: str, low: int, high: int) -> None:
    """R10.2: "שקל" stands between the ends, too."""
    assert read(said, Asked.BUDGET, deal).updates == {"budget_min": low, "budget_max": high}


def test_a_bound_is_its_own_numbers_though_another_number_follows() -> None:
    """R10.2: "ומעלה" looks back, and "גג" ahead."""
    assert read("ארבעה חדרים ומעלה שני מיליון", Asked.BUDGET).updates["rooms_min"] == 4
    assert "rooms_max" not in read("ארבעה חדרים ומעלה שני מיליון", Asked.BUDGET).updates
