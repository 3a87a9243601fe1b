"""What callers wish of a home beside the slots."""

import pytest

from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.domain import Asked
from app.dialog.understanding.slots.wishes import KINDS
from app.dialog.understanding.understand import understand
from tests.dialog.strategies import TODAY


def wishes(text: str, asked: Asked = Asked.GREETING) -> dict[str, bool]:
    understood = understand(text, asked=asked, state={}, today=TODAY)
    return {wish.kind: wish.wanted for wish in understood.wishes}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ('אני מחפש דירת ארבעה חדרים עם ממ"ד ומעלית', {"safe_room", "elevator"}),
        ("חשוב לי שתהיה חניה ושתי מרפסות", {"parking", "balcony"}),
        ("רק עם ממד", {"safe_room"}),
        ("לא יותר מקומה שנייה", {"floor"}),
        ("דירה מרוהטת עם מזגן", {"furnished", "air_conditioning"}),
        ("יש לי כלב גדול אז שיסכימו לזה", {"pets"}),
        ("אמא שלי בכיסא גלגלים אז צריך נגיש", {"accessible"}),
        ("עם גינה או חצר קטנה", {"garden"}),
        ("דירה משופצת עם נוף לים", {"renovated", "view"}),
    ],
)
def test_wishes_are_kept_with_the_callers_words(text: str, kinds: set[str]) -> None:
    """R23."""
    assert {kind for kind, wanted in wishes(text).items() if wanted} == kinds


@pytest.mark.parametrize(
    "text",
    [
        "לאחותי יש דירה עם מעלית",
        "היום אנחנו גרים בלי ממד",
        "כמה עולה דירה עם חניה",
        "האם יש מעלית בבניין",
        "אני מחפש דירת גן בחולון",
        "מחסן להשכרה",
        "לקנות חדר",
    ],
)
def test_what_others_have_what_is_asked_about_and_other_kinds_are_no_wishes(text: str) -> None:
    """R23, R24."""
    assert not [kind for kind, wanted in wishes(text).items() if wanted]


@pytest.mark.parametrize("text", ["לא חייב מעלית", "בלי מרפסת", "לא צריכה חניה", "אין צורך, בלי ממד זה בסדר"])
def test_what_one_can_do_without_is_no_wish(text: str) -> None:
    """R23."""
    assert not any(wishes(text).values())
    assert wishes(text)


def test_a_wish_is_not_asked_about_and_is_said_in_the_summary() -> None:
    """R23: acknowledged like everything else; the question that stood is asked again."""
    dialog = Dialog(DialogSettings(fine_ear=True), TODAY, "+972541234549")
    plan = dialog.greet()
    for words in ("אני רוצה לקנות דירה בחולון", "חשוב שתהיה מעלית", "ארבעה חדרים", "עד שני מיליון", "מיד", "דנה", "כן"):
        dialog.said(plan.line)
        before, plan = plan, dialog.hear(words)
        if "מעלית" in words:
            assert plan.asked == before.asked
            assert "לא הבנתי" not in plan.line
    assert plan.asked is Asked.SUMMARY_CONFIRM
    assert "מעלית" in plan.line
    assert dialog.state["wishes"] == {"elevator": {"quote": "מעלית", "turn": 2}}
    dialog.hear("לא, בעצם לא צריך מעלית")
    assert dialog.state["wishes"] == {}


def test_every_kind_of_wish_has_words_and_most_a_noun() -> None:
    """R24: words as data."""
    assert {"safe_room", "elevator", "parking", "balcony", "floor"} <= set(KINDS)
