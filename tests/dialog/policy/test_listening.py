"""Words over the agent's that leave it the floor, and those that take it."""

import pytest

from app.dialog.dialog import Dialog, DialogSettings
from tests.dialog.strategies import TODAY


def mid_talk(*words: str) -> Dialog:
    dialog = Dialog(DialogSettings(fine_ear=True), TODAY, None)
    plan = dialog.greet()
    for said in words:
        dialog.said(plan.line)
        plan = dialog.hear(said)
    return dialog


TALKS = [(), ("אני מחפש דירה לקנייה",), ("אני מחפש דירה לקנייה בחולון", "ארבעה חדרים", "שני מיליון")]


@pytest.mark.parametrize(
    "words",
    [
        "אהמ",
        "או קיי",
        "בטח",
        "מעולה",
        "תודה",
        "תודה רבה",
        "אוקיי",
        "כן כן",
        "בסדר גמור",
        "נכון מאוד",
        "אממ",
        "אהה",
        "יופי",
        "מצוין",
        "אחלה",
    ],
)
@pytest.mark.parametrize("talk", TALKS)
def test_short_words_without_anything_new_leave_the_agent_the_floor(words: str, talk: tuple[str, ...]) -> None:
    """R7.5: in whatever words, at whatever question."""
    assert mid_talk(*talk).is_backchannel(words)


@pytest.mark.parametrize(
    "words",
    [
        *("לא", "רגע", "מה", "סליחה", "הלו", "די", "נציג", "חולון", "שלושה", "לא נכון", "ביי", "תנתקי", "מי זה"),
        *("עוד שאלה", "כן אבל", "כן ארבעה חדרים", "תחזרי", "בוואטסאפ", "שנייה"),
    ],
)
@pytest.mark.parametrize("talk", TALKS)
def test_words_that_say_or_ask_something_take_it(words: str, talk: tuple[str, ...]) -> None:
    """R7.5."""
    assert not mid_talk(*talk).is_backchannel(words)
