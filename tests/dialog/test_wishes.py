"""Wishes beside the search: a summary where no WhatsApp can go, and what only the language model heard."""

import json
from datetime import date

import pytest

from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.lines.checks import check_line
from app.dialog.plan import Plan

TODAY = date(2026, 11, 22)
LANDLINE, MOBILE = "+97231234567", "+972541234549"
SEARCH = ("אני מחפש דירה בשכירות ברעננה", "שלושה חדרים", "עד שבעת אלפים", "תוך חודשיים", "דנה")


def talk(*words: str, caller: str = LANDLINE, settings: DialogSettings | None = None) -> tuple[Dialog, list[Plan]]:
    """Return a dialog that has heard `words`, and its plans; every line of them has passed the checks."""
    dialog = Dialog(settings or DialogSettings(), TODAY, caller)
    plans = [dialog.greet()]
    for text in words:
        dialog.said(plans[-1].line)
        plans.append(dialog.hear(text))
        assert check_line(plans[-1].line, plans[-1].context) == (), plans[-1].line
    return dialog, plans


def test_who_calls_from_a_landline_is_asked_for_a_mobile_before_a_summary_is_promised() -> None:
    """R10.5: WhatsApp cannot reach a landline."""
    dialog, plans = talk(*SEARCH, "כן", "כן הכל נכון", "בוואטסאפ")
    assert "נייד" in plans[-1].line
    assert "יישלח" not in plans[-1].line
    assert not plans[-1].ends_call
    plans.append(dialog.hear("אפס חמש ארבע שלוש שתיים אחת ארבע חמש שש שבע"))
    assert "האם המספר נכון" in plans[-1].line or "נכון?" in plans[-1].line
    plans.append(dialog.hear("כן"))
    assert plans[-1].ends_call
    assert "וואטסאפ" in plans[-1].line
    assert dialog.slots["phone"] == "+972543214567"


def test_a_mobile_may_be_dictated_in_pieces() -> None:
    """R17: as any number."""
    dialog, _ = talk(*SEARCH, "כן", "כן הכל נכון", "בוואטסאפ")
    for piece in ("אפס חמש ארבע", "שלוש שתיים אחת", "ארבע חמש שש שבע"):
        plan = dialog.hear(piece)
    assert "נכון?" in plan.line
    assert dialog.slots["phone"] == "+972543214567"


@pytest.mark.parametrize("answer", ["אין לי נייד", "לא משנה", "לא"])
def test_without_a_mobile_the_caller_hears_that_no_summary_can_be_sent(answer: str) -> None:
    """R10.4: nothing is promised that does not happen."""
    dialog, plans = talk(*SEARCH, "כן", "כן הכל נכון", "בוואטסאפ", answer)
    assert plans[-1].ends_call
    assert "לקו נייח אי אפשר לשלוח וואטסאפ" in plans[-1].line
    assert dialog.slots["phone"] == LANDLINE


def test_from_a_mobile_nothing_is_asked() -> None:
    """R10.5: the usual way."""
    _, plans = talk(*SEARCH, "כן", "כן הכל נכון", "בוואטסאפ", caller=MOBILE)
    assert plans[-1].ends_call
    assert "הסיכום יישלח בוואטסאפ" in plans[-1].line


def late(intent: str, quote: str) -> str:
    """Return a reading of the language model that found a wish."""
    reading = {"updates": [], "intent": intent, "intent_quote": quote, "refused": [], "needs_confirmation": []}
    return json.dumps(reading, ensure_ascii=False)


OPENING = "דירה בשכירות ברעננה ועדיף לי עם מישהו חי"


def doubted(intent: str) -> tuple[Dialog, Plan]:
    """Return a dialog in which the model heard a wish the parser had missed, and the plan that asks about it."""
    dialog, _ = talk(OPENING, caller=MOBILE, settings=DialogSettings(uses_llm=True))
    dialog.extracted(late(intent, "עם מישהו חי"), 1)
    plan = dialog.hear("שלושה חדרים")
    assert check_line(plan.line, plan.context) == (), plan.line
    return dialog, plan


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        ("human", "שיחה עם יועץ"),
        ("whatsapp", "סיכום בוואטסאפ"),
        ("schedule", "שיחה חוזרת מיועץ"),
        ("goodbye", "סיום השיחה"),
    ],
)
def test_a_wish_that_only_the_model_heard_is_asked_about(intent: str, words: str) -> None:
    """R17: asking is better than ignoring, and better than acting on one reading."""
    dialog, plan = doubted(intent)
    assert words in plan.line
    assert plan.line.endswith("?")
    assert not plan.ends_call
    assert dialog.slots["rooms_min"] == 3


def test_a_yes_to_it_is_the_wish_itself() -> None:
    """R17: a person, a summary, a call, the end."""
    dialog, _ = doubted("human")
    dialog.hear("כן")
    assert dialog.memory.human_asked
    dialog, _ = doubted("whatsapp")
    assert not dialog.hear("כן").ends_call
    assert dialog.memory.whatsapp
    dialog, _ = doubted("schedule")
    dialog.hear("כן")
    assert dialog.memory.callback
    dialog, _ = doubted("goodbye")
    assert dialog.hear("כן").ends_call


def test_a_no_to_it_leaves_the_call_as_it_was_and_it_is_not_asked_again() -> None:
    """R10.2: one question is enough."""
    dialog, asked = doubted("human")
    plan = dialog.hear("לא")
    assert not dialog.memory.human_asked
    assert plan.asked.value == "budget"
    turn = dialog.memory.turn
    assert dialog.extracted(late("human", "לא"), turn) == ()
    assert dialog.hear("עד שבעת אלפים").line != asked.line
    assert not dialog.memory.unsure
