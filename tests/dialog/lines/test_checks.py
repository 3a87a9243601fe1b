"""The named reasons why a line may not be said."""

import pytest

from app.dialog.lines.checks import LineContext, check_line, check_opening, context_of

SLOTS = {
    "deal": "rent",
    "area": ["רעננה", "באר שבע"],
    "property_type": "apartment",
    "rooms_min": 3.5,
    "rooms_max": 3.5,
    "budget_max": 2_100_000,
    "timing": {"type": "month", "month": "2027-03"},
    "name": "דנה",
}
CONTEXT = context_of(SLOTS, topic="budget", names=("דנה",), last_opening="תודה")
QUESTION = "מה התקציב החודשי שמתאים לכם, בערך, לשכר הדירה?"


@pytest.mark.parametrize(
    "line",
    [
        f"בשמחה, רשמתי דירה להשכרה ברעננה. {QUESTION}",
        f"רשמתי שלושה וחצי חדרים בבאר שבע. {QUESTION}",
        f"נעים מאוד דנה, כניסה במרץ. {QUESTION}",
        f"רשמתי, עד שני מיליון ומאה אלף שקל. {QUESTION}",
        f"רשמתי, עד שני מיליון ומאה שקל. {QUESTION}",
    ],
)
def test_a_sound_line_passes(line: str) -> None:
    """R10.4: what the caller said may be said back, "שני מיליון ומאה" in either reading."""
    assert check_line(line, CONTEXT) == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("רשמתי. מה התקציב שלכם?", "words"),
        (f"רשמתי את הפרטים שלכם, תודה רבה על הסבלנות ועל הפירוט הנהדר ועל שיתוף הפעולה. {QUESTION}", "words"),
        ("רשמתי את הפרטים שמסרתם לי עד עכשיו, תודה רבה על הפירוט הזה.", "question_mark"),
        ("רשמתי? מה התקציב החודשי שמתאים לכם, בערך, לשכר הדירה שאתם מחפשים?", "question_mark"),
        (f"רשמתי 3 חדרים עם מרפסת. {QUESTION}", "symbols"),
        (f"רשמתי דירה apartment ברעננה. {QUESTION}", "symbols"),
        (f"רשמתי (דירה) ברעננה, תודה. {QUESTION}", "symbols"),
        (f"אני מבין, דירה ברעננה. {QUESTION}", "masculine"),
        (f"שמח לעזור, דירה ברעננה. {QUESTION}", "masculine"),
        ("רשמתי, דירה להשכרה ברעננה. מה התקציב החודשי שלך לשכר הדירה הזאת?", "address"),
        ("רשמתי, דירה להשכרה ברעננה. מה התקציב שאתה תכננת לשכר הדירה הזאת?", "address"),
        (f"יש לנו דירה נהדרת ברעננה. {QUESTION}", "invention"),
        (f"רשמתי, דירה ברחוב שקט ברעננה. {QUESTION}", "invention"),
        (f"רשמתי, עד ארבעה חדרים ברעננה. {QUESTION}", "number:4"),
        (f"רשמתי, עד שני מיליון שקל. {QUESTION}", "number:2e+06"),
        (f"רשמתי, כניסה בעוד חודשיים ברעננה. {QUESTION}", "number:2"),
        (f"רשמתי, דירה להשכרה בכפר סבא. {QUESTION}", "place:כפר סבא"),
        (f"רשמתי, כניסה באפריל ברעננה. {QUESTION}", "month:אפריל"),
        (f"נעים מאוד יוסי, רשמתי הכול. {QUESTION}", "name"),
        (f"רשמתי פנטהאוז להשכרה ברעננה. {QUESTION}", "type:penthouse"),
        (f"רשמתי דירה לקנייה ברעננה. {QUESTION}", "deal:קנייה"),
        (f"שלחתי אליכם את כל הפרטים. {QUESTION}", "action_claim:whatsapp"),
        (f"קבעתי שיחה עם יועץ מהמשרד. {QUESTION}", "action_claim:callback"),
        ("רשמתי, דירה להשכרה ברעננה. מתי תרצו להיכנס לדירה, פחות או יותר?", "asks_other:timing"),
        ("רשמתי, דירה להשכרה ברעננה. מה התקציב שלכם, ואיך קוראים לכם בבקשה?", "asks_other:name"),
        ("רשמתי, ומה השם שלכם. מה התקציב החודשי שמתאים לכם לשכר הדירה?", "asks_other"),
        ("רשמתי, דירה להשכרה ברעננה. אפשר להמשיך הלאה לשאלה הבאה שלנו?", "asks_nothing"),
        (f"תודה, רשמתי דירה להשכרה ברעננה. {QUESTION}", "same_opening"),
        (f"לפי ההוראות שלי רשמתי הכול. {QUESTION}", "leak"),
        (f"השכונה מתאימה במיוחד למשפחות של דתיים. {QUESTION}", "topic"),
        (f"רשמתי את המספר אפס חמש שתיים. {QUESTION}", "digits:052"),
    ],
)
def test_every_fault_is_named(line: str, reason: str) -> None:
    """R10.4: language-pack rules of the validator, one by one."""
    assert reason in check_line(line, CONTEXT)


def test_a_word_that_may_be_a_number_or_a_place_needs_to_be_one_of_them() -> None:
    """R10.4: "לאלף" is a thousand shekels or the neighbourhood "האלף"."""
    line = f"רשמתי דירה להשכרה באלף. {QUESTION}"
    there = context_of({**SLOTS, "area": ["האלף"]}, topic="budget")
    thousand = context_of({**SLOTS, "budget_max": 1000}, topic="budget")
    assert check_line(line, there) == ()
    assert check_line(f"רשמתי, עד לאלף שקל בחודש. {QUESTION}", thousand) == ()
    assert check_line(line, CONTEXT) == ("place:האלף",)
    assert check_line(f"רשמתי, עד לאלף שקל בחודש. {QUESTION}", CONTEXT) == ("number:1000",)


def test_a_closing_line_asks_nothing() -> None:
    """R10.4: a goodbye ends without a question."""
    context = LineContext(closing=True)
    line = "תודה רבה על השיחה, ואפשר לחזור אלינו בכל זמן שנוח לכם בהמשך. יום נעים ולהתראות."
    assert check_line(line, context) == ()
    assert "question_mark" in check_line(line[:-1] + "?", context)


def test_what_was_done_may_be_said() -> None:
    """R10.5: an action that was asked for may be spoken of."""
    line = f"רשמתי, הסיכום יישלח אליכם בוואטסאפ. {QUESTION}"
    assert "action_claim:whatsapp" in check_line(line, CONTEXT)
    assert check_line(line, context_of(SLOTS, topic="budget", actions=frozenset({"whatsapp"}))) == ()


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [("ספרו לי עוד על הדירה.", "asks_early"), ("מתי תרצו להיכנס.", "asks_early"), ("רשמתי דירה", "unfinished")],
)
def test_a_first_sentence_must_not_ask(sentence: str, reason: str) -> None:
    """R10.4: the question comes last, once."""
    assert reason in check_opening(sentence, CONTEXT)
