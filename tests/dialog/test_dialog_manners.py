"""What a good receptionist does besides asking: greets whom she owes it, lets go, and comes back when called."""

import pytest

from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.domain import Asked
from app.dialog.plan import Plan
from app.dialog.policy.actions import ActionKind
from tests.dialog.strategies import TODAY

CALLER = "+972541234549"
WHOLE = [
    "אני רוצה לקנות דירת ארבעה חדרים בחולון עד שני מיליון תוך חצי שנה",
    "דנה לוי",
    "כן",
    "כן נכון",
    "וואטסאפ",
]


def held(*words: str, settings: DialogSettings | None = None, number: str | None = CALLER) -> tuple[Dialog, Plan]:
    """Hold a talk in which every line is heard to its end."""
    dialog = Dialog(settings or DialogSettings(fine_ear=True), TODAY, number)
    plan = dialog.greet()
    for said in words:
        dialog.said(plan.line)
        plan = dialog.hear(said)
    dialog.said(plan.line)
    return dialog, plan


# -- after the goodbye ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "slot", "value"),
    [
        ("רגע רגע יש לי עוד שאלה התקציב שלי שלושה מיליון", "budget_max", 3_000_000),
        ("בעצם לא חולון, בת ים", "area", ["בת ים"]),
        ("אה וגם חמישה חדרים ולא ארבעה", "rooms_min", 5),
    ],
)
def test_words_after_the_goodbye_call_the_hang_up_off(words: str, slot: str, value: object) -> None:
    """R17: nothing said is lost, and the talk goes on until the caller is done."""
    dialog, goodbye = held(*WHOLE)
    assert goodbye.ends_call
    plan = dialog.hear(words)
    assert not plan.ends_call
    assert dialog.slots[slot] == value
    assert plan.asked is Asked.ANYTHING_ELSE
    dialog.said(plan.line)
    ended = dialog.hear("לא תודה זה הכול")
    assert ended.ends_call
    assert ended.outcome == "whatsapp"
    assert ActionKind.WHATSAPP not in {action.kind for action in ended.actions}, "it was confirmed once already"


@pytest.mark.parametrize("words", ["יש לי עוד שאלה", "רגע אל תנתקי", "לא סיימתי עוד"])
def test_who_is_not_done_is_asked_what_else_there_is(words: str) -> None:
    """R17."""
    dialog, _ = held(*WHOLE)
    plan = dialog.hear(words)
    assert not plan.ends_call
    assert plan.asked is Asked.ANYTHING_ELSE


@pytest.mark.parametrize("words", ["תודה רבה", "ביי", "כן", "יום טוב גם לך", "אוקיי תודה להתראות", ""])
def test_a_farewell_after_the_goodbye_ends_the_call(words: str) -> None:
    """R17."""
    dialog, _ = held(*WHOLE)
    assert dialog.hear(words).ends_call


def test_a_person_asked_for_after_the_goodbye_is_promised() -> None:
    """R17."""
    dialog, _ = held(*WHOLE)
    plan = dialog.hear("אני רוצה לדבר עם נציג")
    assert dialog.memory.human_asked
    assert "יועץ" in plan.line


# -- the greeting -----------------------------------------------------------------------------------------------------


def cut_off(heard: str, words: str, *, recorded: bool = False) -> Plan:
    """Speak into the greeting, of which only `heard` was heard."""
    dialog = Dialog(DialogSettings(fine_ear=True, recorded=recorded), TODAY, CALLER)
    dialog.greet()
    dialog.said(heard)
    return dialog.hear(words)


@pytest.mark.parametrize("words", ["הלו", "אני מחפש דירה בחולון", "שלום רציתי לשכור דירה"])
@pytest.mark.parametrize("recorded", [False, True])
def test_what_was_not_heard_of_the_greeting_is_still_said(words: str, recorded: bool) -> None:
    """R17, R21: the office, the assistant being digital and the recording are owed to every caller."""
    line = cut_off("שלום,", words, recorded=recorded).line
    assert "משרד התיווך" in line
    assert "הדיגיטלית" in line
    assert ("מוקלטת" in line) is recorded
    assert line.endswith("?")


def test_a_greeting_that_was_heard_is_not_said_again() -> None:
    """R10.4."""
    dialog = Dialog(DialogSettings(fine_ear=True), TODAY, CALLER)
    greeting = dialog.greet().line
    dialog.said(greeting.partition(".")[0])
    assert "הדיגיטלית" not in dialog.hear("אני מחפש דירה בחולון").line


