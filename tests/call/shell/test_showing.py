"""What onlookers see of what is saved."""

from app.call.events import Save
from app.call.shell.showing import shown
from app.dialog.dialog import Dialog, DialogSettings
from tests.call.driver import TODAY

AREA = "אני מחפש דירה בשכירות ברעננה"


def test_what_was_said_is_shown_with_what_of_it_was_heard() -> None:
    """R11: an interruption is seen as it is."""
    said = {"turn": 2, "reply": 3, "text": "כמה חדרים תרצו?", "heard": "כמה"}
    assert list(shown(Save("said", said))) == [("SAID", said)]


def test_an_end_is_shown_with_its_reason() -> None:
    """R11: where there is no other reason, there is none to show."""
    assert list(shown(Save("ended", {"outcome": "fault", "reason": "stop"}))) == [
        ("ENDED", {"reason": "stop", "outcome": "fault"})
    ]
    assert list(shown(Save("ended", {"outcome": "lead"}))) == [("ENDED", {"reason": "", "outcome": "lead"})]


def test_what_was_understood_is_shown_with_the_words_behind_it_and_the_next_question() -> None:
    """R11: slots, question and line of the same plan."""
    dialog = Dialog(DialogSettings(), TODAY, None)
    dialog.greet()
    plan = dialog.hear(AREA)
    seen = dict(shown(Save("heard", {"turn": 1, "text": AREA, "plan": plan, "state": dialog.state})))
    assert seen["QUESTION"] == {"asked": "rooms", "confirms": dict(plan.confirms), "slots": dialog.state["slots"]}
    assert seen["SLOTS"]["slots"]["area"]["value"] == ["רעננה"]
    assert seen["SLOTS"]["slots"]["area"]["quote"] in AREA
    assert seen["SLOTS"]["slots"]["area"]["confirmed"] is False
    assert (seen["SLOTS"]["turn"], seen["SLOTS"]["asked"]) == (1, "rooms")
    assert seen["PLANNED"] == {"turn": 1, "text": plan.line}


def test_what_is_no_news_is_not_shown() -> None:
    """R11: timings and the like are for the store."""
    assert list(shown(Save("timings", {"turn": 1}))) == []
