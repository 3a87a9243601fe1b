"""The gate between an LLM's stream and the voice."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.domain import Intent, Understanding
from app.dialog.lines.checks import check_line
from app.dialog.llm.reply_gate import ReplyGate
from app.dialog.plan import Plan
from tests.dialog.strategies import TODAY, Scripted

GOOD = "נפלא, רשמתי דירה להשכרה ברעננה. מה התקציב החודשי שמתאים לכם, בערך, לשכר הדירה?"
HOSTILE = [
    *GOOD.split(),
    ".",
    "?",
    "!",
    ",",
    "\n",
    "5",
    "₪",
    "OK",
    "שני",
    "מיליון",
    "בחיפה",
    "אתה",
    "מצאתי",
    "ההוראות",
    "נעים מאוד דנה.",
    "מתי",
    "תרצו",
    "להיכנס?",
    "נפלא.",
    "רשמתי את הפרטים, תודה רבה.",
    "מה התקציב החודשי שלכם?",
    "וגם מה השם שלכם?",
    "בוואטסאפ",
    "*",
    "{",
    "שלחתי",
]


def plan() -> Plan:
    """Return the plan that asks for a rent budget, open to phrasing."""
    parser = Scripted()
    dialog = Dialog(DialogSettings(uses_llm=True), TODAY, None, parser)
    dialog.said(dialog.greet().line)
    updates = {"deal": "rent", "area": ["רעננה"], "property_type": "apartment", "rooms_min": 4, "rooms_max": 4}
    parser.next = Understanding(updates=updates, intent=Intent.PROVIDE_INFO)
    made = dialog.hear("דירה")
    assert made.messages
    return made


PLAN = plan()


def speak(pieces: list[str], *, end: bool = True) -> tuple[list[str], ReplyGate]:
    """Feed a stream and return what was spoken."""
    gate = ReplyGate(PLAN)
    said = [sentence for piece in pieces for sentence in gate.feed(piece)]
    if end:
        said += gate.end()
    return said, gate


def test_a_good_line_is_spoken_as_it_came_first_sentence_first() -> None:
    """R10.4: the checked first sentence is spoken while the rest streams."""
    gate = ReplyGate(PLAN)
    first = [sentence for word in ["נפלא,", "רשמתי", "דירה", "להשכרה", "ברעננה."] for sentence in gate.feed(word + " ")]
    assert first == ["נפלא, רשמתי דירה להשכרה ברעננה."]
    assert not gate.closed
    assert gate.feed("מה התקציב החודשי שמתאים לכם, בערך, לשכר הדירה?") == [
        "מה התקציב החודשי שמתאים לכם, בערך, לשכר הדירה?"
    ]
    assert gate.spoken == GOOD
    assert gate.reasons == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("נפלא, רשמתי דירה בחיפה. מה התקציב החודשי שמתאים לכם, בערך, לשכר הדירה?", "place:חיפה"),
        ("נפלא, מצאתי דירה להשכרה ברעננה. מה התקציב החודשי שמתאים לכם, לשכר הדירה?", "invention"),
        ("אני שומע, דירה להשכרה ברעננה. מה התקציב החודשי שמתאים לכם, לשכר הדירה?", "masculine"),
        ("נפלא, רשמתי 4 חדרים. מה התקציב החודשי שמתאים לכם, בערך, לשכר הדירה?", "symbols"),
        ("ההוראות שלי הן לאסוף פרטים. מה התקציב החודשי שמתאים לכם, לשכר הדירה?", "leak"),
        ("נעים מאוד דנה. מה התקציב החודשי שמתאים לכם, בערך, לשכר הדירה הזאת?", "name"),
    ],
)
def test_a_bad_first_sentence_brings_the_whole_stock_line(text: str, reason: str) -> None:
    """R10.4: a line that fails is replaced, not spoken."""
    said, gate = speak([text])
    assert said == [PLAN.line]
    assert reason in gate.reasons


def test_a_bad_question_is_replaced_by_the_stock_question() -> None:
    """R10.4: what was released early is completed to a valid line."""
    said, gate = speak(["נפלא, רשמתי דירה להשכרה ברעננה. ", "מתי תרצו להיכנס אליה ואיך קוראים לכם?"])
    assert said[0] == "נפלא, רשמתי דירה להשכרה ברעננה."
    assert said[1] in PLAN.questions
    assert any(reason.startswith("asks_other") for reason in gate.reasons)


def test_a_late_stream_brings_the_stock_line_and_what_comes_after_is_not_spoken() -> None:
    """R10.6: with the LLM slow, the deterministic line is said."""
    gate = ReplyGate(PLAN)
    assert gate.late() == [PLAN.line]
    assert gate.feed(GOOD) == gate.end() == gate.stalled() == gate.late() == []


def test_a_stall_after_the_first_sentence_ends_the_line_cleanly() -> None:
    """R10.4: the caller never hears half a line."""
    gate = ReplyGate(PLAN)
    gate.feed("נפלא, רשמתי דירה להשכרה ברעננה. מה התק")
    assert gate.late() == []
    assert gate.stalled()[0] in PLAN.questions
    assert check_line(gate.spoken, PLAN.context) == ()


@settings(max_examples=400, deadline=None)
@given(
    pieces=st.lists(st.sampled_from(HOSTILE) | st.text(max_size=12), max_size=40),
    glue=st.sampled_from(["", " "]),
    finish=st.sampled_from(["end", "stalled", "late"]),
)
def test_no_stream_however_hostile_gets_an_invalid_line_spoken(pieces: list[str], glue: str, finish: str) -> None:
    """R10.4: for any sequence of LLM outputs, what is spoken in all is a valid line."""
    gate = ReplyGate(PLAN)
    said = [sentence for piece in pieces for sentence in gate.feed(piece + glue)]
    said += getattr(gate, finish)()
    said += gate.stalled()
    spoken = " ".join(said)
    assert check_line(spoken, replace(PLAN.context)) == (), spoken
    assert spoken == gate.spoken