def test_what_is_owed_is_said_once() -> None:
    """R10.4: and owed again only if it was not heard again."""
    dialog = Dialog(DialogSettings(fine_ear=True), TODAY, CALLER)
    dialog.greet()
    dialog.said("")
    again = dialog.hear("הלו").line
    dialog.said(again)
    assert "הדיגיטלית" not in dialog.hear("אני מחפש דירה בחולון").line


@pytest.mark.parametrize("words", ["מי זה", "מי זאת", "עם מי אני מדבר", "לאן הגעתי", "הלו מי זה", "מי מדברת"])
def test_who_is_this_is_answered(words: str) -> None:
    """R17: at any time, with the office and the assistant being digital, and the question again."""
    for said in ((), ("אני מחפש דירה לקנייה בחולון",)):
        _, plan = held(*said, words)
        assert "משרד התיווך" in plan.line
        assert "הדיגיטלית" in plan.line
        assert plan.line.endswith("?")


@pytest.mark.parametrize("words", ["מי שיחזור אליי שיהיה נחמד", "לא משנה מי", "מישהו מהמשפחה"])
def test_other_whos_are_no_such_question(words: str) -> None:
    """R10.2."""
    _, plan = held("אני מחפש דירה לקנייה בחולון", words)
    assert "הדיגיטלית" not in plan.line


# -- letting go -------------------------------------------------------------------------------------------------------

END_WISHES = [
    "תנתקי",
    "תנתקי בבקשה",
    "אפשר לסיים את השיחה",
    "בוא נסיים כאן",
    "טעות במספר",
    "סליחה טעיתי במספר",
    "סיימנו",
    "אני צריך לסיים",
    "אני חייבת לרוץ",
    "אין לי זמן לזה תודה",
]


@pytest.mark.parametrize("words", END_WISHES)
def test_a_wish_to_end_is_met_with_a_polite_close(words: str) -> None:
    """R17: in whatever words, and whatever was asked."""
    _, plan = held("אני מחפש דירה לקנייה בחולון", words)
    assert plan.ends_call, plan.line


@pytest.mark.parametrize(
    "words",
    ["אל תנתקי", "רגע אל תנתקי לי", "אני לא רוצה לסיים", "לא סיימנו", "החוזה מסתיים בעוד חודשיים", "סיימנו את הצבא"],
)
def test_words_of_ending_that_end_no_call(words: str) -> None:
    """R17."""
    _, plan = held("אני מחפש דירה לקנייה בחולון", words)
    assert not plan.ends_call, plan.line


@pytest.mark.parametrize(
    "words",
    ["אני לא רוצה שיתקשרו אליי", "בלי שיחות בבקשה", "לא צריך שיחזרו אליי", "אל תתקשרו אליי", "לא מעוניין שיתקשרו"],
)
def test_a_refused_call_back_is_not_recorded(words: str) -> None:
    """R10.2: refusals are respected."""
    dialog, _ = held(*WHOLE[:-1], words)
    assert not dialog.memory.callback


@pytest.mark.parametrize(
    "words", ["שיתקשרו אליי", "תתקשרו אליי מחר", "אני מעדיפה שיחזרו אליי", "אין לי וואטסאפ תתקשרו"]
)
def test_a_wanted_call_back_is(words: str) -> None:
    """R10.5."""
    dialog, _ = held(*WHOLE[:-1], words)
    assert dialog.memory.callback


@pytest.mark.parametrize("words", ["לא צריך שם", "בלי שם", "לא חשוב השם", "לא צריכה שם"])
def test_who_asked_for_a_person_may_leave_out_the_name(words: str) -> None:
    """R17."""
    dialog, plan = held("אני רוצה לדבר עם נציג", words)
    assert "לא הבנתי" not in plan.line
    assert plan.asked is not Asked.NAME
    assert "name" not in dialog.slots


# -- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", ["0541234567", "0541234567#", "972541234567#", "00972541234567#", "541234567#"])
def test_keyed_numbers_are_read_as_spoken_ones_are(keys: str) -> None:
    """R17: one parser for both."""
    dialog = Dialog(DialogSettings(), TODAY, None)
    dialog.greet()
    plans = [dialog.dtmf(key) for key in keys]
    assert dialog.slots["phone"] == "+972541234567"
    assert any(plan is not None for plan in plans)


@pytest.mark.parametrize("keys", ["12345#", "0501#", "972#", "0111111111#"])
def test_keys_that_are_no_number_are_asked_for_again(keys: str) -> None:
    """R17."""
    dialog = Dialog(DialogSettings(), TODAY, None)
    dialog.greet()
    plans = [dialog.dtmf(key) for key in keys]
    assert "phone" not in dialog.slots
    assert plans[-1] is not None


# -- either or --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "deal"), [("כן", "buy"), ("נכון", "buy"), ("לא", "rent")])
@pytest.mark.parametrize("yes", ["כן", "כן בטח", "בהחלט"])
def test_a_yes_to_buying_or_renting_is_met_with_one_side_of_it(yes: str, answer: str, deal: str) -> None:
    """R10.4: the same question again would get the same answer."""
    dialog, plan = held("אני מחפש דירה בחולון", yes)
    assert "שכירות" not in plan.line
    assert "קנייה" in plan.line
    dialog.hear(answer)
    assert dialog.slots["deal"] == deal


@pytest.mark.parametrize(("answer", "whatsapp", "callback"), [("כן", True, False), ("לא", False, True)])
def test_a_yes_to_message_or_call_is_met_with_one_side_of_it(answer: str, whatsapp: bool, callback: bool) -> None:
    """R10.4, R10.5."""
    dialog, plan = held(*WHOLE[:-1], "כן")
    assert "שיחה עם יועץ" not in plan.line
    assert "וואטסאפ" in plan.line
    dialog.said(plan.line)
    dialog.hear(answer)
    assert (dialog.memory.whatsapp, dialog.memory.callback) == (whatsapp, callback)


@pytest.mark.parametrize(
    ("words", "deal"),
    [
        ("דירה בחולון עד שני מיליון שמונה מאות אלף", "buy"),
        ("משהו בחיפה בסביבות מיליון וחצי", "buy"),
        ("דירה ברחובות עד חמשת אלפים וחמש מאות", "rent"),
    ],
)
def test_a_sum_that_only_one_deal_fits_settles_it_and_is_said_back(words: str, deal: str) -> None:
    """R10.2."""
    dialog, plan = held(words)
    assert dialog.slots["deal"] == deal
    assert plan.asked is not Asked.DEAL


def test_no_question_is_asked_a_third_time_in_a_row_of_turns_that_answer_others() -> None:
    """R10.4: who tells other things is not asked the same again and again; the question waits for the end."""
    dialog, plan = held("שלום")
    asked = []
    for words in ("בחולון", "ארבעה חדרים", "תוך חצי שנה", "דירה", "אני דנה לוי", "כן", "כן נכון"):
        asked.append(plan.asked)
        plan = dialog.hear(words)
        dialog.said(plan.line)
    assert asked.count(Asked.DEAL) <= 2


# -- errands ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "אני מתווך ממשרד אחר רציתי לשתף פעולה",
        "אני מחפשת שותפה לדירה שלנו יש חדר פנוי",
        "ראיתי שאתם מחפשים עובדים רציתי לשלוח קורות חיים",
    ],
)
def test_who_rings_about_something_else_is_asked_for_name_and_number_alone(words: str) -> None:
    """R24: nothing of it is taken for a search."""
    dialog, plan = held(words)
    assert plan.asked is Asked.NAME
    dialog.said(plan.line)
    after = dialog.hear("רון כהן")
    assert after.asked is Asked.PHONE_CONFIRM
    dialog.said(after.line)
    assert dialog.hear("כן").ends_call
    assert set(dialog.slots) == {"name", "phone"}


# -- what one has today ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("has", "said_back", "slots"),
    [
        ("היום אנחנו בשלושה חדרים", "לשלושה חדרים?", {"rooms_min": 3, "rooms_max": 3}),
        ("אנחנו גרים בארבעה חדרים לפחות", "לארבעה חדרים לפחות?", {"rooms_min": 4}),
    ],
)
def test_what_one_has_today_is_asked_back_and_a_yes_takes_it(has: str, said_back: str, slots: dict[str, int]) -> None:
    """R10.2: asked how many rooms, a caller tells how many they have."""
    dialog, plan = held("דירה לשכירות בחיפה", has)
    assert plan.line.endswith(said_back)
    dialog.hear("כן")
    assert {slot: dialog.slots.get(slot) for slot in slots} == slots


def test_a_no_to_what_one_has_today_brings_what_is_wanted() -> None:
    """R10.2: the other number stands."""
    dialog, _ = held("דירה לשכירות בחיפה", "היום אנחנו בשלושה חדרים", "לא, ארבעה")
    assert dialog.slots["rooms_min"] == dialog.slots["rooms_max"] == 4
